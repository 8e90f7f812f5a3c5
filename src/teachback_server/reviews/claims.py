"""Reads of the queue: who has which job on screen, and how much of the queue they can see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from teachback_server.jobs.models import Job
from teachback_server.reviews.models import Claim, QueuePlace, Skip
from teachback_server.reviews.skill_queries import count_needing_more
from teachback_server.workflows.models import Workflow

COUNTED_AT_MOST = 10_000  # counting further would cost more than the number tells


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """How many jobs wait for a decision, and how many of them one person does not see now. Counted to 10,000."""

    waiting: int
    held_by_others: int
    skipped: int
    for_others: int
    needing_more: int  # a skill that they lack


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who has a job on screen now."""

    user_id: int
    name: str


def list_holders(jobs: Sequence[Job], *, now: datetime) -> tuple[Holder, ...]:
    """Those who hold a lease on one of these jobs."""
    claims = Claim.objects.filter(job__in=jobs, expires_at__gt=now).select_related("user")
    return tuple(Holder(user_id=claim.user_id, name=claim.user.get_username()) for claim in claims)


def get_queue_state(workflow: Workflow, user_id: int, *, now: datetime) -> QueueState:
    """How full the queue is, as one person sees it."""
    waiting = Job.objects.filter(workflow=workflow, is_waiting=True)
    held = Claim.objects.filter(job__workflow=workflow, job__is_waiting=True, expires_at__gt=now)
    skipped = Skip.objects.filter(user_id=user_id, job__workflow=workflow, job__is_waiting=True)
    for_others = QueuePlace.objects.filter(workflow=workflow, job__is_waiting=True, assignee__isnull=False)
    for_others = for_others.exclude(assignee=user_id)
    return QueueState(
        waiting=waiting[:COUNTED_AT_MOST].count(),
        held_by_others=held.exclude(user_id=user_id).count(),
        skipped=skipped.count(),
        for_others=for_others.count(),
        needing_more=count_needing_more(workflow.pk, user_id),
    )
