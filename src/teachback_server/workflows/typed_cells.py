"""Turns the texts of a CSV row into the numbers, yes/no values and lists that its boundary asks for."""

import json
import re
from collections.abc import Mapping

from teachback.json_types import Json, JsonObject
from teachback.schema_fields import find_property_schema, plain_schema

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_YES = ("true", "yes")
_NO = ("false", "no")


def type_cells(values: JsonObject, schema: JsonObject) -> dict[str, Json]:
    """The values with each text read as its field's type; what cannot be read so stays a text for the schema to refuse.

    A list is written as JSON, or as texts with a semicolon between them.
    """
    return _type_object(schema, schema, values)


def _type_object(root: JsonObject, part: JsonObject | None, values: JsonObject) -> dict[str, Json]:
    return {name: _type_value(root, find_property_schema(root, part, name), value) for name, value in values.items()}


def _type_value(root: JsonObject, part: JsonObject | None, value: Json) -> Json:
    schema = plain_schema(root, part)
    if isinstance(value, Mapping):
        return _type_object(root, schema, value)
    if not isinstance(value, str):
        return value
    types = schema.get("type")
    for name in types if isinstance(types, list | tuple) else (types,):
        if name == "string":
            return value
        typed = _read_as(name, value.strip())
        if typed is not None:
            return typed
    return value


def _read_as(type_name: Json, text: str) -> Json:
    """The text as a value of a JSON Schema type; None where it is none."""
    if type_name in ("number", "integer") and _NUMBER.fullmatch(text) and len(text) <= 40:
        return int(text) if re.fullmatch("[+-]?[0-9]+", text) else float(text)
    if type_name == "boolean" and text.lower() in (*_YES, *_NO):
        return text.lower() in _YES
    if type_name == "array":
        return _read_list(text)
    return None


def _read_list(text: str) -> Json:
    if not text.startswith("["):
        return [item.strip() for item in text.split(";") if item.strip()]
    try:
        read = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, list) else None


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a number that JSON allows")
