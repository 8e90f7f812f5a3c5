"""One fitted `local` model: from inputs to outputs with their evidence, and to and from its stored state."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from teachback.json_types import Json
from teachback_server.agents.local.choices import ChoiceModel, fit_choice
from teachback_server.agents.local.confidence import ConfidenceModel
from teachback_server.agents.local.fields import (
    ABSENT,
    FieldKind,
    FieldPlan,
    find_value,
    locate_value,
    spell_value,
)
from teachback_server.agents.local.inputs import FlatInput
from teachback_server.agents.local.spans import MarkedText, SpanReader, fit_spans, learn_spellings, mark_text
from teachback_server.agents.local.text_features import TermIndex
from teachback_server.agents.local.tokens import Tokens, cut_tokens, parse_number
from teachback_server.agents.protocol import Example


@dataclass(frozen=True, kw_only=True)
class Case:
    """One job in the forms that the learners read."""

    flat: FlatInput
    tokens: Mapping[str, Tokens]  # by input field


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The values of all fields of one job as they are spelled, and the evidence for the whole."""

    spelled: Mapping[str, str]
    evidence: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class FieldModels:
    """The fitted models of all fields."""

    plan: tuple[FieldPlan, ...]
    choices: Mapping[str, ChoiceModel]  # by field name
    readers: Mapping[str, SpanReader]  # by input field
    spellings: Mapping[str, Mapping[str, str]]  # by field name: stretch of text → spelled value

    def answer(self, case: Case, scores: Mapping[str, NDArray[np.float32]]) -> Answer:
        """Decide every field of one job."""
        spelled: dict[str, str] = {}
        evidence: list[float] = []
        for field in self.plan:
            if field.kind is FieldKind.CHOICE:
                value, facts = _pick(self.choices[field.name], scores[field.name])
                spelled[field.name] = value
                evidence += facts
        for source, reader in self.readers.items():
            tokens = case.tokens[source]
            reading = reader.read(tokens, case.flat.facts)
            evidence += [
                float(np.log(max(reading.probability, 1e-9))),
                reading.probability,
                reading.lowest_marginal,
                float(len(reading.spans)),
                float(np.log1p(len(tokens.words))),
            ]
            for field in self.plan:
                if field.kind is FieldKind.SPAN and field.source == source:
                    places = reading.spans.get(field.name, ())
                    spelled[field.name] = self._spell(field, tokens, places)
                    evidence += [float(len(places) > 1), float(len(places) > 0)]
        return Answer(spelled=spelled, evidence=tuple(evidence))

    def _spell(self, field: FieldPlan, tokens: Tokens, places: Sequence[tuple[int, int]]) -> str:
        if not places:
            return ABSENT
        stretch = tokens.read_span(*places[0])
        known = self.spellings.get(field.name, {}).get(stretch)
        if known is not None:
            return known
        if not field.is_number:
            return spell_value(stretch)
        number = parse_number(stretch)
        return ABSENT if number is None else spell_value(number)


@dataclass(frozen=True, kw_only=True)
class LocalModel:
    """Everything that the agent has learned from one set of examples."""

    terms: TermIndex
    fields: FieldModels
    confidence: ConfidenceModel
    files: Mapping[str, bytes]  # by input field: crfsuite's own file, which its reader reads from


def make_case(flat: FlatInput, plan: Sequence[FieldPlan]) -> Case:
    """Cut the texts that spans may come from."""
    sources = {field.source for field in plan if field.kind is FieldKind.SPAN}
    return Case(flat=flat, tokens={source: cut_tokens(flat.texts.get(source, "")) for source in sources})


def fit_fields(
    plan: tuple[FieldPlan, ...], cases: Sequence[Case], examples: Sequence[Example], terms: sparse.csr_matrix
) -> tuple[FieldModels, Mapping[str, bytes]]:
    """Fit every field; also the crfsuite file of each input field that spans come from."""
    choices = {
        field.name: fit_choice(terms, [spell_value(find_value(example.output, field.path)) for example in examples])
        for field in plan
        if field.kind is FieldKind.CHOICE
    }
    spans = [field for field in plan if field.kind is FieldKind.SPAN]
    files = {
        source: fit_spans(_mark_all(source, spans, cases, examples))
        for source in sorted({field.source for field in spans})
    }
    models = FieldModels(
        plan=plan,
        choices=choices,
        readers={source: SpanReader(file) for source, file in files.items()},
        spellings={field.name: _learn_field_spellings(field, cases, examples) for field in spans},
    )
    return models, files


def decode_value(spelled: str) -> Json:
    """The value behind its spelling."""
    value: Json = json.loads(spelled)
    return value


def _mark_all(
    source: str, spans: Sequence[FieldPlan], cases: Sequence[Case], examples: Sequence[Example]
) -> list[MarkedText]:
    marked = []
    for case, example in zip(cases, examples, strict=True):
        values = {field.name: find_value(example.output, field.path) for field in spans if field.source == source}
        text = mark_text(case.tokens[source], case.flat.facts, values)
        if text is not None:
            marked.append(text)
    return marked


def _learn_field_spellings(field: FieldPlan, cases: Sequence[Case], examples: Sequence[Example]) -> Mapping[str, str]:
    pairs = []
    for case, example in zip(cases, examples, strict=True):
        value = find_value(example.output, field.path)
        tokens = case.tokens[field.source]
        places = locate_value(value, tokens) if value is not None else []
        if places:
            pairs.append((tokens.read_span(*places[0]), spell_value(value)))
    exceptions = learn_spellings(pairs)
    return {stretch: spelled for stretch, spelled in exceptions.items() if spelled != spell_value(stretch)}


def _pick(model: ChoiceModel, scores: NDArray[np.float32]) -> tuple[str, list[float]]:
    best = int(np.argmax(scores))
    rest = np.delete(scores, best)
    top = float(scores[best])
    second = float(rest.max()) if len(rest) else top - 2.0
    return model.values[best], [top, top - second]
