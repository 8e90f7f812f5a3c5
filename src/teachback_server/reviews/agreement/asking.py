"""Asks for more than one decision: by chance a second one, blind, and by chance a known answer to plant."""

import math
from collections.abc import Sequence
from enum import StrEnum

from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from teachback.hash_draws import hash_to_unit
from teachback.json_types import JsonObject
from teachback.vocabulary import ReviewVerdict
from teachback_server.people.actor import Actor
from teachback_server.reviews.agreement.same_answer import answer_of
from teachback_server.reviews.agreement.waiting import decided_again
from teachback_server.reviews.models import KnownAnswer, Review, ReviewTerms, SecondReview
from teachback_server.reviews.skill_queries import able, list_for_another, list_lacking
from teachback_server.workflows.models import Workflow

SECOND_SHARE = 0.03
PLANTED_SHARE = 0.02
NEWCOMER_SHARE = 0.15  # planted before those who have met few at which the agent was wrong
ENOUGH_WRONG = 6
SAMPLED_SHARE = 0.1  # of decisions that one person made together
TWO_PEOPLE = "two people agreed"  # vouch for an answer without an owner
_LOOKED_AT = 100  # the newest known answers, among which one is chosen: the number of an old job would tell
_WRONG_FIRST = 0.7  # of the planted ones: where the agent was wrong, as only those find who accepts everything


class SecondKind(StrEnum):
    """Why a decided job is decided again."""

    SECOND = "second"
    THIRD = "third"  # the first two differ
    PLANTED = "planted"  # its answer is known


def draw_second_reviews(actor: Actor, workflow: Workflow, reviews: Sequence[Review]) -> None:
    """Draw which of these decisions are repeated by somebody else; within the transaction that stores them.

    The draw is a hash of the job, so it cannot be tried twice. What nobody else could decide, as they lack the skill,
    is not asked for: it would wait for ever.
    """
    for given in SecondReview.objects.filter(
        job__in=[review.job_id for review in reviews], kind=SecondKind.SECOND, is_waiting=False
    ):
        follow_up_second(given)  # its first decision was taken back, and is made anew
    share, _ = find_shares(workflow)
    drawn = [review for review in reviews if hash_to_unit(workflow.salt, "second review", str(review.job_id)) < share]
    if not drawn:
        return
    others = list_for_another(workflow.pk, [review.job_id for review in drawn], besides=[actor.user_id or 0])
    _ask_for_seconds(workflow, [review for review in drawn if review.job_id in others], share)


def ask_sample(workflow: Workflow, reviews: Sequence[Review]) -> int:
    """Ask somebody else to repeat a random sample of decisions that were made together; returns of how many.

    One in ten, as many as the owner has repeated of all decisions if that is more, and one at least. Within the
    transaction that stores the decisions. The sample is a simple random one by a hash of each job, so it cannot be
    tried twice, and every one of n was drawn with the same probability k/n, which is kept.
    """
    share, _ = find_shares(workflow)
    size = max(1, math.ceil(len(reviews) * max(share, SAMPLED_SHARE)))
    drawn = sorted(reviews, key=lambda review: hash_to_unit(workflow.salt, "second look", str(review.job_id)))[:size]
    _ask_for_seconds(workflow, drawn, size / len(reviews))
    return size


def draw_planted(actor: Actor, workflow: Workflow, reviews: Sequence[Review]) -> None:
    """Draw after which of their decisions a person meets a known answer; within the transaction that stores them."""
    person_id, (_, of_owner) = actor.user_id or 0, find_shares(workflow)
    if not of_owner:
        return
    met = SecondReview.objects.filter(workflow=workflow, reviewer=person_id, kind=SecondKind.PLANTED, is_waiting=False)
    wrong_met = met.exclude(job__review__verdict=ReviewVerdict.ACCEPTED)[:ENOUGH_WRONG].count()
    share = planted_share(of_owner, wrong_met)
    names = [f"{actor.user_id}/{review.job_id}" for review in reviews]
    for name in (name for name in names if hash_to_unit(workflow.salt, "planted", name) < share):
        _plant(person_id, workflow, name, share)


def planted_share(of_owner: float, wrong_met: int) -> float:
    """The share of planted answers for somebody who has met so many at which the agent was wrong.

    Five of these, all accepted, are what names somebody who looks at nothing, however rarely the agent is wrong (1.9 to
    the fifth is more than 20, see `stamping`). So newcomers meet more until they had enough; none where the owner wants
    none.
    """
    return max(of_owner, NEWCOMER_SHARE) if of_owner > 0 and wrong_met < ENOUGH_WRONG else of_owner


def find_shares(workflow: Workflow) -> tuple[float, float]:
    """The shares of second reviews and of planted answers, as the owner set them."""
    terms = ReviewTerms.objects.filter(workflow=workflow).values_list("second_share", "planted_share").first()
    return terms or (SECOND_SHARE, PLANTED_SHARE)


def answer_of_review(review: Review | SecondReview) -> tuple[str, str]:
    """What one stored decision says."""
    output: JsonObject | None = review.output
    return answer_of(review.verdict, output)


def follow_up_second(second: SecondReview) -> None:
    """Make a known answer of two decisions that say the same, and ask a third person where they differ."""
    first = Review.objects.filter(job_id=second.job_id).first()
    if first is None:
        return  # it was taken back meanwhile
    if answer_of_review(first) == answer_of_review(second):
        KnownAnswer.objects.get_or_create(
            job_id=second.job_id,
            defaults={"workflow_id": second.workflow_id, "by": TWO_PEOPLE, "at": timezone.now()},
        )
        return
    SecondReview.objects.get_or_create(
        job_id=second.job_id,
        kind=SecondKind.THIRD,
        defaults={"workflow_id": second.workflow_id, "asked_at": timezone.now(), "probability": 1.0},
    )


def _ask_for_seconds(workflow: Workflow, reviews: Sequence[Review], probability: float) -> None:
    now = timezone.now()
    SecondReview.objects.bulk_create(
        [
            SecondReview(
                job_id=review.job_id, workflow=workflow, kind=SecondKind.SECOND, asked_at=now, probability=probability
            )
            for review in reviews
        ],
        ignore_conflicts=True,  # a decision that was taken back had been drawn before
    )


def _plant(person_id: int, workflow: Workflow, name: str, share: float) -> None:
    """Ask one person to decide one known answer that they never saw; nothing where there is none."""
    known = KnownAnswer.objects.filter(workflow=workflow, job__is_waiting=False)
    known = known.filter(able(list_lacking(workflow.pk, person_id), "job__input"))
    met = SecondReview.objects.filter(job=OuterRef("job_id")).annotate(whose=F("for_user_id") + 0)  # see decided_again
    known = known.exclude(job__review__reviewer_id=person_id).filter(
        ~decided_again(OuterRef("job_id"), person_id), ~Exists(met.filter(whose=person_id))
    )
    choices = list(known.order_by("-pk").values_list("pk", "job__review__verdict")[:_LOOKED_AT])
    wrong = [choice for choice in choices if choice[1] != ReviewVerdict.ACCEPTED]
    wants_wrong = hash_to_unit(workflow.salt, "planted wrong", name) < _WRONG_FIRST
    among = wrong if wrong and wants_wrong else choices
    if not among:
        return
    job_id, _ = min(among, key=lambda one: hash_to_unit(workflow.salt, name, str(one[0])))
    SecondReview.objects.create(
        job_id=job_id,
        workflow=workflow,
        kind=SecondKind.PLANTED,
        for_user_id=person_id,
        asked_at=timezone.now(),
        probability=share,
    )
