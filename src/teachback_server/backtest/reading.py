"""Reads an uploaded history file once and keeps what a person must see before anything is made of it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import islice, tee
from pathlib import Path
from typing import Any

from teachback.json_types import Json, JsonObject
from teachback_server.backtest.clock import FIRST_MOMENT
from teachback_server.jobs.boundary_fit import fit_rows
from teachback_server.jobs.history_columns import field_name
from teachback_server.jobs.history_file import inspect_history, read_history
from teachback_server.jobs.history_row import ColumnMapping, HistoryRow, RefusedRow
from teachback_server.jobs.shown_values import spell_value
from teachback_server.workflows.inference import FieldEvidence, InferredBoundary, infer_boundary

SAMPLES = 5
EXAMPLES = 3
ROWS_FOR_EXAMPLES = 200
MOST_SHOWN_CHARACTERS = 600


@dataclass(frozen=True, kw_only=True)
class Schemas:
    """What a row must hold on each side, as JSON Schema."""

    input: JsonObject
    output: JsonObject


NO_SCHEMAS = Schemas(input={}, output={})


class UploadState(StrEnum):
    """Where an uploaded file stands."""

    READING = "reading"
    UNCLEAR = "unclear"  # a person has to say which columns are input and which are output
    REFUSED = "refused"  # nothing of it can be used
    READ = "read"


@dataclass(frozen=True, kw_only=True)
class SampleRow:
    """One row as the page shows it."""

    line: int
    input: JsonObject
    output: JsonObject


@dataclass(frozen=True, kw_only=True)
class RefusedSample:
    """One row that was left out, as the page shows it."""

    line: int
    reason: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class FileReading:
    """What a file holds, and the boundary that it suggests or that a person has given it."""

    rows: int  # that can be used
    refused: int
    columns: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    samples: tuple[SampleRow, ...]
    refused_samples: tuple[RefusedSample, ...]
    has_drafts: bool
    has_dates: bool
    has_groups: bool
    first_at: datetime  # no row that can be used arrived before
    notes: tuple[str, ...]
    schemas: Schemas
    evidence: Mapping[str, str]  # sentences by `input.FIELD` and `output.FIELD`

    def as_json(self) -> dict[str, Json]:
        """The reading as plain JSON values, as it is stored with the upload."""
        return {**asdict(self), "first_at": self.first_at.isoformat()}


def read_file(path: Path, mapping: ColumnMapping) -> FileReading:
    """Read a file to its end, in bounded memory. Raises HistoryFileError where it cannot be read as a whole."""
    summary = inspect_history(path, mapping, samples=SAMPLES)
    inferred = _infer(path, mapping) if summary.rows else None
    reading = FileReading(
        rows=0,
        refused=summary.refused,
        columns=summary.columns,
        ignored_columns=summary.ignored_columns,
        samples=(),
        refused_samples=tuple(_show_refused(row) for row in summary.sample_refused),
        has_drafts=summary.has_drafts,
        has_dates=summary.has_dates,
        has_groups=summary.has_groups,
        first_at=FIRST_MOMENT,
        notes=summary.format.notes,
        schemas=Schemas(input=inferred.input_schema, output=inferred.output_schema) if inferred else NO_SCHEMAS,
        evidence=_sort_evidence(inferred) if inferred else {},
    )
    return fit_reading(path, mapping, reading, reading.schemas) if inferred else reading


def fit_reading(path: Path, mapping: ColumnMapping, reading: FileReading, schemas: Schemas) -> FileReading:
    """The reading under other schemas: which rows fit them, and which are refused because they do not."""
    good: list[SampleRow] = []
    bad: list[RefusedSample] = []
    rows = refused = 0
    first_at: datetime | None = None
    for row in fit_rows(read_history(path, mapping), input_schema=schemas.input, output_schema=schemas.output):
        if isinstance(row, RefusedRow):
            refused += 1
            if len(bad) < SAMPLES:
                bad.append(_show_refused(row))
        else:
            rows += 1
            arrived_at = row.at or FIRST_MOMENT
            first_at = min(first_at or arrived_at, arrived_at)
            if len(good) < SAMPLES:
                good.append(_show_row(row))
    return replace(
        reading,
        rows=rows,
        refused=refused,
        samples=tuple(good),
        refused_samples=tuple(bad),
        schemas=schemas,
        first_at=first_at or FIRST_MOMENT,
    )


def parse_reading(stored: Mapping[str, Json]) -> FileReading:
    """Read what `as_json` wrote."""
    values: dict[str, Any] = dict(stored)
    for name in ("columns", "ignored_columns", "notes"):
        values[name] = tuple(values[name])
    values["samples"] = tuple(SampleRow(**row) for row in values["samples"])
    values["refused_samples"] = tuple(RefusedSample(**row) for row in values["refused_samples"])
    first_at = values.get("first_at")  # absent from what older versions wrote
    values["first_at"] = datetime.fromisoformat(first_at) if first_at else FIRST_MOMENT
    values["schemas"] = Schemas(**values["schemas"])
    return FileReading(**values)


def list_refused_rows(path: Path, mapping: ColumnMapping, schemas: Schemas) -> Iterator[RefusedRow]:
    """The rows of a file that cannot be used, one after the other; without schemas, those that cannot be read."""
    rows: Iterator[HistoryRow | RefusedRow] = read_history(path, mapping)
    if schemas != NO_SCHEMAS:
        rows = fit_rows(rows, input_schema=schemas.input, output_schema=schemas.output)
    return (row for row in rows if isinstance(row, RefusedRow))


def list_column_examples(path: Path, columns: Sequence[str]) -> dict[str, list[str]]:
    """A few different values of each column, for a person who has to say what the columns are."""
    *before, last = columns
    every = ColumnMapping(input_columns=tuple(before), output_columns=(last,))
    examples: dict[str, list[str]] = {column: [] for column in columns}
    for row in islice(_list_good_rows(path, every), ROWS_FOR_EXAMPLES):
        values = {**row.input, **row.output}
        for column, known in examples.items():
            value = values.get(field_name(column))
            text = spell_value(_shorten(value))
            if value is not None and text not in known and len(known) < EXAMPLES:
                known.append(text)
    return examples


def _infer(path: Path, mapping: ColumnMapping) -> InferredBoundary:
    for_inputs, for_outputs = tee(_list_good_rows(path, mapping))
    return infer_boundary((row.input for row in for_inputs), (row.output for row in for_outputs))


def _sort_evidence(inferred: InferredBoundary) -> dict[str, str]:
    def under(side: str, evidence: tuple[FieldEvidence, ...]) -> dict[str, str]:
        return {f"{side}.{found.field}": found.sentence for found in evidence}

    return {**under("input", inferred.input_evidence), **under("output", inferred.output_evidence)}


def _list_good_rows(path: Path, mapping: ColumnMapping) -> Iterator[HistoryRow]:
    return (row for row in read_history(path, mapping) if isinstance(row, HistoryRow))


def _show_row(row: HistoryRow) -> SampleRow:
    return SampleRow(line=row.line, input=_shorten_values(row.input), output=_shorten_values(row.output))


def _show_refused(row: RefusedRow) -> RefusedSample:
    return RefusedSample(line=row.line, reason=row.reason, remedy=row.remedy)


def _shorten_values(values: JsonObject) -> dict[str, Json]:
    return {name: _shorten(value) for name, value in values.items()}


def _shorten(value: Json) -> Json:
    if isinstance(value, str) and len(value) > MOST_SHOWN_CHARACTERS:
        return f"{value[:MOST_SHOWN_CHARACTERS]}…"
    if isinstance(value, Mapping):
        return _shorten_values(value)
    if isinstance(value, list | tuple):
        return [_shorten(item) for item in value[:20]]
    return value
