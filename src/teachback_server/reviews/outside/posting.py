"""Posts one message over HTTP to a checked destination: no redirects, no proxies, and never for long."""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from teachback_server.reviews.outside.addresses import Destination

_PATIENCE_SECONDS = 5.0  # for each step
_IN_ALL_SECONDS = 10.0
_MOST_READ_BYTES = 2000
_FIRST_OK, _FIRST_REDIRECT = 200, 300


@dataclass(frozen=True, kw_only=True)
class Posted:
    """How a try went, in words."""

    is_delivered: bool
    answer: str


def post(destination: Destination, body: bytes, headers: Mapping[str, str]) -> Posted:
    """Send a body; delivered is what was answered with a status from 200 to 299."""
    line = _PinnedConnection(destination)
    watchdog = threading.Timer(_IN_ALL_SECONDS, line.hang_up)
    watchdog.daemon = True
    watchdog.start()
    try:
        line.request("POST", destination.path, body, {**headers, "User-Agent": "Teachback", "Connection": "close"})
        answer = line.getresponse()
        answer.read(_MOST_READ_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as problem:
        return Posted(is_delivered=False, answer=_in_words(problem))
    finally:
        watchdog.cancel()
        line.close()
    is_ok = _FIRST_OK <= answer.status < _FIRST_REDIRECT
    return Posted(is_delivered=is_ok, answer=f"answered {answer.status} {answer.reason}"[:200])


class _PinnedConnection(http.client.HTTPConnection):
    """Connects to the address that was checked, and proves the name that was asked for."""

    def __init__(self, destination: Destination) -> None:
        super().__init__(destination.host, destination.port, timeout=_PATIENCE_SECONDS)
        self._destination = destination
        # A line of its own, as http.client lets go of `sock` once the head of an answer is there.
        self._line: socket.socket | None = None

    def connect(self) -> None:
        plain = socket.create_connection((self._destination.address, self._destination.port), _PATIENCE_SECONDS)
        self.sock = self._line = plain
        if self._destination.is_tls:
            context = ssl.create_default_context()
            secured = context.wrap_socket(plain, server_hostname=self._destination.host, do_handshake_on_connect=False)
            self.sock = self._line = secured
            secured.do_handshake()

    def hang_up(self) -> None:
        """End whatever is going on; a receiver that says a letter at a time must not keep us, whenever it does so."""
        if self._line is not None:
            try:
                socket.socket.shutdown(self._line, socket.SHUT_RDWR)  # not the farewell of TLS, which would wait
            except OSError:
                return  # it ended by itself meanwhile


def _in_words(problem: Exception) -> str:
    if isinstance(problem, ssl.SSLError):
        return "the connection could not be secured: is the certificate valid?"
    if isinstance(problem, TimeoutError):
        return f"no answer within {_PATIENCE_SECONDS:.0f} seconds"
    if isinstance(problem, ConnectionRefusedError):
        return "the connection was refused: is the receiver running?"
    return f"the connection broke off ({type(problem).__name__})"
