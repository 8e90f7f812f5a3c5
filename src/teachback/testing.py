"""Runs an agent again on recorded jobs, with tools that answer from the recording: nothing in the world is touched."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from teachback.configuration import Settings
from teachback.job_functions import find_inner_function, join_pieces
from teachback.job_results import JobResult
from teachback.jobs import Job, JobIdentity
from teachback.json_types import JsonObject
from teachback.known_release import Example, Release, unknown_release
from teachback.plain_json import spell_error
from teachback.recorded_tools import Diverged, RecordedTool, RecordedToolError, ToolReplay, replaying
from teachback.recording import Recorder
from teachback.release_document import ReleaseDocument

__all__ = [
    "Example",
    "RecordedJob",
    "RecordedTool",
    "RecordedToolError",
    "Release",
    "ReplayStatus",
    "ReplayedJob",
    "make_release",
    "replay",
    "replay_job",
]


class ReplayStatus(StrEnum):
    """How far a replay came."""

    DONE = "done"  # the function ended by itself; the result says how
    RAISED = "raised"  # the function raised an exception
    DIVERGED = "diverged"  # it asked for something that the recording cannot answer


@dataclass(frozen=True, kw_only=True)
class RecordedJob:
    """A job as it was recorded: its input, and every call of a tool in order."""

    id: str
    input: JsonObject
    tools: Sequence[RecordedTool] = ()
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class ReplayedJob:
    """What became of one job in the replay."""

    id: str
    status: ReplayStatus
    result: JobResult | None = None  # None where it diverged
    why: str = ""  # what the function raised, or where it left the recording


def make_release(
    document: ReleaseDocument,
    *,
    number: int = 1,
    input_schema: JsonObject | None = None,
    output_schema: JsonObject | None = None,
    examples: Iterable[Example] = (),
) -> Release:
    """A release for a replay, which need not be live. Its results are never let past review."""
    return Release(
        document=document,
        number=number,
        content_hash=document.content_hash,
        input_schema=input_schema or {},
        output_schema=output_schema or {},
        examples=tuple(examples),
    )


def replay(
    function: Callable[..., object], recorded_jobs: Iterable[RecordedJob], *, release: Release | None = None
) -> list[ReplayedJob]:
    """Run a function on recorded jobs under a release; results in the order of the jobs.

    Functions under `@teachback.tool` answer from the recording: by name and arguments, in order. A call that was never
    recorded, or of a tool with side effects, stops that job as `diverged`; the tool itself never runs. Models that are
    called without such a tool are really called: they are what a replay tries. Nothing is sent to any server.
    """
    return [replay_job(function, recorded, release=release) for recorded in recorded_jobs]


def replay_job(
    function: Callable[..., object], recorded: RecordedJob, *, release: Release | None = None
) -> ReplayedJob:
    """Run a function on one recorded job."""
    release = release or unknown_release("replay")
    recorder = Recorder(release.document.workflow, Settings(), None)
    job = Job(recorder, release, JobIdentity(id=recorded.id, group=recorded.group), recorded.input, None)
    tools = ToolReplay(recorded.tools)
    try:
        with replaying(tools), job:
            job.finish(_call(function, recorded.input))
    except Diverged as divergence:
        return ReplayedJob(id=recorded.id, status=ReplayStatus.DIVERGED, why=str(divergence))
    # The function is not ours: whatever it raises must cost this job only, even where it would end the program.
    except (Exception, SystemExit, asyncio.CancelledError) as problem:  # noqa: BLE001
        if tools.why_diverged:
            return ReplayedJob(id=recorded.id, status=ReplayStatus.DIVERGED, why=tools.why_diverged)
        why = f"{type(problem).__name__}: {spell_error(problem)}"
        return ReplayedJob(id=recorded.id, status=ReplayStatus.RAISED, result=job.result, why=why)
    if tools.why_diverged:  # the function swallowed it; what it made of that is worth nothing
        return ReplayedJob(id=recorded.id, status=ReplayStatus.DIVERGED, why=tools.why_diverged)
    return ReplayedJob(id=recorded.id, status=ReplayStatus.DONE, result=job.result)


def _call(function: Callable[..., object], given: JsonObject) -> object:
    returned: Any = find_inner_function(function)(given)
    if inspect.isasyncgen(returned):
        return _run_to_end(_gather(returned))
    if inspect.iscoroutine(returned):
        return _run_to_end(returned)
    return join_pieces(list(returned)) if inspect.isgenerator(returned) else returned


def _run_to_end(work: Coroutine[Any, Any, object]) -> object:
    """Run asynchronous work from code that is not; in another thread where a loop runs already, as in notebooks."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(copy_context().run, asyncio.run, work).result()


async def _gather(pieces: Any) -> object:
    return join_pieces([piece async for piece in pieces])
