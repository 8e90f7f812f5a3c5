"""Reads a sheet as a file, whatever a spreadsheet program made of it: separators, letters, quotes and lines. Pure."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from teachback.json_types import Json
from teachback_server.jobs.json_lines import refuse_unusable

MOST_ROWS = 5000
LARGEST_BYTES = 40 * 1024 * 1024
_DELIMITERS = (",", ";", "\t")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # xlsx and ods are zip files; xls begins with the second
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SAYS_DELIMITER = "sep="


class SheetRefused(ValueError):
    """A file that is no sheet of this workflow. The message says what to do."""


@dataclass(frozen=True, kw_only=True)
class SheetLine:
    """One row of a table by its column heads; its number is the one that a spreadsheet program shows."""

    row: int
    cells: dict[str, str]
    problem: str = ""  # why the file cannot be read from here on


def read_table(data: bytes, *, needed: Sequence[str]) -> list[SheetLine]:
    """The rows of a CSV file that has the needed columns, empty ones left out. Raises SheetRefused."""
    if len(data) > LARGEST_BYTES:
        raise SheetRefused(f"The file is larger than {LARGEST_BYTES // 1024**2} MB. Send a part of its rows at a time.")
    if data.startswith(_WORKBOOKS):
        raise SheetRefused("This is a workbook. Save it as CSV (UTF-8) in your spreadsheet program, and choose that.")
    text = _decode(data).replace("\x00", "")
    if text[: len(_SAYS_DELIMITER)].lower() == _SAYS_DELIMITER:
        text = text.partition("\n")[2]
    lines = list(_read_lines(text, _find_delimiter(text, needed)))
    if len(lines) > MOST_ROWS:
        raise SheetRefused(f"The sheet has more than {MOST_ROWS} rows. Send a part of them at a time.")
    return lines


def write_lines(lines: Sequence[SheetLine]) -> str:
    """Rows as a text that comes back from a browser exactly as it went out."""
    return json.dumps([[line.row, line.cells, line.problem] for line in lines])


def read_lines(text: str) -> list[SheetLine]:
    """The rows that `write_lines` wrote. Raises SheetRefused for anything else."""
    try:
        rows: Json = json.loads(text)
        refuse_unusable(rows)
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or len(rows) > MOST_ROWS:
        raise _not_ours()
    return [_read_line(row) for row in rows]


def _read_line(row: Json) -> SheetLine:
    match row:
        case [int(number), dict(cells), str(problem)] if all(isinstance(cell, str) for cell in cells.values()):
            return SheetLine(row=number, cells=cells, problem=problem)
        case _:
            raise _not_ours()


def _not_ours() -> SheetRefused:
    return SheetRefused("What was looked at did not come back whole. Choose the file once more.")


def _decode(data: bytes) -> str:
    if data.startswith(_UTF_16):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _find_delimiter(text: str, needed: Sequence[str]) -> str:
    """The separator by which the first row has all needed columns. Raises SheetRefused where none does."""
    missing = needed[0]
    for delimiter in _DELIMITERS:
        heads = _read_heads(text, delimiter)
        lacking = [name for name in needed if name not in heads]
        if not lacking:
            return delimiter
        if len(lacking) < len(needed):
            missing = lacking[0]
    raise SheetRefused(f"This is no sheet of waiting jobs: its first row has no column “{missing}”. Take a fresh one.")


def _read_heads(text: str, delimiter: str) -> list[str]:
    try:
        return [head.strip() for head in next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])]
    except csv.Error:
        return []


def _read_lines(text: str, delimiter: str) -> Iterator[SheetLine]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    heads = [head.strip() for head in next(reader)]
    row = 1
    while True:
        row += 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            # What was read before it is good, and nobody can tell where the next row begins.
            problem = (
                f"From this row on the file cannot be read ({error}): a quote may be missing. Save it as CSV again."
            )
            yield SheetLine(row=row, cells={}, problem=problem)
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield SheetLine(row=row, cells=dict(zip(heads, cells, strict=False)))
