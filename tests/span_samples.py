"""Makes spans for tests, each with what it needs and nothing else."""

from collections.abc import Mapping, Sequence

from teachback.json_types import Json
from teachback_server.jobs.meaning.spans import Span, SpanEvent, SpanLink

TRACE = "0af7651916cd43dd8448eb211c80319c"
SECOND_NS = 1_000_000_000
START_NS = 1_760_000_000 * SECOND_NS


def make_span(
    attributes: Mapping[str, Json] | None = None,
    *,
    name: str = "a step",
    number: int = 1,
    parent: int = 0,
    starts_after: float = 0,
    takes: float = 1,
    is_error: bool = False,
    status_message: str = "",
    events: Sequence[SpanEvent] = (),
    links: Sequence[SpanLink] = (),
    scope: str = "",
    resource: Mapping[str, Json] | None = None,
) -> Span:
    """A span whose id is its number; parent 0 makes it a root; times in seconds."""
    start_ns = START_NS + int(starts_after * SECOND_NS)
    return Span(
        trace_id=TRACE,
        span_id=f"{number:016x}",
        parent_id=f"{parent:016x}" if parent else "",
        name=name,
        kind=1,
        start_ns=start_ns,
        end_ns=start_ns + int(takes * SECOND_NS) if takes else 0,
        is_error=is_error,
        status_message=status_message,
        attributes=attributes or {},
        events=events,
        links=links,
        scope=scope,
        resource=resource or {},
    )


def make_event(name: str, attributes: Mapping[str, Json]) -> SpanEvent:
    """Something that happened at the start of a span."""
    return SpanEvent(name=name, at_ns=START_NS, attributes=attributes)
