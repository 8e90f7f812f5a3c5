"""Where traces live: the narrow protocol that SQL databases and ClickHouse fulfil alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


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


class TraceStore(Protocol):
    """Steps by trace. Every write can be repeated: a step is known by its trace and its span, and the newest counts."""

    def write_steps(self, rows: Sequence[StepRow]) -> None:
        """Store steps; one that is there already, by (workflow, trace, span), is replaced."""
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

    def move_trace(self, trace_id: str, *, from_workflow_id: int, to_workflow_id: int) -> None:
        """Give a trace to another workflow, when the owner has changed which names belong to which."""
        ...

    def delete_trace(self, workflow_id: int, trace_id: str) -> None:
        """Forget the steps of one trace."""
        ...
