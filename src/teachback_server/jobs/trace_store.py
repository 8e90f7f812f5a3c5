"""Where traces live: the narrow protocol that SQL databases and ClickHouse fulfil alike."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from teachback.vocabulary import StepKind

TRACES = "traces"  # the name of the database connection on which the tables of traces live


@dataclass(kw_only=True, slots=True)
class StepRow:
    """One step of a trace, as it is stored and counted."""

    workflow_id: int  # 0: its traces belong to no workflow yet
    trace_id: str
    span_id: str
    parent_id: str
    request_id: int  # the request that brought it, in which all of it can be read again
    name: str
    kind: str
    is_error: bool
    model: str
    started_ns: int
    duration_ms: float
    input_tokens: int
    output_tokens: int
    cost_usd: float
    convention: str
    is_stuck: bool = False  # the agent said that it could not go on here, though nothing failed
    detail: str = ""  # what the agent says about it in a sentence


@dataclass(frozen=True, kw_only=True)
class TraceSums:
    """What the steps of one trace add up to."""

    workflow_id: int
    trace_id: str
    steps: int
    errors: int
    started_ns: int
    ended_ns: int
    input_tokens: int
    output_tokens: int
    cost_usd: float


@dataclass(frozen=True, kw_only=True)
class NameSums:
    """What the steps of one name add up to over several traces."""

    name: str
    kind: str  # the first in the alphabet, should they be of several
    steps: int
    traces: int  # in which such a step occurs
    troubled_traces: int  # of those, where one of them failed or got stuck
    last_in_traces: int  # of those, where it was the last step of all
    duration_ms: float


class Used(Protocol):
    """A step with what it used."""

    kind: Any  # a StepKind, or its value as it is stored
    input_tokens: int
    output_tokens: int
    cost_usd: float


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the steps of a job used."""

    input_tokens: int
    output_tokens: int
    cost_usd: float


def add_up_usage(steps: Sequence[Used]) -> Usage:
    """What steps used: an agent often repeats what its model calls used, so the larger of the two counts, not both."""
    models = [step for step in steps if step.kind == StepKind.MODEL]
    others = [step for step in steps if step.kind != StepKind.MODEL]
    return Usage(
        input_tokens=max(
            sum(step.input_tokens for step in models), max((step.input_tokens for step in others), default=0)
        ),
        output_tokens=max(
            sum(step.output_tokens for step in models), max((step.output_tokens for step in others), default=0)
        ),
        cost_usd=max(sum(step.cost_usd for step in models), max((step.cost_usd for step in others), default=0.0)),
    )


class TraceStore(Protocol):
    """Steps by trace. Every write can be repeated: a step is known by its trace and its span, and the newest counts.

    All acts raise django's OperationalError while the database cannot be reached.
    """

    def write_steps(self, rows: Sequence[StepRow]) -> None:
        """Store steps; one that is there already, by (workflow, trace, span), is replaced.

        A step that a later request brought stays, so that reading an old request again changes nothing.
        """
        ...

    def list_steps(self, workflow_id: int, trace_id: str, *, most: int) -> list[StepRow]:
        """The steps of one trace in the order of their start, at most so many."""
        ...

    def sum_traces(self, workflow_id: int, trace_ids: Sequence[str]) -> list[TraceSums]:
        """What the steps of each trace add up to; a trace without steps is not in the answer."""
        ...

    def list_requests(self, workflow_id: int, trace_id: str) -> list[int]:
        """The requests that brought steps of this trace, oldest first."""
        ...

    def list_requests_by_trace(self, workflow_id: int, trace_ids: Sequence[str]) -> dict[str, list[int]]:
        """The same for many traces at once; a trace without steps is not in the answer."""
        ...

    def move_trace(self, trace_id: str, *, from_workflow_id: int, to_workflow_id: int) -> None:
        """Give a trace to another workflow, when the owner has changed which names belong to which."""
        ...

    def delete_traces(self, workflow_id: int, trace_ids: Sequence[str]) -> None:
        """Forget the steps of these traces."""
        ...

    def sum_names(self, workflow_id: int, trace_ids: Sequence[str]) -> list[NameSums]:
        """What the steps of these traces add up to by their name, in no order."""
        ...

    def find_traces_with_error(self, workflow_id: int, trace_ids: Sequence[str], kind: str) -> set[str]:
        """Those of these traces in which a step of this kind failed."""
        ...


def make_trace_sums(workflow_id: int, values: Sequence[Any]) -> TraceSums:
    """What a database answered about one trace: its id, steps, errors, start, end, and three pairs about its usage.

    The pairs are of tokens in, tokens out and cost: the sum over steps of a model, and the most of any other step.
    """
    trace_id, steps, errors, started_ns, ended_ns, *pairs = values
    return TraceSums(
        workflow_id=workflow_id,
        trace_id=trace_id,
        steps=steps,
        errors=errors,
        started_ns=started_ns,
        ended_ns=ended_ns,
        input_tokens=int(max(pairs[0], pairs[1])),  # PostgreSQL sums to decimals
        output_tokens=int(max(pairs[2], pairs[3])),
        cost_usd=float(max(pairs[4], pairs[5])),
    )


def make_name_sums(values: Sequence[Any]) -> NameSums:
    """What a database answered about one name: itself, its kind, steps, traces, troubled ones, last ones, duration."""
    name, kind, steps, traces, troubled, last, duration_ms = values
    return NameSums(
        name=name,
        kind=kind,
        steps=steps,
        traces=traces,
        troubled_traces=troubled,
        last_in_traces=int(last),
        duration_ms=duration_ms,
    )


def add_name_sums(sums: Iterable[NameSums]) -> list[NameSums]:
    """Sums over different traces as sums over all of them, one for each name."""
    by_name: dict[str, NameSums] = {}
    for part in sums:
        before = by_name.get(part.name)
        by_name[part.name] = part if before is None else _add(before, part)
    return list(by_name.values())


def in_parts(trace_ids: Iterable[str], size: int) -> Iterator[list[str]]:
    """Each trace once, so many at a time."""
    wanted = list(dict.fromkeys(trace_ids))
    for start in range(0, len(wanted), size):
        yield wanted[start : start + size]


def _add(one: NameSums, other: NameSums) -> NameSums:
    return NameSums(
        name=one.name,
        kind=min(one.kind, other.kind),
        steps=one.steps + other.steps,
        traces=one.traces + other.traces,
        troubled_traces=one.troubled_traces + other.troubled_traces,
        last_in_traces=one.last_in_traces + other.last_in_traces,
        duration_ms=one.duration_ms + other.duration_ms,
    )
