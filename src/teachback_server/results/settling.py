"""What a third person said where two had differed: it becomes the decision that stands."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from teachback.vocabulary import ReviewVerdict
from teachback_server.people.actions import actor_of
from teachback_server.people.actor import SYSTEM, PermissionMissing
from teachback_server.people.audit import Act, record_act
from teachback_server.results.undoing import take_out
from teachback_server.reviews.actions import Decision, DecisionRefused, JobClaimedByAnother, decide_reviews
from teachback_server.reviews.agreement.asking import SecondKind, answer_of_review
from teachback_server.reviews.models import BulkAccept, BulkMember, Review, SecondReview
from teachback_server.reviews.retracting import UndoRefused
from teachback_server.workflows.turns import take_turn

LOOKS_BACK = timedelta(days=7)  # for what could not be settled at once


def settle_disputes() -> int:
    """Let the third decision stand where it differs from the first; returns how many were settled so.

    A first decision from which a release was judged already stays, and so does one that somebody took back. Jobs that
    were accepted as equal to one that was wrong wait again.
    """
    since = timezone.now() - LOOKS_BACK
    thirds = SecondReview.objects.filter(kind=SecondKind.THIRD, is_waiting=False, decided_at__gte=since)
    rows = thirds.select_related("job", "workflow", "reviewer", "reason").order_by("pk")
    return sum(_settle(third) for third in rows)


def _settle(third: SecondReview) -> bool:
    first = Review.objects.filter(job_id=third.job_id).select_related("workflow", "job", "reason").first()
    if first is None or third.reviewer is None or answer_of_review(first) == answer_of_review(third):
        return False
    try:
        with transaction.atomic():
            take_turn(third.workflow_id)
            now = timezone.now()
            take_out(SYSTEM, first, now=now)
            third.job.refresh_from_db()
            decide_reviews(actor_of(third.reviewer), third.workflow, [_as_decision(third)])
            _take_out_equal(first, now=now)
            record_act(SYSTEM, Act.DECISION_SETTLED, f"job {third.job.number}", workflow_id=third.workflow_id, at=now)
    except (UndoRefused, JobClaimedByAnother, DecisionRefused, PermissionMissing):
        return False
    return True


def _take_out_equal(settled: Review, *, now: datetime) -> None:
    """Let jobs wait again that their person accepted as equal to one that was wrong, but for those made use of."""
    acts = BulkAccept.objects.filter(
        Q(job_id=settled.job_id) | Q(members__job_id=settled.job_id), by=settled.reviewer_id
    )
    members = BulkMember.objects.filter(bulk__in=acts).values("review_id")
    looked_at = Q(job__in=acts.values("job"), reviewer_id=settled.reviewer_id, verdict=ReviewVerdict.ACCEPTED)
    standing = Review.objects.filter(Q(pk__in=members) | looked_at).exclude(job_id=settled.job_id)
    standing = standing.select_related("workflow", "job", "reason")
    for review in standing.order_by("pk"):
        with suppress(UndoRefused):
            take_out(SYSTEM, review, now=now)


def _as_decision(third: SecondReview) -> Decision:
    return Decision(
        job=third.job,
        verdict=ReviewVerdict(third.verdict),
        idempotency_key=f"settled-{third.pk}",
        output=third.output if third.verdict == ReviewVerdict.CORRECTED else None,
        reason_code=third.reason.code if third.reason else "",
        note=third.note,
        would_recur=third.would_recur,
        stuck_step=third.stuck_step,
        seconds=third.seconds,
    )
