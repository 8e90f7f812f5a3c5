"""Finds one field of an output in its JSON Schema, by dotted path."""

from collections.abc import Mapping

from teachback.json_types import Json, JsonObject

_MOST_REFERENCES = 20  # a chain of $ref that is longer refers to itself


def find_field_schema(schema: JsonObject, field: str) -> JsonObject | None:
    """Find what a JSON Schema says about the field at a dotted path, or None where the schema does not name it.

    `lines[].price` leads through a list to a field of its items. Local references (`#/…`) are followed; a schema that
    also allows null is seen through to the part that is not null.
    """
    current: JsonObject | None = schema
    for name in field.split("."):
        current = find_property_schema(schema, current, name.removesuffix("[]"))
        if current is not None and name.endswith("[]"):
            current = find_item_schema(schema, current)
        if current is None:
            return None
    return current


def find_property_schema(root: JsonObject, parent: JsonObject | None, name: str) -> JsonObject | None:
    """Find what `parent`, a part of the schema `root`, says about its property `name`; None where it says nothing."""
    properties = plain_schema(root, parent).get("properties")
    found = properties.get(name) if isinstance(properties, Mapping) else None
    if found is True:
        return {}
    return plain_schema(root, found) if isinstance(found, Mapping) else None


def find_item_schema(root: JsonObject, parent: JsonObject | None) -> JsonObject | None:
    """Find what `parent`, a part of the schema `root`, says about each item of its list; None where it says nothing."""
    items = plain_schema(root, parent).get("items")
    return plain_schema(root, items) if isinstance(items, Mapping) else None


def list_field_names(schema: JsonObject) -> tuple[str, ...]:
    """List the dotted paths of all fields that hold a value of their own, in the order of the schema."""
    return tuple(_walk(schema, schema, "", depth=0))


def plain_schema(root: JsonObject, part: JsonObject | None) -> JsonObject:
    """Follow local references and see through "or null"; what cannot be followed says nothing."""
    current: Json = part
    for _ in range(_MOST_REFERENCES):
        if not isinstance(current, Mapping):
            return {}
        reference = current.get("$ref")
        if isinstance(reference, str):
            current = find_reference(root, reference)
            continue
        only = _only_choice_beside_null(current)
        if only is None:
            return current
        current = only
    return {}


def find_reference(root: JsonObject, reference: str) -> Json:
    """Find the part of a schema to which a local reference (`#/…`) leads; None where it leads nowhere."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    current: Json = root
    for name in reference.split("/")[1:]:
        key = name.replace("~1", "/").replace("~0", "~")
        if isinstance(current, Mapping):
            current = current.get(key)
        else:
            is_place = isinstance(current, list | tuple) and key.isdecimal() and int(key) < len(current)
            current = current[int(key)] if is_place and isinstance(current, list | tuple) else None
    return current


def _only_choice_beside_null(schema: JsonObject) -> JsonObject | None:
    for keyword in ("anyOf", "oneOf"):
        choices = schema.get(keyword)
        if isinstance(choices, list | tuple):
            others = [choice for choice in choices if isinstance(choice, Mapping) and choice.get("type") != "null"]
            if len(others) == 1:
                return others[0]
    return None


def _walk(root: JsonObject, parent: JsonObject, path: str, *, depth: int) -> list[str]:
    names: list[str] = []
    properties = plain_schema(root, parent).get("properties")
    for name in properties if isinstance(properties, Mapping) else ():
        found = find_property_schema(root, parent, name) or {}
        inner = _walk(root, found, f"{path}{name}.", depth=depth + 1) if depth < _MOST_REFERENCES else []
        names.extend(inner or [f"{path}{name}"])
    return names
