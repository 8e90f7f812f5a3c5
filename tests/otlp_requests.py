"""Builds export requests for tests: sample spans with any ids, times and attributes."""

from collections.abc import Mapping, Sequence

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

START_NS = 1_760_000_000_000_000_000  # 2025-10-09T08:53:20Z
SECOND_NS = 1_000_000_000

Value = str | bool | int | float


def trace_id_of(number: int) -> bytes:
    """The id of the sample trace of this number."""
    return number.to_bytes(16, "big")


def span_id_of(number: int) -> bytes:
    """The id of the sample span of this number."""
    return number.to_bytes(8, "big")


def make_span(
    trace: int,
    span: int,
    *,
    parent: int = 0,
    name: str = "work",
    start_seconds: float = 0.0,
    seconds: float | None = 1.0,
    attributes: Mapping[str, Value] | None = None,
) -> Span:
    """One span; `seconds` None: it has not ended."""
    start = START_NS + int(start_seconds * SECOND_NS)
    return Span(
        trace_id=trace_id_of(trace),
        span_id=span_id_of(span),
        parent_span_id=span_id_of(parent) if parent else b"",
        name=name,
        start_time_unix_nano=start,
        end_time_unix_nano=0 if seconds is None else start + int(seconds * SECOND_NS),
        attributes=[key_value(key, value) for key, value in (attributes or {}).items()],
    )


def make_request(spans: Sequence[Span], *, service: str = "") -> ExportTraceServiceRequest:
    """A request with these spans, all of one service."""
    request = ExportTraceServiceRequest()
    owner = request.resource_spans.add()
    if service:
        owner.resource.attributes.append(key_value("service.name", service))
    owner.scope_spans.add().spans.extend(spans)
    return request


def key_value(key: str, value: Value) -> KeyValue:
    """One attribute."""
    if isinstance(value, bool):
        return KeyValue(key=key, value=AnyValue(bool_value=value))
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    if isinstance(value, float):
        return KeyValue(key=key, value=AnyValue(double_value=value))
    return KeyValue(key=key, value=AnyValue(string_value=value))


def asked(text: str, answer: str = "Done.") -> dict[str, Value]:
    """The attributes of a span with an input and an output."""
    return {"openinference.span.kind": "AGENT", "input.value": text, "output.value": answer}
