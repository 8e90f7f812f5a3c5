"""The `python:MODULE:FUNCTION` agent: the builder's own callable."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from teachback.hand_backs import HandedBack
from teachback.json_types import JsonObject, canonical_json
from teachback.vocabulary import JobStatus
from teachback_server.agents.protocol import AgentResult, JobInput


@dataclass(frozen=True)
class HandBack:
    """What a callable returns when it cannot finish a job."""

    reason: str


class CallableNotFound(ValueError):
    """The module or the function of a `python:` agent does not exist."""


class CallableAgent:
    """Calls `f(input)`, which returns the output, a HandBack, or a pair of the output and a confidence from 0 to 1."""

    def __init__(self, function: Callable[[JsonObject], object]) -> None:
        self._function = function

    def run_jobs(self, jobs: Sequence[JobInput]) -> list[AgentResult]:
        """Call once per job; an exception fails that job alone."""
        return [self._run_job(job) for job in jobs]

    def _run_job(self, job: JobInput) -> AgentResult:
        try:
            answer = self._function(job.input)
        except HandedBack as handed_back:
            return _read_answer(HandBack(handed_back.reason), None)
        # The callable is not ours: whatever it raises must cost this job only.
        except Exception as problem:  # noqa: BLE001
            return _fail(f"Your function raised {type(problem).__name__}: {problem}")
        confidence = None
        if isinstance(answer, tuple) and len(answer) == 2:
            answer, confidence = answer
        return _read_answer(answer, confidence)


def find_callable(address: str) -> Callable[[JsonObject], object]:
    """Import `MODULE:FUNCTION`. Raises CallableNotFound with what to write instead."""
    module_name, _, function_name = address.partition(":")
    if not module_name or not function_name:
        raise CallableNotFound(f"“python:{address}” names no function. Write python:MODULE:FUNCTION.")
    try:
        module = importlib.import_module(module_name)
    except ImportError as problem:
        raise CallableNotFound(
            f"Python cannot import “{module_name}” ({problem}). Start Teachback in the folder of that module, "
            "or add the folder to PYTHONPATH."
        ) from problem
    function = getattr(module, function_name, None)
    if not callable(function):
        raise CallableNotFound(f"The module “{module_name}” has no function “{function_name}”. Check its spelling.")
    return function  # type: ignore[no-any-return]


def _read_answer(answer: object, confidence: object) -> AgentResult:
    if isinstance(answer, HandBack):
        return AgentResult(status=JobStatus.HANDED_BACK, hand_back_reason=answer.reason or "No reason was given.")
    if not isinstance(answer, Mapping):
        return _fail(f"Your function returned {type(answer).__name__}; it must return a dict of the output fields.")
    try:
        canonical_json(answer)
    except (TypeError, ValueError) as problem:
        return _fail(f"Your function returned an output that JSON cannot carry: {problem}")
    if confidence is None:
        return AgentResult(status=JobStatus.FINISHED, output=answer)
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0.0 <= confidence <= 1.0:
        return _fail(f"Your function returned the confidence {confidence!r}; it must be a number from 0 to 1.")
    return AgentResult(status=JobStatus.FINISHED, output=answer, confidence=float(confidence))


def _fail(reason: str) -> AgentResult:
    return AgentResult(status=JobStatus.FAILED, hand_back_reason=reason)
