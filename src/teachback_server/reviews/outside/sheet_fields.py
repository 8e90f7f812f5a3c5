"""The fields of a proposal as columns of a spreadsheet, and what somebody changed in them. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from teachback.json_types import Json, JsonObject, canonical_json
from teachback_server.reviews.controls import Control, ControlKind, build_controls
from teachback_server.reviews.outside.sheet_cells import (
    LONGEST_CELL,
    even_lines,
    is_same_number,
    is_same_text,
    read_cell,
    read_date,
    read_number,
    write_cell,
    write_number,
)

_CHOICES = (ControlKind.RADIOS, ControlKind.SELECT)
_BEGINNING = 300  # of a value that no cell can hold
_TOO_LONG = " … (too long for a spreadsheet; open the job to read all of it)"


@dataclass(frozen=True, kw_only=True)
class SheetChanges:
    """What differs from what went out: `posted` as the form of the desk would send it, and why a change cannot be."""

    changed: tuple[str, ...] = ()  # columns
    posted: Mapping[str, str]
    problem: str = ""


def list_columns(output_schema: JsonObject) -> list[str]:
    """A column for each field of the schema that can be edited by itself."""
    leaves = _walk(build_controls(output_schema, None))
    return list(dict.fromkeys(name_column(one) for one in leaves if one.kind is not ControlKind.GROUP))


def name_column(control: Control) -> str:
    """The field as people know it; where a name has a dot, in the spelling of the form, to be told apart."""
    has_dots = any("." in name for name in control.path)
    return control.name.removeprefix("field.") if has_dots else control.dotted


def write_fields(columns: Sequence[str], controls: tuple[Control, ...]) -> list[str]:
    """One cell for each column: what the form of the desk shows for the agent's value."""
    known = {name_column(one): one for one in _walk(controls)}
    return [_write(known[name]) if name in known else "" for name in columns]


def write_value(value: Json) -> str:
    """A value that is only to be read, as a cell."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _shorten(write_number(canonical_json(value)))
    return _shorten(write_cell(value if isinstance(value, str) else canonical_json(value)))


def find_sheet_changes(controls: tuple[Control, ...], cells: Mapping[str, str]) -> SheetChanges:
    """What was changed in the cells of a job's proposal, by column."""
    known = {name_column(one): one for one in _walk(controls)}
    changed, posted, problem = [], {}, ""
    for name, cell in cells.items():
        control = known.get(name)
        if not (cell.strip() if control is None else _is_changed(control, cell)):
            continue
        changed.append(name)
        if control is None or control.kind is ControlKind.GROUP or _is_too_long(control):
            problem = problem or f"“{name}” of this job can be changed at the desk only. Put it back as it was."
        else:
            posted[control.name] = _read(control, cell)
    return SheetChanges(changed=tuple(changed), posted=posted, problem=problem)


def list_errors(controls: tuple[Control, ...]) -> list[str]:
    """What is wrong in a refused form, field by field."""
    return [f"{name_column(one)}: {one.error}" for one in _walk(controls) if one.error]


def _walk(controls: tuple[Control, ...]) -> Iterator[Control]:
    for control in controls:
        yield control
        yield from _walk(control.inner)


def _write(control: Control) -> str:
    if control.kind is ControlKind.NUMBER:
        return _shorten(write_number(control.original))
    return _shorten(write_cell(_spell(control)))


def _spell(control: Control) -> str:
    if control.kind is ControlKind.GROUP:
        return "" if control.value is None else canonical_json(control.value)
    if isinstance(control.value, bool):  # spreadsheets translate true and false
        return next((one.label for one in control.options if one.value is control.value), control.original)
    return control.original


def _shorten(cell: str) -> str:
    return cell if len(cell) <= LONGEST_CELL else cell[:_BEGINNING] + _TOO_LONG


def _is_too_long(control: Control) -> bool:
    return _write(control).endswith(_TOO_LONG)


def _is_changed(control: Control, cell: str) -> bool:
    text = read_cell(_write(control)) if _is_too_long(control) else _spell(control)
    if is_same_text(cell, text):
        return False
    match control.kind:
        case ControlKind.NUMBER:
            return not is_same_number(cell, text)
        case ControlKind.JSON:
            return not _is_same_json(read_cell(cell), text)
        case kind if kind in _CHOICES:
            return _read(control, cell) != control.original
        case _:
            return True


def _is_same_json(written: str, text: str) -> bool:
    try:
        return bool(canonical_json(json.loads(written)) == canonical_json(json.loads(text)))
    except (ValueError, RecursionError):
        return False


def _read(control: Control, cell: str) -> str:
    if not cell.strip():
        return ""
    match control.kind:
        case ControlKind.NUMBER:
            return read_number(cell)
        case ControlKind.DATE:
            return read_date(cell)
        case kind if kind in _CHOICES:
            return _read_choice(control, read_cell(cell).strip())
        case _:
            return even_lines(read_cell(cell))


def _read_choice(control: Control, text: str) -> str:
    """The choice that is meant, in whatever capitals; the text itself where it is none."""
    for option in control.options:
        if text == option.text:
            return text
    for option in control.options:
        if text.casefold() in (option.text.casefold(), option.label.casefold()):
            return option.text
    return text
