"""Learns the fields that stand in the same texts together: which places are theirs, and how they spell them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from teachback.json_types import Json
from teachback_server.agents.local.fields import ABSENT, FieldPlan, find_value, locate_value, spell_value
from teachback_server.agents.local.inputs import FlatInput
from teachback_server.agents.local.parts import Batch, FittedPart, PartAnswer
from teachback_server.agents.local.spans import (
    PlaceChooser,
    PreparedText,
    SpanReader,
    fit_spans,
    label_tokens,
    prepare_text,
)
from teachback_server.agents.local.spellings import Spelling, learn_spelling
from teachback_server.agents.local.tokens import Tokens, cut_tokens
from teachback_server.agents.protocol import Example

_MOST_CONFLICTS = 0.1  # of the examples in which two fields have a value: from then on they are read apart
_MOST_EXAMPLES_READ = 1_000  # to find conflicts
_LARGEST_GROUP = 8  # fields; the time of a fit grows with their number


@dataclass(frozen=True, kw_only=True)
class SpanGroup:
    """Fields whose values stand in the same input fields and hardly ever overlap."""

    sources: tuple[str, ...]
    fields: tuple[FieldPlan, ...]

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the fields that must have a value."""
        return tuple(field.name for field in self.fields if field.is_required)

    def cut(self, flat: FlatInput) -> Tokens:
        """The tokens of the texts that this group reads."""
        return cut_tokens("\n".join(flat.texts.get(source, "") for source in self.sources))

    def prepare(self, flat: FlatInput) -> PreparedText:
        """The texts that this group reads, with every token described."""
        return prepare_text(self.cut(flat), flat.facts)


@dataclass(frozen=True, kw_only=True)
class FittedGroup:
    """A group that has learned."""

    group: SpanGroup
    model: bytes  # crfsuite's own file
    reader: SpanReader
    spellings: Mapping[str, Spelling]  # by field name

    def answer(self, batch: Batch) -> list[PartAnswer]:
        """Read every job."""
        return [self.read(self.group.prepare(flat)) for flat in batch.inputs]

    def read(self, text: PreparedText) -> PartAnswer:
        """Read one text."""
        reading = self.reader.read(text, self.group.required)
        spelled = {
            field.name: self.spellings[field.name].spell(text.tokens.read_span(*reading.places[field.name]))
            if field.name in reading.places
            else ABSENT
            for field in self.group.fields
        }
        return PartAnswer(spelled=spelled, evidence=reading.evidence)


class SpanLearner:
    """A group with its examples."""

    def __init__(self, group: SpanGroup, examples: Sequence[Example], inputs: Sequence[FlatInput]) -> None:
        self._group = group
        self._texts = [group.prepare(flat) for flat in inputs]
        values = [_list_values(group.fields, example) for example in examples]
        known = list(zip([text.tokens for text in self._texts], values, strict=True))
        chooser = PlaceChooser(known)
        self._labels = [label_tokens(tokens, some, chooser) for tokens, some in known]
        self._stretches = {
            field.name: [_find_stretch(field.name, tokens, some, chooser) for tokens, some in known]
            for field in group.fields
        }

    @property
    def fields(self) -> tuple[FieldPlan, ...]:
        """The fields of the group."""
        return self._group.fields

    def fit(self, rows: Sequence[int]) -> FittedPart:
        """Learn from these examples."""
        model = fit_spans([self._texts[row] for row in rows], [self._labels[row] for row in rows])
        spellings = {}
        for field in self._group.fields:
            stretches = self._stretches[field.name]
            pairs = [pair for row in rows if (pair := stretches[row]) is not None]
            spellings[field.name] = learn_spelling(pairs, is_number=field.is_number)
        return open_group(self._group, model, spellings)

    def try_on(self, fitted: FittedPart, rows: Sequence[int]) -> list[PartAnswer]:
        """Answer these examples as if they were jobs."""
        assert isinstance(fitted, FittedGroup)
        return [fitted.read(self._texts[row]) for row in rows]


def _find_stretch(
    name: str, tokens: Tokens, values: Mapping[str, Json], chooser: PlaceChooser
) -> tuple[str, str] | None:
    """The stretch of text from which a field has its value, and the spelled value; None where it does not stand."""
    places = locate_value(values[name], tokens)
    if not places:
        return None
    return tokens.read_span(*chooser.choose(name, tokens, places)), spell_value(values[name])


def open_group(group: SpanGroup, model: bytes, spellings: Mapping[str, Spelling]) -> FittedGroup:
    """Make a fitted random field ready to read."""
    return FittedGroup(group=group, model=model, reader=SpanReader(model), spellings=spellings)


def group_spans(
    fields: Sequence[FieldPlan], examples: Sequence[Example], inputs: Sequence[FlatInput]
) -> tuple[SpanGroup, ...]:
    """Put fields together that stand in the same input fields without getting in each other's way."""
    groups: list[list[FieldPlan]] = []
    for field in fields:
        for group in groups:
            if len(group) < _LARGEST_GROUP and _get_along([*group, field], examples, inputs):
                group.append(field)
                break
        else:
            groups.append([field])
    return tuple(SpanGroup(sources=group[0].sources, fields=tuple(group)) for group in groups)


def _get_along(fields: Sequence[FieldPlan], examples: Sequence[Example], inputs: Sequence[FlatInput]) -> bool:
    """Whether the last field has the sources of the others, and hardly ever stands where one of them stands."""
    if fields[0].sources != fields[-1].sources:
        return False
    group = SpanGroup(sources=fields[0].sources, fields=tuple(fields))
    chooser = PlaceChooser([])
    both = conflicts = 0
    for example, flat in zip(examples[:_MOST_EXAMPLES_READ], inputs, strict=False):
        values = _list_values(fields, example)
        newest = values.pop(fields[-1].name)
        tokens = group.cut(flat)
        if newest is not None and locate_value(newest, tokens) and label_tokens(tokens, values, chooser) is not None:
            both += any(value is not None for value in values.values())
            conflicts += label_tokens(tokens, {**values, fields[-1].name: newest}, chooser) is None
    return conflicts <= _MOST_CONFLICTS * both


def _list_values(fields: Sequence[FieldPlan], example: Example) -> dict[str, Json]:
    return {field.name: find_value(example.output, field.path) for field in fields}
