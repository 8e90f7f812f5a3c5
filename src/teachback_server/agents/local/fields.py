"""Finds out, for each output field, how it can be learned: as a choice, as a span of the text, or not at all."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from teachback.json_types import Json, JsonObject, canonical_json
from teachback.schema_fields import plain_schema
from teachback_server.agents.local.dates import find_dates, is_iso_date
from teachback_server.agents.local.inputs import FlatInput
from teachback_server.agents.local.numbers import find_numbers
from teachback_server.agents.local.tokens import Tokens, cut_tokens, find_spans
from teachback_server.agents.protocol import Example

ABSENT = ""  # the spelling of "this field has no value"; no JSON value is spelled so
_NEARLY_ALL = 0.85
_FEWEST_FOR_A_SPAN = 0.3
_FEWEST_REPEATS = 0.3
_BY_CHANCE = 0.7  # of the values stand just as well in the text of another example: the text is not where they are from
_ENOUGH_TO_JUDGE = 20  # with fewer examples values had no chance to repeat
_MOST_EXAMPLES_READ = 1_000  # to make the plan; more would not change it
_MOST_SOURCES = 3
_DEEPEST_OBJECT = 20  # levels of a schema that refers to itself


class FieldKind(StrEnum):
    """How a field is learned."""

    CHOICE = "choice"
    SPAN = "span"


@dataclass(frozen=True, kw_only=True)
class FieldPlan:
    """One output field and how it is learned."""

    path: tuple[str, ...]
    kind: FieldKind
    values: tuple[str, ...] = ()  # kind choice: the spelled values that the schema allows, where it lists them
    sources: tuple[str, ...] = ()  # kind span: the dotted paths of the input fields in which the values stand
    is_number: bool = False
    is_required: bool = False  # an output without this field would break its schema

    @property
    def name(self) -> str:
        """The dotted path, as people read it."""
        return ".".join(self.path)


class FieldCannotBeLearned(ValueError):
    """An output field is neither a choice nor a span of the input, as far as the examples show."""


@dataclass(frozen=True, kw_only=True)
class _Leaf:
    path: tuple[str, ...]
    schema: JsonObject
    is_required: bool


def plan_fields(
    output_schema: JsonObject, examples: Sequence[Example], inputs: Sequence[FlatInput]
) -> tuple[FieldPlan, ...]:
    """Plan every field of the output. Raises FieldCannotBeLearned with a reason that names the field."""
    leaves = {leaf.path: leaf for leaf in _walk_schema(output_schema, (), output_schema, True)}
    for example in examples:
        for path in _walk_output((), example.output):
            leaves.setdefault(path, _Leaf(path=path, schema={}, is_required=False))
    read = inputs[:_MOST_EXAMPLES_READ]
    texts = [{path: cut_tokens(text) for path, text in flat.texts.items()} for flat in read]
    outputs = [example.output for example in examples]
    # What is sometimes an object and sometimes not is learned as a whole.
    whole = [path for path in sorted(leaves) if not any(path[:length] in leaves for length in range(1, len(path)))]
    return tuple(_plan_field(leaves[path], outputs, texts) for path in whole)


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


def decode_value(spelled: str) -> Json:
    """The value behind its spelling."""
    value: Json = json.loads(spelled) if spelled != ABSENT else None
    return value


def locate_value(value: Json, tokens: Tokens) -> list[tuple[int, int]]:
    """All places of a text where a string, a date or a number stands."""
    if isinstance(value, str):
        places = find_spans(tokens, value)
        return find_dates(tokens, value) if not places and is_iso_date(value) else places
    if isinstance(value, int | float) and not isinstance(value, bool):
        return find_numbers(tokens, value)
    return []


def is_number(value: Json) -> bool:
    """Whether a value is a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _walk_schema(root: JsonObject, path: tuple[str, ...], part: JsonObject, is_required: bool) -> Iterator[_Leaf]:
    schema = plain_schema(root, part)
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or len(path) > _DEEPEST_OBJECT:
        if path:
            yield _Leaf(path=path, schema=schema, is_required=is_required and not _allows_null(part, schema))
        return
    required = schema.get("required")
    names = required if isinstance(required, Sequence) else ()
    for key, inner in properties.items():
        if isinstance(inner, Mapping):
            yield from _walk_schema(root, (*path, key), inner, is_required and key in names)


def _allows_null(part: JsonObject, schema: JsonObject) -> bool:
    kinds = schema.get("type")
    return (part != schema and "$ref" not in part) or (isinstance(kinds, list | tuple) and "null" in kinds)


def _walk_output(path: tuple[str, ...], output: JsonObject) -> Iterator[tuple[str, ...]]:
    for key, value in output.items():
        if isinstance(value, Mapping) and value:
            yield from _walk_output((*path, key), value)
        elif value is not None:
            yield (*path, key)


def _plan_field(leaf: _Leaf, outputs: Sequence[JsonObject], texts: Sequence[Mapping[str, Tokens]]) -> FieldPlan:
    values = [find_value(output, leaf.path) for output in outputs]
    choice = FieldPlan(
        path=leaf.path, kind=FieldKind.CHOICE, values=_list_allowed(leaf.schema), is_required=leaf.is_required
    )
    present = [at for at, value in enumerate(values[: len(texts)]) if value is not None]
    if choice.values or not present:
        return choice
    repeated = _share_of_repeats(values)
    if all(isinstance(values[at], str) or is_number(values[at]) for at in present):
        sources, found = _find_sources([(values[at], texts[at]) for at in present])
        is_by_chance = repeated > _NEARLY_ALL and _share_found_elsewhere(values, texts, present, sources) > _BY_CHANCE
        if not is_by_chance and (found >= _NEARLY_ALL or found > max(repeated, _FEWEST_FOR_A_SPAN)):
            return FieldPlan(
                path=leaf.path,
                kind=FieldKind.SPAN,
                sources=sources,
                is_number=all(is_number(values[at]) for at in present),
                is_required=leaf.is_required,
            )
    if len(values) >= _ENOUGH_TO_JUDGE and repeated < _FEWEST_REPEATS:
        raise FieldCannotBeLearned(
            f"I cannot learn the field “{choice.name}”: in {len(values)} examples its values hardly repeat and do not "
            "stand in the input. Let another agent or a person fill it, or take it out of the output."
        )
    return choice


def _list_allowed(schema: JsonObject) -> tuple[str, ...]:
    allowed = schema.get("enum")
    values = list(allowed) if isinstance(allowed, list | tuple) else []
    values += [schema["const"]] if "const" in schema else []
    return tuple(sorted({spell_value(value) for value in values if value is not None}))


def _share_of_repeats(values: Sequence[Json]) -> float:
    counts = Counter(spell_value(value) for value in values)
    return sum(count for count in counts.values() if count > 1) / max(1, len(values))


def _find_sources(present: Sequence[tuple[Json, Mapping[str, Tokens]]]) -> tuple[tuple[str, ...], float]:
    """The input fields in which the values stand, each adding to those before it, and the share of values found."""
    found = {
        path: {at for at, (value, texts) in enumerate(present) if path in texts and locate_value(value, texts[path])}
        for path in sorted({path for _, texts in present for path in texts})
    }
    chosen: list[str] = []
    covered: set[int] = set()
    while found and len(chosen) < _MOST_SOURCES:
        best = max(found, key=lambda path: len(found[path] - covered))
        if len(found[best] - covered) < max(1.0, 0.03 * len(present)):
            break
        chosen.append(best)
        covered |= found.pop(best)
    return tuple(sorted(chosen)), len(covered) / len(present)


def _share_found_elsewhere(
    values: Sequence[Json], texts: Sequence[Mapping[str, Tokens]], present: Sequence[int], sources: Sequence[str]
) -> float:
    """The share of values that stand in the text of the next example with a different value just as well."""
    tried = found = 0
    for at, other in zip(present, [*present[1:], present[0]], strict=True):
        if spell_value(values[at]) != spell_value(values[other]):
            tried += 1
            found += any(path in texts[other] and locate_value(values[at], texts[other][path]) for path in sources)
    return found / tried if tried else 1.0
