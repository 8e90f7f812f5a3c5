"""Reads a file of finished work, JSONL or CSV, row by row: each row is good, or refused with a reason and a remedy."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from teachback.json_types import Json, canonical_json
from teachback_server.jobs.csv_records import Record, read_records
from teachback_server.jobs.history_columns import ColumnPlan, columns_of_object, plan_columns, sort_cells
from teachback_server.jobs.history_row import (
    ColumnMapping,
    ColumnsUnclear,
    HistoryFileError,
    HistoryRow,
    RefusedRow,
    RowRefused,
)
from teachback_server.jobs.history_text import MOST_CHARACTERS, FileFormat, FileKind, detect_format, read_lines
from teachback_server.jobs.history_values import (
    read_confidence,
    read_moment,
    read_name,
    read_seconds,
    read_yes_or_no,
)
from teachback_server.jobs.json_lines import parse_json_object, refuse_unusable

__all__ = [
    "ColumnMapping",
    "ColumnsUnclear",
    "HistoryFileError",
    "HistoryRow",
    "HistorySummary",
    "RefusedRow",
    "inspect_history",
    "list_columns",
    "read_history",
]

_ROWS_TO_KNOW_COLUMNS = 1_000
_SHOWN_OF_LONG_ROW = 1_000
_SEPARATOR_LINE = re.compile(r'"?sep=."?\s*', re.IGNORECASE)
_DELIMITER_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
_NO_MAPPING = ColumnMapping()
_TOO_LONG = RowRefused(
    f"the row has more than {MOST_CHARACTERS:,} characters", "shorten it, or leave out what a person would not read"
)


@dataclass(frozen=True, kw_only=True)
class HistorySummary:
    """What a history file holds, before anything of it is imported."""

    rows: int  # that can be used
    refused: int
    columns: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    sample_rows: tuple[HistoryRow, ...]
    sample_refused: tuple[RefusedRow, ...]
    has_drafts: bool
    has_dates: bool
    has_groups: bool
    format: FileFormat
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _RawRow:
    """A row as it stands in the file, and its cells by column; or what kept them from being read."""

    line: int
    raw: str
    cells: Mapping[str, Json] = field(default_factory=dict)
    problem: RowRefused | None = None


def read_history(path: Path, mapping: ColumnMapping = _NO_MAPPING) -> Iterator[HistoryRow | RefusedRow]:
    """Read a file row by row, in its order and in bounded memory.

    Columns are found by what the person named, else by name (`input.x`, `output.x`; in JSONL also the objects `input`
    and `output`), else by order where there are two. `id`, `at`, `confidence`, `group`, `reviewer`, `seconds`, `used`
    and `draft.x` have their own meaning. Cells of CSV stay texts; an empty one is an absent field. A row without an id
    gets one from its content. Raises HistoryFileError, before the first row, where the whole file cannot be read.
    """
    file_format = detect_format(path)
    plan = _plan(path, file_format, mapping)
    return _read_rows(path, file_format, plan)


def inspect_history(path: Path, mapping: ColumnMapping = _NO_MAPPING, *, samples: int = 5) -> HistorySummary:
    """Read a whole file and say what it holds, without keeping its rows. Raises HistoryFileError like read_history."""
    file_format = detect_format(path)
    plan = _plan(path, file_format, mapping)
    good: list[HistoryRow] = []
    bad: list[RefusedRow] = []
    counts = {"rows": 0, "refused": 0, "drafts": 0, "dates": 0, "groups": 0}
    for row in _read_rows(path, file_format, plan):
        shown: list[HistoryRow] | list[RefusedRow] = good if isinstance(row, HistoryRow) else bad
        if len(shown) < samples:
            shown.append(row)  # type: ignore[arg-type]
        if isinstance(row, HistoryRow):
            counts["rows"] += 1
            counts["drafts"] += row.draft is not None
            counts["dates"] += row.at is not None
            counts["groups"] += row.group != ""
        else:
            counts["refused"] += 1
    return HistorySummary(
        rows=counts["rows"],
        refused=counts["refused"],
        columns=plan.columns,
        ignored_columns=plan.ignored,
        sample_rows=tuple(good),
        sample_refused=tuple(bad),
        has_drafts=counts["drafts"] > 0,
        has_dates=counts["dates"] > 0,
        has_groups=counts["groups"] > 0,
        format=file_format,
        notes=(*file_format.notes, *_note_ignored(path, plan)),
    )


def list_columns(path: Path) -> tuple[str, ...]:
    """List the columns that the first rows of a file have. Raises HistoryFileError."""
    return _list_columns(path, detect_format(path))


def _note_ignored(path: Path, plan: ColumnPlan) -> tuple[str, ...]:
    if not plan.ignored:
        return ()
    return (f"{path.name}: these columns are not used: {', '.join(plan.ignored)}.",)


def _plan(path: Path, file_format: FileFormat, mapping: ColumnMapping) -> ColumnPlan:
    return plan_columns(_list_columns(path, file_format), mapping, path.name)


def _list_columns(path: Path, file_format: FileFormat) -> tuple[str, ...]:
    if file_format.kind is FileKind.CSV:
        return tuple(name for name in _read_header(path, file_format) if name)
    columns: dict[str, None] = {}
    for row in islice(_read_json_rows(path, file_format), _ROWS_TO_KNOW_COLUMNS):
        columns.update(dict.fromkeys(columns_of_object(row.cells)))
    return tuple(columns) or ("input.", "output.")  # no row can be read: each is refused with its own reason


def _read_rows(path: Path, file_format: FileFormat, plan: ColumnPlan) -> Iterator[HistoryRow | RefusedRow]:
    raw_rows = _read_json_rows if file_format.kind is FileKind.JSONL else _read_csv_rows
    known = _KnownRows()
    for raw in raw_rows(path, file_format):
        try:
            if raw.problem is not None:
                raise raw.problem
            yield known.admit(_build_row(raw, plan))
        except RowRefused as refusal:
            yield RefusedRow(line=raw.line, raw=raw.raw, reason=refusal.reason, remedy=refusal.remedy)


def _build_row(raw: _RawRow, plan: ColumnPlan) -> HistoryRow:
    parts = sort_cells(raw.cells, plan)
    if not parts.input:
        raise RowRefused("nothing came in: every input field is empty", "fill in the input, or leave the row out")
    facts = parts.facts
    return HistoryRow(
        line=raw.line,
        external_id=read_name(facts.get("id"), "id"),
        input=parts.input,
        output=parts.output,
        at=read_moment(facts.get("at"), "at"),
        draft=parts.draft,
        confidence=read_confidence(facts.get("confidence"), "confidence"),
        group=read_name(facts.get("group"), "group"),
        reviewer=read_name(facts.get("reviewer"), "reviewer"),
        seconds=read_seconds(facts.get("seconds"), "seconds"),
        used=read_yes_or_no(facts.get("used"), "used"),
    )


class _KnownRows:
    """The ids seen so far, as eight-byte hashes, so that a million rows fit in memory."""

    def __init__(self) -> None:
        self._line_of_id: dict[int, int] = {}
        self._copies: dict[int, int] = {}

    def admit(self, row: HistoryRow) -> HistoryRow:
        """The row, with an id from its content where it has none. Raises RowRefused for an id that came before."""
        if not row.external_id:
            row = replace(row, external_id=self._make_id(row))
        key = _hash_number(row.external_id)
        first = self._line_of_id.setdefault(key, row.line)
        if first != row.line:
            raise RowRefused(
                f"the id “{row.external_id}” stands in line {first} already",
                "give each row its own id, or leave the second one out",
            )
        return row

    def _make_id(self, row: HistoryRow) -> str:
        """From content and not from place, so that the same row has the same id when lines are added above it."""
        content = canonical_json(
            [row.input, row.output, row.draft, row.confidence, row.group, row.at.isoformat() if row.at else None]
        )
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        key = _hash_number(digest)
        copy = self._copies.get(key, 0) + 1
        self._copies[key] = copy
        return f"row-{digest}" if copy == 1 else f"row-{digest}-{copy}"


def _hash_number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _read_json_rows(path: Path, file_format: FileFormat) -> Iterator[_RawRow]:
    for line in read_lines(path, file_format):
        raw = line.text.rstrip("\r\n")
        if line.is_too_long:
            yield _too_long(line.number, raw)
        elif raw.strip():
            try:
                yield _RawRow(line=line.number, raw=raw, cells=parse_json_object(raw))
            except RowRefused as refusal:
                yield _RawRow(line=line.number, raw=raw, problem=refusal)


def _read_csv_rows(path: Path, file_format: FileFormat) -> Iterator[_RawRow]:
    header: tuple[str, ...] | None = None
    for record in _read_csv_records(path, file_format):
        if header is None:
            header = _clean_header(path, record)
        elif record.cells is None or len(record.raw) <= MOST_CHARACTERS:
            yield _read_csv_row(record, header, file_format.delimiter)
        else:
            yield _too_long(record.line, record.raw)


def _read_csv_row(record: Record, header: Sequence[str], delimiter: str) -> _RawRow:
    raw = record.raw.rstrip("\r\n")
    try:
        return _RawRow(line=record.line, raw=raw, cells=_sort_csv_cells(record, header, delimiter))
    except RowRefused as refusal:
        return _RawRow(line=record.line, raw=raw, problem=refusal)


def _sort_csv_cells(record: Record, header: Sequence[str], delimiter: str) -> dict[str, Json]:
    if record.cells is None:
        raise RowRefused("a quotation mark is opened and never closed", 'close it, or write " within a text as ""')
    if len(record.cells) != len(header):
        raise RowRefused(
            f"the row has {len(record.cells)} cells where the header has {len(header)}",
            f"put texts that contain {_DELIMITER_NAMES.get(delimiter, delimiter)} in double quotes",
        )
    cells: dict[str, Json] = {
        name: cell if cell.strip() else None for name, cell in zip(header, record.cells, strict=True) if name
    }
    refuse_unusable(cells)
    return cells


def _read_header(path: Path, file_format: FileFormat) -> tuple[str, ...]:
    records = list(islice(_read_csv_records(path, file_format), 2))
    if not records or records[0].cells is None:
        raise HistoryFileError(f"{path.name} has no header that can be read: name its columns in the first line.")
    if len(records) == 1:
        raise HistoryFileError(f"{path.name} has a header and no rows: add at least one finished job below it.")
    return _clean_header(path, records[0])


def _clean_header(path: Path, record: Record) -> tuple[str, ...]:
    names = tuple(name.strip() for name in record.cells or ())
    named = [name for name in names if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise HistoryFileError(f"{path.name} has two columns named {twice[0]}: give each column its own name.")
    if not named:
        raise HistoryFileError(f"{path.name} has no column names: name its columns in the first line.")
    return names


def _read_csv_records(path: Path, file_format: FileFormat) -> Iterator[Record]:
    lines = ((line.number, line.text) for line in read_lines(path, file_format))
    for record in read_records(lines, file_format.delimiter, most_characters=MOST_CHARACTERS):
        if record.line > 1 or not _SEPARATOR_LINE.fullmatch(record.raw):
            yield record


def _too_long(line: int, raw: str) -> _RawRow:
    return _RawRow(line=line, raw=f"{raw[:_SHOWN_OF_LONG_ROW]}…", problem=_TOO_LONG)
