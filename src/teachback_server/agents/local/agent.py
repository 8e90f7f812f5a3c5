"""The `local` agent: fits the fields of an output from reviewed examples and answers with calibrated confidence."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from teachback.json_types import Json, JsonObject
from teachback.vocabulary import JobStatus, StepKind
from teachback_server.agents.fitted_state import FittedStateCache
from teachback_server.agents.local.confidence import ConfidenceModel, fit_confidence
from teachback_server.agents.local.fields import (
    ABSENT,
    FieldCannotBeLearned,
    FieldKind,
    FieldPlan,
    find_value,
    plan_fields,
    spell_value,
)
from teachback_server.agents.local.inputs import flatten_input
from teachback_server.agents.local.model import (
    Answer,
    Case,
    FieldModels,
    LocalModel,
    decode_value,
    fit_fields,
    make_case,
)
from teachback_server.agents.local.state import key_of, pack_model, unpack_model
from teachback_server.agents.local.text_features import learn_terms
from teachback_server.agents.protocol import AgentResult, Example, JobInput, ReleaseBundle, StepResult

NO_EXAMPLES = "I have no reviewed examples yet. Review a few jobs, and I can learn from them."
_FOLDS = 3
_MOST_KEPT = 2500  # examples that a fold learns from: more would cost time and tell little more about confidence
_ENOUGH_LEFT_OUT = 600  # answers to cases that were left out: from then on a further fold teaches confidence nothing


class LocalAgent:
    """Answers under one fitted model; without one it hands every job back with the reason."""

    def __init__(self, model: LocalModel | None, *, hand_back_reason: str = "") -> None:
        self._model = model
        self._hand_back_reason = hand_back_reason
        self._steps = _describe_steps(model.fields.plan) if model else _stuck_steps(hand_back_reason)

    def run_jobs(self, jobs: Sequence[JobInput]) -> list[AgentResult]:
        """Do each job; always with an output and a confidence once there is a model."""
        if self._model is None:
            reason = self._hand_back_reason
            return [AgentResult(status=JobStatus.HANDED_BACK, hand_back_reason=reason, steps=self._steps) for _ in jobs]
        model = self._model
        flats = [flatten_input(job.input) for job in jobs]
        cases = [make_case(flat, model.fields.plan) for flat in flats]
        answers = answer_cases(model.fields, cases, model.terms.transform(flats))
        sure = model.confidence.estimate(_stack(answers))
        return [
            AgentResult(
                status=JobStatus.FINISHED,
                output=build_output(model.fields.plan, answer.spelled),
                confidence=float(confidence),
                steps=self._steps,
            )
            for answer, confidence in zip(answers, sure, strict=True)
        ]


def _describe_steps(plan: Sequence[FieldPlan]) -> tuple[StepResult, ...]:
    """What the agent does in every job, in words for the job's page."""
    chosen = [field.name for field in plan if field.kind is FieldKind.CHOICE]
    read: dict[str, list[str]] = {}
    for field in plan:
        if field.kind is FieldKind.SPAN:
            read.setdefault(field.source, []).append(field.name)
    steps = [StepResult(name=f"Choose {', '.join(chosen)}", kind=StepKind.MODEL)] if chosen else []
    steps += [
        StepResult(name=f"Read {', '.join(names)} in {source}", kind=StepKind.MODEL) for source, names in read.items()
    ]
    return tuple(steps)


def _stuck_steps(reason: str) -> tuple[StepResult, ...]:
    return (StepResult(name="Look for reviewed examples", kind=StepKind.RETRIEVAL, status="stuck", detail=reason),)


def open_local_agent(bundle: ReleaseBundle, cache: FittedStateCache) -> LocalAgent:
    """Fit from the examples of a release, once for all that share them, or say why that cannot be."""
    if not bundle.examples:
        return LocalAgent(None, hand_back_reason=NO_EXAMPLES)
    examples = sorted(bundle.examples, key=lambda example: example.content_hash)
    try:
        state = cache.get_or_fit(key_of(bundle), lambda: pack_model(fit_local(bundle.output_schema, examples)))
    except FieldCannotBeLearned as problem:
        return LocalAgent(None, hand_back_reason=str(problem))
    return LocalAgent(unpack_model(state))


def fit_local(output_schema: JsonObject, examples: Sequence[Example]) -> LocalModel:
    """Fit all fields, and the confidence from folds that were left out in turn."""
    flats = [flatten_input(example.input) for example in examples]
    plan = plan_fields(output_schema, examples, flats)
    index = learn_terms(flats, at_least=2 if len(flats) > 20 else 1)
    terms = index.transform(flats)
    cases = [make_case(flat, plan) for flat in flats]
    confidence = _fit_confidence(plan, cases, examples, terms)
    fields, files = fit_fields(plan, cases, examples, terms)
    return LocalModel(terms=index, fields=fields, confidence=confidence, files=files)


def answer_cases(fields: FieldModels, cases: Sequence[Case], terms: sparse.csr_matrix) -> list[Answer]:
    """Answer every case with fitted fields."""
    scores = {name: choice.score(terms) for name, choice in fields.choices.items()}
    return [fields.answer(case, {name: rows[at] for name, rows in scores.items()}) for at, case in enumerate(cases)]


def build_output(plan: Sequence[FieldPlan], spelled: Mapping[str, str]) -> JsonObject:
    """Put the fields that have a value in their places."""
    output: dict[str, Json] = {}
    for field in plan:
        if spelled[field.name] == ABSENT:
            continue
        place = output
        for key in field.path[:-1]:
            place = place.setdefault(key, {})  # type: ignore[assignment]
        place[field.path[-1]] = decode_value(spelled[field.name])
    return output


def _fit_confidence(
    plan: tuple[FieldPlan, ...], cases: Sequence[Case], examples: Sequence[Example], terms: sparse.csr_matrix
) -> ConfidenceModel:
    folds = min(_FOLDS, len(cases))
    answers: list[Answer] = []
    right: list[bool] = []
    for fold in range(folds if folds > 1 else 0):
        if len(right) >= _ENOUGH_LEFT_OUT:
            break
        kept = [at for at in range(len(cases)) if at % folds != fold][:_MOST_KEPT]
        left_out = [at for at in range(len(cases)) if at % folds == fold]
        fields, _ = fit_fields(plan, [cases[at] for at in kept], [examples[at] for at in kept], terms[kept])
        found = answer_cases(fields, [cases[at] for at in left_out], terms[left_out])
        answers += found
        right += [_is_right(plan, answer, examples[at]) for answer, at in zip(found, left_out, strict=True)]
    return fit_confidence(_stack(answers), np.array(right, dtype=bool))


def _is_right(plan: Sequence[FieldPlan], answer: Answer, example: Example) -> bool:
    return all(answer.spelled[field.name] == spell_value(find_value(example.output, field.path)) for field in plan)


def _stack(answers: Sequence[Answer]) -> NDArray[np.float64]:
    width = len(answers[0].evidence) if answers else 0
    return np.array([answer.evidence for answer in answers], dtype=np.float64).reshape(len(answers), width)
