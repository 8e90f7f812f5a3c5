"""Lets tools answer from a recording while a job is replayed, so that a replay never touches the world."""

import json
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from teachback.json_types import Json, canonical_json
from teachback.plain_json import spell_json


@dataclass(frozen=True, kw_only=True)
class RecordedTool:
    """One call of a tool as it was recorded; `error` is what it raised, empty where it gave a result.

    `gap` says why the recording cannot answer this call, empty where it can: its result was too long to be kept, say.
    """

    name: str
    arguments: Json
    result: Json = None
    error: str = ""
    has_side_effects: bool = False
    gap: str = ""


class Diverged(BaseException):
    """The replay has left the recording. Not an Exception, so that an agent's own `except` cannot swallow it."""


class RecordedToolError(Exception):
    """The tool raised when the job was recorded; the message is that of the exception."""


class ToolReplay:
    """Answers the calls of one job from its recording, in their order."""

    def __init__(self, tools: Sequence[RecordedTool]) -> None:
        self.why_diverged = ""
        self._waiting: dict[str, deque[RecordedTool]] = {}
        for tool in tools:
            self._waiting.setdefault(_key(tool.name, tool.arguments), deque()).append(tool)
        self._names = {tool.name for tool in tools}

    def answer(self, name: str, arguments: object, *, has_side_effects: bool) -> Json:
        """The recorded result of a call. Raises Diverged, or RecordedToolError where the tool had raised."""
        if self.why_diverged:
            raise Diverged(self.why_diverged)
        if has_side_effects:
            raise self._diverge(f"The tool “{name}” has side effects, so a replay cannot go past it.")
        key = _key(name, arguments)
        waiting = self._waiting.get(key)
        if not waiting:
            raise self._diverge(self._explain(name, key))
        tool = waiting.popleft()
        if tool.has_side_effects:
            raise self._diverge(f"The tool “{name}” had side effects when it was recorded; a replay stops there.")
        if tool.gap:
            raise self._diverge(f"The recording cannot answer for the tool “{name}”: {tool.gap}")
        if tool.error:
            raise RecordedToolError(tool.error)
        return tool.result

    def _explain(self, name: str, key: str) -> str:
        if key in self._waiting:
            return f"The tool “{name}” was called once more with the same arguments than in the recording."
        if name in self._names:
            return f"The tool “{name}” was called with arguments that were never recorded: {key[len(name) + 1 :][:500]}"
        return f"The tool “{name}” was never called in the recording."

    def _diverge(self, why: str) -> Diverged:
        self.why_diverged = why
        return Diverged(why)


_replay: ContextVar[ToolReplay | None] = ContextVar("teachback_replay", default=None)


_running: list[ToolReplay] = []  # in this process, whichever thread they run in
_running_lock = threading.Lock()


def find_replay() -> ToolReplay | None:
    """The replay that the running code belongs to; None in the real world."""
    return _replay.get()


def refuse_lost_call(name: str) -> None:
    """Raise Diverged for a tool that is called outside of every job while a replay runs.

    It is most likely called by a thread that the replayed function began, which knows nothing of the replay: there it
    would touch the world.
    """
    with _running_lock:
        running = tuple(_running)
    if not running:
        return
    why = (
        f"The tool “{name}” was called in a thread that does not belong to the job, where a replay cannot answer it: "
        "give that thread `teachback.carry_job(function)`."
    )
    for replay in running:
        replay.why_diverged = replay.why_diverged or why
    raise Diverged(why)


@contextmanager
def replaying(replay: ToolReplay) -> Iterator[None]:
    """Let tools answer from a recording while the block runs."""
    token = _replay.set(replay)
    with _running_lock:
        _running.append(replay)
    try:
        yield
    finally:
        with _running_lock:
            _running.remove(replay)
        _replay.reset(token)


def _key(name: str, arguments: object) -> str:
    # By way of the very text that is recorded, so that a call of today and one of then are spelled alike.
    return f"{name} {canonical_json(json.loads(spell_json(arguments)))}"
