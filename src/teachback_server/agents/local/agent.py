"""The `local` agent: answers from a model fitted on reviewed examples, or says why there is none yet."""

import threading
from collections.abc import Mapping, Sequence

from scipy import sparse

from teachback.json_types import Json, JsonObject
from teachback.vocabulary import JobStatus, StepKind
from teachback_server.agents.fitted_state import FittedStateCache
from teachback_server.agents.local.choices import FittedChoice
from teachback_server.agents.local.fields import ABSENT, FieldCannotBeLearned, FieldPlan, decode_value
from teachback_server.agents.local.inputs import flatten_input
from teachback_server.agents.local.learning import LocalModel, fit_local
from teachback_server.agents.local.parts import Batch, FittedPart
from teachback_server.agents.local.span_groups import FittedGroup
from teachback_server.agents.local.state import key_of, pack_model, unpack_model
from teachback_server.agents.protocol import AgentResult, JobInput, ReleaseBundle, StepResult

NO_EXAMPLES = "I have no reviewed examples yet. Review a few jobs, and I can learn from them."


class LocalAgent:
    """Answers under one fitted model; without one it hands every job back with the reason."""

    def __init__(self, model: LocalModel | None, *, hand_back_reason: str = "") -> None:
        self._model = model
        self._hand_back_reason = hand_back_reason
        self._steps = _describe_steps(model.parts) if model else _stuck_steps(hand_back_reason)
        self._lock = threading.Lock()  # a span reader serves one thread at a time

    def run_jobs(self, jobs: Sequence[JobInput]) -> list[AgentResult]:
        """Do each job; always with an output and a confidence once there is a model."""
        if self._model is None:
            reason = self._hand_back_reason
            return [AgentResult(status=JobStatus.HANDED_BACK, hand_back_reason=reason, steps=self._steps) for _ in jobs]
        with self._lock:
            return _answer_jobs(self._model, jobs, self._steps)


def open_local_agent(bundle: ReleaseBundle, cache: FittedStateCache) -> LocalAgent:
    """Fit from the examples of a release, once for all that share them, or say why that cannot be."""
    if not bundle.examples:
        return LocalAgent(None, hand_back_reason=NO_EXAMPLES)
    try:
        state = cache.get_or_fit(key_of(bundle), lambda: pack_model(fit_local(bundle.output_schema, bundle.examples)))
    except FieldCannotBeLearned as problem:
        return LocalAgent(None, hand_back_reason=str(problem))
    return LocalAgent(unpack_model(state))


def _describe_steps(parts: Sequence[FittedPart]) -> tuple[StepResult, ...]:
    """What the agent does in every job, in words for the job's page."""
    chosen = [part.field.name for part in parts if isinstance(part, FittedChoice)]
    steps = [StepResult(name=f"Choose {', '.join(chosen)}", kind=StepKind.MODEL)] if chosen else []
    for part in parts:
        if isinstance(part, FittedGroup):
            names = ", ".join(field.name for field in part.group.fields)
            steps.append(StepResult(name=f"Read {names} in {', '.join(part.group.sources)}", kind=StepKind.MODEL))
    return tuple(steps)


def _stuck_steps(reason: str) -> tuple[StepResult, ...]:
    return (StepResult(name="Look for reviewed examples", kind=StepKind.RETRIEVAL, status="stuck", detail=reason),)


def _answer_jobs(model: LocalModel, jobs: Sequence[JobInput], steps: tuple[StepResult, ...]) -> list[AgentResult]:
    inputs = [flatten_input(job.input) for job in jobs]
    terms = sparse.csr_matrix((len(jobs), 0)) if model.terms is None else model.terms.transform(inputs)
    answers = [part.answer(Batch(inputs=inputs, terms=terms)) for part in model.parts]
    results = []
    for parts in zip(*answers, strict=True) if answers else [()] * len(jobs):
        spelled = {name: value for part in parts for name, value in part.spelled.items()}
        results.append(
            AgentResult(
                status=JobStatus.FINISHED,
                output=_build_output(model.fields, spelled),
                confidence=model.confidence.estimate([part.evidence for part in parts]),
                steps=steps,
            )
        )
    return results


def _build_output(fields: Sequence[FieldPlan], spelled: Mapping[str, str]) -> JsonObject:
    """Put the fields that have a value in their places."""
    output: dict[str, Json] = {}
    for field in fields:
        if spelled[field.name] == ABSENT:
            continue
        place = output
        for key in field.path[:-1]:
            place = place.setdefault(key, {})  # type: ignore[assignment]
        place[field.path[-1]] = decode_value(spelled[field.name])
    return output
