"""Proposes the boundary of a workflow from rows of finished work, with the evidence for each field."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from teachback.json_types import Json, JsonObject
from teachback_server.workflows.field_counts import FieldCounts, list_plain_texts

SOURCE_KEYWORD = "x-teachback-source"  # in an output schema: the value is read from this input field
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NEARLY_ALL = 0.9
_FEWEST_FOR_CHOICE = 12
_FEWEST_REPEATS = 4  # of each value on average, before values are taken for choices
_MOST_CHOICES = 250
_LONGEST_CHOICE = 80
_MOST_SINGLES_SHARE = 0.05
_FEW_CHOICES = 12
_CLOSED_SET_REPEATS = 20  # few values, each so often: a closed set, even where they stand in the input
_FEWEST_FOR_FORMAT = 5
_MOST_MISFITS_SHARE = 0.05  # so few values of another kind are slips, and no reason to allow that kind
_MOST_NAMED_FIELDS = 200


@dataclass(frozen=True, kw_only=True)
class FieldEvidence:
    """Why a field was taken for what it is, as a sentence for the person who checks it."""

    field: str  # dotted path
    sentence: str


@dataclass(frozen=True, kw_only=True)
class InferredBoundary:
    """Two JSON Schemas (draft 2020-12) as the rows suggest them, and why."""

    input_schema: JsonObject
    output_schema: JsonObject
    input_evidence: tuple[FieldEvidence, ...]
    output_evidence: tuple[FieldEvidence, ...]


def infer_boundary(inputs: Iterable[JsonObject], outputs: Iterable[JsonObject]) -> InferredBoundary:
    """Infer both schemas from the inputs and outputs of the same rows, in the same order.

    A field that every row has is required. Output texts that repeat become choices; output texts and numbers that
    nearly always stand in one input field name it in `x-teachback-source`. Inputs never become choices, because
    tomorrow's work may bring a new value. Where at most one value in twenty is of another kind than the rest, the
    schema asks for the rest's kind, so those rows do not fit it. Raises ValueError where there are no rows.
    """
    seen_inputs, seen_outputs = FieldCounts(), FieldCounts()
    for came_in, went_out in zip(inputs, outputs, strict=True):
        seen_inputs.add(came_in, {})
        seen_outputs.add(went_out, list_plain_texts(came_in))
    if not seen_inputs.present:
        raise ValueError("A boundary is inferred from finished work: give at least one row.")
    input_fields = _Inference(is_output=False)
    output_fields = _Inference(is_output=True)
    return InferredBoundary(
        input_schema={"$schema": _DIALECT, **input_fields.describe_object(seen_inputs, "")},
        output_schema={"$schema": _DIALECT, **output_fields.describe_object(seen_outputs, "")},
        input_evidence=tuple(input_fields.evidence),
        output_evidence=tuple(output_fields.evidence),
    )


def title_of(name: str) -> str:
    """A field's name as people write it: `last_name` and `lastName` become "Last name"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").replace("-", " ").split()
    spelled = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    return spelled[:1].upper() + spelled[1:]


class _Inference:
    """Describes the fields of an input or an output one after the other and collects the evidence."""

    def __init__(self, *, is_output: bool) -> None:
        self.is_output = is_output
        self.evidence: list[FieldEvidence] = []

    def describe_object(self, seen: FieldCounts, path: str) -> dict[str, Json]:
        """The schema of an object whose fields were counted."""
        if len(seen.fields) > _MOST_NAMED_FIELDS:
            return {"type": "object"}  # its names are values themselves
        objects = seen.kinds["object"]
        properties: dict[str, Json] = {}
        for name, field in seen.fields.items():
            if field.present:
                properties[name] = self._describe_field(name, field, f"{path}{name}", objects)
        required = [name for name, field in seen.fields.items() if field.present and field.present == objects]
        return {"type": "object", "properties": properties, **({"required": required} if required else {})}

    def _describe_field(self, name: str, seen: FieldCounts, path: str, holders: int) -> dict[str, Json]:
        place = len(self.evidence)
        schema, sentence = self._describe(seen, path)
        if seen.present < holders:
            sentence += f"; absent in {_spell_share(holders - seen.present, holders)} of {holders:,}: optional"
        self.evidence.insert(place, FieldEvidence(field=path, sentence=f"{sentence}."))
        return {"title": title_of(name), **schema}

    def _describe(self, seen: FieldCounts, path: str) -> tuple[dict[str, Json], str]:
        kinds = _kinds(seen)
        kind, count = kinds.most_common(1)[0]
        misfits = seen.present - count
        if misfits > _MOST_MISFITS_SHARE * seen.present:
            return {
                "type": sorted(kinds)
            }, f"different kinds of values in {seen.present:,} rows ({_spell_kinds(kinds)})"
        schema, sentence = self._describe_kind(kind, seen, path)
        if misfits:
            sentence += f"; {misfits:,} of another kind {'does' if misfits == 1 else 'do'} not fit"
        return schema, sentence

    def _describe_kind(self, kind: str, seen: FieldCounts, path: str) -> tuple[dict[str, Json], str]:
        if kind == "object":
            sentence = f"an object with {len(seen.fields)} fields"
            return self.describe_object(seen, f"{path}."), sentence
        if kind == "array":
            return self._describe_list(seen, path)
        if kind == "boolean":
            return {"type": "boolean"}, f"true in {seen.trues:,} of {seen.present:,} rows"
        if kind == "string":
            return self._describe_text(seen)
        return self._describe_number(seen, kind)

    def _describe_number(self, seen: FieldCounts, kind: str) -> tuple[dict[str, Json], str]:
        sentence = f"numbers from {_spell_number(seen.lowest)} to {_spell_number(seen.highest)}"
        source = self._find_source(seen)
        if not source:
            return {"type": kind}, sentence
        return {"type": kind, SOURCE_KEYWORD: source}, f"{sentence}; {_spell_source(seen, source)}"

    def _describe_list(self, seen: FieldCounts, path: str) -> tuple[dict[str, Json], str]:
        if seen.items is None or not seen.items.present:
            return {"type": "array"}, "a list that is always empty"
        items, sentence = self._describe(seen.items, f"{path}[]")
        if seen.items.nulls:  # in a list null keeps its place, where an absent field would lose it
            items = {"anyOf": [items, {"type": "null"}]}
        count = f"{seen.items.present:,} items in {seen.present:,} rows"
        return {"type": "array", "items": items}, f"a list, {count}, each: {sentence}"

    def _describe_text(self, seen: FieldCounts) -> tuple[dict[str, Json], str]:
        shape = _text_format(seen)
        distinct = f"more than {len(seen.texts):,}" if seen.has_too_many_texts else f"{len(seen.texts):,}"
        values = "value" if distinct == "1" else "different values"
        sentence = f"{distinct} {values} in {seen.present:,} rows"
        if shape:
            return {"type": "string", "format": shape}, f"{sentence}, all of the format {shape}"
        source = self._find_source(seen)
        if self.is_output and _is_choice(seen) and not (source and _is_open_set(seen, source)):
            return {"type": "string", "enum": sorted(seen.texts)}, f"{sentence}: a choice"
        if source:
            return {"type": "string", SOURCE_KEYWORD: source}, f"{sentence}; {_spell_source(seen, source)}"
        return {"type": "string"}, f"{sentence}: text"

    def _find_source(self, seen: FieldCounts) -> str:
        """The input field in which nearly all values stand; empty where there is none."""
        best = max(seen.standing_in.items(), key=lambda found: found[1], default=("", 0))
        return best[0] if self.is_output and best[1] >= _NEARLY_ALL * seen.present else ""


def _is_open_set(seen: FieldCounts, source: str) -> bool:
    """Whether values that repeat and stand in the input are to be read from there, so that new ones can come."""
    if len(seen.texts) > _FEW_CHOICES:
        return True
    has_few_repeats = seen.present < _CLOSED_SET_REPEATS * len(seen.texts)
    return has_few_repeats and seen.standing_in[source] >= 0.99 * seen.present


def _kinds(seen: FieldCounts) -> Counter[str]:
    """How many values there are of each type; whole numbers among other numbers are numbers."""
    kinds = Counter(seen.kinds)
    if "number" in kinds:
        kinds["number"] += kinds.pop("integer", 0)
    return kinds


def _text_format(seen: FieldCounts) -> str:
    if seen.present < _FEWEST_FOR_FORMAT:
        return ""
    if seen.days == seen.present:
        return "date"
    return "date-time" if seen.moments == seen.present else ""


def _is_choice(seen: FieldCounts) -> bool:
    distinct = len(seen.texts)
    if seen.has_too_many_texts or distinct > _MOST_CHOICES or seen.longest_text > _LONGEST_CHOICE:
        return False
    if seen.present < _FEWEST_FOR_CHOICE or seen.present < _FEWEST_REPEATS * distinct or "" in seen.texts:
        return False
    singles = sum(count == 1 for count in seen.texts.values())
    return singles <= max(2, _MOST_SINGLES_SHARE * seen.present)


def _spell_source(seen: FieldCounts, source: str) -> str:
    share = _spell_share(seen.standing_in[source], seen.present)
    return f"{share} of them stand in {source}: read from there"


def _spell_kinds(kinds: Counter[str]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))


def _spell_share(part: int, whole: int) -> str:
    percent = 100 * part / whole
    return f"{percent:.0f} %" if 1 <= percent <= 99 or percent in (0, 100) else f"{percent:.1f} %"


def _spell_number(number: float | None) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number or 0:,.6g}"
