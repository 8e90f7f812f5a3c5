"""Makes a job of every call of a function, whether it returns, is awaited or yields, and changes nothing else."""

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextvars import Token
from types import TracebackType
from typing import Any

from teachback.current import Place, enter_place, find_place, leave_place
from teachback.jobs import Job

_INNER = "_teachback_inner_function"
_MOST_PIECES = 10_000  # of what a generator yields; a stream may have no end

OpenJob = Callable[[tuple[Any, ...], dict[str, Any]], Job]


def make_job_function(function: Callable[..., Any], open_job: OpenJob) -> Callable[..., Any]:
    """Wrap a function; the wrapper is of the same kind, so that frameworks treat it alike."""
    wrapper = _wrap(function, open_job)
    setattr(wrapper, _INNER, function)
    return wrapper


def find_inner_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function that `make_job_function` wrapped, with its object if it is a method; any other one as it is."""
    inner: Callable[..., Any] | None = getattr(function, _INNER, None)
    if inner is None:
        return function
    return functools.partial(inner, function.__self__) if inspect.ismethod(function) else inner


def join_pieces(pieces: Sequence[object]) -> object:
    """What a generator yielded, as one output: texts are joined, anything else is listed."""
    if pieces and all(isinstance(piece, str) for piece in pieces):
        return {"text": "".join(str(piece) for piece in pieces)}
    return {"items": list(pieces)}


class _Inside:
    """The stretches of code that are a job: they belong to it, and an exception that leaves them ends it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._place = job.place
        self._token: Token[Place | None] | None = None

    def __enter__(self) -> None:
        self._token = enter_place(self._place)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._place = find_place() or self._place  # a generator may pause within a step
        if self._token is not None:
            leave_place(self._token)
        if error is not None:
            self._job.fail(error)


def _wrap(function: Callable[..., Any], open_job: OpenJob) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(function):
        return _wrap_async_generator(function, open_job)
    if inspect.isgeneratorfunction(function):
        return _wrap_generator(function, open_job)
    if inspect.iscoroutinefunction(function):
        return _wrap_coroutine(function, open_job)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        job = open_job(args, kwargs)
        with _Inside(job):
            returned = function(*args, **kwargs)
        job.finish(returned)
        return returned

    return call


def _wrap_coroutine(function: Callable[..., Any], open_job: OpenJob) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        job = open_job(args, kwargs)
        with _Inside(job):
            returned = await function(*args, **kwargs)
        job.finish(returned)
        return returned

    return call


def _wrap_generator(function: Callable[..., Any], open_job: OpenJob) -> Callable[..., Any]:
    @functools.wraps(function)
    def generate(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        job, pieces = open_job(args, kwargs), list[object]()
        inside, generator, sent = _Inside(job), function(*args, **kwargs), None
        act: Callable[[Any], Any] = generator.send
        while True:
            with inside:  # only while its own code runs: between two pieces the caller's does
                try:
                    piece = act(sent)
                except StopIteration as end:
                    job.finish(end.value if end.value is not None else join_pieces(pieces))
                    return end.value
            if len(pieces) < _MOST_PIECES:
                pieces.append(piece)
            try:
                act, sent = generator.send, (yield piece)
            except GeneratorExit:
                with inside:
                    generator.close()
                job.fail(GeneratorExit("The caller stopped reading."))
                raise
            except BaseException as error:  # noqa: BLE001  # it goes where the caller threw it
                act, sent = generator.throw, error

    return generate


def _wrap_async_generator(function: Callable[..., Any], open_job: OpenJob) -> Callable[..., Any]:
    @functools.wraps(function)
    async def generate(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        job, pieces = open_job(args, kwargs), list[object]()
        inside, generator, sent = _Inside(job), function(*args, **kwargs), None
        act: Callable[[Any], Any] = generator.asend
        while True:
            with inside:
                try:
                    piece = await act(sent)
                except StopAsyncIteration:
                    job.finish(join_pieces(pieces))
                    return
            if len(pieces) < _MOST_PIECES:
                pieces.append(piece)
            try:
                act, sent = generator.asend, (yield piece)
            except GeneratorExit:
                with inside:
                    await generator.aclose()
                job.fail(GeneratorExit("The caller stopped reading."))
                raise
            except BaseException as error:  # noqa: BLE001  # it goes where the caller threw it
                act, sent = generator.athrow, error

    return generate
