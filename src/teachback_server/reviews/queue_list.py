"""Reads for the owner's page of the queue: every waiting job with why it is here, for whom, and until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from teachback.vocabulary import RoutingKind
from teachback_server.jobs.models import Job
from teachback_server.reviews.models import Claim
from teachback_server.reviews.queue_order import Priority, find_terms, list_first, with_terms
from teachback_server.reviews.skill_queries import list_needed
from teachback_server.workflows.models import Workflow

ROWS = 50
COUNTED_AT_MOST = 10_000
NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class QueueFilter:
    """What the list is narrowed to; empty means everything. `assignee` is a user's id or NOBODY."""

    routing: RoutingKind | None = None
    priority: Priority | None = None
    assignee: str = ""
    is_overdue: bool = False
    was_passed_on: bool = False


@dataclass(frozen=True, kw_only=True)
class QueueRow:
    """One waiting job as its owner sees it."""

    number: int
    external_id: str
    arrived_at: datetime
    routing: str
    why: str
    probability: float | None
    confidence: float | None
    priority: Priority
    due_at: datetime | None
    is_overdue: bool
    passed_on_at: datetime | None  # as it was overdue; an owner may have placed it anew since
    assignee: str
    held_by: str
    skills: str  # that it needs

    @property
    def priority_word(self) -> str:
        """The priority in a word; empty for the usual one."""
        return {Priority.URGENT: "Urgent", Priority.LATER: "Later"}.get(self.priority, "")


@dataclass(frozen=True, kw_only=True)
class QueuePage:
    """A page of the queue, in the order in which the desk gives the jobs out. Counted to 10,000."""

    rows: tuple[QueueRow, ...]
    found: int
    has_more: bool


def list_queue(workflow: Workflow, wanted: QueueFilter, *, page: int, now: datetime) -> QueuePage:
    """Waiting jobs that fit a filter, in the order of the queue; pages count from 1."""
    jobs = _matching(workflow, wanted, now=now)
    start = (page - 1) * ROWS
    shown = list_first(workflow, jobs.select_related("place__assignee"), start + ROWS + 1)[start:]
    held = Claim.objects.filter(job__in=shown, expires_at__gt=now).values_list("job_id", "user__username")
    holders = dict(held)
    skills = list_needed(workflow.pk, [job.pk for job in shown])
    return QueuePage(
        rows=tuple(_describe(job, holders.get(job.pk, ""), skills.get(job.pk, ()), now) for job in shown[:ROWS]),
        found=jobs[:COUNTED_AT_MOST].count(),
        has_more=len(shown) > ROWS,
    )


def list_matching_numbers(workflow: Workflow, wanted: QueueFilter, *, now: datetime) -> list[int]:
    """The numbers of the first 10,000 waiting jobs that fit a filter."""
    jobs = _matching(workflow, wanted, now=now).only("number", "finished_at")
    return [job.number for job in list_first(workflow, jobs, COUNTED_AT_MOST)]


def _matching(workflow: Workflow, wanted: QueueFilter, *, now: datetime) -> QuerySet[Job]:
    jobs = with_terms(Job.objects.filter(workflow=workflow, is_waiting=True), find_terms(workflow))
    if wanted.routing is not None:
        jobs = jobs.filter(routing=wanted.routing)
    if wanted.priority is not None:
        jobs = jobs.filter(Q(priority=wanted.priority))
    if wanted.assignee == NOBODY:
        jobs = jobs.filter(place__assignee=None)
    elif wanted.assignee:
        jobs = jobs.filter(place__assignee=int(wanted.assignee))
    if wanted.was_passed_on:
        jobs = jobs.filter(place__escalated_at__isnull=False)
    return jobs.filter(Q(due__lt=now)) if wanted.is_overdue else jobs


def _describe(job: Job, holder: str, skills: Sequence[str], now: datetime) -> QueueRow:
    place = getattr(job, "place", None)
    due = getattr(job, "due", None)
    return QueueRow(
        number=job.number,
        external_id=job.external_id,
        arrived_at=job.started_at,
        routing=job.routing,
        why=job.routing_reason,
        probability=job.review_probability,
        confidence=job.confidence,
        priority=Priority(place.priority if place else Priority.NORMAL),
        due_at=due,
        is_overdue=due is not None and due < now,
        passed_on_at=place.escalated_at if place else None,
        assignee=place.assignee.username if place and place.assignee else "",
        held_by=holder,
        skills=", ".join(skills),
    )
