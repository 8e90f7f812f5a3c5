"""Reads an uploaded history file once and keeps what a person must see before anything is made of it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import tee
from pathlib import Path
from typing import Any

from teachback.json_types import Json, JsonObject
from teachback_server.jobs.history_file import inspect_history, read_history
from teachback_server.jobs.history_row import ColumnMapping, HistoryRow, RefusedRow
from teachback_server.workflows.inference import FieldEvidence, InferredBoundary, infer_boundary

SAMPLES = 5
MOST_SHOWN_CHARACTERS = 600


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
    """What a file holds, and the boundary that it suggests."""

    rows: int  # that can be used
    refused: int
    columns: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    samples: tuple[SampleRow, ...]
    refused_samples: tuple[RefusedSample, ...]
    has_drafts: bool
    has_dates: bool
    has_groups: bool
    notes: tuple[str, ...]
    input_schema: JsonObject
    output_schema: JsonObject
    evidence: Mapping[str, str]  # sentences by `input.FIELD` and `output.FIELD`

    def as_json(self) -> dict[str, Json]:
        """The reading as plain JSON values, as it is stored with the upload."""
        return asdict(self)


def read_file(path: Path, mapping: ColumnMapping) -> FileReading:
    """Read a file to its end, in bounded memory. Raises HistoryFileError where it cannot be read as a whole."""
    summary = inspect_history(path, mapping, samples=SAMPLES)
    inferred = _infer(path, mapping) if summary.rows else None
    return FileReading(
        rows=summary.rows,
        refused=summary.refused,
        columns=summary.columns,
        ignored_columns=summary.ignored_columns,
        samples=tuple(
            SampleRow(line=row.line, input=_shorten_values(row.input), output=_shorten_values(row.output))
            for row in summary.sample_rows
        ),
        refused_samples=tuple(
            RefusedSample(line=row.line, reason=row.reason, remedy=row.remedy) for row in summary.sample_refused
        ),
        has_drafts=summary.has_drafts,
        has_dates=summary.has_dates,
        has_groups=summary.has_groups,
        notes=summary.notes,
        input_schema=inferred.input_schema if inferred else {},
        output_schema=inferred.output_schema if inferred else {},
        evidence=_sort_evidence(inferred) if inferred else {},
    )


def parse_reading(stored: Mapping[str, Json]) -> FileReading:
    """Read what `as_json` wrote."""
    values: dict[str, Any] = dict(stored)
    for name in ("columns", "ignored_columns", "notes"):
        values[name] = tuple(values[name])
    values["samples"] = tuple(SampleRow(**row) for row in values["samples"])
    values["refused_samples"] = tuple(RefusedSample(**row) for row in values["refused_samples"])
    return FileReading(**values)


def list_refused_rows(path: Path, mapping: ColumnMapping) -> Iterator[RefusedRow]:
    """The rows of a file that cannot be used, one after the other."""
    return (item for item in read_history(path, mapping) if isinstance(item, RefusedRow))


def list_good_rows(path: Path, mapping: ColumnMapping) -> Iterator[HistoryRow]:
    """The rows of a file that can be used, one after the other."""
    return (item for item in read_history(path, mapping) if isinstance(item, HistoryRow))


def _infer(path: Path, mapping: ColumnMapping) -> InferredBoundary:
    for_inputs, for_outputs = tee(list_good_rows(path, mapping))
    return infer_boundary((row.input for row in for_inputs), (row.output for row in for_outputs))


def _sort_evidence(inferred: InferredBoundary) -> dict[str, str]:
    def under(side: str, evidence: tuple[FieldEvidence, ...]) -> dict[str, str]:
        return {f"{side}.{found.field}": found.sentence for found in evidence}

    return {**under("input", inferred.input_evidence), **under("output", inferred.output_evidence)}


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
