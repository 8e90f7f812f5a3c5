"""The reviews room's part of an undo: the decision moves to its retraction, and its job waits again."""

from datetime import datetime

from teachback.json_types import Json
from teachback_server.jobs.actions import mark_waiting
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.reviews.agreement.asking import SecondKind
from teachback_server.reviews.models import Correction, KnownAnswer, Retraction, Review, SecondReview, Skip


class UndoRefused(ValueError):
    """The decision stands: something was made from it, or it is too long ago. The message says which."""


def _forget_as_known(review: Review) -> None:
    """Nobody vouched for the decision that comes next, and it may no longer differ from the second one."""
    KnownAnswer.objects.filter(job=review.job_id).delete()
    went_on = SecondReview.objects.filter(job=review.job_id, kind__in=(SecondKind.THIRD, SecondKind.PLANTED))
    went_on.filter(is_waiting=True).delete()


def move_to_retraction(actor: Actor, review: Review, *, now: datetime) -> Retraction:
    """Keep a decision as one that was taken back, and let its job wait; within the turn of the workflow.

    Whatever refers to the review or its corrections must be gone by then. The product itself takes back a decision
    that a third person settled otherwise.
    """
    if review.reviewer_id is None or (actor.user_id != review.reviewer_id and not actor.is_system):
        raise UndoRefused("Only the person who decided can take the decision back.")
    corrections = Correction.objects.filter(review=review).order_by("pk")
    kept: list[Json] = [
        {"field": row.field, "kind": row.kind, "from": row.from_value, "to": row.to_value} for row in corrections
    ]
    retraction = Retraction.objects.create(
        review_id=review.pk,
        job_id=review.job_id,
        workflow_id=review.workflow_id,
        verdict=review.verdict,
        reason_code=review.reason.code if review.reason else "",
        note=review.note,
        output=review.output,
        corrections=kept,
        would_recur=review.would_recur,
        stuck_step=review.stuck_step,
        seconds=review.seconds,
        reviewer_name=review.reviewer_name,
        reviewer_id=review.reviewer_id,
        decided_at=review.decided_at,
        idempotency_key=review.idempotency_key,
        retracted_at=now,
    )
    corrections.delete()
    _forget_as_known(review)
    Review.objects.filter(pk=review.pk).delete()
    mark_waiting([review.job_id])
    Skip.objects.filter(job_id=review.job_id, user_id=review.reviewer_id).delete()
    record_act(actor, Act.REVIEW_TAKEN_BACK, f"job {review.job.number}", workflow_id=review.workflow_id, at=now)
    return retraction
