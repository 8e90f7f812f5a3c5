"""Passes overdue jobs on to the person whom an owner chose for that: once for each job, and not too many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from teachback.json_types import Json
from teachback_server.jobs.actions import JobSource
from teachback_server.jobs.models import Job
from teachback_server.people.actor import SYSTEM
from teachback_server.people.audit import Act, record_act
from teachback_server.people.models import User
from teachback_server.reviews.models import Claim, QueuePlace, ReviewTerms, Skip
from teachback_server.reviews.placing import list_deciders
from teachback_server.reviews.queue_order import Priority
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn

MOST_OPEN = 200  # with one person in a workflow, so that a queue that was forgotten buries nobody


@dataclass(frozen=True, kw_only=True)
class PassingOn:
    """How passing on goes in a workflow. `to` is nobody where the person may not decide here any more."""

    after_hours: int
    to_name: str  # empty: the person is gone altogether
    may_decide: bool
    open_jobs: int

    @property
    def is_full(self) -> bool:
        """Whether the person has as many as they get at once."""
        return self.open_jobs >= MOST_OPEN


def find_passing_on(workflow: Workflow) -> PassingOn | None:
    """What an owner said about overdue jobs, and whether it can be done; None where they stay where they are."""
    terms = ReviewTerms.objects.filter(workflow=workflow).select_related("escalate_to").first()
    if terms is None or terms.escalate_after_hours is None:
        return None
    to = terms.escalate_to
    return PassingOn(
        after_hours=terms.escalate_after_hours,
        to_name=to.username if to else "",
        may_decide=to is not None and to in list_deciders(workflow),
        open_jobs=_count_open(workflow, to) if to else 0,
    )


def pass_on_overdue(*, now: datetime | None = None) -> int:
    """Pass on what is overdue in every workflow whose owner wishes that; returns how many jobs. Again is harmless."""
    now = now or timezone.now()
    wished = ReviewTerms.objects.filter(escalate_after_hours__isnull=False, escalate_to__isnull=False)
    return sum(_pass_on(terms, now) for terms in wished.select_related("workflow", "escalate_to"))


def _pass_on(terms: ReviewTerms, now: datetime) -> int:
    to = terms.escalate_to
    if to is None or to not in list_deciders(terms.workflow) or not _choose(terms, to, now):
        return 0  # mostly, there is nothing to do, and so nobody is kept waiting
    with transaction.atomic():
        take_turn(terms.workflow_id)
        jobs = _choose(terms, to, now)
        places = [
            QueuePlace(job=job, workflow_id=terms.workflow_id, priority=Priority.URGENT, assignee=to, escalated_at=now)
            for job in jobs
        ]
        # What an owner said about the time stays.
        QueuePlace.objects.bulk_create(
            places,
            update_conflicts=True,
            unique_fields=["job"],
            update_fields=["priority", "assignee", "escalated_at"],
        )
        Skip.objects.filter(job__in=jobs, user=to).delete()
        if jobs:
            details: dict[str, Json] = {"jobs": [job.number for job in jobs], "to": to.username}
            record_act(
                SYSTEM, Act.JOBS_PASSED_ON, _subject(jobs, to), workflow_id=terms.workflow_id, details=details, at=now
            )
    return len(jobs)


def _choose(terms: ReviewTerms, to: User, now: datetime) -> list[Job]:
    """The jobs to pass on now, those with a due time of their own first, then the oldest.

    A job that was passed on before is not among them, whatever an owner said about it since; nor one that the person
    has already, that somebody has on screen, or that a backtest made, whose times are those of the past.
    """
    room = MOST_OPEN - _count_open(terms.workflow, to)
    if room <= 0:
        return []
    late = now - timedelta(hours=terms.escalate_after_hours or 0)
    waiting = Job.objects.filter(workflow=terms.workflow_id, is_waiting=True).exclude(source=JobSource.BACKTEST)
    waiting = waiting.filter(place__escalated_at=None).exclude(place__assignee=to)
    waiting = waiting.filter(~Exists(Claim.objects.filter(job=OuterRef("pk"), expires_at__gt=now)))
    chosen = list(waiting.filter(place__due_at__lt=late).order_by("place__due_at", "number")[:room])
    if terms.decide_within_hours is not None and len(chosen) < room:
        ended_before = late - timedelta(hours=terms.decide_within_hours)
        by_terms: QuerySet[Job] = waiting.filter(Q(place__due_at=None), finished_at__lt=ended_before)
        chosen += by_terms.order_by("number")[: room - len(chosen)]
    return chosen


def _count_open(workflow: Workflow, to: User) -> int:
    places = QueuePlace.objects.filter(workflow=workflow, assignee=to, escalated_at__isnull=False)
    return places.filter(job__is_waiting=True).count()


def _subject(jobs: Sequence[Job], to: User) -> str:
    return f"{len(jobs)} overdue job{'' if len(jobs) == 1 else 's'} to {to.username}"
