"""The order of waiting jobs: the most urgent first, among those what is due first, among those the oldest."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum

from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from teachback_server.jobs.models import Job
from teachback_server.reviews.models import Claim, QueuePlace, ReviewTerms, Skip
from teachback_server.workflows.models import Workflow


class Priority(IntEnum):
    """How urgent a waiting job is."""

    LATER = -1
    NORMAL = 0
    URGENT = 1


def find_waiting_job(workflow: Workflow, user_id: int, *, besides: Sequence[int], now: datetime) -> Job | None:
    """The first waiting job that nobody else holds, that is for this person or for anybody, and that they did not skip.

    Jobs about which an owner said something are few and are put in order; the many others are due in order of arrival.
    """
    free = _list_free(workflow, user_id, now=now).exclude(number__in=besides)
    terms = find_terms(workflow)
    placed = in_order(free.filter(place__isnull=False).filter(for_person(user_id)), terms).first()
    has_place = QueuePlace.objects.filter(job=OuterRef("pk"))
    plain = free.filter(~Exists(has_place)).order_by("number").first()
    if placed is None or plain is None:
        return placed or plain
    return min(placed, plain, key=lambda job: _rank(job, terms))


def find_held_job(workflow: Workflow, user_id: int, *, besides: Sequence[int], now: datetime) -> Job | None:
    """The first in the order of the queue among the waiting jobs on which a person has a lease."""
    held = Job.objects.filter(
        workflow=workflow, is_waiting=True, claim__user_id=user_id, claim__expires_at__gt=now
    ).exclude(number__in=besides)
    return in_order(held, find_terms(workflow)).first()


def for_person(user_id: int) -> Q:
    """Jobs that are for one person or for anybody."""
    return Q(place__assignee=None) | Q(place__assignee=user_id)


def in_order(jobs: QuerySet[Job], terms: timedelta | None) -> QuerySet[Job]:
    """Waiting jobs in the order of the queue, each with its `due` time and `priority`."""
    return jobs.annotate(
        due=_due(terms), priority=Coalesce(F("place__priority"), Value(Priority.NORMAL.value))
    ).order_by(F("priority").desc(), F("due").asc(nulls_last=True), "number")


def find_terms(workflow: Workflow) -> timedelta | None:
    """Within what time after their end jobs are to be decided; None where the owner set none."""
    hours = ReviewTerms.objects.filter(workflow=workflow).values_list("decide_within_hours", flat=True).first()
    return None if hours is None else timedelta(hours=hours)


def find_due(job: Job, workflow: Workflow) -> datetime | None:
    """Until when a waiting job is to be decided; None where nobody said."""
    own = QueuePlace.objects.filter(job=job).values_list("due_at", flat=True).first()
    return own or _due_by_terms(job, find_terms(workflow))


def _due(terms: timedelta | None) -> Combinable:
    if terms is None:
        return F("place__due_at")
    by_terms = ExpressionWrapper(F("finished_at") + Value(terms), output_field=DateTimeField())
    return Coalesce(F("place__due_at"), by_terms, output_field=DateTimeField())


def _due_by_terms(job: Job, terms: timedelta | None) -> datetime | None:
    return None if terms is None or job.finished_at is None else job.finished_at + terms


def _list_free(workflow: Workflow, user_id: int, *, now: datetime) -> QuerySet[Job]:
    held_by_others = Claim.objects.filter(job=OuterRef("pk"), expires_at__gt=now).exclude(user_id=user_id)
    skipped = Skip.objects.filter(job=OuterRef("pk"), user_id=user_id)
    return Job.objects.filter(~Exists(held_by_others), ~Exists(skipped), workflow=workflow, is_waiting=True)


def _rank(job: Job, terms: timedelta | None) -> tuple[int, bool, float, int]:
    """As `in_order` ranks it; a job without a place has neither annotation."""
    priority, due = getattr(job, "priority", Priority.NORMAL), getattr(job, "due", _due_by_terms(job, terms))
    return (-priority, due is None, due.timestamp() if due else 0.0, job.number)
