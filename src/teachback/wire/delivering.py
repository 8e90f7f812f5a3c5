"""Brings one parcel to the server and says what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from http import HTTPStatus

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from teachback.wire.http_calls import Answer, CallFailed, call_server
from teachback.wire.parcels import Parcel

_PROTOBUF = "application/x-protobuf"
_LONGEST_WAIT_SECONDS = 3600.0
_TRY_AGAIN = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


class Fate(Enum):
    """What became of a parcel."""

    ARRIVED = auto()
    REFUSED = auto()  # and it would be refused again
    NOT_KNOWN_YET = auto()  # an outcome came before its job
    SERVER_AWAY = auto()  # away, busy, or something else answers at its address


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """How one try ended."""

    fate: Fate
    rejected_spans: int = 0  # of a parcel that arrived
    wait_seconds: float | None = None  # that the server asked for before anything else is sent
    problem: str = ""


def deliver(parcel: Parcel, *, base_url: str, key: str, timeout_seconds: float) -> Delivered:
    """Send one parcel once."""
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": parcel.content_type,
        "User-Agent": "teachback-sdk-python",
    }
    if parcel.content_encoding:
        headers["Content-Encoding"] = parcel.content_encoding
    try:
        answer = call_server(
            "POST", f"{base_url}{parcel.path}", headers=headers, body=parcel.body, timeout_seconds=timeout_seconds
        )
    except CallFailed as problem:
        return Delivered(fate=Fate.SERVER_AWAY, problem=str(problem))
    return _read_answer(parcel, answer)


def read_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """How many seconds a server asks to wait, given as a number or as a date; None where it does not say."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return min(float(value), _LONGEST_WAIT_SECONDS)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), _LONGEST_WAIT_SECONDS)


def _read_answer(parcel: Parcel, answer: Answer) -> Delivered:
    said = f"The server answered {answer.status} to {parcel.path}: {answer.body[:300].decode('utf-8', 'replace')!r}"
    if answer.status == HTTPStatus.OK:
        return _read_success(parcel, answer)
    if answer.status == HTTPStatus.NOT_FOUND and not parcel.spans:
        return Delivered(fate=Fate.NOT_KNOWN_YET, problem=said)
    is_final = HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    if is_final and answer.status not in _TRY_AGAIN:
        return Delivered(fate=Fate.REFUSED, problem=said)
    wait = read_retry_after(answer.headers, datetime.now(UTC))
    return Delivered(fate=Fate.SERVER_AWAY, wait_seconds=wait, problem=said)


def _read_success(parcel: Parcel, answer: Answer) -> Delivered:
    """A 200 counts only from something that speaks our language: a log-in page of a network says 200 too."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    if kind != parcel.content_type:
        return Delivered(fate=Fate.SERVER_AWAY, problem=f"What answers at {parcel.path} is no Teachback ({kind}).")
    if kind != _PROTOBUF:
        return Delivered(fate=Fate.ARRIVED)
    try:
        partial = ExportTraceServiceResponse.FromString(answer.body).partial_success
    except DecodeError:
        return Delivered(fate=Fate.SERVER_AWAY, problem=f"What answers at {parcel.path} cannot be read.")
    return Delivered(fate=Fate.ARRIVED, rejected_spans=partial.rejected_spans, problem=partial.error_message)
