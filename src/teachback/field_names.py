"""Makes sure that what a person wrote names fields that exist, and suggests the right name where it does not."""

from difflib import get_close_matches

from teachback.cel_source import CelRefused, list_fields_of
from teachback.json_types import JsonObject
from teachback.safe_cel import compile_expression
from teachback.schema_fields import find_field_schema, list_field_names, plain_schema


def require_field(field: str, schema: JsonObject) -> JsonObject:
    """Return what the schema says about a field. Raises ValueError, with the nearest name, where it is unknown."""
    if not field.strip():
        raise ValueError(f"it names no field: choose one of {_spell(list_field_names(schema))}.")
    found = find_field_schema(schema, field)
    if found is None:
        raise ValueError(f"there is no field {field}{_suggestion(field, schema)}.")
    return found


def require_known_fields(expression: str, *, output_schema: JsonObject, input_schema: JsonObject | None = None) -> None:
    """Raise CelRefused where an expression cannot be compiled or reads a field that the boundary does not have."""
    source = compile_expression(expression).source
    for name, schema in (("output", output_schema), ("input", input_schema)):
        if schema is None or not plain_schema(schema, schema).get("properties"):
            continue
        for field in list_fields_of(source, name):
            if not _may_have(schema, field):
                raise CelRefused(f"There is no field `{name}.{field}`{_suggestion(field, schema)}.")


def _may_have(schema: JsonObject, field: str) -> bool:
    """Whether a job could have the field; an object of which the schema names no fields may have any."""
    parts = field.split(".")
    holder: JsonObject | None = plain_schema(schema, schema)
    for depth in range(len(parts)):
        found = find_field_schema(schema, ".".join(parts[: depth + 1]))
        if found is None:
            return holder is not None and not ("properties" in holder or "enum" in holder or _has_other_type(holder))
        holder = found
    return True


def _has_other_type(schema: JsonObject) -> bool:
    return schema.get("type", "object") not in ("object", ["object", "null"])


def _suggestion(field: str, schema: JsonObject) -> str:
    names = list_field_names(schema)
    near = get_close_matches(field, names, n=1)
    return f": did you mean {near[0]}?" if near else f": fields are {_spell(names)}"


def _spell(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:12])
    return f"{shown} and {len(names) - 12} more" if len(names) > 12 else shown or "none yet"
