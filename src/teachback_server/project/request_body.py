"""Lets go of the body of a request as soon as it is answered."""

import io
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class ReleasedInput:
    """The body of one request, as WSGI hands it over, until it is released."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """The next bytes of it."""
        return self._stream.read(size)

    def readline(self, size: int = -1) -> bytes:
        """The next line of it."""
        return self._stream.readline(size)

    def readlines(self, hint: int = -1) -> list[bytes]:
        """The lines that are left of it."""
        return self._stream.readlines(hint)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def release(self) -> None:
        """Hold it no longer; what is read from now on is empty."""
        self._stream = io.BytesIO()


def releasing_body(application: WsgiApplication) -> WsgiApplication:
    """The application, each of whose requests ends with its body let go.

    Sessions and messages point back at their request. Such circles are freed only when Python looks for them, which it
    does rarely, and with each of them half a megabyte of traces would wait for that.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = ReleasedInput(environ["wsgi.input"])
        environ["wsgi.input"] = body
        try:
            return application(environ, start_response)
        finally:
            body.release()

    return answer
