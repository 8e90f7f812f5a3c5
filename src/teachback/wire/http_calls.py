"""One HTTP call with an end: no answer, however slow or strange, holds the caller longer than it allowed."""

import io
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_MOST_ANSWER_BYTES = 64_000_000
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class CallFailed(Exception):
    """The server gave no whole answer: it is away, too slow, or speaks something other than HTTP."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class _TimedSocket:
    """What `http.client` needs of a socket, until a moment. The time-out of a plain one begins anew with every byte."""

    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._plain = plain
        self._deadline = deadline

    def sendall(self, content: Any) -> None:
        """Send all of it, or raise TimeoutError."""
        self._set_rest()
        self._plain.sendall(content)

    def makefile(self, mode: str) -> io.BufferedReader:
        """A file to read the answer from."""
        return io.BufferedReader(_TimedReader(self))

    def receive_into(self, room: Any) -> int:
        """Wait for some bytes, or raise TimeoutError."""
        self._set_rest()
        return self._plain.recv_into(room)

    def close(self) -> None:
        """Nothing to do: `call_server` closes the plain socket."""

    def _set_rest(self) -> None:
        rest = self._deadline - time.monotonic()
        if rest <= 0:
            raise TimeoutError("the answer took too long")
        self._plain.settimeout(rest)


class _TimedReader(io.RawIOBase):
    """The bytes of a timed socket as a file."""

    def __init__(self, timed: _TimedSocket) -> None:
        self._timed = timed

    def readable(self) -> bool:
        """It is made for that."""
        return True

    def readinto(self, room: Any) -> int:
        """Fill as much of the room as there is to read; 0 at the end."""
        return self._timed.receive_into(room)


def call_server(
    method: str, address: str, *, headers: Mapping[str, str], body: bytes | None = None, timeout_seconds: float
) -> Answer:
    """Make one call on a connection of its own. Redirects are not followed. Raises CallFailed.

    The time is that from the first byte sent to the last one received; connecting may take as long again.
    """
    try:
        connection, target = _open_connection(address, timeout_seconds)
        connection.connect()
        plain: Any = connection.sock
        try:
            connection.sock = _TimedSocket(plain, time.monotonic() + timeout_seconds)
            connection.request(method, target, body=body, headers={**headers, "Connection": "close"})
            return _read_answer(connection, address)
        finally:
            connection.close()
            plain.close()
    except (OSError, HTTPException, ValueError) as problem:
        raise CallFailed(f"{address}: {type(problem).__name__}: {problem}") from problem


def _read_answer(connection: HTTPConnection, address: str) -> Answer:
    with connection.getresponse() as answer:
        content = answer.read(_MOST_ANSWER_BYTES)
        named = {name.lower(): value for name, value in answer.getheaders()}
    expected = named.get("content-length")
    if expected is not None and expected.isdecimal() and int(expected) != len(content):
        raise CallFailed(f"{address} broke off its answer.")
    return Answer(status=answer.status, headers=named, body=content)


def _open_connection(address: str, timeout_seconds: float) -> tuple[HTTPConnection, str]:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the URL must begin with http:// or https:// and name a server")
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    proxy = _find_proxy(parts.scheme, parts.hostname)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    if not proxy:
        return kind(parts.hostname, parts.port, timeout=timeout_seconds), target
    through = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    connection = kind(through.hostname or "", through.port, timeout=timeout_seconds)
    if parts.scheme == "https":
        connection.set_tunnel(parts.hostname, parts.port or 443)
        return connection, target
    return connection, address


def _find_proxy(scheme: str, host: str) -> str:
    if host in _LOOPBACK or proxy_bypass(host):
        return ""
    return getproxies().get(scheme, "")
