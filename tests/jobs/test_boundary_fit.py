"""Tests of holding rows of a file against the boundary of their workflow."""

import json
from pathlib import Path
from typing import Any

from teachback_server.jobs.boundary_fit import fit_rows
from teachback_server.jobs.history_file import HistoryRow, RefusedRow, read_history

INPUT_SCHEMA = {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}
OUTPUT_SCHEMA = {
    "type": "object",
    "properties": {"queue": {"enum": ["a", "b"]}, "amount": {"type": "number"}},
    "required": ["queue"],
}


def fit(*rows: HistoryRow | RefusedRow) -> list[HistoryRow | RefusedRow]:
    return list(fit_rows(rows, input_schema=INPUT_SCHEMA, output_schema=OUTPUT_SCHEMA))


def row(**values: Any) -> HistoryRow:
    return HistoryRow(**{"line": 7, "external_id": "x", "input": {"message": "hi"}, "output": {"queue": "a"}, **values})


def test_a_row_that_fits_is_passed_on() -> None:
    assert fit(row()) == [row()]


def test_a_row_that_does_not_fit_is_refused_with_every_problem() -> None:
    (refused,) = fit(row(input={}, output={"queue": "c", "amount": True}))
    assert isinstance(refused, RefusedRow)
    assert refused.line == 7
    assert refused.reason == (
        "input.message: is missing; output.amount: true is not a number; output.queue: “c” is not one of the choices"
    )
    assert "choose one of “a”, “b”" in refused.remedy


def test_a_refused_row_can_be_corrected_and_given_again(tmp_path: Path) -> None:
    wrong = row(output={"queue": "c"}, draft={"queue": "b"}, confidence=0.5, group="g", used=False)
    (refused,) = fit(wrong)
    path = tmp_path / "again.jsonl"
    path.write_text(
        json.dumps(json.loads(refused.raw)).replace('"c"', '"b"') if isinstance(refused, RefusedRow) else ""
    )
    (again,) = read_history(path)
    assert again == row(line=1, output={"queue": "b"}, draft={"queue": "b"}, confidence=0.5, group="g", used=False)


def test_texts_of_csv_are_read_as_the_boundary_asks() -> None:
    (fitted,) = fit(row(output={"queue": "a", "amount": "12.5"}, draft={"amount": "3"}))
    assert isinstance(fitted, HistoryRow)
    assert (fitted.output, fitted.draft) == ({"queue": "a", "amount": 12.5}, {"amount": 3})


def test_rows_refused_before_stay_refused() -> None:
    refused = RefusedRow(line=1, raw="{", reason="bad", remedy="mend it")
    assert fit(refused, row()) == [refused, row()]
