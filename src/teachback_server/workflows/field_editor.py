"""The simple field editor: a JSON Schema as rows that anyone can edit, and back without losing the rest. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from teachback.json_types import Json, JsonObject, canonical_json
from teachback.schema_fields import plain_schema


class FieldKind(StrEnum):
    """What a field may hold, in the words of the editor."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    YES_NO = "yes_no"
    DATE = "date"
    LIST = "list"
    OTHER = "other"  # something that only the JSON Schema can say; the editor keeps it as it is


@dataclass(frozen=True, kw_only=True)
class FieldRow:
    """One field as the editor shows it."""

    name: str
    kind: FieldKind
    values: tuple[str, ...] = ()  # of a choice
    is_required: bool = False
    was: str = ""  # its name in the schema that the editor was opened with; empty for a new field


_SAID_OF_THE_FIELD = frozenset({"title", "description", "$comment", "deprecated"})  # true whatever the field holds
_KIND_BY_TYPE = {
    "string": FieldKind.TEXT,
    "number": FieldKind.NUMBER,
    "integer": FieldKind.NUMBER,
    "boolean": FieldKind.YES_NO,
    "array": FieldKind.LIST,
}


def rows_of_schema(schema: JsonObject) -> tuple[FieldRow, ...]:
    """The fields at the top of a schema as rows, in its order."""
    required = _names(schema.get("required"))
    return tuple(
        FieldRow(
            name=name,
            kind=kind_of_property(schema, part),
            values=_values_of_property(schema, part),
            is_required=name in required,
            was=name,
        )
        for name, part in _properties(schema).items()
    )


def schema_of_rows(rows: Sequence[FieldRow], base: JsonObject) -> JsonObject:
    """The schema that the rows describe; what the editor does not show is kept from `base`.

    A field whose kind and values did not change keeps its part of the schema as it was. Raises KeyError for a row of
    kind `other` that is not in `base`.
    """
    before = {row.was: row for row in rows_of_schema(base)}
    parts = _properties(base)
    properties = {row.name: _property_of_row(row, before.get(row.was), parts.get(row.was), base) for row in rows}
    was_required = _names(base.get("required"))
    editable = {row.was for row in before.values()}
    required = [name for name in was_required if name not in editable] + [row.name for row in rows if row.is_required]
    schema = {key: value for key, value in base.items() if key != "required"}
    schema.setdefault("type", "object")
    return {**schema, "properties": properties, **({"required": required} if required else {})}


def is_same_schema(one: JsonObject, other: JsonObject) -> bool:
    """Whether two schemas say the same; the order of `properties` counts, because people see the fields in it."""
    same_order = list(_properties(one)) == list(_properties(other))
    return same_order and canonical_json(one) == canonical_json(other)


def kind_of_property(root: JsonObject, part: Json) -> FieldKind:
    """What the editor calls a part of the schema `root`; `other` where it could not show all of it."""
    if not isinstance(part, Mapping):
        return FieldKind.OTHER
    plain = plain_schema(root, part)
    if isinstance(plain.get("enum"), list | tuple):
        return FieldKind.CHOICE
    kind = _KIND_BY_TYPE.get(_type_beside_null(plain), FieldKind.OTHER)
    if kind is FieldKind.TEXT and plain.get("format") == "date":
        return FieldKind.DATE
    if kind is FieldKind.LIST and not _has_text_items(root, plain):
        return FieldKind.OTHER
    return kind


def _values_of_property(root: JsonObject, part: Json) -> tuple[str, ...]:
    plain = plain_schema(root, part) if isinstance(part, Mapping) else {}
    return tuple(_spell(value) for value in _enum(plain) if value is not None)


def _property_of_row(row: FieldRow, before: FieldRow | None, part: Json, root: JsonObject) -> Json:
    if before is not None and (row.kind, row.values) == (before.kind, before.values):
        return part
    if row.kind is FieldKind.OTHER:
        raise KeyError(f"The field '{row.name}' is of a kind that only the JSON Schema can say.")
    old = plain_schema(root, part) if isinstance(part, Mapping) else {}
    kept = {key: value for key, value in old.items() if key in _SAID_OF_THE_FIELD}
    fresh: dict[str, Json] = _fresh_property(row, old)
    if _allows_null(root, part):
        fresh = _with_null(fresh)
    return {**kept, **fresh}


def _fresh_property(row: FieldRow, old: JsonObject) -> dict[str, Json]:
    match row.kind:
        case FieldKind.CHOICE:
            values = _typed_values(row.values, [value for value in _enum(old) if value is not None])
            return {"enum": values} if any(not isinstance(value, str) for value in values) else _text(enum=values)
        case FieldKind.NUMBER:
            return {"type": "number"}
        case FieldKind.YES_NO:
            return {"type": "boolean"}
        case FieldKind.DATE:
            return _text(format="date")
        case FieldKind.LIST:
            return {"type": "array", "items": {"type": "string"}}
        case _:
            return _text()


def _text(**more: Json) -> dict[str, Json]:
    return {"type": "string", **more}


def _typed_values(texts: Sequence[str], old: Sequence[Json]) -> list[Json]:
    """A choice of numbers stays one: known spellings keep their value, new ones become numbers if all others are."""
    known = {_spell(value): value for value in old}
    is_of_numbers = bool(old) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in old)
    return [known[text] if text in known else _as_number(text) if is_of_numbers else text for text in texts]


def _as_number(text: str) -> Json:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _spell(value: Json) -> str:
    return value if isinstance(value, str) else canonical_json(value)


def _enum(plain: JsonObject) -> Sequence[Json]:
    found = plain.get("enum")
    return found if isinstance(found, list | tuple) else ()


def _type_beside_null(plain: JsonObject) -> str:
    found = plain.get("type")
    names = [found] if isinstance(found, str) else [name for name in _names(found) if name != "null"]
    return names[0] if len(names) == 1 else ""


def _has_text_items(root: JsonObject, plain: JsonObject) -> bool:
    items = plain.get("items")
    return isinstance(items, Mapping) and _type_beside_null(plain_schema(root, items)) == "string"


def _allows_null(root: JsonObject, part: Json) -> bool:
    if not isinstance(part, Mapping):
        return False
    plain = plain_schema(root, part)
    beside = [choice for keyword in ("anyOf", "oneOf") for choice in _list(part.get(keyword))]
    return (
        "null" in _names(plain.get("type"))
        or None in _enum(plain)
        or any(isinstance(choice, Mapping) and choice.get("type") == "null" for choice in beside)
    )


def _with_null(fresh: dict[str, Json]) -> dict[str, Json]:
    widened = dict(fresh)
    if isinstance(fresh.get("type"), str):
        widened["type"] = [fresh["type"], "null"]
    if "enum" in fresh:
        widened["enum"] = [*_enum(fresh), None]
    return widened


def _properties(schema: JsonObject) -> JsonObject:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def _names(value: Json) -> tuple[str, ...]:
    return tuple(name for name in _list(value) if isinstance(name, str))


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list | tuple) else ()
