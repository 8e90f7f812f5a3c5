"""Tests of reading history from JSONL: what is good, what is refused and why."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from teachback_server.jobs.history_file import (
    ColumnMapping,
    ColumnsUnclear,
    HistoryFileError,
    HistoryRow,
    RefusedRow,
    inspect_history,
    list_columns,
    read_history,
)

GOOD = '{"id": "1", "input": {"message": "hello"}, "output": {"queue": "a"}}'


def read(path: Path, *lines: Any, mapping: ColumnMapping | None = None) -> list[HistoryRow | RefusedRow]:
    path = path / "work.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return list(read_history(path, mapping or ColumnMapping()))


def good(path: Path, *lines: Any, mapping: ColumnMapping | None = None) -> list[HistoryRow]:
    rows = read(path, *lines, mapping=mapping)
    assert [row for row in rows if isinstance(row, RefusedRow)] == []
    return [row for row in rows if isinstance(row, HistoryRow)]


def row(**fields: Any) -> dict[str, Any]:
    return {"input": {"message": "hello"}, "output": {"queue": "a"}, **fields}


def test_a_full_row_is_read_with_all_its_facts(tmp_path: Path) -> None:
    (read_row,) = good(
        tmp_path,
        row(
            id=" 7 ",
            at="2026-01-31T10:30:00+01:00",
            draft={"queue": "b"},
            confidence=0.75,
            group="site 3",
            reviewer="Ann",
            seconds=12.5,
            used=True,
        ),
    )
    assert read_row == HistoryRow(
        line=1,
        external_id="7",
        input={"message": "hello"},
        output={"queue": "a"},
        at=datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
        draft={"queue": "b"},
        confidence=0.75,
        group="site 3",
        reviewer="Ann",
        seconds=12.5,
        used=True,
    )


def test_facts_that_are_null_are_absent(tmp_path: Path) -> None:
    facts = dict.fromkeys(("id", "at", "draft", "confidence", "group", "reviewer", "seconds", "used"))
    (read_row,) = good(tmp_path, row(**facts))
    assert (read_row.at, read_row.draft, read_row.confidence, read_row.group) == (None, None, None, "")


def test_a_fact_that_first_appears_far_down_is_read(tmp_path: Path) -> None:
    rows = good(tmp_path, *[row(id=number) for number in range(1_100)], row(id="last", group="late"))
    assert rows[-1].group == "late"


def test_blank_lines_are_skipped_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    assert [read_row.line for read_row in good(tmp_path, "", GOOD, "  ", row())] == [2, 4]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not valid JSON"),
        ("[1, 2]", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ("null", "not a JSON object"),
        ('{"input": {"a": 1}, "output": {"b": 2}', "not valid JSON"),
        ("{'input': {'a': 1}, 'output': {}}", "not valid JSON"),
        ('{"input": {"a": NaN}, "output": {}}', "NaN is not a number"),
        ('{"input": {"a": -Infinity}, "output": {}}', "-Infinity is not a number"),
        ('{"input": {"a": 1e999}, "output": {}}', "too large"),
        ('{"input": {"a": ' + "9" * 5_000 + '}, "output": {}}', "thousands of digits"),
        ('{"input": {"a": 1, "a": 2}, "output": {}}', "“a” occurs twice"),
        ('{"input": {"a": "\\u0000"}, "output": {}}', "NUL"),
        ('{"input": {"a": "x\x00"}, "output": {}}', "not valid JSON"),
        ('{"input": {"a": "\\ud800"}, "output": {}}', "not valid UTF-8"),
        ('{"input": {"\\udfff": 1}, "output": {}}', "not valid UTF-8"),
        ('{"input": {"a": ' + "[" * 40 + "]" * 40 + '}, "output": {}}', "nested more than 32 deep"),
        ('{"input": {"a": ' + "[" * 90_000 + "]" * 90_000 + '}, "output": {}}', "nested more than 32 deep"),
        ('{"input": {"a": ' + '{"a":' * 40 + "1" + "}" * 40 + '}, "output": {}}', "nested more than 32 deep"),
        ('{"input": {"a": "' + "x" * 1_000_001 + '"}, "output": {}}', "more than 1,000,000 characters"),
        (row(input="hello"), "input is a text, not an object"),
        (row(input=[1]), "input is a list, not an object"),
        (row(input=None), "the row has no input"),
        (row(input={}), "nothing came in"),
        (row(output=None), "the row has no output"),
        (row(output=5), "output is a number, not an object"),
        ({"output": {"queue": "a"}}, "the row has no input"),
        ({"input": {"message": "x"}}, "the row has no output"),
        ({}, "the row has no input"),
        (row(draft="a"), "draft is a text, not an object"),
        (row(confidence=1.01), "confidence is 1.01, outside 0 to 1"),
        (row(confidence=-0.1), "outside 0 to 1"),
        (row(confidence=87), "outside 0 to 1"),
        (row(confidence=True), "confidence is true or false"),
        (row(confidence="high"), "not a number"),
        (row(confidence="nan"), "not a number"),
        (row(confidence=[]), "confidence is a list"),
        (row(at="yesterday"), "at is “yesterday”, which is not a date"),
        (row(at="31.01.2026"), "not a date"),
        (row(at="2026-02-30T00:00:00Z"), "does not exist"),
        (row(at="2026-01-31T25:00:00Z"), "does not exist"),
        (row(at="0001-01-01T00:00:00+23:00"), "does not exist"),
        (row(at=1_700_000_000), "not a date"),
        (row(id=True), "id is true or false"),
        (row(id=1.5), "id is a number"),
        (row(id={}), "id is an object"),
        (row(id="x" * 201), "id has 201 characters"),
        (row(group=["a"]), "group is a list"),
        (row(reviewer={}), "reviewer is an object"),
        (row(seconds=-1), "less than 0"),
        (row(seconds="long"), "not a number"),
        (row(used="maybe"), "used is “maybe”"),
        (row(used=2), "used is 2"),
        (row(used=[]), "used is []"),
    ],
)
def test_a_bad_row_is_refused_alone_with_its_line_reason_and_remedy(tmp_path: Path, line: Any, reason: str) -> None:
    first, bad, last = read(tmp_path, GOOD, line, row(id="3"))
    assert isinstance(first, HistoryRow)
    assert isinstance(last, HistoryRow)
    assert isinstance(bad, RefusedRow)
    assert reason in bad.reason
    assert bad.line == 2
    assert bad.remedy
    assert last.line == 3


def test_a_refused_row_is_kept_as_it_stood(tmp_path: Path) -> None:
    _, bad = read(tmp_path, GOOD, '{"input":  {"a": 1} }')
    assert isinstance(bad, RefusedRow)
    assert bad.raw == '{"input":  {"a": 1} }'


def test_a_row_that_is_too_long_is_kept_only_in_its_beginning(tmp_path: Path) -> None:
    (bad,) = read(tmp_path, "x" * 3_000_000)
    assert isinstance(bad, RefusedRow)
    assert len(bad.raw) == 1_001


def test_the_second_row_with_an_id_is_refused_and_the_first_line_named(tmp_path: Path) -> None:
    rows = read(tmp_path, row(id=5), row(id="6"), row(id="5"), row(id=6))
    assert [getattr(refused, "reason", "") for refused in rows] == [
        "",
        "",
        "the id “5” stands in line 1 already",
        "the id “6” stands in line 2 already",
    ]


def test_an_id_of_a_refused_row_may_come_again(tmp_path: Path) -> None:
    first, second = read(tmp_path, row(id="5", confidence=7), row(id="5"))
    assert isinstance(first, RefusedRow)
    assert isinstance(second, HistoryRow)


def test_rows_without_ids_get_one_from_their_content_wherever_they_stand(tmp_path: Path) -> None:
    ids = [one.external_id for one in good(tmp_path, row(), row(group="x"), row(), row(id=""))]
    moved = [one.external_id for one in good(tmp_path, row(group="x"), row(), row(), row())]
    assert len(set(ids)) == 4
    assert set(ids) == set(moved)
    assert ids[2] == f"{ids[0]}-2"


def test_the_id_from_content_does_not_depend_on_the_order_of_names(tmp_path: Path) -> None:
    (one,) = good(tmp_path, '{"input": {"a": 1, "b": 2}, "output": {}}')
    (other,) = good(tmp_path, '{"output": {}, "input": {"b": 2, "a": 1}}')
    assert one.external_id == other.external_id


@pytest.mark.parametrize(
    ("spelled", "hour"),
    [
        ("2026-01-31", 0),
        ("2026-01-31T09:30", 9),
        ("2026-01-31 09:30:15.5", 9),
        ("2026-01-31t09:30:00z", 9),
        ("2026-01-31T09:30:00+0200", 7),
    ],
)
def test_moments_are_read_leniently_and_kept_in_utc(tmp_path: Path, spelled: str, hour: int) -> None:
    (read_row,) = good(tmp_path, row(at=spelled))
    assert read_row.at is not None
    assert (read_row.at.hour, read_row.at.tzinfo) == (hour, UTC)


def test_flat_objects_of_two_columns_are_input_and_output(tmp_path: Path) -> None:
    (read_row,) = good(tmp_path, {"prompt": "hello", "completion": "a", "id": "1"})
    assert (read_row.input, read_row.output, read_row.external_id) == ({"prompt": "hello"}, {"completion": "a"}, "1")


def test_an_input_and_an_output_that_are_plain_texts_are_two_columns(tmp_path: Path) -> None:
    (read_row,) = good(tmp_path, {"input": "hello", "output": "a", "draft": "b", "confidence": 0.5})
    assert (read_row.input, read_row.output, read_row.draft) == ({"input": "hello"}, {"output": "a"}, {"output": "b"})


def test_flat_objects_with_named_prefixes_are_sorted_by_them(tmp_path: Path) -> None:
    (read_row,) = good(
        tmp_path,
        {"input.mail.subject": "x", "input.mail.body": "y", "output.queue": "a", "draft.queue": "b", "other": 1},
    )
    assert read_row.input == {"mail": {"subject": "x", "body": "y"}}
    assert (read_row.output, read_row.draft) == ({"queue": "a"}, {"queue": "b"})


def test_flat_objects_are_sorted_by_what_the_person_named(tmp_path: Path) -> None:
    mapping = ColumnMapping(input_columns=("subject", "body"), output_columns=("queue", "tags"))
    rows = good(
        tmp_path,
        {"subject": "x", "body": "y", "queue": "a", "tags": ["t"], "sender": "s"},
        {"subject": "x", "body": None, "queue": None},
        mapping=mapping,
    )
    assert [(one.input, one.output) for one in rows] == [
        ({"subject": "x", "body": "y"}, {"queue": "a", "tags": ["t"]}),
        ({"subject": "x"}, {}),
    ]


def test_a_flat_row_without_any_named_output_is_refused(tmp_path: Path) -> None:
    mapping = ColumnMapping(input_columns=("subject",), output_columns=("queue",))
    first, second = read(tmp_path, {"subject": "x", "queue": "a"}, {"subject": "y"}, mapping=mapping)
    assert isinstance(first, HistoryRow)
    assert isinstance(second, RefusedRow)
    assert second.reason == "the row has no queue"


def test_named_fields_are_also_found_inside_input_and_output(tmp_path: Path) -> None:
    mapping = ColumnMapping(input_columns=("message",), output_columns=("queue",))
    (read_row,) = good(
        tmp_path, {"input": {"message": "x", "secret": "y"}, "output": {"queue": "a", "note": "n"}}, mapping=mapping
    )
    assert (read_row.input, read_row.output) == ({"message": "x"}, {"queue": "a"})


def test_naming_only_the_output_makes_everything_else_input(tmp_path: Path) -> None:
    (read_row,) = good(
        tmp_path, {"id": "1", "a": "x", "b": "y", "queue": "q"}, mapping=ColumnMapping(output_columns=("queue",))
    )
    assert read_row.input == {"a": "x", "b": "y"}


def test_an_unknown_column_is_an_error_that_suggests_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(HistoryFileError, match=r"work.jsonl has no column quue. Did you mean queue\?"):
        read(tmp_path, {"a": "x", "queue": "q"}, mapping=ColumnMapping(output_columns=("quue",)))


def test_three_columns_without_a_mapping_ask_for_one_and_show_how(tmp_path: Path) -> None:
    with pytest.raises(ColumnsUnclear, match="--input a,b --output c") as unclear:
        read(tmp_path, {"a": 1, "b": 2, "c": 3})
    assert unclear.value.columns == ("a", "b", "c")


def test_one_column_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(ColumnsUnclear, match="at least two columns"):
        read(tmp_path, {"text": "hello", "id": "1"})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"input": {"a": 1}}, r"does not say what a person answered \(output\)"),
        ({"input": {"a": 1, "b": 2}}, r"does not say what a person answered \(output\)"),
        ({"input": {"a": 1}, "output": None}, r"does not say what a person answered \(output\)"),
        ({"output": {"a": 1, "b": 2}, "id": "1"}, r"does not say what came in \(input\)"),
    ],
)
def test_a_file_without_answers_or_without_work_is_an_error(tmp_path: Path, line: Any, words: str) -> None:
    with pytest.raises(ColumnsUnclear, match=words):
        read(tmp_path, line, line)


def test_an_output_that_is_always_empty_is_an_answer(tmp_path: Path) -> None:
    assert [one.output for one in good(tmp_path, row(output={}), row(output={}))] == [{}, {}]


def test_a_column_cannot_be_both(tmp_path: Path) -> None:
    with pytest.raises(HistoryFileError, match="both input and output"):
        read(tmp_path, {"a": 1, "b": 2}, mapping=ColumnMapping(input_columns=("a",), output_columns=("a",)))


def test_naming_every_column_as_input_leaves_no_output(tmp_path: Path) -> None:
    with pytest.raises(HistoryFileError, match="no column is left for the output"):
        read(tmp_path, {"a": 1, "b": 2}, mapping=ColumnMapping(input_columns=("a", "b")))


def test_a_file_of_nothing_but_rubbish_refuses_each_row(tmp_path: Path) -> None:
    rows = read(tmp_path, "rubbish", "{]", "\x7f")
    assert [type(one) for one in rows] == [RefusedRow] * 3


def test_a_json_list_is_an_error_that_says_how_to_split_it(tmp_path: Path) -> None:
    path = tmp_path / "work.json"
    path.write_text(f"[\n{GOOD}\n]")
    with pytest.raises(HistoryFileError, match="one JSON list: write one object on each line"):
        read_history(path)


def test_the_summary_says_what_a_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "work.jsonl"
    lines = [row(id=number, draft={"queue": "b"}, group="g", at="2026-01-01", note="n") for number in range(20)]
    path.write_text("\n".join([*map(json.dumps, lines), "{", "[]"]))
    summary = inspect_history(path, samples=3)
    assert (summary.rows, summary.refused) == (20, 2)
    assert [one.line for one in summary.sample_rows] == [1, 2, 3]
    assert [one.line for one in summary.sample_refused] == [21, 22]
    assert (summary.has_drafts, summary.has_groups, summary.has_dates) == (True, True, True)
    assert summary.columns == ("input.message", "output.queue", "id", "draft.queue", "group", "at", "note")
    assert summary.notes == ("work.jsonl: these columns are not used: note.",)
    assert list_columns(path) == summary.columns
