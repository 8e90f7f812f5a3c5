"""Where in the newest jobs people had to step in: at which steps, for which fields, and why the agent handed back."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count

from teachback.field_diff import without_positions
from teachback.vocabulary import JobStatus
from teachback_server.jobs.models import Job, Step
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


@dataclass(frozen=True, kw_only=True)
class _StepRow:
    job_id: int
    position: int
    name: str
    kind: str
    status: str
    duration_ms: float


def find_stuck_places(workflow: Workflow) -> StuckPlaces | None:
    """Where the newest jobs of a workflow that the caller may see got stuck; None where there is no job."""
    newest = Job.objects.filter(workflow=workflow).order_by("-number")
    jobs = list(newest.values_list("pk", "number", "status", "hand_back_reason")[:NEWEST_JOBS])
    if not jobs:
        return None
    handed_back = {pk: reason for pk, _, status, reason in jobs if status == JobStatus.HANDED_BACK}
    reasons = Counter(reason or "It did not say why." for reason in handed_back.values())
    since_id = min(pk for pk, *_ in jobs)
    return StuckPlaces(
        first_job=jobs[-1][1],
        last_job=jobs[0][1],
        handed_back=len(handed_back),
        steps=_count_steps(_list_step_rows(workflow, since_id), set(handed_back), _count_said(workflow, since_id)),
        fields=_count_fields(workflow, since_id),
        reasons=tuple(HandBackReason(reason=reason, jobs=n) for reason, n in reasons.most_common(MOST_ROWS)),
    )


def _list_step_rows(workflow: Workflow, since_id: int) -> list[_StepRow]:
    rows = Step.objects.filter(workflow_id=workflow.pk, job_id__gte=since_id).order_by("job_id", "position")
    values = rows.values_list("job_id", "position", "name", "kind", "status", "duration_ms")
    return [
        _StepRow(job_id=job_id, position=position, name=name, kind=kind, status=status, duration_ms=duration_ms)
        for job_id, position, name, kind, status, duration_ms in values
    ]


def _count_said(workflow: Workflow, since_id: int) -> dict[str, int]:
    reviews = Review.objects.filter(workflow=workflow, job_id__gte=since_id).exclude(stuck_step="")
    return dict(reviews.order_by().values_list("stuck_step").annotate(found=Count("pk")))


def _count_steps(rows: Sequence[_StepRow], handed_back: set[int], said: dict[str, int]) -> tuple[StuckStep, ...]:
    by_name: dict[str, list[_StepRow]] = defaultdict(list)
    for row in rows:
        by_name[row.name].append(row)
    last_names = {row.job_id: row.name for row in rows if row.job_id in handed_back}  # rows come in order of position
    ended_at = Counter(last_names.values())
    steps = [
        StuckStep(
            name=name,
            kind=group[0].kind,
            jobs=_count_jobs(group),
            stuck=_count_jobs(row for row in group if row.status != "ok"),
            said_stuck=said.get(name, 0),
            handed_back=ended_at[name],
            mean_seconds=sum(row.duration_ms for row in group) / len(group) / 1000,
        )
        for name, group in by_name.items()
    ]
    steps.sort(key=lambda step: (-(step.stuck + step.said_stuck + step.handed_back), -step.jobs, step.name))
    return tuple(steps[:MOST_ROWS])


def _count_jobs(rows: Iterable[_StepRow]) -> int:
    return len({row.job_id for row in rows})


def _count_fields(workflow: Workflow, since_id: int) -> tuple[FieldCorrections, ...]:
    corrections = Correction.objects.filter(workflow=workflow, job_id__gte=since_id)
    counts: Counter[str] = Counter()
    for field, found in corrections.order_by().values_list("field").annotate(found=Count("pk")):
        counts[without_positions(field)] += found
    return tuple(FieldCorrections(field=field, corrections=n) for field, n in counts.most_common(MOST_ROWS))
