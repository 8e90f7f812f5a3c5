"""Walks the protobuf wire format of an export request by hand, to save good spans from a request with a bad one.

Source: https://protobuf.dev/programming-guides/encoding/ and opentelemetry/proto/trace/v1/trace.proto.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_RESOURCE_SPANS, _SCOPE_SPANS, _SPANS, _OWNER = 1, 2, 2, 1  # field numbers
_MOST_VARINT_BYTES = 10


class WireBroken(ValueError):
    """The bytes are no protobuf message."""


@dataclass(frozen=True, kw_only=True)
class RawSpan:
    """The bytes of one span, with those of its resource and its scope."""

    resource: bytes
    scope: bytes
    span: bytes


def walk_spans(request: bytes) -> Iterator[RawSpan]:
    """Every span of an ExportTraceServiceRequest. Raises WireBroken where not even its outline can be read."""
    for resource_spans in _list_parts(request, _RESOURCE_SPANS):
        resource = b"".join(_list_parts(resource_spans, _OWNER))
        for scope_spans in _list_parts(resource_spans, _SCOPE_SPANS):
            scope = b"".join(_list_parts(scope_spans, _OWNER))
            for span in _list_parts(scope_spans, _SPANS):
                yield RawSpan(resource=resource, scope=scope, span=span)


def _list_parts(message: bytes, wanted: int) -> list[bytes]:
    parts = []
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            _, at = _read_varint(message, at)
            continue
        length = 8 if kind == _FIXED64 else 4 if kind == _FIXED32 else -1
        if kind == _LENGTH:
            length, at = _read_varint(message, at)
        if length < 0 or at + length > len(message):
            raise WireBroken(f"The protobuf message breaks off or has an unknown wire type at byte {at}.")
        if kind == _LENGTH and number == wanted:
            parts.append(message[at : at + length])
        at += length
    return parts


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_MOST_VARINT_BYTES):
        if at + place >= len(message):
            break
        byte = message[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise WireBroken(f"The protobuf message breaks off at byte {at}.")
