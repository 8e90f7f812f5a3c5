"""Undo of a decision that was not the first on its job."""

from datetime import datetime

from teachback.json_types import Json
from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.reviews.agreement.asking import TWO_PEOPLE, SecondKind
from teachback_server.reviews.models import KnownAnswer, SecondReview
from teachback_server.reviews.retracting import UndoRefused
from teachback_server.reviews.sessions import LONGEST_BREAK
from teachback_server.workflows.models import Workflow


def find_newest_second(actor: Actor, workflow: Workflow, *, since: datetime | None) -> SecondReview | None:
    """The newest decision of a person on a job that was decided before, if they made it after a moment."""
    mine = SecondReview.objects.filter(workflow=workflow, reviewer_id=actor.user_id or 0, is_waiting=False)
    newest = mine.order_by("-decided_at").select_related("job", "reason").first()
    if newest is None or newest.decided_at is None:
        return None
    return newest if since is None or newest.decided_at > since else None


def take_back_second(actor: Actor, second: SecondReview, *, now: datetime) -> Job:
    """Ask anew for a decision that was given, within the turn of the workflow; the trail keeps what it was.

    Raises UndoRefused where it is too long ago, or work went on from it.
    """
    job: Job = second.job
    went_on = second.kind == SecondKind.THIRD or SecondReview.objects.filter(job=job, kind=SecondKind.THIRD).exists()
    decided_at = second.decided_at or now
    if went_on or now - decided_at > LONGEST_BREAK:
        raise UndoRefused(f"Your decision on job {job.number} stands: work went on from it, or it is too long ago.")
    kept: dict[str, Json] = {
        "verdict": second.verdict,
        "reason": second.reason.code if second.reason else "",
        "note": second.note,
        "output": second.output,
        "decided_at": decided_at.isoformat(),
    }
    if second.kind == SecondKind.SECOND:
        KnownAnswer.objects.filter(job=job, by=TWO_PEOPLE).delete()
    SecondReview.objects.filter(pk=second.pk).update(
        is_waiting=True,
        for_user_id=second.for_user_id or actor.user_id,
        verdict="",
        reason=None,
        note="",
        output=None,
        corrections=None,
        would_recur=None,
        stuck_step="",
        seconds=None,
        reviewer=None,
        reviewer_name="",
        decided_at=None,
        idempotency_key=None,
    )
    subject = f"job {job.number}"
    record_act(actor, Act.SECOND_REVIEW_TAKEN_BACK, subject, workflow_id=second.workflow_id, details=kept, at=now)
    return job
