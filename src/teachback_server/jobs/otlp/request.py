"""Reads an export request: what of it can be taken, what cannot and why, and its spans in plain Python values."""

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from teachback.json_types import Json
from teachback_server.jobs.meaning.spans import Span, SpanEvent, SpanLink
from teachback_server.jobs.otlp.json_form import JsonBroken, read_json_request
from teachback_server.jobs.otlp.refused import RefusedSpan
from teachback_server.jobs.otlp.wire import RawSpan, WireBroken, walk_spans

MOST_SPANS = 20_000
MOST_ATTRIBUTE_CHARACTERS = 1_000_000
CUT_MARK = "… [cut by Teachback: {more} more characters]"
_NOTHING = bytes(16)
_MOST_SAMPLE_CHARACTERS = 2000


class RequestRefused(ValueError):
    """Nothing of the request can be taken. Sending it again will not help."""


@dataclass(frozen=True, kw_only=True)
class TakenRequest:
    """What a request brought."""

    message: ExportTraceServiceRequest  # the good spans alone
    spans: int
    refused: Sequence[RefusedSpan]
    cut: int  # attributes that were too long
    is_changed: bool  # the message differs from the bytes that came


def take_request(body: bytes, *, is_json: bool) -> TakenRequest:
    """Read a body, and take the spans out that cannot be kept. Raises RequestRefused."""
    refused: list[RefusedSpan] = []
    is_changed = is_json
    if is_json:
        message, refused = _read_json(body)
    else:
        try:
            message = ExportTraceServiceRequest.FromString(body)
        except (DecodeError, RecursionError):
            message, refused = _save_good_spans(body)
            is_changed = True
    without_ids = _take_out_bad_ids(message)
    refused += without_ids
    spans = count_spans(message)
    if spans + len(refused) > MOST_SPANS:
        raise RequestRefused(f"The request has more than {MOST_SPANS} spans. Send fewer in a request.")
    cut = _cut_long_attributes(message) if len(body) > MOST_ATTRIBUTE_CHARACTERS else 0
    return TakenRequest(
        message=message, spans=spans, refused=refused, cut=cut, is_changed=bool(is_changed or without_ids or cut)
    )


def count_spans(message: ExportTraceServiceRequest) -> int:
    """How many spans a request has."""
    return sum(len(scope.spans) for owner in message.resource_spans for scope in owner.scope_spans)


@dataclass(kw_only=True, slots=True)
class PackedSpan:
    """A span as protobuf holds it, with what it shares with others: decoding costs most, and not all are read."""

    span: WireSpan
    scope: str
    resource: dict[str, Json]

    def decode(self) -> Span:
        """The span in plain Python values."""
        return _decode(self.span, self.scope, self.resource)


def unpack_spans(message: ExportTraceServiceRequest) -> Iterator[PackedSpan]:
    """The spans of a request in its order."""
    for owner in message.resource_spans:
        resource = _read_attributes(owner.resource.attributes)
        for scope_spans in owner.scope_spans:
            scope = scope_spans.scope.name
            for span in scope_spans.spans:
                yield PackedSpan(span=span, scope=scope, resource=resource)


def _read_json(body: bytes) -> tuple[ExportTraceServiceRequest, list[RefusedSpan]]:
    try:
        return read_json_request(body)
    except JsonBroken as problem:
        raise RequestRefused(str(problem)) from problem


def _save_good_spans(body: bytes) -> tuple[ExportTraceServiceRequest, list[RefusedSpan]]:
    """Read each span by itself, as one that breaks the format, or has text that is not UTF-8, spoils the whole."""
    message = ExportTraceServiceRequest()
    refused = []
    try:
        for raw in walk_spans(body):
            try:
                _add_span(message, raw)
            except (DecodeError, RecursionError) as problem:
                reason = f"its bytes are no valid span ({problem}); text must be UTF-8"
                refused.append(RefusedSpan(name="", reason=reason, sample=raw.span[:500].hex(" ")))
    except WireBroken as problem:
        raise RequestRefused(f"The body is no OTLP request in protobuf. {problem}") from problem
    return message, refused


def _add_span(message: ExportTraceServiceRequest, raw: RawSpan) -> None:
    alone = ExportTraceServiceRequest()
    owner = alone.resource_spans.add()
    owner.resource.CopyFrom(Resource.FromString(raw.resource))
    target = owner.scope_spans.add()
    target.scope.CopyFrom(InstrumentationScope.FromString(raw.scope))
    target.spans.append(WireSpan.FromString(raw.span))
    # A span may be readable by itself and yet nest too deep for one within a request.
    message.MergeFrom(ExportTraceServiceRequest.FromString(alone.SerializeToString()))


def _take_out_bad_ids(message: ExportTraceServiceRequest) -> list[RefusedSpan]:
    refused = []
    for owner in message.resource_spans:
        for scope in owner.scope_spans:
            bad = [at for at, span in enumerate(scope.spans) if not _has_good_ids(span)]
            for at in reversed(bad):
                refused.append(_describe_bad_ids(scope.spans[at]))
                del scope.spans[at]
    return refused


def _has_good_ids(span: WireSpan) -> bool:
    trace_id, span_id = span.trace_id, span.span_id
    return (
        len(trace_id) == 16
        and len(span_id) == 8
        and trace_id != _NOTHING
        and span_id != _NOTHING[:8]
        and len(span.parent_span_id) in (0, 8)
        and span.start_time_unix_nano < 2**63
        and span.end_time_unix_nano < 2**63
    )


def _describe_bad_ids(span: WireSpan) -> RefusedSpan:
    if len(span.trace_id) != 16 or span.trace_id == _NOTHING:
        reason = "its trace id must be 16 bytes (32 hexadecimal digits), not all zero"
    elif len(span.span_id) != 8 or span.span_id == _NOTHING[:8]:
        reason = "its span id must be 8 bytes (16 hexadecimal digits), not all zero"
    elif len(span.parent_span_id) not in (0, 8):
        reason = "the id of its parent must be 8 bytes (16 hexadecimal digits), or absent for a root"
    else:
        reason = "its times must be nanoseconds since 1970, below 2 to the 63rd"
    return RefusedSpan(name=span.name[:200], reason=reason, sample=str(span)[:_MOST_SAMPLE_CHARACTERS])


def _cut_long_attributes(message: ExportTraceServiceRequest) -> int:
    cut = 0
    for owner in message.resource_spans:
        for scope in owner.scope_spans:
            for span in scope.spans:
                if span.ByteSize() > MOST_ATTRIBUTE_CHARACTERS:
                    cut += _cut_pairs(span.attributes) + sum(_cut_pairs(event.attributes) for event in span.events)
    return cut


def _cut_pairs(pairs: Sequence[KeyValue]) -> int:
    return sum(_cut_value(pair.value) for pair in pairs)


def _cut_value(value: AnyValue) -> int:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return sum(_cut_value(one) for one in value.array_value.values)
    if kind == "kvlist_value":
        return _cut_pairs(value.kvlist_value.values)
    if kind == "bytes_value" and len(value.bytes_value) > MOST_ATTRIBUTE_CHARACTERS:
        value.bytes_value = value.bytes_value[:MOST_ATTRIBUTE_CHARACTERS]
        return 1
    more = len(value.string_value) - MOST_ATTRIBUTE_CHARACTERS if kind == "string_value" else 0
    if more > 0:
        value.string_value = value.string_value[:MOST_ATTRIBUTE_CHARACTERS] + CUT_MARK.format(more=more)
    return int(more > 0)


def _decode(span: WireSpan, scope: str, resource: dict[str, Json]) -> Span:
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        kind=span.kind,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        is_error=span.status.code == Status.STATUS_CODE_ERROR,
        status_message=span.status.message,
        attributes=_read_attributes(span.attributes),
        events=_read_events(span.events) if span.events else (),
        links=_read_links(span.links) if span.links else (),
        scope=scope,
        resource=resource,
    )


def _read_events(events: Iterable[WireSpan.Event]) -> list[SpanEvent]:
    return [
        SpanEvent(name=event.name, at_ns=event.time_unix_nano, attributes=_read_attributes(event.attributes))
        for event in events
    ]


def _read_links(links: Iterable[WireSpan.Link]) -> list[SpanLink]:
    return [
        SpanLink(trace_id=link.trace_id.hex(), span_id=link.span_id.hex(), attributes=_read_attributes(link.attributes))
        for link in links
    ]


def _read_attributes(pairs: Sequence[KeyValue]) -> dict[str, Json]:
    # Most are texts, and to ask for that at once is cheaper than to ask first of what kind a value is.
    return {pair.key: pair.value.string_value or _read_value(pair.value) for pair in pairs}


def _read_value(value: AnyValue) -> Json:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind == "array_value":
        return [_read_value(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return _read_attributes(value.kvlist_value.values)
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    if kind == "double_value":
        number = value.double_value
        return number if number - number == 0 else str(number)  # JSON has no infinities
    return None if kind is None else getattr(value, kind)
