"""One workflow as its agent sees it: the release to work under, and three ways to do a job."""

import secrets
from collections.abc import Awaitable, Callable
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, ParamSpec, Protocol, TypeVar, overload

from teachback.call_arguments import read_argument_names
from teachback.configuration import Settings
from teachback.faults import note_fault
from teachback.job_functions import find_inner_function, join_pieces, make_job_function
from teachback.job_results import JobResult
from teachback.jobs import Job, JobIdentity, find_job_in_progress
from teachback.known_release import Release, unknown_release
from teachback.plain_json import spell_strange
from teachback.recorded_tools import find_replay
from teachback.recording import Recorder
from teachback.reviewed import DecisionSource

P = ParamSpec("P")
R = TypeVar("R")
_MOST_ID = 200  # characters that the server keeps


class JobDecorator(Protocol):
    """Makes a job of every call of a function, which keeps its signature."""

    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]:
        """The same function, recorded."""
        ...


class Connection(Protocol):
    """What joins a workflow to its server, or to nothing."""

    @property
    def recorder(self) -> Recorder:
        """Where its steps go."""
        ...

    def find_release(self) -> Release:
        """The newest release that is known; never waits."""
        ...

    def load_release(self, timeout_seconds: float) -> bool:
        """Wait for the server's first answer."""
        ...

    def find_source(self, job_id: str) -> DecisionSource | None:
        """Where the decision on a job can be asked for."""
        ...


class _Nowhere:
    """The connection of a workflow whose own one could not be made: everything runs, nothing is sent."""

    def __init__(self, name: str) -> None:
        self.recorder = Recorder(name, Settings(), None)

    def find_release(self) -> Release:
        """None is known."""
        return unknown_release(self.recorder.workflow_name)

    def load_release(self, timeout_seconds: float) -> bool:
        """There is nothing to wait for."""
        return False

    def find_source(self, job_id: str) -> None:
        """There is nobody to ask."""


class Workflow:
    """One recurring kind of work, by the name that it has in Teachback."""

    def __init__(self, name: str, connect: Callable[[], Connection]) -> None:
        self.name = name
        self._connect = connect

    @property
    def release(self) -> Release:
        """The release that the current job began under; outside of a job, the newest one that is known.

        Never waits. Until the server has answered once, and nothing is on disk, its levers are empty and `is_known` is
        False: see `load_release`.
        """
        job = find_job_in_progress()
        if job is not None and (job.workflow_name == self.name or find_replay() is not None):
            return job.release
        return self._find_connection().find_release()

    def load_release(self, *, timeout_seconds: float = 5.0) -> bool:
        """Wait until the server has answered once, at most so long; True where a release is known.

        Call it when a program starts, if its very first job should know its release.
        """
        return self._find_connection().load_release(timeout_seconds)

    @overload
    def job(self, function: Callable[P, R], /) -> Callable[P, R]: ...
    @overload
    def job(self, function: None = None, /) -> JobDecorator: ...
    @overload
    def job(
        self, function: None = None, /, *, id: Callable[P, object] | None = ..., group: Callable[P, object] | None = ...
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
    def job(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        id: Callable[..., object] | None = None,
        group: Callable[..., object] | None = None,
    ) -> Any:
        """Make every call of a function a job: `@desk.job` or `@desk.job(id=lambda ticket: ticket["id"])`.

        The call itself is as before: same result, same exceptions. As its caller uses the result at once, the job's
        routing is `observed`. To be told first whether to use it, call `desk.run(function, input)` instead. The
        function may be async or a generator. `id` and `group` get the call's arguments.
        """
        if function is None:
            return lambda decorated: self._make_job_function(decorated, id, group)
        return self._make_job_function(function, id, group)

    def run(self, function: Callable[..., object], input: object, *, id: str = "", group: str = "") -> JobResult:
        """Do one job: call `function(input)`, apply the release to what it returns, and say whether to use it now.

        The function returns the output, or a pair of the output and how sure it is from 0 to 1. `id` is your own name
        for the job, `group` what it shares with related jobs: a customer, a conversation. A hand-back gives a result
        without an output; any other exception is recorded and goes on.
        """
        job = self.start(input, id=id, group=group)
        with job:
            returned: Any = find_inner_function(function)(input)
            if _is_a(returned, CoroutineType):
                returned.close()
                raise TypeError("The function is async: await `run_async(function, input)` instead of `run`.")
            job.finish(join_pieces(list(returned)) if _is_a(returned, GeneratorType) else returned)
        return job.get_result()

    async def run_async(
        self, function: Callable[..., object], input: object, *, id: str = "", group: str = ""
    ) -> JobResult:
        """The same for a function that is awaited or that yields asynchronously."""
        job = self.start(input, id=id, group=group)
        with job:
            returned: Any = find_inner_function(function)(input)
            if _is_a(returned, AsyncGeneratorType):
                returned = join_pieces([piece async for piece in returned])
            elif _is_a(returned, GeneratorType):
                returned = join_pieces(list(returned))
            job.finish(await returned if _is_a(returned, Awaitable) else returned)
        return job.get_result()

    def start(self, input: object, *, id: str = "", group: str = "") -> Job:
        """Begin a job whose work is not one function: `with desk.start(input, id=…) as job: job.output = …`."""
        return self._open(JobIdentity(id=_name(id) or secrets.token_hex(16), group=_name(group)), input)

    def _make_job_function(
        self,
        function: Callable[P, R],
        id: Callable[..., object] | None,
        group: Callable[..., object] | None,
    ) -> Callable[P, R]:
        names = read_argument_names(function)

        def open_job(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Job:
            identity = JobIdentity(
                id=_ask(id, args, kwargs) or secrets.token_hex(16),
                group=_ask(group, args, kwargs),
                is_used_at_once=True,
            )
            try:
                given = names.read_input(args, kwargs)
            # The outermost edge towards the host: what it gave can raise anything when it is looked at.
            except Exception:  # noqa: BLE001
                note_fault("read the input of a job")
                given = None
            return self._open(identity, given)

        return make_job_function(function, open_job)

    def _open(self, identity: JobIdentity, given: object) -> Job:
        if find_replay() is not None:  # a job within a job that is replayed: nothing of it may be sent
            return Job(_Nowhere(self.name).recorder, self.release, identity, given, None)
        try:
            connection = self._connect()
            source = connection.find_source(identity.id)
            return Job(connection.recorder, connection.find_release(), identity, given, source)
        # The outermost edge towards the host: a fault of ours must cost it nothing but the record.
        except Exception:  # noqa: BLE001
            note_fault("begin a job")
            nowhere = _Nowhere(self.name)
            return Job(nowhere.recorder, nowhere.find_release(), identity, None, None)

    def _find_connection(self) -> Connection:
        try:
            return self._connect()
        # The outermost edge towards the host: a fault of ours must cost it nothing but the record.
        except Exception:  # noqa: BLE001
            note_fault("connect a workflow")
            return _Nowhere(self.name)


def _ask(question: Callable[..., object] | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    if question is None:
        return ""
    try:
        return _name(question(*args, **kwargs))
    # The function is the program's own, but what it is for is ours: a job must not fail over its name.
    except Exception:  # noqa: BLE001
        note_fault("find the id or the group of a job")
        return ""


def _is_a(value: object, kind: type) -> bool:
    """Like `isinstance`, by the value's true class alone: what it says of itself is code of the program's."""
    return issubclass(type(value), kind)


def _name(given: object) -> str:
    """An id or a group as a text; None, as of a key that is not there, is none, and must not make jobs alike."""
    return "" if given is None else spell_strange(given)[:_MOST_ID]
