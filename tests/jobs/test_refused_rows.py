"""Tests of keeping refused rows beside their file."""

import csv
import json
from pathlib import Path

import pytest

from teachback_server.jobs.history_file import HistoryFileError, RefusedRow, read_history
from teachback_server.jobs.refused_rows import describe_refused_row, refused_path, write_refused_rows

ROWS = [
    RefusedRow(line=3, raw='a,"b\nc"', reason="the row has 2 cells", remedy="quote it"),
    RefusedRow(line=9, raw="Stra\udcdfe", reason="not valid UTF-8", remedy="save the file as UTF-8"),
]


def test_rows_of_csv_are_written_as_csv_beside_it(tmp_path: Path) -> None:
    target = write_refused_rows(tmp_path / "work.csv", ROWS)
    assert target == tmp_path / "work.refused.csv"
    with target.open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert first == {"line": "3", "reason": "the row has 2 cells", "remedy": "quote it", "raw": 'a,"b\nc"'}
    assert second["raw"] == "Stra\\udcdfe"


def test_rows_of_jsonl_are_written_as_jsonl_beside_it(tmp_path: Path) -> None:
    target = write_refused_rows(tmp_path / "work.JSONL", ROWS[:1])
    assert target == tmp_path / "work.refused.jsonl"
    assert json.loads(target.read_text(encoding="utf-8")) == {
        "line": 3,
        "reason": "the row has 2 cells",
        "remedy": "quote it",
        "raw": 'a,"b\nc"',
    }


def test_a_second_try_replaces_the_file_of_the_first(tmp_path: Path) -> None:
    write_refused_rows(tmp_path / "work.csv", ROWS)
    target = write_refused_rows(tmp_path / "work.csv", ROWS[:1])
    assert len(target.read_text(encoding="utf-8").splitlines()) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["work.refused.csv"]


@pytest.mark.parametrize(
    ("name", "beside"), [("a.tsv", "a.refused.csv"), ("a", "a.refused.csv"), ("a.json", "a.refused.jsonl")]
)
def test_the_kind_of_the_file_follows_the_name(name: str, beside: str) -> None:
    assert refused_path(Path(name)).name == beside


def test_a_folder_that_cannot_be_written_to_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(HistoryFileError, match=r"Copy work\.csv into a folder that you may write to"):
        write_refused_rows(tmp_path / "absent" / "work.csv", ROWS)


def test_the_message_names_file_line_reason_and_remedy() -> None:
    assert describe_refused_row(Path("/x/work.csv"), ROWS[0]) == "work.csv:3: the row has 2 cells; quote it."


def test_every_refused_row_of_a_file_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "work.jsonl"
    path.write_bytes(b'{"input": {"a": "\xff\xc3\xa9"}}\n{\n' + b"x" * 1_500_000 + "\n{é\nü\n".encode())
    refused = [row for row in read_history(path) if isinstance(row, RefusedRow)]
    target = write_refused_rows(path, refused)
    written = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [row["line"] for row in written] == [1, 2, 3, 4, 5]
    assert all(row["reason"] and row["remedy"] for row in written)
