"""Where traces live: the narrow protocol that SQL databases and ClickHouse fulfil alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

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


class TraceStore(Protocol):
    """Steps by trace. Every write can be repeated: a step is known by its trace and its span, and the newest counts."""

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
