"""Fits the `local` agent from examples: the plan, every part, and the confidence from answers to left-out examples."""

from collections.abc import Sequence
from dataclasses import dataclass

from teachback.json_types import JsonObject
from teachback_server.agents.local.choices import ChoiceLearner, list_value_names
from teachback_server.agents.local.confidence import ConfidenceModel, fit_confidence
from teachback_server.agents.local.fields import FieldKind, FieldPlan, find_value, plan_fields, spell_value
from teachback_server.agents.local.inputs import FlatInput, flatten_input
from teachback_server.agents.local.parts import FittedPart, PartAnswer, PartLearner
from teachback_server.agents.local.span_groups import SpanLearner, group_spans
from teachback_server.agents.local.text_features import TermIndex, learn_terms
from teachback_server.agents.protocol import Example

_FOLDS = 4
_ENOUGH_LEFT_OUT = 600  # answers to examples that were left out: from then on more teach the confidence little
_MOST_KEPT = 2_000  # examples that a fold learns from: more would cost time and hardly change what evidence means


@dataclass(frozen=True, kw_only=True)
class LocalModel:
    """Everything that the agent has learned from one set of examples."""

    fields: tuple[FieldPlan, ...]
    terms: TermIndex | None  # None: no field is a choice
    parts: tuple[FittedPart, ...]
    confidence: ConfidenceModel


def fit_local(output_schema: JsonObject, examples: Sequence[Example]) -> LocalModel:
    """Fit from at least one example. Raises FieldCannotBeLearned with a reason that names the field."""
    ordered = sorted(examples, key=lambda example: example.content_hash)
    inputs = [flatten_input(example.input) for example in ordered]
    fields = plan_fields(output_schema, ordered, inputs)
    index, choices = _prepare_choices(fields, ordered, inputs)
    spans = [field for field in fields if field.kind is FieldKind.SPAN]
    groups = [SpanLearner(group, ordered, inputs) for group in group_spans(spans, ordered, inputs)]
    learners: list[PartLearner] = [*choices, *groups]
    confidence = _learn_confidence(learners, ordered)
    everything = range(len(ordered))
    parts = tuple(learner.fit(everything) for learner in learners)
    return LocalModel(fields=fields, terms=index, parts=parts, confidence=confidence)


def _prepare_choices(
    fields: Sequence[FieldPlan], examples: Sequence[Example], inputs: Sequence[FlatInput]
) -> tuple[TermIndex | None, list[ChoiceLearner]]:
    chosen = [field for field in fields if field.kind is FieldKind.CHOICE]
    if not chosen:
        return None, []
    spelled = [_spell_all(field, examples) for field in chosen]
    names = [list_value_names(field, values) for field, values in zip(chosen, spelled, strict=True)]
    index, terms, name_terms = learn_terms(inputs, [name for named in names for name in named.values()])
    learners = []
    start = 0
    for field, values, named in zip(chosen, spelled, names, strict=True):
        rows = name_terms[start : start + len(named)]
        start += len(named)
        learners.append(ChoiceLearner(field=field, terms=terms, spelled=values, name_terms=rows, named=list(named)))
    return index, learners


def _learn_confidence(learners: Sequence[PartLearner], examples: Sequence[Example]) -> ConfidenceModel:
    # A third is left out where one fold is then enough, as each fold costs a fit.
    folds = min(_FOLDS if len(examples) < (_FOLDS - 1) * _ENOUGH_LEFT_OUT else _FOLDS - 1, len(examples))
    answers: list[list[PartAnswer]] = []
    places: list[int] = []
    for fold in range(folds):
        if len(places) >= _ENOUGH_LEFT_OUT:
            break
        left_out = list(range(fold, len(examples), folds))[:_ENOUGH_LEFT_OUT]
        kept = [at for at in range(len(examples)) if at % folds != fold][:_MOST_KEPT] or left_out
        tried = [learner.try_on(learner.fit(kept), left_out) for learner in learners]
        answers += [list(parts) for parts in zip(*tried, strict=True)] if learners else [[] for _ in left_out]
        places += left_out
    keys = [[_spell_all(field, examples) for field in learner.fields] for learner in learners]
    names = [[field.name for field in learner.fields] for learner in learners]
    are_right = [
        [
            len(examples) > 1 and all(part.spelled[name] == key[place] for name, key in zip(*part_keys, strict=True))
            for part, part_keys in zip(parts, zip(names, keys, strict=True), strict=True)
        ]
        for parts, place in zip(answers, places, strict=True)
    ]
    return fit_confidence([[part.evidence for part in parts] for parts in answers], are_right)


def _spell_all(field: FieldPlan, examples: Sequence[Example]) -> list[str]:
    return [spell_value(find_value(example.output, field.path)) for example in examples]
