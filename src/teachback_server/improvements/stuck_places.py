"""Where in the newest jobs people had to step in: at which steps, for which fields, and why the agent handed back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count

from teachback.field_diff import without_positions
from teachback.vocabulary import JobStatus
from teachback_server.jobs.models import Job
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.jobs.trace_store import NameSums
from teachback_server.reviews.models import Correction, Review
from teachback_server.workflows.models import Workflow

NEWEST_JOBS = 2000
MOST_ROWS = 12


@dataclass(frozen=True, kw_only=True)
class StuckStep:
    """One step of the agent in the newest jobs."""

    name: str
    kind: str
    jobs: int  # in which it occurred
    stuck: int  # of those, where the agent itself said that it got stuck or that the step failed
    said_stuck: int  # of those, where a person said so
    handed_back: int  # of those, where the agent handed back and this was its last step
    mean_seconds: float


@dataclass(frozen=True, kw_only=True)
class FieldCorrections:
    """How often people changed one field."""

    field: str  # empty: the agent had handed the whole job back
    corrections: int


@dataclass(frozen=True, kw_only=True)
class HandBackReason:
    """Why the agent handed back, in its own words, and how often."""

    reason: str
    jobs: int


@dataclass(frozen=True, kw_only=True)
class StuckPlaces:
    """Counts over the newest jobs. They are not rates: people look at some jobs and not at others."""

    first_job: int
    last_job: int
    handed_back: int
    steps: tuple[StuckStep, ...]
    fields: tuple[FieldCorrections, ...]
    reasons: tuple[HandBackReason, ...]


def find_stuck_places(workflow: Workflow) -> StuckPlaces | None:
    """Where the newest jobs of a workflow that the caller may see got stuck; None where there is no job."""
    newest = Job.objects.filter(workflow=workflow).order_by("-number")
    jobs = list(newest.only("number", "trace_id", "status", "hand_back_reason")[:NEWEST_JOBS])
    if not jobs:
        return None
    handed_back = [job for job in jobs if job.status == JobStatus.HANDED_BACK]
    reasons = Counter(job.hand_back_reason or "It did not say why." for job in handed_back)
    since_id = min(job.pk for job in jobs)
    store = open_trace_store()
    ended = store.sum_names(workflow.pk, [job.trace_id for job in handed_back])
    return StuckPlaces(
        first_job=jobs[-1].number,
        last_job=jobs[0].number,
        handed_back=len(handed_back),
        steps=_count_steps(
            store.sum_names(workflow.pk, [job.trace_id for job in jobs]),
            {step.name: step.last_in_traces for step in ended},
            _count_said(workflow, since_id),
        ),
        fields=_count_fields(workflow, since_id),
        reasons=tuple(HandBackReason(reason=reason, jobs=n) for reason, n in reasons.most_common(MOST_ROWS)),
    )


def _count_said(workflow: Workflow, since_id: int) -> dict[str, int]:
    reviews = Review.objects.filter(workflow=workflow, job_id__gte=since_id).exclude(stuck_step="")
    return dict(reviews.order_by().values_list("stuck_step").annotate(found=Count("pk")))


def _count_steps(
    sums: Sequence[NameSums], ended_at: Mapping[str, int], said: Mapping[str, int]
) -> tuple[StuckStep, ...]:
    steps = [
        StuckStep(
            name=step.name,
            kind=step.kind,
            jobs=step.traces,
            stuck=step.troubled_traces,
            said_stuck=said.get(step.name, 0),
            handed_back=ended_at.get(step.name, 0),
            mean_seconds=step.duration_ms / step.steps / 1000,
        )
        for step in sums
    ]
    steps.sort(key=lambda step: (-(step.stuck + step.said_stuck + step.handed_back), -step.jobs, step.name))
    return tuple(steps[:MOST_ROWS])


def _count_fields(workflow: Workflow, since_id: int) -> tuple[FieldCorrections, ...]:
    corrections = Correction.objects.filter(workflow=workflow, job_id__gte=since_id)
    counts: Counter[str] = Counter()
    for field, found in corrections.order_by().values_list("field").annotate(found=Count("pk")):
        counts[without_positions(field)] += found
    return tuple(FieldCorrections(field=field, corrections=n) for field, n in counts.most_common(MOST_ROWS))
