"""The body of a request is let go of once it is answered, whoever still holds the request."""

import io
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from teachback_server.project.request_body import releasing_body


class Body(io.BytesIO):
    """A body whose end can be seen."""


def start_response(status: str, headers: list[tuple[str, str]]) -> None:
    """What a server does with the head of an answer."""


def test_a_body_is_read_as_it_was_sent_and_freed_with_the_answer() -> None:
    kept = []

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        kept.append(environ)  # as a circle of references does
        body = environ["wsgi.input"]
        return [body.read(2), body.readline(), *body.readlines(), *body]

    body = Body(b"one\ntwo\nthree")
    ended = weakref.ref(body)
    answer = releasing_body(application)({"wsgi.input": body}, start_response)
    assert list(answer) == [b"on", b"e\n", b"two\n", b"three"]
    del body
    assert ended() is None
    assert kept[0]["wsgi.input"].read() == b""


def test_a_body_is_freed_where_the_application_fails() -> None:
    kept = []

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        kept.append(environ)
        raise OSError("away")

    body = Body(b"one")
    ended = weakref.ref(body)
    try:
        releasing_body(application)({"wsgi.input": body}, start_response)
    except OSError as problem:
        assert str(problem) == "away"
    del body
    assert ended() is None
