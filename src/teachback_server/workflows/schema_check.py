"""Validates an edited schema, a row against its boundary, and one boundary against another; all in plain words."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from jsonschema import Draft202012Validator

from teachback.json_types import Json, JsonObject
from teachback.schema_fields import find_field_schema, find_reference, list_field_names
from teachback.schema_problems import SchemaProblem, list_pattern_problems, list_schema_problems
from teachback_server.workflows.boundary import Boundary

_MOST_CHARACTERS = 200_000
_MOST_FIELDS = 200
_DEEPEST = 20
_DIALECT = "json-schema.org/draft/2020-12/schema"
_NOT_ALLOWED = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "patternProperties")
_MAPS_OF_SCHEMAS = ("properties", "$defs", "definitions", "dependentSchemas")
_SCHEMAS = (
    *("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties"),
)
_LISTS_OF_SCHEMAS = ("allOf", "anyOf", "oneOf", "prefixItems")


class SchemaRefused(ValueError):
    """A schema that cannot be used; the message says where, what is wrong and what to do."""


def parse_schema(text: str) -> JsonObject:
    """Read the schema that a person typed and validate it. Raises SchemaRefused with all that is wrong."""
    if len(text) > _MOST_CHARACTERS:
        raise SchemaRefused(f"The schema has more than {_MOST_CHARACTERS:,} characters: describe fewer fields.")
    try:
        schema = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise SchemaRefused(
            f"The schema is not valid JSON in line {error.lineno} at place {error.colno} ({error.msg}): "
            "look for a missing comma, quotation mark or bracket just before it."
        ) from None
    except RecursionError:
        raise SchemaRefused("The schema is nested too deeply: describe the fields flatter.") from None
    validate_schema(schema)
    return dict(schema)


def validate_schema(schema: Json) -> None:
    """Raise SchemaRefused, with all that is wrong one sentence after the other, unless the schema can be used."""
    problems = list_schema_faults(schema)
    if problems:
        raise SchemaRefused(" ".join(problems))


def list_schema_faults(schema: Json) -> tuple[str, ...]:
    """List what is wrong with a schema of inputs or outputs; nothing where it can be used."""
    if not isinstance(schema, Mapping):
        return ('The schema is not an object: write {"type": "object", "properties": {…}}.',)
    try:
        faults = [
            _describe_meta(error)
            for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)
        ]
    except RecursionError:
        return ("The schema is nested too deeply: describe the fields flatter.",)
    if not faults:
        faults = [*_list_top_faults(schema), *_list_part_faults(schema)]
    if not faults:
        faults = list(_list_reference_faults(schema, schema, active=(), done=set()))
    return tuple(dict.fromkeys(faults))


def list_row_problems(
    *, input: JsonObject, output: JsonObject, input_schema: JsonObject, output_schema: JsonObject
) -> tuple[SchemaProblem, ...]:
    """List what in a row does not fit the boundary; fields are named `input.x` and `output.x`."""
    return tuple(
        replace(problem, field=f"{part}.{problem.field}" if problem.field else part)
        for part, value, schema in (("input", input, input_schema), ("output", output, output_schema))
        for problem in list_schema_problems(schema, value)
    )


def describe_boundary_difference(one: Boundary, other: Boundary) -> list[str]:
    """Say field by field how the boundary `other` differs from `one`; nothing where a job of one fits the other.

    Titles, descriptions and settings are not compared: they do not decide which work fits.
    """
    return [
        sentence
        for part, old, new in (
            ("input", one.input_schema, other.input_schema),
            ("output", one.output_schema, other.output_schema),
        )
        for sentence in _list_differences(part, old, new)
    ]


def _list_differences(part: str, old: JsonObject, new: JsonObject) -> Iterator[str]:
    old_names, new_names = list_field_names(old), list_field_names(new)
    for name in old_names:
        if name not in new_names:
            yield f"{part}.{name} is missing."
    for name in new_names:
        if name not in old_names:
            yield f"{part}.{name} is new."
    for name in new_names:
        if name in old_names:
            before, after = find_field_schema(old, name) or {}, find_field_schema(new, name) or {}
            yield from _compare_field(f"{part}.{name}", before, after)


def _compare_field(field: str, old: JsonObject, new: JsonObject) -> Iterator[str]:
    old_type, new_type = _spell_type(old), _spell_type(new)
    if old_type != new_type:
        yield f"{field} is {new_type} instead of {old_type}."
        return
    old_choices, new_choices = _choices(old), _choices(new)
    if old_choices is not None and new_choices is not None:
        added = [choice for choice in new_choices if choice not in old_choices]
        removed = [choice for choice in old_choices if choice not in new_choices]
        if added:
            yield f"{field} has other choices: {_spell_some(added)} new."
        if removed:
            yield f"{field} has other choices: {_spell_some(removed)} missing."


def _spell_type(schema: JsonObject) -> str:
    if _choices(schema) is not None:
        return "a choice"
    types = schema.get("type", "anything")
    spelled = " or ".join(str(name) for name in types) if isinstance(types, list | tuple) else str(types)
    items = schema.get("items")
    if spelled == "array" and isinstance(items, Mapping):
        return f"array of {_spell_type(items)}"
    form = schema.get("format")
    return f"{spelled} ({form})" if isinstance(form, str) else spelled


def _choices(schema: JsonObject) -> list[str] | None:
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return [json.dumps(value, ensure_ascii=False) for value in values] if isinstance(values, list | tuple) else None


def _spell_some(values: list[str]) -> str:
    shown = ", ".join(values[:5])
    return (
        f"{shown} and {len(values) - 5} more are"
        if len(values) > 5
        else f"{shown} {'is' if len(values) == 1 else 'are'}"
    )


def _describe_meta(error: object) -> str:
    path = [str(part) for part in getattr(error, "absolute_path", ())]
    place = f"At {'/'.join(path)}" if path else "At the top"
    message = str(getattr(error, "message", error))[:200]
    return f'{place}: {message}. Write it as JSON Schema (draft 2020-12) has it, for example {{"type": "string"}}.'


def _list_top_faults(schema: JsonObject) -> Iterator[str]:
    dialect = schema.get("$schema")
    if isinstance(dialect, str) and _DIALECT not in dialect:
        yield f"$schema is {dialect[:100]}: leave it out, or write https://{_DIALECT}."
    if schema.get("type") != "object":
        yield 'The schema does not describe an object: write "type": "object" at the top.'
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        yield 'The schema names no fields: add at least one under "properties".'
    elif len(properties) > _MOST_FIELDS:
        yield f"The schema has {len(properties)} fields; a person can review at most {_MOST_FIELDS}. Leave some out."


def _list_part_faults(schema: JsonObject) -> Iterator[str]:
    """Faults that stand in one place each: keywords, names, choices, patterns."""
    waiting: list[tuple[str, Json, int]] = [("", schema, 0)]
    while waiting:
        place, part, depth = waiting.pop(0)
        if not isinstance(part, Mapping):
            continue
        if depth > _DEEPEST:
            yield f"At {place}: the schema is nested more than {_DEEPEST} deep. Describe the fields flatter."
            return
        yield from _list_own_faults(place or "the top", part)
        waiting.extend((f"{place}/{name}".lstrip("/"), inner, depth + 1) for name, inner in _list_inner(part))


def _list_inner(part: JsonObject) -> Iterator[tuple[str, Json]]:
    for keyword in _MAPS_OF_SCHEMAS:
        inner = part.get(keyword)
        if isinstance(inner, Mapping):
            yield from ((f"{keyword}/{name}", schema) for name, schema in inner.items())
    for keyword in _SCHEMAS:
        if keyword in part:
            yield keyword, part[keyword]
    for keyword in _LISTS_OF_SCHEMAS:
        listed = part.get(keyword)
        if isinstance(listed, list | tuple):
            yield from ((f"{keyword}/{position}", schema) for position, schema in enumerate(listed))


def _list_own_faults(place: str, part: JsonObject) -> Iterator[str]:
    for keyword in _NOT_ALLOWED:
        if keyword in part:
            yield f"At {place}: {keyword} is not supported. Name the fields one by one under properties."
    if part.get("enum") == []:
        yield f"At {place}: the choice has no values. List at least one."
    pattern = part.get("pattern")
    if isinstance(pattern, str) and (problem := list_pattern_problems(pattern)):
        yield f"At {place}: {problem}"
    properties = part.get("properties")
    if isinstance(properties, Mapping):
        for name in properties:
            if not name.strip() or len(name) > 100 or any(sign in name for sign in ".[]") or not name.isprintable():
                yield (
                    f"At {place}: the field name {name[:60]!r} cannot be used. "
                    "Use letters, digits, spaces and _, at most 100 of them."
                )
        required = part.get("required")
        for name in required if isinstance(required, list | tuple) else ():
            if name not in properties:
                yield f"At {place}: {name} is required but is no field. Add it under properties, or do not require it."


def _list_reference_faults(root: JsonObject, part: Json, *, active: tuple[str, ...], done: set[str]) -> Iterator[str]:
    """References that lead outside, nowhere, or back to where they came from (which a validator follows forever)."""
    if not isinstance(part, Mapping):
        return
    reference = part.get("$ref")
    if isinstance(reference, str) and reference not in done:
        if not reference.startswith("#"):
            yield f"The reference {reference[:100]} leads outside the schema. Copy that part under $defs."
        elif reference in active:
            yield f"The reference {reference[:100]} contains itself. Describe the fields without it."
        elif (target := find_reference(root, reference)) is None:
            yield f"The reference {reference[:100]} leads nowhere. Add that part under $defs."
        else:
            yield from _list_reference_faults(root, target, active=(*active, reference), done=done)
        done.add(reference)
    for _, inner in _list_inner(part):
        yield from _list_reference_faults(root, inner, active=active, done=done)


def _refuse_constant(name: str) -> Json:
    raise SchemaRefused(f"The schema contains {name}, which JSON does not allow: write a number.")
