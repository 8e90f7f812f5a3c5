"""Cells of a spreadsheet: values as texts that no program takes for a formula, and back to what they were. Pure."""

from collections.abc import Iterable, Mapping

from teachback.json_types import Json, JsonObject, canonical_json

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_APOSTROPHE = "'"  # before a text it tells spreadsheets that it is one


def write_cell(value: Json) -> str:
    """A value as a cell. A text that could be taken for a formula begins with an apostrophe; see `read_cell`."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return canonical_json(value)
    return _APOSTROPHE + value if _needs_apostrophe(value) else value


def read_cell(cell: str) -> str:
    """The text of a cell, without the apostrophe that `write_cell` put there."""
    rest = cell.removeprefix(_APOSTROPHE)
    return rest if rest != cell and _needs_apostrophe(rest) else cell


def _needs_apostrophe(text: str) -> bool:
    return text.startswith((*_STARTS_FORMULA, _APOSTROPHE))


def write_fields(names: Iterable[str], value: JsonObject | None) -> list[str]:
    """One cell for each named field of an object."""
    return [write_cell((value or {}).get(name)) for name in names]


def list_changed(names: Iterable[str], before: JsonObject | None, cells: Mapping[str, str]) -> dict[str, str]:
    """The texts of the fields whose cell is not as it went out; ends of lines and spaces around do not count."""
    return {
        name: read_cell(cells[name])
        for name in names
        if name in cells and _plain(cells[name]) != _plain(write_cell((before or {}).get(name)))
    }


def _plain(cell: str) -> str:
    return read_cell(cell).replace("\r\n", "\n").strip()
