"""Accepts jobs that equal one which a person has just accepted: all or none, as one act, a sample of it checked."""

from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils import timezone

from teachback.json_types import Json
from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.reviews.actions import Decision, decide_reviews
from teachback_server.reviews.agreement.asking import ask_sample
from teachback_server.reviews.equal_jobs.finding import EqualJobs, Hindrance, find_equal_jobs
from teachback_server.reviews.models import BulkAccept, BulkMember, Review
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.turns import take_turn

_LONGEST_KEY = 60  # leaves room for the id of each job

WHY_NOT = {
    Hindrance.NOBODY_ELSE: "Nobody else decides jobs here who could look at a sample of them, so they are decided one "
    "by one. An owner can invite a second reviewer under Settings.",
    Hindrance.PEOPLE_DISAGREE: "Learning is paused, as people decided too many jobs differently; until it goes on, "
    "jobs are decided one by one.",
}


class BulkRefused(ValueError):
    """None of the jobs was accepted. The message says why, and what to do."""


def accept_equal_jobs(actor: Actor, job: Job, numbers: Collection[int], *, key: str) -> BulkAccept:
    """Accept the waiting jobs with these numbers, which equal a job that the person has just accepted.

    All or none; the same key again returns what is stored and changes nothing. The jobs were not looked at, so no time
    is kept with their decisions, and none is drawn for anything but the sample that somebody else decides once more.
    Raises BulkRefused where they are no longer all offered, and what `decide_reviews` raises.
    """
    require_role(actor, job.workflow_id, Role.REVIEWER)
    key = key[:_LONGEST_KEY]
    with transaction.atomic():
        take_turn(job.workflow_id)
        stored = BulkAccept.objects.filter(idempotency_key=key, by=actor.user_id, job=job).first()
        if stored is not None:
            return _refuse_taken_back(stored)
        chosen = _choose(find_equal_jobs(actor, job, now=timezone.now()), numbers)
        reviews = decide_reviews(actor, job.workflow, _accept_each(chosen, key), was_each_seen=False)
        return _store(actor, job, reviews, key)


def _refuse_taken_back(stored: BulkAccept) -> BulkAccept:
    if not Review.objects.filter(pk__in=stored.members.values("review_id")).exists():
        raise BulkRefused("You took this back before it arrived a second time. Nothing was changed.")
    return stored


def _choose(equal: EqualJobs, numbers: Collection[int]) -> list[Job]:
    if equal.hindrance is not None:
        raise BulkRefused(WHY_NOT[equal.hindrance])
    chosen = [job for job in equal.jobs if job.number in set(numbers)]
    if not chosen or len(chosen) != len(set(numbers)):
        gone = len(set(numbers)) - len(chosen)
        raise BulkRefused(
            f"{gone} of these jobs {'is' if gone == 1 else 'are'} no longer there to accept together: somebody decided "
            "or opened them meanwhile, or too much time went by. Nothing was changed; look at the list again."
        )
    return chosen


def _accept_each(jobs: Sequence[Job], key: str) -> list[Decision]:
    return [Decision(job=job, verdict=ReviewVerdict.ACCEPTED, idempotency_key=f"{key}-{job.pk}") for job in jobs]


def _store(actor: Actor, job: Job, reviews: Sequence[Review], key: str) -> BulkAccept:
    asked_again = ask_sample(job.workflow, reviews)
    bulk = BulkAccept.objects.create(
        workflow_id=job.workflow_id,
        job=job,
        by_id=actor.user_id or 0,
        at=reviews[0].decided_at,
        jobs=len(reviews),
        asked_again=asked_again,
        idempotency_key=key,
    )
    BulkMember.objects.bulk_create(
        BulkMember(review_id=review.pk, bulk=bulk, job_id=review.job_id) for review in reviews
    )
    said = f"{len(reviews)} job{'' if len(reviews) == 1 else 's'} equal to job {job.number}"
    details: dict[str, Json] = {"jobs": [review.job.number for review in reviews], "asked_again": asked_again}
    record_act(actor, Act.REVIEWS_ACCEPTED_TOGETHER, said, workflow_id=job.workflow_id, details=details, at=bulk.at)
    return bulk
