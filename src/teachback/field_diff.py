"""Compares two outputs field by field, and says when two outputs count as the same."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from teachback.json_types import Json, JsonObject
from teachback.schema_fields import find_item_schema, find_property_schema

_DATE_FORMATS = ("date", "date-time", "time")


class ChangeKind(StrEnum):
    """How one field of an output was changed."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED_CHOICE = "changed_choice"  # one of a fixed set of values, or yes and no
    CHANGED_TEXT = "changed_text"
    CHANGED_NUMBER = "changed_number"
    CHANGED_DATE = "changed_date"
    CHANGED_LIST = "changed_list"
    CHANGED_TYPE = "changed_type"  # for example a text where a number stood


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field that differs between two outputs. An absent value is None."""

    field: str  # dotted path, `lines[0].price` inside lists of objects
    from_value: Json
    to_value: Json
    kind: ChangeKind


def is_same_output(one: JsonObject | None, other: JsonObject | None) -> bool:
    """Say whether two outputs count as the same; this is the equality behind "right" everywhere in Teachback.

    An absent field equals a field that is null, and a nested object in which nothing is set. Whitespace around a
    text does not count. Numbers are compared by value (3 equals 3.0), but never with yes/no or with text. All else is
    exact: capitals, inner spaces, the order of lists. True exactly where `diff_fields` finds no change.
    """
    return _is_same(_or_nothing(one), _or_nothing(other))


def diff_fields(
    before: JsonObject | None, after: JsonObject | None, output_schema: JsonObject | None = None
) -> tuple[FieldChange, ...]:
    """List the fields in which two outputs differ, in the order of the schema and then of the outputs.

    Nested objects are compared field by field. Lists are compared as a whole, except two lists of objects of equal
    length, which are compared item by item. The schema, where given, tells choices and dates from other texts.
    """
    schema = output_schema or {}
    return tuple(_diff_objects(before or {}, after or {}, _Place(root=schema, schema=schema, path="")))


def without_positions(field: str) -> str:
    """Name a field whatever its place in a list: `lines[2].price` becomes `lines[].price`."""
    return re.sub(r"\[\d+\]", "[]", field)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where in an output a value stands, and what the schema says of it."""

    root: JsonObject
    schema: JsonObject | None
    path: str

    def property(self, name: str) -> "_Place":
        found = find_property_schema(self.root, self.schema, name)
        return _Place(root=self.root, schema=found, path=f"{self.path}.{name}" if self.path else name)

    def item(self, position: int) -> "_Place":
        found = find_item_schema(self.root, self.schema)
        return _Place(root=self.root, schema=found, path=f"{self.path}[{position}]")


def _diff_objects(before: JsonObject, after: JsonObject, place: _Place) -> Iterator[FieldChange]:
    properties = (place.schema or {}).get("properties")
    in_order = [*(properties if isinstance(properties, Mapping) else ()), *before, *after]
    for name in dict.fromkeys(in_order):
        if name in before or name in after:
            yield from _diff_values(before.get(name), after.get(name), place.property(name))


def _diff_values(before: Json, after: Json, place: _Place) -> Iterator[FieldChange]:
    before, after = _or_nothing(before), _or_nothing(after)
    if _is_same(before, after):
        return
    if _may_be_object(before) and _may_be_object(after):
        yield from _diff_objects(_as_object(before), _as_object(after), place)
    elif (items := _paired_objects(before, after)) is not None:
        for position, (one, other) in enumerate(items):
            yield from _diff_values(one, other, place.item(position))
    else:
        kind = _kind_of_change(before, after, place.schema or {})
        yield FieldChange(field=place.path, from_value=before, to_value=after, kind=kind)


def _kind_of_change(before: Json, after: Json, schema: JsonObject) -> ChangeKind:
    if before is None:
        return ChangeKind.ADDED
    if after is None:
        return ChangeKind.REMOVED
    if _json_type(before) != _json_type(after):
        return ChangeKind.CHANGED_TYPE
    if isinstance(before, bool) or "enum" in schema or "const" in schema:
        return ChangeKind.CHANGED_CHOICE
    if isinstance(before, int | float):
        return ChangeKind.CHANGED_NUMBER
    if isinstance(before, str):
        return ChangeKind.CHANGED_DATE if schema.get("format") in _DATE_FORMATS else ChangeKind.CHANGED_TEXT
    return ChangeKind.CHANGED_LIST


def _is_same(one: Json, other: Json) -> bool:
    if isinstance(one, str):
        return isinstance(other, str) and one.strip() == other.strip()
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping):
        return isinstance(other, Mapping) and all(
            _is_same(_or_nothing(one.get(name)), _or_nothing(other.get(name))) for name in {*one, *other}
        )
    if isinstance(one, list | tuple):
        return (
            isinstance(other, list | tuple)
            and len(one) == len(other)
            and all(_is_same(_or_nothing(a), _or_nothing(b)) for a, b in zip(one, other, strict=True))
        )
    return one == other


def _or_nothing(value: Json) -> Json:
    """An object in which nothing is set says as much as no object."""
    if isinstance(value, Mapping) and all(_or_nothing(inner) is None for inner in value.values()):
        return None
    return value


def _may_be_object(value: Json) -> bool:
    return value is None or isinstance(value, Mapping)


def _as_object(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _paired_objects(before: Json, after: Json) -> list[tuple[Json, Json]] | None:
    """The items of two lists of objects of equal length, side by side; None for everything else."""
    if not (isinstance(before, list | tuple) and isinstance(after, list | tuple) and len(before) == len(after)):
        return None
    if not all(isinstance(item, Mapping) for items in (before, after) for item in items):
        return None
    return list(zip(before, after, strict=True))


def _json_type(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, Sequence) else "object"
