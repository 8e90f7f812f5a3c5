"""Tests of reading history from CSV: delimiters, encodings, quotes, and what is refused."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from teachback_server.jobs.csv_records import read_records, split_record
from teachback_server.jobs.history_file import (
    ColumnMapping,
    ColumnsUnclear,
    HistoryFileError,
    HistoryRow,
    RefusedRow,
    inspect_history,
    read_history,
)


def read(
    folder: Path, content: str | bytes, mapping: ColumnMapping | None = None, name: str = "work.csv"
) -> list[HistoryRow | RefusedRow]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_history(path, mapping or ColumnMapping()))


def good(folder: Path, content: str | bytes, mapping: ColumnMapping | None = None) -> list[HistoryRow]:
    rows = read(folder, content, mapping)
    assert [row for row in rows if isinstance(row, RefusedRow)] == []
    return [row for row in rows if isinstance(row, HistoryRow)]


def pairs(rows: list[HistoryRow]) -> list[tuple[object, object]]:
    return [(row.input, row.output) for row in rows]


def refused(row: HistoryRow | RefusedRow) -> RefusedRow:
    assert isinstance(row, RefusedRow)
    return row


def test_two_columns_are_enough(tmp_path: Path) -> None:
    assert pairs(good(tmp_path, "message,queue\nhello,a\nbye,b\n")) == [
        ({"message": "hello"}, {"queue": "a"}),
        ({"message": "bye"}, {"queue": "b"}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_in_the_header(tmp_path: Path, delimiter: str) -> None:
    content = delimiter.join(["message", "queue"]) + "\n" + delimiter.join(['"a,b;c\td"', "x"]) + "\n"
    assert pairs(good(tmp_path, content)) == [({"message": "a,b;c\td"}, {"queue": "x"})]


def test_the_delimiter_may_be_declared_as_spreadsheets_do(tmp_path: Path) -> None:
    (row,) = good(tmp_path, "sep=|\r\nmessage|queue\r\nhello|a\r\n")
    assert (row.input, row.line) == ({"message": "hello"}, 3)


def test_columns_with_prefixes_are_sorted_by_them(tmp_path: Path) -> None:
    content = (
        "ID,At,Input.mail.subject,input.text,output.queue,draft.queue,confidence,group,reviewer,seconds,used,extra\n"
        "7,2026-01-31T09:30:00Z,s,t,a,b,0.5,g,Ann,12,yes,zzz\n"
    )
    (row,) = good(tmp_path, content)
    assert (row.external_id, row.group, row.reviewer, row.seconds, row.used) == ("7", "g", "Ann", 12.0, True)
    assert row.at is not None
    assert (row.input, row.output) == ({"mail": {"subject": "s"}, "text": "t"}, {"queue": "a"})
    assert (row.draft, row.confidence) == ({"queue": "b"}, 0.5)


def test_columns_are_sorted_by_what_the_person_named(tmp_path: Path) -> None:
    mapping = ColumnMapping(input_columns=("Subject", "Amount [EUR]"), output_columns=("Order No.", "used"))
    (row,) = good(tmp_path, "Subject,Amount [EUR],Order No.,used,rest\ns,5,47-1,often,r\n", mapping)
    assert (row.input, row.output) == ({"Subject": "s", "Amount (EUR)": "5"}, {"Order No": "47-1", "used": "often"})
    assert row.used is None


def test_cells_stay_texts_because_an_order_number_is_no_number(tmp_path: Path) -> None:
    (row,) = good(tmp_path, "message,number\nhello,00123\n")
    assert row.output == {"number": "00123"}


def test_an_empty_cell_is_an_absent_field(tmp_path: Path) -> None:
    (row,) = good(tmp_path, "input.a,input.b,output.x,output.y\n1,,  ,\n")
    assert (row.input, row.output) == ({"a": "1"}, {})


def test_a_row_without_any_input_is_refused(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "message,queue\n,a\n")
    assert refused(row).reason == "nothing came in: every input field is empty"


def test_a_draft_of_nothing_counts_where_a_machine_was_sure_of_it(tmp_path: Path) -> None:
    sure, none = good(tmp_path, "input.a,output.b,draft.b,confidence\nx,,,0.9\ny,,,\n")
    assert sure.draft == {}
    assert none.draft is None


def test_a_single_draft_column_proposes_the_single_output(tmp_path: Path) -> None:
    (row,) = good(tmp_path, "message,queue,draft\nhello,a,b\n")
    assert row.draft == {"queue": "b"}


def test_a_single_draft_column_for_several_outputs_is_refused(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "input.a,output.b,output.c,draft\nx,y,z,w\n")
    assert "draft is a text" in refused(row).reason


def test_quoted_cells_may_hold_line_ends_delimiters_and_quotes(tmp_path: Path) -> None:
    rows = good(tmp_path, 'message,queue\r\n"Hello,\r\n""Ann""",a\r\n5" pipe,b\r\n')
    assert pairs(rows) == [({"message": 'Hello,\r\n"Ann"'}, {"queue": "a"}), ({"message": '5" pipe'}, {"queue": "b"})]
    assert [row.line for row in rows] == [2, 4]


def test_a_quote_that_is_never_closed_costs_one_row_and_not_the_rest(tmp_path: Path) -> None:
    rows = read(tmp_path, 'message,queue\na,b\n"open,c\nd,e\nf,g\n')
    assert [row.line for row in rows] == [2, 3, 4, 5]
    assert refused(rows[1]).reason == "a quotation mark is opened and never closed"
    assert [isinstance(row, HistoryRow) for row in rows] == [True, False, True, True]


def test_a_row_with_too_few_or_too_many_cells_is_refused(tmp_path: Path) -> None:
    few, many = read(tmp_path, "message,queue\na\na,b,c\n")
    assert refused(few).reason == "the row has 1 cells where the header has 2"
    assert refused(many).remedy == "put texts that contain a comma in double quotes"
    assert refused(many).raw == "a,b,c"


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("x,a,1.5,,", "outside 0 to 1"),
        ("x,a,95%,,", "“95%”, which is not a number"),
        ('x,a,"0,9",,', "“0,9”, which is not a number"),
        ("x,a,1_0,,", "not a number"),
        ("x,a,,01/31/2026,", "not a date"),
        ("x,a,,,perhaps", "write used as true or false"),
        ("x\x00,a,,,", "NUL"),
        (f"{'x' * 1_000_001},a,,,", "more than 1,000,000 characters"),
    ],
)
def test_a_bad_cell_refuses_its_row(tmp_path: Path, cells: str, reason: str) -> None:
    first, bad, last = read(tmp_path, f"message,queue,confidence,at,used\nx,a,,,no\n{cells}\ny,b,1,,1\n")
    assert isinstance(first, HistoryRow)
    assert isinstance(last, HistoryRow)
    assert reason in f"{refused(bad).reason}; {refused(bad).remedy}"


def test_utf8_with_a_mark_is_read_without_it(tmp_path: Path) -> None:
    (row,) = good(tmp_path, b"\xef\xbb\xbfmessage,queue\nCaf\xc3\xa9,a\n")
    assert row.input == {"message": "Café"}


def test_utf16_as_spreadsheets_write_it_is_read(tmp_path: Path) -> None:
    (row,) = good(tmp_path, "message\tqueue\r\nCafé\ta\r\n".encode("utf-16"))
    assert row.input == {"message": "Café"}


def test_western_european_text_is_read_and_a_note_says_so(tmp_path: Path) -> None:
    path = tmp_path / "work.csv"
    path.write_bytes("message,queue\nCafé für 5 €,a\n".encode("cp1252"))
    summary = inspect_history(path)
    assert summary.sample_rows[0].input == {"message": "Café für 5 €"}
    assert "not UTF-8" in summary.notes[0]


def test_bytes_that_windows_does_not_know_are_read_as_latin_1(tmp_path: Path) -> None:
    (row,) = good(tmp_path, b"message,queue\nCaf\xe9 \x81,a\n")
    assert row.input == {"message": "Café \x81"}


def test_one_broken_row_does_not_change_the_encoding_of_the_others(tmp_path: Path) -> None:
    content = "message,queue\nCafé,a\nMüll,b\n".encode() + b"Stra\xdfe,c\n"
    first, second, third = read(tmp_path, content)
    assert isinstance(first, HistoryRow)
    assert first.input == {"message": "Café"}
    assert isinstance(second, HistoryRow)
    assert "not valid UTF-8" in refused(third).reason


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "work.csv is empty: give a file with at least one finished job"),
        (b" \n\r\n\t\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"message,queue\n", "a header and no rows"),
        (b"message,message\na,b\n", "two columns named message"),
        (b",\na,b\n", "has no column names"),
        (b'"message,queue\na,b\n', "no header that can be read"),
        (b"PK\x03\x04rest", "a spreadsheet or an archive"),
        (b"\xd0\xcf\x11\xe0rest", "an old spreadsheet"),
        (b"\x1f\x8brest", "unpack it first"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x00\x01\x02" * 50, "not a text file"),
        (bytes(range(1, 256)) * 9, "not a text file"),
        (b"[\n{}\n]", "one JSON list"),
    ],
)
def test_a_file_that_is_no_history_is_an_error_with_a_remedy(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(HistoryFileError, match=words):
        read(tmp_path, content)


def test_a_missing_file_and_a_folder_are_errors_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(HistoryFileError, match="There is no file"):
        read_history(tmp_path / "absent.csv")
    with pytest.raises(HistoryFileError, match="cannot be read"):
        read_history(tmp_path)


def test_three_columns_without_a_mapping_ask_for_one(tmp_path: Path) -> None:
    with pytest.raises(ColumnsUnclear, match="--input a,b --output c"):
        read(tmp_path, "id,a,b,c\n1,2,3,4\n")


def test_json_lines_are_recognised_whatever_the_file_is_called(tmp_path: Path) -> None:
    (row,) = read(tmp_path, '{"input": {"a": 1}, "output": {"b": 2}}\n', name="work.csv")
    assert isinstance(row, HistoryRow)


def test_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    (row,) = good(tmp_path, "message,queue,\nhello,a,\n")
    assert row.input == {"message": "hello"}


def test_the_second_row_with_an_id_is_refused(tmp_path: Path) -> None:
    _, second = read(tmp_path, "id,message,queue\n1,a,b\n1,c,d\n")
    assert refused(second).reason == "the id “1” stands in line 2 already"


def test_a_row_has_the_same_id_from_csv_and_from_json(tmp_path: Path) -> None:
    (from_csv,) = good(tmp_path, "message,queue\nhello,a\n")
    (from_json,) = read(tmp_path, '{"message": "hello", "queue": "a"}', name="work.jsonl")
    assert isinstance(from_json, HistoryRow)
    assert from_csv.external_id == from_json.external_id


cells = st.lists(st.lists(st.text('aé",;\n\r ', max_size=6), min_size=2, max_size=3), min_size=1, max_size=6)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cells, st.sampled_from([",", ";", "\t"]))
def test_whatever_a_csv_writer_writes_is_read_back(rows: list[list[str]], delimiter: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    lines = enumerate(io.StringIO(written.getvalue(), newline=""), start=1)
    records = list(read_records(lines, delimiter, most_characters=10_000))
    assert [list(record.cells or ()) for record in records] == rows


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text('ab",\n\r', max_size=60))
def test_rubbish_ends_and_loses_no_line(text: str) -> None:
    lines = list(enumerate(io.StringIO(text, newline=""), start=1))
    records = list(read_records(lines, ",", most_characters=20))
    kept = "".join(record.raw for record in records)
    assert kept.split() == text.split()
    assert [record.line for record in records] == sorted({record.line for record in records})


def test_text_after_a_closing_quote_belongs_to_the_cell() -> None:
    assert split_record('"a"b,c', ",") == ("ab", "c")
    assert split_record('"open', ",") is None
