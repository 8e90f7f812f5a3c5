"""Spells spans in OTLP's protobuf form: each once, when it ends, so that a batch is only put together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from teachback.configuration import Attribute, Redact
from teachback.spans import SpanRecord

REDACTION_FAILED = "[redaction failed]"
# Each span has some of them, and they are half of what it costs to spell one. Only texts and booleans: 1 equals True.
_OF_FEW_VALUES = frozenset(
    f"teachback.{name}"
    for name in (
        *("workflow", "release", "status", "routing", "routing.reason"),
        *("step.kind", "tool.name", "tool.has_side_effects"),
    )
)
_INTERNAL = Span.SPAN_KIND_INTERNAL
_ERROR = Status.STATUS_CODE_ERROR
# Numbers of fields in opentelemetry/proto/collector/trace/v1 and trace/v1.
_RESOURCE_SPANS, _RESOURCE, _SCOPE_SPANS, _SCOPE, _SPANS = 1, 1, 2, 1, 2


def encode_span(span: SpanRecord, redact: Redact | None = None) -> bytes:
    """One span in protobuf. With a hook, every text and value has gone through it."""
    if redact is not None:
        span = _redact_span(span, redact)
    try:
        return _spell_span(span)
    except UnicodeEncodeError:  # half a character, as `json.loads` and some file names give
        return _spell_span(_repair_texts(span))


def encode_resource(attributes: Iterable[tuple[str, str]]) -> bytes:
    """What the spans of one process have in common, in protobuf."""
    return b"".join(_field(1, _key_value(name, value).SerializeToString()) for name, value in attributes)


def join_spans(resource: bytes, scope_name: str, spans: Sequence[bytes]) -> bytes:
    """An ExportTraceServiceRequest of encoded spans: a message within a message is its length and its bytes."""
    scope = _field(_SCOPE, _field(1, scope_name.encode()))
    inner = b"".join([scope, *(_field(_SPANS, span) for span in spans)])
    return _field(_RESOURCE_SPANS, _field(_RESOURCE, resource) + _field(_SCOPE_SPANS, inner))


def redact_value(redact: Redact | None, name: str, value: Attribute) -> Attribute | None:
    """What the hook makes of one value; None where it wants it left out."""
    if redact is None:
        return value
    try:
        made = redact(name, value)
    # The hook is not ours: whatever it raises, the value must not get out.
    except Exception:  # noqa: BLE001
        return REDACTION_FAILED
    return made if made is None or isinstance(made, str | bool | int | float | list | tuple) else str(made)


def _spell_span(span: SpanRecord) -> bytes:
    message = Span(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_id,
        name=span.name,
        kind=_INTERNAL,
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns,
        attributes=[_key_value(name, value) for name, value in span.attributes.items()],
    )
    if span.error_type:
        message.status.code = _ERROR
        message.status.message = span.error_message
        message.events.add(
            name="exception",
            time_unix_nano=span.end_ns,
            attributes=[
                _key_value("exception.type", span.error_type),
                _key_value("exception.message", span.error_message),
            ],
        )
    for name, at_ns, attributes in span.events:
        listed = [_key_value(key, value) for key, value in attributes.items()]
        message.events.add(name=name, time_unix_nano=at_ns, attributes=listed)
    spelled: bytes = message.SerializeToString()
    return spelled


def _key_value(name: str, value: Attribute) -> KeyValue:
    if name in _OF_FEW_VALUES and isinstance(value, str | bool):
        return _keep_key_value(name, value)
    return KeyValue(key=name, value=_any_value(value))


@lru_cache(maxsize=1_000)
def _keep_key_value(name: str, value: Attribute) -> KeyValue:
    return KeyValue(key=name, value=_any_value(value))


def _any_value(value: Attribute) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value) if -(2**63) <= value < 2**63 else AnyValue(string_value=str(value))
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if not isinstance(value, list | tuple):  # a number of another kind, as NumPy's or a Decimal
        return AnyValue(string_value=str(value))
    return AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=str(item)) for item in value]))


def _redact_span(span: SpanRecord, redact: Redact) -> SpanRecord:
    return replace(
        span,
        name=redact_text(redact, "span.name", span.name),
        attributes=_redact_attributes(redact, span.attributes),
        error_message=redact_text(redact, "exception.message", span.error_message),
        events=[(name, at_ns, _redact_attributes(redact, attributes)) for name, at_ns, attributes in span.events],
    )


def _redact_attributes(redact: Redact, attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    kept = {name: redact_value(redact, name, value) for name, value in attributes.items()}
    return {name: value for name, value in kept.items() if value is not None}


def redact_text(redact: Redact, name: str, text: str) -> str:
    """What the hook makes of a text; empty where it wants it left out."""
    made = redact_value(redact, name, text) if text else ""
    return "" if made is None else str(made)


def _repair_texts(span: SpanRecord) -> SpanRecord:
    return replace(
        span,
        name=_repair(span.name),
        attributes=_repair_attributes(span.attributes),
        error_type=_repair(span.error_type),
        error_message=_repair(span.error_message),
        events=[(_repair(name), at_ns, _repair_attributes(attributes)) for name, at_ns, attributes in span.events],
    )


def _repair_attributes(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {_repair(name): _repair(value) if isinstance(value, str) else value for name, value in attributes.items()}


def _repair(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _field(number: int, content: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    spelled = bytearray()
    while value > 127:
        spelled.append(value & 127 | 128)
        value >>= 7
    spelled.append(value)
    return bytes(spelled)
