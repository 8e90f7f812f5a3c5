"""Gives the cells of a CSV row, which are all texts, the types that the boundary asks for. Pure."""

from collections.abc import Mapping

from teachback.json_types import Json, JsonObject
from teachback_server.jobs.history_row import RowRefused
from teachback_server.reviews.controls import Control, build_controls, fill_controls
from teachback_server.reviews.form_reading import read_controls

_YES = ("yes", "true", "1", "y")
_NO = ("no", "false", "0", "n")


def read_cells(cells: JsonObject, schema: JsonObject, part: str) -> JsonObject:
    """The object that a row's cells describe, read as somebody's typing into a form would be.

    Cells for which the schema has no field, and values that are not texts, stay as they are. Raises RowRefused for a
    cell that cannot be read, naming its field within `part` (input, output or draft).
    """
    controls = build_controls(schema, None)
    posted: dict[str, str] = {}
    rest = _collect(controls, cells, posted)
    read = read_controls(fill_controls(controls, posted))
    for field, message in read.errors.items():
        raise RowRefused(f"{part}.{field} cannot be read: {message.rstrip('.')}", "correct the cell")
    return _merge(read.output, rest)


def _collect(controls: tuple[Control, ...], cells: JsonObject, posted: dict[str, str]) -> dict[str, Json]:
    """Take the texts that have a control, and return what is left."""
    by_name = {control.path[-1]: control for control in controls}
    rest: dict[str, Json] = {}
    for name, value in cells.items():
        control = by_name.get(name)
        if control is not None and control.inner and isinstance(value, Mapping):
            inner = _collect(control.inner, value, posted)
            if inner:
                rest[name] = inner
        elif control is not None and not control.inner and isinstance(value, str):
            posted[control.name] = _spell_for(control, value)
        else:
            rest[name] = value
    return rest


def _spell_for(control: Control, text: str) -> str:
    if [option.value for option in control.options if option.value is not None] == [True, False]:
        word = text.strip().lower()
        return "true" if word in _YES else "false" if word in _NO else text
    return text


def _merge(one: JsonObject, other: JsonObject) -> dict[str, Json]:
    merged = dict(one)
    for name, value in other.items():
        before = merged.get(name)
        both_objects = isinstance(before, Mapping) and isinstance(value, Mapping)
        merged[name] = _merge(before, value) if both_objects else value  # type: ignore[arg-type]
    return merged
