"""What waits to be sent: one finished HTTP body with all that is needed to send it later, by any process."""

import gzip
import itertools
import json
import os
import time
from dataclasses import dataclass, replace

from teachback.json_types import Json

_OWN_BYTES = 500  # of a parcel, beside its body: an outcome has a body of 60
_FASTEST = 1  # of gzip: half the CPU of its default, for a tenth more bytes
LONGEST_WAIT_SECONDS = 300.0  # that a parcel is put off
_numbers = itertools.count()  # with the process and the time it tells parcels apart


class ParcelUnreadable(ValueError):
    """A file of the spool is not one that Teachback wrote whole."""


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One body on its way to the server."""

    name: str  # begins with the time from which it may be sent, so that the names sort in the order of sending
    path: str  # of the call, after the server's address
    content_type: str
    content_encoding: str  # gzip, or empty: the server unpacks traces, and small calls are not worth it
    body: bytes
    spans: int  # in it; 0: an outcome
    tries: int = 0  # how often the server has said that it does not know yet what this is about

    @property
    def size(self) -> int:
        """Bytes that it takes in memory, about."""
        return len(self.body) + _OWN_BYTES


def make_trace_parcel(request: bytes, spans: int) -> Parcel:
    """A parcel of an ExportTraceServiceRequest."""
    return Parcel(
        name=_new_name(time.time_ns()),
        path="/v1/traces",
        content_type="application/x-protobuf",
        content_encoding="gzip",
        body=gzip.compress(request, _FASTEST),
        spans=spans,
    )


def make_call_parcel(path: str, content: Json) -> Parcel:
    """A parcel of a small JSON call."""
    return Parcel(
        name=_new_name(time.time_ns()),
        path=path,
        content_type="application/json",
        content_encoding="",
        body=json.dumps(content).encode(),
        spans=0,
    )


def postpone(parcel: Parcel, seconds: float) -> Parcel:
    """The same parcel under another name, to be sent no earlier than in so many seconds, 300 at most."""
    seconds = min(seconds, LONGEST_WAIT_SECONDS)
    return replace(parcel, name=_new_name(time.time_ns() + int(seconds * 1e9)), tries=parcel.tries + 1)


def is_due(name: str) -> bool:
    """Whether the parcel of this name may be sent now; one named further ahead than any is put off is, too.

    It was made before somebody set a clock back.
    """
    moment = name.partition("-")[0]
    if not moment.isdecimal():
        return True
    ahead = int(moment) - time.time_ns()
    return ahead <= 0 or ahead > 2 * LONGEST_WAIT_SECONDS * 1e9


def spell_parcel(parcel: Parcel) -> bytes:
    """A parcel as a file: one line of JSON, then the body."""
    head = {
        "path": parcel.path,
        "content_type": parcel.content_type,
        "content_encoding": parcel.content_encoding,
        "spans": parcel.spans,
        "bytes": len(parcel.body),
        "tries": parcel.tries,
    }
    return json.dumps(head).encode() + b"\n" + parcel.body


def read_parcel(name: str, content: bytes) -> Parcel:
    """Read what `spell_parcel` wrote. Raises ParcelUnreadable."""
    line, _, body = content.partition(b"\n")
    try:
        head = json.loads(line)
        parcel = Parcel(
            name=name,
            path=str(head["path"]),
            content_type=str(head["content_type"]),
            content_encoding=str(head["content_encoding"]),
            body=body,
            spans=int(head["spans"]),
            tries=int(head["tries"]),
        )
        is_whole = int(head["bytes"]) == len(body)
    except (ValueError, KeyError, TypeError) as problem:
        raise ParcelUnreadable(f"{name} cannot be read: {problem}") from problem
    if not is_whole:
        raise ParcelUnreadable(f"{name} is not whole.")
    return parcel


def _new_name(from_ns: int) -> str:
    return f"{from_ns:020d}-{os.getpid()}-{next(_numbers):06d}"
