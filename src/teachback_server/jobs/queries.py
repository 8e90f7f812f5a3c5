"""Reads of single jobs: the job itself, what its agent did step by step, and what the next step said about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from teachback.vocabulary import RoutingKind
from teachback_server.jobs.models import Job, Outcome
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.jobs.timeline import choose_telling, keep_branch
from teachback_server.jobs.trace_store import StepRow
from teachback_server.workflows.models import Workflow

LARGEST_NUMBER = 2**31 - 1  # that the column holds; an address may name any
MOST_STEPS = 10_000
MOST_TELLING_STEPS = 24


@dataclass(frozen=True, kw_only=True)
class StepFacts:
    """One thing that an agent did in a job."""

    position: int
    name: str
    kind: str
    status: str  # ok, stuck or error
    detail: str
    duration_ms: float
    tokens: int
    cost_usd: float

    @property
    def is_stuck(self) -> bool:
        """Whether the agent could not go on here, or only with an error."""
        return self.status != "ok"

    @property
    def duration_seconds(self) -> float:
        """How long the step took."""
        return self.duration_ms / 1000


@dataclass(frozen=True, kw_only=True)
class TellingSteps:
    """The steps of a job that tell most about it, and how many others there are."""

    steps: tuple[StepFacts, ...]
    left_out: int


@dataclass(frozen=True, kw_only=True)
class OutcomeFacts:
    """What the next step said about a job."""

    is_used: bool
    worth_usd: float | None
    note: str
    by: str
    at: datetime


def find_job(workflow: Workflow, number: int) -> Job | None:
    """The job with this number in a workflow that the caller may see; None where there is none."""
    if number > LARGEST_NUMBER:
        return None
    return Job.objects.filter(workflow=workflow, number=number).select_related("release").first()


def find_job_by_external_id(workflow: Workflow, external_id: str) -> Job | None:
    """The job to which its sender gave this id; None where there is none."""
    return Job.objects.filter(workflow=workflow, external_id=external_id).select_related("release").first()


def list_rows(job: Job) -> tuple[list[StepRow], bool]:
    """The steps of a job, in the order of their start; and whether it has more than are read."""
    found = open_trace_store().list_steps(job.workflow_id, job.trace_id, most=MOST_STEPS)
    is_shared = Job.objects.filter(workflow=job.workflow_id, trace_id=job.trace_id).exclude(pk=job.pk).exists()
    return (keep_branch(found, job.span_id) if is_shared else found), len(found) == MOST_STEPS


def list_steps(job: Job) -> tuple[StepFacts, ...]:
    """What the agent did in a job, in order; of a very long one, how it began."""
    return _describe(list_rows(job)[0])


def list_telling_steps(job: Job) -> TellingSteps:
    """What the agent did in a job, as much of it as one looks through at a glance."""
    rows, _ = list_rows(job)
    chosen = choose_telling(rows, most=MOST_TELLING_STEPS)
    return TellingSteps(steps=_describe(chosen), left_out=len(rows) - len(chosen))


def _describe(rows: Sequence[StepRow]) -> tuple[StepFacts, ...]:
    return tuple(
        StepFacts(
            position=position,
            name=row.name,
            kind=row.kind,
            status=_status(row),
            detail=row.detail,
            duration_ms=row.duration_ms,
            tokens=row.input_tokens + row.output_tokens,
            cost_usd=row.cost_usd,
        )
        for position, row in enumerate(rows)
    )


def _status(row: StepRow) -> str:
    if row.is_error:
        return "error"
    return "stuck" if row.is_stuck else "ok"


def count_auto_jobs(release_id: int, most: int) -> int:
    """How many jobs skipped review under a release, audited ones included; counts no further than `most`."""
    kinds = [RoutingKind.AUTO, RoutingKind.AUDIT]
    return Job.objects.filter(release_id=release_id, routing__in=kinds)[:most].count()


def list_outcomes(job: Job) -> tuple[OutcomeFacts, ...]:
    """What the next step said about a job, the newest word first; that one counts."""
    return tuple(
        OutcomeFacts(is_used=row.is_used, worth_usd=row.worth_usd, note=row.note, by=row.by, at=row.at)
        for row in Outcome.objects.filter(job=job).order_by("-id")
    )
