"""Copies spans of an application's own OpenTelemetry set-up into the trace of the job in which they began."""

import threading
from collections.abc import Sequence
from typing import Any
from weakref import WeakSet

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import StatusCode

from teachback.configuration import Attribute
from teachback.current import Place, find_place
from teachback.faults import note_fault
from teachback.plain_json import spell_json
from teachback.spans import SpanRecord

_MOST_OPEN = 10_000  # spans that began in jobs and did not end; a leak of the application must not be ours

_instrumented: WeakSet[Any] = WeakSet()
_lock = threading.Lock()


def instrument_provider(provider: Any) -> None:
    """Add a processor to a provider that has none yet: with two, each span would come twice."""
    with _lock:
        if provider not in _instrumented:
            provider.add_span_processor(JobSpanProcessor())
            _instrumented.add(provider)


class JobSpanProcessor(SpanProcessor):
    """Sees spans begin and end; those of a job go to the server as steps of it, next to the application's exporters."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[Place, bytes]] = {}  # by span: its place, and the span above it in the job

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Remember in which job and under which of its steps a span begins."""
        try:
            place, own = find_place(), span.get_span_context()
            if place is not None and own is not None and len(self._open) < _MOST_OPEN:
                self._open[own.span_id] = (place, self._find_parent(span, place))
        # The outermost edge towards the application.
        except Exception:  # noqa: BLE001
            note_fault("see a span begin")

    def on_end(self, span: ReadableSpan) -> None:
        """Copy a span of a job into the job's trace."""
        try:
            own = span.get_span_context()
            opened = self._open.pop(own.span_id, None) if own is not None else None
            if opened is not None:
                opened[0].job.record(_copy_span(span, *opened))
        # The outermost edge towards the application.
        except Exception:  # noqa: BLE001
            note_fault("copy a span")

    def shutdown(self) -> None:
        """There is nothing of its own to end."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """There is nothing of its own to send."""
        return True

    def _find_parent(self, span: Span, place: Place) -> bytes:
        """The nearer of the span above in the application's trace and the step around the running code."""
        above = self._open.get(span.parent.span_id) if span.parent is not None else None
        if span.parent is None or above is None or above[0].span is not place.span:
            return place.span.span_id
        return span.parent.span_id.to_bytes(8, "big")


def _copy_span(span: ReadableSpan, place: Place, parent_id: bytes) -> SpanRecord:
    own = span.get_span_context()
    record = SpanRecord(
        trace_id=place.span.trace_id,
        span_id=own.span_id.to_bytes(8, "big") if own else b"",
        parent_id=parent_id,
        name=span.name,
        start_ns=span.start_time or 0,
        end_ns=span.end_time or 0,
        attributes={name: _read_value(value) for name, value in (span.attributes or {}).items()},
    )
    _copy_events(span.events, record)
    if span.status.status_code is StatusCode.ERROR:
        record.error_type = record.error_type or "Error"
        record.error_message = record.error_message or span.status.description or ""
    return record


def _copy_events(events: Sequence[Event], record: SpanRecord) -> None:
    for event in events:
        attributes = event.attributes or {}
        if event.name == "exception":
            record.error_type = str(attributes.get("exception.type", ""))
            record.error_message = str(attributes.get("exception.message", ""))
        else:
            record.events.append((event.name, event.timestamp, {n: _read_value(v) for n, v in attributes.items()}))


def _read_value(value: object) -> Attribute:
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Sequence) and all(isinstance(item, str) for item in value):
        return [str(item) for item in value]
    return spell_json(value)
