"""Turns the JSON of a job into labelled values that a page can show: texts, short values, lists and groups. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from teachback.json_types import Json, JsonObject, canonical_json
from teachback.schema_fields import find_property_schema

_LONG_TEXT_LETTERS = 80
_DEEPEST_GROUP = 6  # what lies deeper is shown as JSON
_WORD_BREAKS = re.compile(r"[_\-\s]+|(?<=[a-z0-9])(?=[A-Z])")


class ShownKind(StrEnum):
    """How a value is shown."""

    SHORT = "short"
    TEXT = "text"  # long, or with line breaks of its own
    LIST = "list"
    GROUP = "group"
    GROUPS = "groups"  # a list of objects
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class ShownValue:
    """One labelled value; `inner` holds the values of a group, or one group for each object of a list."""

    name: str
    label: str
    kind: ShownKind
    text: str = ""
    items: tuple[str, ...] = ()
    inner: "tuple[ShownValue, ...]" = ()


def list_shown_values(value: JsonObject, schema: JsonObject) -> tuple[ShownValue, ...]:
    """The fields of an object in the order of its schema, then whatever else it holds."""
    return _show_fields(value, schema, schema, depth=0)


def label_of(name: str, schema: JsonObject | None) -> str:
    """What people call a field: its title in the schema, otherwise its name in words."""
    title = (schema or {}).get("title")
    if isinstance(title, str) and title.strip():
        return title.strip()
    words = [word if word.isupper() else word.lower() for word in _WORD_BREAKS.split(name) if word]
    text = " ".join(words)
    return text[:1].upper() + text[1:] if text else name


def spell_value(value: Json) -> str:
    """One value in a line of plain text: yes and no in words, texts as they are, the rest as JSON."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ", ".join(str(item) for item in value) or "nothing"
    return canonical_json(value)


def order_names(value: JsonObject, schema: JsonObject | None) -> list[str]:
    """The names that a value holds or its schema knows, in the order of the schema and then of the value."""
    known = (schema or {}).get("properties")
    return list(dict.fromkeys([*(known if isinstance(known, Mapping) else ()), *value]))


def _show_fields(
    value: JsonObject, schema: JsonObject | None, root: JsonObject, *, depth: int
) -> tuple[ShownValue, ...]:
    shown = []
    for name in order_names(value, schema):
        part = find_property_schema(root, schema, name)
        if name in value:
            shown.append(_show(name, label_of(name, part), value[name], part, root, depth=depth))
    return tuple(shown)


def _show(name: str, label: str, value: Json, schema: JsonObject | None, root: JsonObject, *, depth: int) -> ShownValue:
    if value is None or value == "" or (isinstance(value, list | tuple | Mapping) and not value):
        return ShownValue(name=name, label=label, kind=ShownKind.NOTHING)
    if isinstance(value, Mapping) and depth < _DEEPEST_GROUP:
        inner = _show_fields(value, schema, root, depth=depth + 1)
        return ShownValue(name=name, label=label, kind=ShownKind.GROUP, inner=inner)
    if isinstance(value, list | tuple):
        return _show_list(name, label, value, schema, root, depth=depth)
    text = spell_value(value)
    is_long = isinstance(value, str) and (len(text) > _LONG_TEXT_LETTERS or "\n" in text)
    return ShownValue(name=name, label=label, kind=ShownKind.TEXT if is_long else ShownKind.SHORT, text=text)


def _show_list(
    name: str, label: str, value: Sequence[Json], schema: JsonObject | None, root: JsonObject, *, depth: int
) -> ShownValue:
    if depth < _DEEPEST_GROUP and all(isinstance(item, Mapping) for item in value):
        of_items = (schema or {}).get("items")
        part = of_items if isinstance(of_items, Mapping) else None
        inner = tuple(
            _show(str(place), str(place), item, part, root, depth=depth + 1)
            for place, item in enumerate(value, start=1)
        )
        return ShownValue(name=name, label=label, kind=ShownKind.GROUPS, inner=inner)
    return ShownValue(name=name, label=label, kind=ShownKind.LIST, items=tuple(spell_value(item) for item in value))
