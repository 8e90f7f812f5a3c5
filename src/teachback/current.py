"""Which job and which step the running code belongs to; threads and tasks each see their own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar, Token, copy_context
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

from teachback.spans import SpanRecord

P = ParamSpec("P")
R = TypeVar("R")


class JobInProgress(Protocol):
    """What steps need of the job that they are in."""

    def record(self, span: SpanRecord) -> None:
        """Take a step that has ended."""
        ...

    def set_json(self, span: SpanRecord, name: str, value: object) -> None:
        """Spell a value into an attribute of a step."""
        ...

    def note_hand_back(self, reason: str) -> None:
        """Remember that the agent gave up, and why."""
        ...


class Place:
    """The innermost open step, or the job itself."""

    __slots__ = ("job", "span")

    def __init__(self, job: JobInProgress, span: SpanRecord) -> None:
        self.job = job
        self.span = span


_place: ContextVar[Place | None] = ContextVar("teachback_place", default=None)


def find_place() -> Place | None:
    """Where the running code is; None outside of every job."""
    return _place.get()


def find_current_job() -> JobInProgress | None:
    """The job that the running code belongs to."""
    place = _place.get()
    return place.job if place else None


def enter_place(place: Place | None) -> Token[Place | None]:
    """Let the code from here on belong to a place; give the token to `leave_place`."""
    return _place.set(place)


def leave_place(token: Token[Place | None]) -> None:
    """Return to the place before.

    A generator may be closed in another context than it began in, and a program may enter a step again: no faults.
    """
    with suppress(ValueError, RuntimeError):
        _place.reset(token)


def carry_job(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function that another thread will run belong to the current job: `pool.submit(carry_job(work), item)`.

    Tasks of asyncio do by themselves; threads begin with nothing.
    """
    context = copy_context()

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return context.copy().run(function, *args, **kwargs)  # a copy, as one context cannot run twice at a time

    return call
