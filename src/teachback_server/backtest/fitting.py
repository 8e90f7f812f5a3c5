"""Holds a file against a boundary that a person edited: which of its rows could not be work of this workflow. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from teachback.json_types import JsonObject
from teachback.schema_problems import list_schema_problems
from teachback_server.backtest.reading import FileReading, list_good_rows
from teachback_server.jobs.history_row import ColumnMapping, HistoryRow
from teachback_server.jobs.history_text import FileKind, detect_format
from teachback_server.workflows.boundary import Boundary
from teachback_server.workflows.typed_cells import type_cells

_MOST_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """One thing in a file for which a boundary has no place."""

    side: str  # input or output
    sentence: str


def type_rows(
    path: Path, rows: Iterable[HistoryRow], input_schema: JsonObject, output_schema: JsonObject
) -> Iterator[HistoryRow]:
    """The rows with the cells of CSV read as the types that the boundary asks for; JSONL says its types itself."""
    is_csv = detect_format(path).kind is FileKind.CSV
    return (_type_row(row, input_schema, output_schema) if is_csv else row for row in rows)


def list_misfits(path: Path, mapping: ColumnMapping, reading: FileReading, boundary: Boundary) -> Sequence[Misfit]:
    """Say what of a file does not fit a boundary; nothing where the boundary is as the file suggested it."""
    sides = {
        "input": (reading.input_schema, boundary.input_schema),
        "output": (reading.output_schema, boundary.output_schema),
    }
    edited = {side: wanted for side, (inferred, wanted) in sides.items() if inferred != wanted}
    lost = [misfit for side in edited for misfit in _list_lost_fields(side, *sides[side])]
    if lost or not edited:
        return lost
    rows = type_rows(path, list_good_rows(path, mapping), boundary.input_schema, boundary.output_schema)
    return list(islice(_list_misfit_rows(rows, edited), _MOST_SHOWN))


def _type_row(row: HistoryRow, input_schema: JsonObject, output_schema: JsonObject) -> HistoryRow:
    draft = row.draft if row.draft is None else type_cells(row.draft, output_schema)
    return replace(
        row, input=type_cells(row.input, input_schema), output=type_cells(row.output, output_schema), draft=draft
    )


def _list_lost_fields(side: str, inferred: JsonObject, wanted: JsonObject) -> list[Misfit]:
    lost = [name for name in _names(inferred) if name not in _names(wanted)]
    if not lost:
        return []
    fields = ", ".join(lost[:10])
    return [
        Misfit(
            side=side,
            sentence=f"The file has {fields}, which you took out or renamed here. Put it back under its name in the "
            "file, or leave its column out under “Choose the columns again”.",
        )
    ]


def _list_misfit_rows(rows: Iterator[HistoryRow], edited: Mapping[str, JsonObject]) -> Iterator[Misfit]:
    for row in rows:
        for side, schema in edited.items():
            problems = list_schema_problems(schema, row.input if side == "input" else row.output)
            if problems:
                yield Misfit(side=side, sentence=f"Line {row.line} does not fit: {problems[0].as_sentence()}")


def _names(schema: JsonObject) -> list[str]:
    properties = schema.get("properties")
    return list(properties) if isinstance(properties, Mapping) else []
