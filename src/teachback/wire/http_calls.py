"""One HTTP call with an end: no answer, however slow or strange, holds the caller longer than it allowed."""

import contextlib
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
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


def call_server(
    method: str, address: str, *, headers: Mapping[str, str], body: bytes | None = None, timeout_seconds: float
) -> Answer:
    """Make one call on a connection of its own. Redirects are not followed. Raises CallFailed."""
    try:
        connection, target = _open_connection(address, timeout_seconds)
        connection.connect()
        # The time-out of a socket begins anew with every byte; this one does not.
        watch = threading.Timer(timeout_seconds, _break_off, [connection.sock])
        watch.daemon = True
        watch.start()
        try:
            connection.request(method, target, body=body, headers={**headers, "Connection": "close"})
            answer = connection.getresponse()
            content = answer.read(_MOST_ANSWER_BYTES)
            named = {name.lower(): value for name, value in answer.getheaders()}
            expected = named.get("content-length")
            if expected is not None and expected.isdecimal() and int(expected) != len(content):
                raise CallFailed(f"{address} broke off its answer.")
            return Answer(status=answer.status, headers=named, body=content)
        finally:
            watch.cancel()
            connection.close()
    except (OSError, HTTPException, ValueError, RuntimeError) as problem:
        raise CallFailed(f"{address}: {type(problem).__name__}: {problem}") from problem


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


def _break_off(open_socket: socket.socket) -> None:
    with contextlib.suppress(OSError):
        open_socket.shutdown(socket.SHUT_RDWR)
