"""The order of waiting jobs: the most urgent first, among those what is due first, among those the oldest."""

import heapq
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import islice
from typing import TypeVar

from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, Model, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from teachback_server.jobs.models import Job
from teachback_server.reviews.models import Claim, QueuePlace, ReviewTerms, Skip
from teachback_server.reviews.skill_queries import Kind, able, decidable_by, list_lacking
from teachback_server.workflows.models import Workflow

_Row = TypeVar("_Row", bound=Model)


_ORDER = (F("priority").desc(), F("due").asc(nulls_last=True), "number")


class Priority(IntEnum):
    """How urgent a waiting job is."""

    LATER = -1
    NORMAL = 0
    URGENT = 1


def find_waiting_job(workflow: Workflow, user_id: int, *, besides: Sequence[int], now: datetime) -> Job | None:
    """The first waiting job that nobody else holds, that is for this person or for anybody, and that they did not skip.

    A job that needs a skill which they lack is left out, unless an owner gave it to them. Jobs about which an owner
    said something are few and are put in order; the many others are due in order of arrival.
    """
    terms, lacking = find_terms(workflow), list_lacking(workflow.pk, user_id)
    placed = _find_placed(workflow, user_id, terms, lacking, besides=besides, now=now)
    has_place = QueuePlace.objects.filter(job=OuterRef("pk"))
    waiting = Job.objects.filter(able(lacking), workflow=workflow, is_waiting=True).exclude(number__in=besides)
    plain = _free(waiting, "pk", user_id, now).filter(~Exists(has_place)).order_by("number").first()
    if placed is None or plain is None:
        return plain if placed is None else placed.job
    return plain if _rank_of_plain(plain, terms) < _rank_of_placed(placed, terms) else placed.job


def _find_placed(
    workflow: Workflow,
    user_id: int,
    terms: timedelta | None,
    lacking: Sequence[Kind],
    *,
    besides: Sequence[int],
    now: datetime,
) -> QueuePlace | None:
    """The first job with a place; the query begins at the places, which are few, not at the waiting jobs."""
    places = QueuePlace.objects.filter(Q(assignee=None) | Q(assignee=user_id), workflow=workflow, job__is_waiting=True)
    places = places.filter(able(lacking, "job__input", or_else=Q(assignee=user_id)))
    places = _free(places.exclude(job__number__in=besides), "job_id", user_id, now)
    ordering = (F("priority").desc(), F("due").asc(nulls_last=True), "job__number")
    first = places.annotate(due=_due(terms, "due_at", "job__finished_at")).order_by(*ordering)
    pk = first.values_list("pk", flat=True).first()
    return None if pk is None else QueuePlace.objects.select_related("job").get(pk=pk)


def find_held_job(workflow: Workflow, user_id: int, *, besides: Sequence[int], now: datetime) -> Job | None:
    """The first in the order of the queue among the waiting jobs on which a person has a lease."""
    held = Job.objects.filter(
        workflow=workflow, is_waiting=True, claim__user_id=user_id, claim__expires_at__gt=now
    ).exclude(number__in=besides)
    held = held.filter(decidable_by(workflow.pk, user_id))  # they may have lost the skill meanwhile
    return in_order(held, find_terms(workflow)).first()


def in_order(jobs: QuerySet[Job], terms: timedelta | None) -> QuerySet[Job]:
    """Waiting jobs in the order of the queue, each with its `due` time and `priority`; for few, as it looks at all."""
    return with_terms(jobs, terms).order_by(*_ORDER)


def with_terms(jobs: QuerySet[Job], terms: timedelta | None) -> QuerySet[Job]:
    """Waiting jobs, each with its `due` time and `priority`."""
    return jobs.annotate(
        due=_due(terms, "place__due_at", "finished_at"),
        priority=Coalesce(F("place__priority"), Value(Priority.NORMAL.value)),
    )


def list_first(workflow: Workflow, jobs: QuerySet[Job], most: int) -> list[Job]:
    """The first of waiting jobs `with_terms` in the order in which the desk gives them out, however many wait.

    As at the desk, those with a place are few and are put in order; the others come in order of arrival.
    """
    places = QueuePlace.objects.filter(workflow=workflow)
    placed = jobs.filter(pk__in=places.values("job_id")).order_by(*_ORDER)
    plain = jobs.filter(~Exists(places.filter(job=OuterRef("pk")))).order_by("number")
    return list(islice(heapq.merge(placed[:most], plain[:most], key=_rank_with_terms), most))


def find_terms(workflow: Workflow) -> timedelta | None:
    """Within what time after their end jobs are to be decided; None where the owner set none."""
    hours = ReviewTerms.objects.filter(workflow=workflow).values_list("decide_within_hours", flat=True).first()
    return None if hours is None else timedelta(hours=hours)


def find_due(job: Job, workflow: Workflow, *, asked_at: datetime | None = None) -> datetime | None:
    """Until when a waiting job is to be decided; None where nobody said.

    The time for one that is decided again begins when that was asked for: being late already would give it away.
    """
    if asked_at is not None:
        terms = find_terms(workflow)
        return None if terms is None else asked_at + terms
    own = QueuePlace.objects.filter(job=job).values_list("due_at", flat=True).first()
    return own or _due_by_terms(job, find_terms(workflow))


def _due(terms: timedelta | None, own: str, ended: str) -> Combinable:
    if terms is None:
        return F(own)
    by_terms = ExpressionWrapper(F(ended) + Value(terms), output_field=DateTimeField())
    return Coalesce(F(own), by_terms, output_field=DateTimeField())


def _due_by_terms(job: Job, terms: timedelta | None) -> datetime | None:
    return None if terms is None or job.finished_at is None else job.finished_at + terms


def _free(rows: QuerySet[_Row], job: str, user_id: int, now: datetime) -> QuerySet[_Row]:
    """Rows whose job nobody else holds and the person did not skip; `job` names the column with its id."""
    held_by_others = Claim.objects.filter(job=OuterRef(job), expires_at__gt=now).exclude(user_id=user_id)
    skipped = Skip.objects.filter(job=OuterRef(job), user_id=user_id)
    return rows.filter(~Exists(held_by_others), ~Exists(skipped))


def _rank_of_plain(job: Job, terms: timedelta | None) -> tuple[int, bool, float, int]:
    return _rank(Priority.NORMAL, _due_by_terms(job, terms), job.number)


def _rank_of_placed(place: QueuePlace, terms: timedelta | None) -> tuple[int, bool, float, int]:
    return _rank(place.priority, place.due_at or _due_by_terms(place.job, terms), place.job.number)


def _rank_with_terms(job: Job) -> tuple[int, bool, float, int]:
    return _rank(getattr(job, "priority", Priority.NORMAL), getattr(job, "due", None), job.number)


def _rank(priority: int, due: datetime | None, number: int) -> tuple[int, bool, float, int]:
    """As `_ORDER` ranks it."""
    return (-priority, due is None, due.timestamp() if due else 0.0, number)
