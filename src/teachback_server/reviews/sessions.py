"""A session at the desk: what one person decided in a workflow without a long break, and what of it they may undo."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from teachback_server.people.actor import Actor
from teachback_server.reviews.agreement.figures import list_pairs
from teachback_server.reviews.models import Retraction, Review
from teachback_server.workflows.models import Workflow

LONGEST_BREAK = timedelta(minutes=30)  # after which another session begins
UNDONE_AT_MOST = 10
_LOOKED_AT = 2000  # decisions; nobody makes more without a break


@dataclass(frozen=True, kw_only=True)
class Session:
    """What one person decided since their last long break."""

    began_at: datetime
    decisions: int
    median_seconds: float | None  # None: of no decision is it known
    compared: int = 0  # jobs that somebody else decided, too, in all sessions
    same: int = 0  # of those, on which both said the same


def find_session(actor: Actor, workflow: Workflow, *, now: datetime) -> Session | None:
    """The session in which a person is; None where they decided nothing within the last half hour."""
    newest = Review.objects.filter(workflow=workflow, reviewer_id=actor.user_id or 0).order_by("-pk")
    began_at, decisions, timed = now, 0, list[float]()
    for decided_at, seconds in newest.values_list("decided_at", "seconds")[:_LOOKED_AT]:
        if began_at - decided_at > LONGEST_BREAK:
            break
        began_at, decisions = min(began_at, decided_at), decisions + 1
        if seconds is not None:
            timed.append(seconds)
    if not decisions:
        return None
    return Session(began_at=began_at, decisions=decisions, median_seconds=median(timed) if timed else None)


def with_agreement(session: Session | None, actor: Actor, workflow: Workflow) -> Session | None:
    """The session, with how often its person and somebody else said the same about a job."""
    if session is None:
        return None
    mine = [pair for pair in list_pairs(workflow) if actor.user_id in (pair.first_by, pair.second_by)]
    return replace(session, compared=len(mine), same=sum(pair.first == pair.second for pair in mine))


def find_undoable(actor: Actor, workflow: Workflow, *, now: datetime) -> Review | None:
    """The newest decision of a person that still stands, if it is of this session and among the last ten they made.

    What they took back counts among the ten, so undo goes back ten decisions and not further.
    """
    person_id = actor.user_id or 0
    session = find_session(actor, workflow, now=now)
    mine = Review.objects.filter(workflow=workflow, reviewer_id=person_id).order_by("-pk")
    review = mine.select_related("job", "reason").first()
    if session is None or review is None:
        return None
    taken_back = Retraction.objects.filter(workflow=workflow, reviewer_id=person_id, review_id__gt=review.pk)
    since = taken_back.filter(decided_at__gte=session.began_at)
    return review if since.count() < UNDONE_AT_MOST else None
