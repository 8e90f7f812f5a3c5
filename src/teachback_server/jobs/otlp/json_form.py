"""Reads the JSON form of an export request into the protobuf one: ids in hexadecimal, unknown fields passed over.

Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from teachback_server.jobs.otlp.refused import RefusedSpan

MOST_LEVELS = 32  # of lists and objects within each other; protobuf itself takes fewer than 50
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
_INT64 = range(-(2**63), 2**63)
_KINDS = {name: number for name, number in Span.SpanKind.items()}  # noqa: C416 — a protobuf wrapper, not a dict
_STATUS = {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}


class JsonBroken(ValueError):
    """The body is no export request in JSON. Sending it again will not help."""


class _BadPart(ValueError):
    """One part of a span is not what it must be."""


def read_json_request(body: bytes) -> tuple[ExportTraceServiceRequest, list[RefusedSpan]]:
    """The request as protobuf, and the spans that could not be read. Raises JsonBroken for what is no request."""
    document = _load(body)
    request = ExportTraceServiceRequest()
    refused: list[RefusedSpan] = []
    try:
        for resource_spans in _list_of(document, "resourceSpans", "resource_spans"):
            _read_resource_spans(resource_spans, request, refused)
    except _BadPart as problem:
        raise JsonBroken(f"The JSON is no export request: {problem}.") from problem
    return request, refused


def _load(body: bytes) -> Mapping[str, Any]:
    try:
        # One byte that is no UTF-8 may not cost the request: the text that holds it gets a mark in its place.
        document = json.loads(body.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError) as problem:
        raise JsonBroken(f"The body is not JSON: {str(problem)[:200]}.") from problem
    if not isinstance(document, dict):
        raise JsonBroken("The JSON is no export request: it must be an object with 'resourceSpans'.")
    return document


def _read_resource_spans(
    given: Mapping[str, Any], request: ExportTraceServiceRequest, refused: list[RefusedSpan]
) -> None:
    target = request.resource_spans.add()
    resource = _object_of(given, "resource")
    target.resource.CopyFrom(Resource(attributes=_read_attributes(resource)))
    for scope_spans in _list_of(given, "scopeSpans", "scope_spans"):
        scope_target = target.scope_spans.add()
        scope = _object_of(scope_spans, "scope")
        scope_target.scope.CopyFrom(
            InstrumentationScope(name=_text_of(scope, "name"), version=_text_of(scope, "version"))
        )
        spans = scope_spans.get("spans") or []
        if not isinstance(spans, list):
            raise _BadPart("'spans' must be a list")
        for span in spans:
            try:
                scope_target.spans.append(_read_span(span))
            except (_BadPart, RecursionError) as problem:
                sample = json.dumps(span)[:2000] if not isinstance(problem, RecursionError) else ""
                refused.append(RefusedSpan(name=_name_of(span), reason=str(problem), sample=sample))


def _read_span(given: object) -> Span:
    if not isinstance(given, dict):
        raise _BadPart("a span must be an object")
    status = _object_of(given, "status")
    span = Span(
        trace_id=_id_of(given, "traceId", "trace_id"),
        span_id=_id_of(given, "spanId", "span_id"),
        parent_span_id=_id_of(given, "parentSpanId", "parent_span_id"),
        trace_state=_text_of(given, "traceState"),
        name=_text_of(given, "name"),
        kind=_enum_of(given, "kind", _KINDS),
        start_time_unix_nano=_time_of(given, "startTimeUnixNano", "start_time_unix_nano"),
        end_time_unix_nano=_time_of(given, "endTimeUnixNano", "end_time_unix_nano"),
        attributes=_read_attributes(given),
    )
    span.status.message = _text_of(status, "message")
    span.status.code = _enum_of(status, "code", _STATUS)
    for event in _list_of(given, "events"):
        span.events.add(
            time_unix_nano=_time_of(event, "timeUnixNano", "time_unix_nano"),
            name=_text_of(event, "name"),
            attributes=_read_attributes(event),
        )
    for link in _list_of(given, "links"):
        span.links.add(
            trace_id=_id_of(link, "traceId", "trace_id"),
            span_id=_id_of(link, "spanId", "span_id"),
            attributes=_read_attributes(link),
        )
    return span


def _name_of(span: object) -> str:
    name = span.get("name") if isinstance(span, dict) else None
    return name[:200] if isinstance(name, str) else ""


def _read_attributes(given: Mapping[str, Any], level: int = 0) -> list[KeyValue]:
    return [
        KeyValue(key=_text_of(pair, "key"), value=_read_value(pair.get("value"), level))
        for pair in _list_of(given, "attributes" if level == 0 else "values")
    ]


def _read_value(given: object, level: int) -> AnyValue:
    if given is None:
        return AnyValue()
    if not isinstance(given, dict):
        raise _BadPart("the value of an attribute must be an object such as {'stringValue': '…'}")
    if level > MOST_LEVELS:
        raise _BadPart(f"an attribute has more than {MOST_LEVELS} lists and objects within each other")
    value = AnyValue()
    for name, said in given.items():
        _set_value(value, name, said, level)
    return value


def _set_value(value: AnyValue, name: str, said: object, level: int) -> None:
    if name == "stringValue":
        value.string_value = _as_text(said, name)
    elif name == "boolValue":
        value.bool_value = bool(said)
    elif name == "intValue":
        value.int_value = _as_integer(said, name)
    elif name == "doubleValue":
        value.double_value = _as_float(said)
    elif name == "bytesValue":
        value.bytes_value = _as_bytes(said)
    elif name == "arrayValue" and isinstance(said, dict):
        value.array_value.SetInParent()
        value.array_value.values.extend(_read_value(one, level + 1) for one in _raw_list(said, "values"))
    elif name == "kvlistValue" and isinstance(said, dict):
        value.kvlist_value.SetInParent()
        value.kvlist_value.values.extend(_read_attributes(said, level + 1))


def _raw_list(given: Mapping[str, Any], name: str) -> Sequence[object]:
    found: object = given.get(name) or []
    if not isinstance(found, list):
        raise _BadPart(f"'{name}' must be a list")
    return found


def _list_of(given: Mapping[str, Any], *names: str) -> list[Mapping[str, Any]]:
    found: object = next((given[name] for name in names if given.get(name)), [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _BadPart(f"'{names[0]}' must be a list of objects")
    return found


def _object_of(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = given.get(name) or {}
    if not isinstance(found, dict):
        raise _BadPart(f"'{name}' must be an object")
    return found


def _text_of(given: Mapping[str, Any], name: str) -> str:
    return _as_text(given.get(name) or "", name)


def _as_text(said: object, name: str) -> str:
    if not isinstance(said, str):
        raise _BadPart(f"'{name}' must be text")
    try:
        said.encode()
    except UnicodeEncodeError as problem:
        raise _BadPart(f"'{name}' has half of a character: {problem.reason}") from problem
    return said


def _id_of(given: Mapping[str, Any], *names: str) -> bytes:
    found: object = next((given[name] for name in names if given.get(name)), "")
    if not isinstance(found, str) or not _HEX.fullmatch(found):
        raise _BadPart(f"'{names[0]}' must be hexadecimal digits")
    return bytes.fromhex(found)


def _time_of(given: Mapping[str, Any], *names: str) -> int:
    found: object = next((given[name] for name in names if given.get(name)), 0)
    nanoseconds = _as_integer(found, names[0])
    if nanoseconds < 0:
        raise _BadPart(f"'{names[0]}' must be nanoseconds since 1970")
    return nanoseconds


def _enum_of(given: Mapping[str, Any], name: str, numbers: Mapping[str, int]) -> Any:
    found = given.get(name) or 0
    if isinstance(found, str) and found in numbers:
        return numbers[found]
    number = _as_integer(found, name)
    return number if number in numbers.values() else 0


def _as_integer(said: object, name: str) -> int:
    try:
        number = int(said) if isinstance(said, int | str | float) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or number not in _INT64:
        raise _BadPart(f"'{name}' must be a whole number of 64 bits")
    return number


def _as_float(said: object) -> float:
    try:
        return float(said) if isinstance(said, int | float | str) else float("nan")
    except (ValueError, OverflowError) as problem:
        raise _BadPart("'doubleValue' must be a number") from problem


def _as_bytes(said: object) -> bytes:
    try:
        return base64.b64decode(_as_text(said, "bytesValue"))
    except binascii.Error as problem:
        raise _BadPart("'bytesValue' must be base64") from problem
