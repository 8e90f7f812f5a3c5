"""What is kept of a file that was read, and how the curve of a run is placed."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from histories import make_rows, write_jsonl
from teachback.json_types import Json
from teachback_server.backtest.actions import prepare_file
from teachback_server.backtest.clock import FIRST_MOMENT
from teachback_server.backtest.curve_drawing import HEIGHT, draw_curve
from teachback_server.backtest.reading import (
    MOST_SHOWN_CHARACTERS,
    Schemas,
    fit_reading,
    list_column_examples,
    parse_reading,
    read_file,
)
from teachback_server.backtest.scoring import KeyedOutcome, KeyedResult, curve_of
from teachback_server.backtest.suggesting import list_hard_fields, list_lost_fields, suggest_boundary
from teachback_server.backtest.uploads import make_safe_name
from teachback_server.jobs.history_row import ColumnMapping


def test_a_reading_survives_being_stored(tmp_path: Path) -> None:
    reading = read_file(write_jsonl(tmp_path / "a.jsonl", make_rows(50)), ColumnMapping())
    stored = json.loads(json.dumps(reading.as_json()))
    assert parse_reading(stored) == reading
    assert reading.evidence["output.queue"] == "3 different values in 50 rows: a choice."


@pytest.mark.parametrize(
    ("moments", "first"),
    [
        (["2026-02-02T08:00:00Z", "2026-02-01T08:00:00Z"], datetime(2026, 2, 1, 8, tzinfo=UTC)),
        (["2026-02-02T08:00:00Z", None], FIRST_MOMENT),
        ([None, "1999-02-02T08:00:00Z"], datetime(1999, 2, 2, 8, tzinfo=UTC)),
    ],
)
def test_no_row_arrived_before_the_first_moment_of_its_file(
    moments: list[str | None], first: datetime, tmp_path: Path
) -> None:
    rows = [{**row, "at": at} for row, at in zip(make_rows(2), moments, strict=True)]
    path = write_jsonl(tmp_path / "tickets.jsonl", rows)
    reading = read_file(path, ColumnMapping())
    assert reading.first_at == prepare_file(path, ColumnMapping()).facts.first_at == first
    assert parse_reading(json.loads(json.dumps(reading.as_json()))) == reading


def test_what_is_kept_of_a_row_stays_small(tmp_path: Path) -> None:
    rows = [{"input": {"text": "x" * 100_000, "parts": ["y"] * 1000}, "output": {"queue": "a"}} for _ in range(5)]
    reading = read_file(write_jsonl(tmp_path / "a.jsonl", rows), ColumnMapping())
    assert len(str(reading.samples[0].input["text"])) == MOST_SHOWN_CHARACTERS + 1
    assert len(json.dumps(reading.as_json())) < 20_000


def test_other_schemas_refuse_other_rows(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", make_rows(50))
    reading = read_file(path, ColumnMapping())
    narrow: dict[str, Json] = {"type": "object", "properties": {"queue": {"enum": ["billing"]}}}
    fitted = fit_reading(path, ColumnMapping(), reading, Schemas(input={}, output=narrow))
    assert 0 < fitted.rows < 50
    assert fitted.rows + fitted.refused == 50
    assert fitted.refused_samples[0].reason.startswith("output.queue: ")


def test_examples_of_columns_are_few_and_different(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("at,kind,text\n" + "".join(f"yesterday,same,text {number}\n" for number in range(9)))
    assert list_column_examples(path, ["at", "kind", "text"]) == {
        "at": ["yesterday"],
        "kind": ["same"],
        "text": ["text 0", "text 1", "text 2"],
    }


@pytest.mark.parametrize(
    ("file_name", "title"),
    [
        ("tickets_march-2026.csv", "Tickets march 2026"),
        ("März.jsonl", "März"),
        ("no-ending", "No ending"),
        (".x", ".x"),
    ],
)
def test_a_workflow_is_named_after_its_file(file_name: str, title: str, tmp_path: Path) -> None:
    reading = read_file(write_jsonl(tmp_path / "a.jsonl", make_rows(20)), ColumnMapping())
    assert suggest_boundary(file_name, reading).title == title


def test_hard_fields_are_those_that_neither_repeat_nor_stand_in_the_input() -> None:
    schema: dict[str, Json] = {
        "properties": {
            "queue": {"type": "string", "enum": ["a", "b"]},
            "order": {"type": "string", "x-teachback-source": "message"},
            "urgent": {"type": "boolean"},
            "reply": {"type": "string"},
            "amount": {"type": "number"},
        }
    }
    assert list_hard_fields(schema) == ["reply", "amount"]


def test_a_field_that_was_renamed_is_lost() -> None:
    before: dict[str, Json] = {"properties": {"queue": {}, "order": {}}}
    after: dict[str, Json] = {"properties": {"team": {}, "order": {}}}
    assert list_lost_fields(before, after) == ["queue"]
    assert list_lost_fields(before, before) == []


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a/b.csv", "a_b.csv"),
        ("", "history"),
        ("...", "history"),
        ("a.verylongending", "a.verylongending"),
        (" x .csv ", "x.csv"),
    ],
)
def test_a_safe_name_can_stand_in_any_folder(name: str, safe: str) -> None:
    assert make_safe_name(name) == safe


@pytest.mark.parametrize("jobs", [1, 24, 200, 2_000, 8_198])
def test_a_curve_has_enough_points_and_covers_every_job(jobs: int) -> None:
    points = curve_of([_result(number) for number in range(1, jobs + 1)])
    steps = [int(after["jobs"]) - int(before["jobs"]) for before, after in pairwise(points)]
    assert points[-1]["jobs"] == jobs
    assert max([*steps, int(points[0]["jobs"])]) <= 250
    assert len(points) >= min(jobs // 25, 20)


@pytest.mark.parametrize(("jobs", "width"), [(1, 340), (30, 860), (8_198, 340), (1_000_000, 860)])
def test_nothing_of_a_curve_lies_outside_of_its_sheet(jobs: int, width: int) -> None:
    points = [
        {"jobs": jobs * part // 4 or 1, "right": part / 4, "low": 0, "high": 1, "handed_back": 0, "reviewed_share": 1}
        for part in range(1, 5)
    ]
    releases = [
        {"number": number, "from_job": max(1, jobs * number // 60), "lever": "examples"} for number in range(60)
    ]
    curve = draw_curve({"curve": points, "releases": releases}, width)  # type: ignore[dict-item]
    assert all(0 <= dot.x <= width and 0 <= dot.high_y <= dot.low_y <= HEIGHT for dot in curve.dots)
    assert all(0 <= tick.place <= width for tick in curve.x_ticks)
    assert 2 <= len(curve.x_ticks) <= 10
    labelled = [mark.x for mark in curve.marks if mark.label]
    assert all(after - before >= 26 for before, after in pairwise(labelled))


def _result(number: int) -> KeyedResult:
    return KeyedResult(number=number, outcome=KeyedOutcome.RIGHT, is_reviewed=True, is_auto=False, release=1, fields={})
