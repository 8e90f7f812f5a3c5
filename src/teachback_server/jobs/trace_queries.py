"""Reads of a job's trace: its timeline with what it adds up to, and one step of it in full."""

from dataclasses import dataclass

from teachback_server.jobs.meaning import read_content
from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import list_rows
from teachback_server.jobs.step_view import ShownContent, show_content
from teachback_server.jobs.timeline import Timeline
from teachback_server.jobs.trace_reading import RequestReader
from teachback_server.jobs.trace_store import StepRow, add_up_usage

MOST_TROUBLED = 8
_NOT_KEPT = "The request that brought this step is not kept any more."
_NOT_RECORDED = "This agent records that the step was done, not what it was given."


@dataclass(frozen=True, kw_only=True)
class TroubledStep:
    """A step that failed or got stuck."""

    span_id: str
    name: str
    starts_seconds: float


@dataclass(frozen=True, kw_only=True)
class JobTrace:
    """The steps of one job on one time scale, with what they add up to."""

    timeline: Timeline
    tokens: int
    cost_usd: float
    troubled: tuple[TroubledStep, ...]  # the first of them
    more_troubled: int  # how many are not among the first
    is_cut: bool  # whether there are more steps than a page reads

    @property
    def words_of_errors(self) -> str:
        """How many steps failed."""
        return f"{self.timeline.sums.errors:,} failed"

    @property
    def words_of_stuck(self) -> str:
        """In how many steps the agent could not go on, though nothing failed."""
        return f"{self.timeline.sums.stuck:,} stuck"


@dataclass(frozen=True, kw_only=True)
class StepInFull:
    """One step with its facts and, where it is known, with what it was given and what it gave."""

    row: StepRow
    starts_seconds: float
    content: ShownContent | None
    why_no_content: str = ""

    @property
    def duration_seconds(self) -> float:
        """How long the step took."""
        return self.row.duration_ms / 1000


def find_trace(job: Job) -> JobTrace | None:
    """What the agent did in a job that the caller may see; None where it recorded no steps."""
    steps, is_cut = list_rows(job)
    if not steps:
        return None
    timeline, usage = Timeline(steps, top=job.span_id), add_up_usage(steps)
    troubled = timeline.list_troubled(most=timeline.count)
    return JobTrace(
        timeline=timeline,
        tokens=usage.input_tokens + usage.output_tokens,
        cost_usd=usage.cost_usd,
        troubled=tuple(
            TroubledStep(span_id=step.span_id, name=step.name, starts_seconds=timeline.starts_seconds(step))
            for step in troubled[:MOST_TROUBLED]
        ),
        more_troubled=max(len(troubled) - MOST_TROUBLED, 0),
        is_cut=is_cut,
    )


def find_step(job: Job, span_id: str, *, is_whole: bool = False) -> StepInFull | None:
    """One step of a job in full, long texts cut unless the whole is asked for; None where it is not there."""
    trace = find_trace(job)
    row = trace.timeline.find(span_id) if trace else None
    if trace is None or row is None:
        return None
    span = _find_span(row)
    return StepInFull(
        row=row,
        starts_seconds=trace.timeline.starts_seconds(row),
        content=show_content(read_content(span), is_whole=is_whole) if span else None,
        why_no_content=_NOT_KEPT if row.request_id else _NOT_RECORDED,
    )


def _find_span(row: StepRow) -> Span | None:
    if not row.request_id:
        return None
    spans = RequestReader().read_traces({row.trace_id: [row.request_id]})[row.trace_id]
    return next((span for span in spans if span.span_id == row.span_id), None)
