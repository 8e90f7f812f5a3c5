"""Holds the rows of a history file against the boundary of their workflow, and refuses those that do not fit."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from teachback.json_types import Json, JsonObject, canonical_json
from teachback_server.jobs.history_row import HistoryRow, RefusedRow
from teachback_server.workflows.schema_check import list_row_problems
from teachback_server.workflows.typed_cells import type_cells


def fit_rows(
    rows: Iterable[HistoryRow | RefusedRow], *, input_schema: JsonObject, output_schema: JsonObject
) -> Iterator[HistoryRow | RefusedRow]:
    """Pass on the rows that fit the boundary, and refuse the others with every field that does not.

    Texts are read as the numbers, yes/no values and lists that the boundary asks for. Refused rows stay refused.
    """
    for row in rows:
        yield row if isinstance(row, RefusedRow) else _fit_row(row, input_schema, output_schema)


def _fit_row(row: HistoryRow, input_schema: JsonObject, output_schema: JsonObject) -> HistoryRow | RefusedRow:
    fitted = replace(
        row,
        input=type_cells(row.input, input_schema),
        output=type_cells(row.output, output_schema),
        draft=type_cells(row.draft, output_schema) if row.draft is not None else None,
    )
    problems = list_row_problems(
        input=fitted.input, output=fitted.output, input_schema=input_schema, output_schema=output_schema
    )
    if not problems:
        return fitted
    return RefusedRow(
        line=row.line,
        raw=_as_line(row),
        reason="; ".join(f"{problem.field}: {problem.problem}" for problem in problems),
        remedy="; ".join(dict.fromkeys(problem.remedy for problem in problems)),
    )


def _as_line(row: HistoryRow) -> str:
    """The row in the history format, so that it can be corrected and given again."""
    facts: dict[str, Json] = {
        "id": row.external_id,
        "input": row.input,
        "output": row.output,
        "at": row.at.isoformat() if row.at else None,
        "draft": row.draft,
        "confidence": row.confidence,
        "group": row.group or None,
        "reviewer": row.reviewer or None,
        "seconds": row.seconds,
        "used": row.used,
    }
    return canonical_json({name: value for name, value in facts.items() if value is not None})
