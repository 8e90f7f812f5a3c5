"""Finds out, for each output field, how it can be learned: as a choice, as a span of the text, or not at all."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from teachback.json_types import Json, JsonObject, canonical_json
from teachback_server.agents.local.inputs import FlatInput
from teachback_server.agents.local.tokens import Tokens, cut_tokens, find_numbers, find_spans
from teachback_server.agents.protocol import Example

ABSENT = ""  # the spelling of "this field has no value"; no JSON value is spelled so
_NEARLY_ALL = 0.85
_ENOUGH_TO_JUDGE = 20  # with fewer examples values had no chance to repeat


class FieldKind(StrEnum):
    """How a field is learned."""

    CHOICE = "choice"
    SPAN = "span"


@dataclass(frozen=True, kw_only=True)
class FieldPlan:
    """One output field and how it is learned."""

    path: tuple[str, ...]
    kind: FieldKind
    is_number: bool = False
    is_required: bool = False
    source: str = ""  # kind span: the dotted path of the input field in which the values stand

    @property
    def name(self) -> str:
        """The dotted path, as people read it."""
        return ".".join(self.path)


class FieldCannotBeLearned(ValueError):
    """An output field is neither a choice nor a span of the input, as far as the examples show."""


def plan_fields(
    output_schema: JsonObject, examples: Sequence[Example], inputs: Sequence[FlatInput]
) -> tuple[FieldPlan, ...]:
    """Plan every field of the output. Raises FieldCannotBeLearned with a reason that names the field."""
    leaves = dict(_walk_schema((), output_schema, True))
    for example in examples:
        for path in _walk_output((), example.output):
            if not any(path[: len(known)] == known for known in leaves):
                leaves[path] = ({}, False)
    outputs = [example.output for example in examples]
    return tuple(_plan_field(path, *leaves[path], outputs, inputs) for path in sorted(leaves))


def find_value(output: JsonObject, path: Sequence[str]) -> Json:
    """The value at a path; None where it is absent."""
    value: Json = output
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value


def spell_value(value: Json) -> str:
    """A value as one string that equals another's exactly when the values count as the same."""
    if value is None:
        return ABSENT
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return canonical_json(value.strip() if isinstance(value, str) else value)


def locate_value(value: Json, tokens: Tokens) -> list[tuple[int, int]]:
    """All places of a text where a string or number stands."""
    if isinstance(value, str):
        return find_spans(tokens, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return find_numbers(tokens, float(value))
    return []


def _walk_schema(
    path: tuple[str, ...], schema: JsonObject, is_required: bool
) -> Iterator[tuple[tuple[str, ...], tuple[JsonObject, bool]]]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        if path:
            yield path, (schema, is_required)
        return
    required = schema.get("required")
    names = required if isinstance(required, Sequence) else ()
    for key, part in properties.items():
        if isinstance(part, Mapping):
            yield from _walk_schema((*path, key), part, is_required and key in names)


def _walk_output(path: tuple[str, ...], output: JsonObject) -> Iterator[tuple[str, ...]]:
    for key, value in output.items():
        if isinstance(value, Mapping) and value:
            yield from _walk_output((*path, key), value)
        elif value is not None:
            yield (*path, key)


def _plan_field(
    path: tuple[str, ...],
    schema: JsonObject,
    is_required: bool,
    outputs: Sequence[JsonObject],
    inputs: Sequence[FlatInput],
) -> FieldPlan:
    values = [find_value(output, path) for output in outputs]
    present = [(value, flat) for value, flat in zip(values, inputs, strict=True) if value is not None]
    choice = FieldPlan(path=path, kind=FieldKind.CHOICE, is_required=is_required)
    if "enum" in schema or "const" in schema or not present:
        return choice
    if any(not isinstance(value, str | int | float) or isinstance(value, bool) for value, _ in present):
        return _require_repeats(choice, values)
    source, found = _find_source(present)
    span = FieldPlan(
        path=path,
        kind=FieldKind.SPAN,
        is_number=not any(isinstance(value, str) for value, _ in present),
        is_required=is_required,
        source=source,
    )
    if found >= _NEARLY_ALL:
        return span
    repeated = _share_of_repeats([spell_value(value) for value in values])
    if found > max(repeated, 0.3):
        return span
    return _require_repeats(choice, values)


def _require_repeats(choice: FieldPlan, values: Sequence[Json]) -> FieldPlan:
    spelled = [spell_value(value) for value in values]
    if len(values) >= _ENOUGH_TO_JUDGE and _share_of_repeats(spelled) < 0.3:
        raise FieldCannotBeLearned(
            f"I cannot learn the field “{choice.name}”: in {len(values)} examples its values hardly repeat "
            "and do not stand in the input. Let a person fill it, or take it out of the output."
        )
    return choice


def _share_of_repeats(spelled: Sequence[str]) -> float:
    counts = Counter(spelled)
    return sum(count for count in counts.values() if count > 1) / max(1, len(spelled))


def _find_source(present: Sequence[tuple[Json, FlatInput]]) -> tuple[str, float]:
    """The input field in which most values stand, and the share of values that do."""
    hits: Counter[str] = Counter()
    for value, flat in present:
        for path, text in flat.texts.items():
            if locate_value(value, cut_tokens(text)):
                hits[path] += 1
    if not hits:
        return "", 0.0
    best = max(sorted(hits), key=lambda path: hits[path])
    return best, hits[best] / len(present)
