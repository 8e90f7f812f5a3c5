"""One span as it came over the wire, in plain Python values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from teachback.json_types import Json

Attributes = Mapping[str, Json]  # bytes stand as base64 text, lists and maps as JSON lists and objects


@dataclass(frozen=True, kw_only=True, slots=True)
class SpanEvent:
    """Something that happened within a span."""

    name: str
    at_ns: int  # since 1970-01-01 UTC
    attributes: Attributes


@dataclass(frozen=True, kw_only=True, slots=True)
class SpanLink:
    """A span that another one points at, in the same trace or in another."""

    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(
    kw_only=True, slots=True
)  # not frozen: setting fields of frozen ones costs thrice, and intake makes millions
class Span:
    """One step of a trace."""

    trace_id: str  # 32 hexadecimal digits in lower case
    span_id: str  # 16 of them
    parent_id: str  # 16 of them; empty: a root
    name: str
    kind: int  # 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer
    start_ns: int  # since 1970-01-01 UTC
    end_ns: int  # 0: it has not ended
    is_error: bool
    status_message: str
    attributes: Attributes
    events: Sequence[SpanEvent] = ()
    links: Sequence[SpanLink] = ()
    scope: str = ""  # the instrumentation that made it
    resource: Attributes = field(default_factory=dict)  # of the process that sent it; shared by its spans

    @property
    def duration_ms(self) -> float:
        """How long it took; 0 while it has not ended, or where it says that it ended before it began."""
        return max(0.0, (self.end_ns - self.start_ns) / 1e6) if self.end_ns else 0.0
