"""A session at the desk: what one person decided in a workflow without a long break, and what of it they may undo."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median

from django.db.models import Exists, OuterRef, QuerySet, Value

from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor
from teachback_server.reviews.agreement.figures import list_pairs
from teachback_server.reviews.models import BulkMember, Retraction, Review, SecondReview
from teachback_server.workflows.models import Workflow

LONGEST_BREAK = timedelta(minutes=30)  # after which another session begins
UNDONE_AT_MOST = 10
_LOOKED_AT = 2000  # decisions; nobody makes more without a break
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Session:
    """What one person decided since their last long break."""

    began_at: datetime
    decisions: int  # on jobs that they looked at
    median_seconds: float | None  # None: of no decision is it known
    equal: int = 0  # jobs that they accepted besides, as they equal one of those
    compared: int = 0  # jobs that somebody else decided, too, in all sessions
    same: int = 0  # of those, on which both said the same


def find_session(actor: Actor, workflow: Workflow, *, now: datetime) -> Session | None:
    """The session in which a person is; None where they decided nothing within the last half hour."""
    began_at, decisions, equal, timed = now, 0, 0, list[float]()
    for decided_at, seconds, is_equal in _list_newest(workflow, actor.user_id or 0):
        if began_at - decided_at > LONGEST_BREAK:
            break
        began_at = min(began_at, decided_at)
        decisions, equal = decisions + (not is_equal), equal + is_equal
        if seconds is not None:
            timed.append(seconds)
    if not decisions and not equal:
        return None
    half = median(timed) if timed else None
    return Session(began_at=began_at, decisions=decisions, median_seconds=half, equal=equal)


def _list_newest(workflow: Workflow, person_id: int) -> Iterator[tuple[datetime, float | None, bool]]:
    """When a person decided, how long it took, and whether unseen, as equal; the newest first.

    What they decided again is among it like all else.
    """
    first = Review.objects.filter(workflow=workflow, reviewer_id=person_id).order_by("-pk")
    first = first.annotate(is_equal=Exists(BulkMember.objects.filter(review_id=OuterRef("pk"))))
    again = SecondReview.objects.filter(workflow=workflow, reviewer_id=person_id, is_waiting=False)
    again = again.filter(decided_at__isnull=False).order_by("-decided_at").annotate(is_equal=Value(False))
    both: list[Iterable[tuple[datetime | None, float | None, bool]]] = [
        rows.values_list("decided_at", "seconds", "is_equal")[:_LOOKED_AT] for rows in (first, again)
    ]
    for decided_at, seconds, is_equal in heapq.merge(*both, key=lambda row: row[0] or _NEVER, reverse=True):
        if decided_at is not None:
            yield decided_at, seconds, is_equal


def with_agreement(session: Session | None, actor: Actor, workflow: Workflow) -> Session | None:
    """The session, with how often its person and somebody else said the same about a job."""
    if session is None:
        return None
    mine = [pair for pair in list_pairs(workflow) if actor.user_id in (pair.first_by, pair.second_by)]
    return replace(session, compared=len(mine), same=sum(pair.first == pair.second for pair in mine))


def find_undoable(actor: Actor, workflow: Workflow, *, now: datetime) -> Review | None:
    """The newest decision of a person that still stands, if it is of this session and among the last ten they made.

    What they took back counts among the ten, so undo goes back ten decisions and not further. Equal jobs that were
    accepted together count as one.
    """
    person_id = actor.user_id or 0
    session = find_session(actor, workflow, now=now)
    mine = Review.objects.filter(workflow=workflow, reviewer_id=person_id).order_by("-pk")
    review = mine.select_related("job", "reason").first()
    if session is None or review is None:
        return None
    taken_back = Retraction.objects.filter(workflow=workflow, reviewer_id=person_id, review_id__gt=review.pk)
    since = taken_back.filter(decided_at__gte=session.began_at)
    return review if _count_acts(since) < UNDONE_AT_MOST else None


def list_undone_with(review: Review) -> list[Review]:
    """The decisions that an undo takes back: one, or all that were made in the same act and still stand."""
    same_act = BulkMember.objects.filter(bulk__members__review_id=review.pk)
    together = Review.objects.filter(pk__in=same_act.values("review_id"), reviewer_id=review.reviewer_id)
    return list(together.select_related("workflow", "job", "reason").order_by("pk")) or [review]


def count_undone_with(job: Job) -> int:
    """How many decisions the undo took back that gave a job back to be decided."""
    newest = Retraction.objects.filter(job=job).order_by("-pk").first()
    if newest is None:
        return 0
    same_act = BulkMember.objects.filter(bulk__members__review_id=newest.review_id).values("review_id")
    together = Retraction.objects.filter(review_id__in=same_act, retracted_at=newest.retracted_at)
    return together.count() or 1


def _count_acts(taken_back: QuerySet[Retraction]) -> int:
    """In how many acts decisions were made."""
    ids = list(taken_back.values_list("review_id", flat=True))
    members = BulkMember.objects.filter(review_id__in=ids)
    return len(ids) - members.count() + members.values("bulk").distinct().count()
