"""Reads and writes one field of an output by its dotted path."""

from collections.abc import Mapping

from teachback.json_types import Json, JsonObject


def list_values(output: JsonObject, field: str) -> tuple[Json, ...]:
    """List the values of a field that are set. A path through a list (`lines[].price`) gives one value per item."""
    found: list[Json] = [output]
    for name in field.split("."):
        found = [value for holder in found for value in _step_into(holder, name.removesuffix("[]"))]
        if name.endswith("[]"):
            found = [item for value in found for item in (value if isinstance(value, list | tuple) else (value,))]
    return tuple(value for value in found if value is not None)


def with_field(output: JsonObject, field: str, value: Json) -> dict[str, Json]:
    """The output with one field set; objects on the way are made where they are absent, the given output is kept."""
    name, _, rest = field.partition(".")
    if not rest:
        return {**output, name: value}
    inner = output.get(name)
    return {**output, name: with_field(inner if isinstance(inner, Mapping) else {}, rest, value)}


def without_field(output: JsonObject, field: str) -> dict[str, Json]:
    """The output without one field; the given output is kept."""
    name, _, rest = field.partition(".")
    if not rest:
        return {key: value for key, value in output.items() if key != name}
    inner = output.get(name)
    return {**output, name: without_field(inner, rest)} if isinstance(inner, Mapping) else dict(output)


def _step_into(holder: Json, name: str) -> tuple[Json, ...]:
    if isinstance(holder, Mapping):
        return (holder.get(name),)
    if isinstance(holder, list | tuple):
        return tuple(item.get(name) for item in holder if isinstance(item, Mapping))
    return ()
