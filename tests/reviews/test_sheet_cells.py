"""Cells of a spreadsheet: no text becomes a formula, and each comes back as it was."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachback_server.reviews.outside.sheet_cells import (
    is_same_number,
    is_same_text,
    read_cell,
    read_date,
    read_number,
    write_cell,
    write_number,
)

SIGNS = "=+-@＝＋－＠"
NASTY = st.text(alphabet=st.sampled_from([*SIGNS, *"'\";,\t\r\n 01aA.", "\ufeff", "\u200b", "\xa0"]), max_size=12)
TEXTS = st.one_of(st.text(), NASTY)


@given(TEXTS)
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert read_cell(write_cell(text)) == text
    assert is_same_text(write_cell(text), text)


@given(TEXTS)
def test_no_cell_begins_like_a_formula_however_a_program_splits_it(text: str) -> None:
    cell = write_cell(text)
    assert not cell.lstrip("\ufeff\u200b \xa0").startswith((*SIGNS, "\t", "\r"))
    for part in re.split(r"[;\t\r\n]", cell)[1:]:
        assert not part.lstrip('" ').startswith(tuple(SIGNS))


@given(TEXTS)
def test_a_text_whose_apostrophe_a_program_took_for_its_own_is_still_the_same(text: str) -> None:
    assert is_same_text(write_cell(text).removeprefix("'"), text) or text.startswith("'")


@given(st.text(alphabet="ab'\r\n", max_size=8))
def test_ends_of_lines_do_not_count(text: str) -> None:
    assert is_same_text(write_cell(text).replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n"), text)


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+49 30 1", "-5", "@SUM(A1)", "\tx", "\r=x", " =1", "＝1", "'tis", "007", "1.50", "2026-03-31"),
        *("1/2", "MAR1", "3 Mar", "12:30 pm", "true", "1e5", "5%", "€ 12", "1 000"),
    ],
)
def test_what_a_program_would_rewrite_or_run_goes_out_as_a_text(text: str) -> None:
    assert write_cell(text) == "'" + text.replace("\r=", "\r'=")


@pytest.mark.parametrize("text", ["delivery", "A1", "where is it?", "", "x = 3", "march on", "no", "well, -5 or so"])
def test_an_ordinary_text_goes_out_as_it_is(text: str) -> None:
    assert write_cell(text) == text


def test_a_negative_number_stays_a_number_and_a_long_one_is_not_rounded() -> None:
    assert write_number("-5") == "-5"
    assert write_number("59.9") == "59.9"
    assert write_number("12345678901234567") == "'12345678901234567"
    assert write_number("1e+22") == "'1e+22"


@pytest.mark.parametrize(
    ("cell", "text"),
    [("59,90", "59.9"), ("1.200", "1200"), ("1,200.50", "1200.5"), ("1 200", "1200"), ("-5.0", "-5"), ("1E+3", "1000")],
)
def test_a_number_in_another_spelling_is_the_same(cell: str, text: str) -> None:
    assert is_same_number(cell, text)
    assert not is_same_number(cell, f"1{text.removeprefix('-')}")


@pytest.mark.parametrize("cell", ["", "abc", "nan", "inf", "1e999", "--5", "1" * 50_000])
def test_what_is_no_number_is_not_the_same(cell: str) -> None:
    assert not is_same_number(cell, "5")


@pytest.mark.parametrize(
    ("cell", "read"),
    [("59,95", "59.95"), ("'-5", "-5"), ("1 200", "1200"), ("1,200", "1,200"), ("1.2,3", "1.2,3"), ("five", "five")],
)
def test_a_comma_is_read_only_where_it_cannot_mean_thousands(cell: str, read: str) -> None:
    assert read_number(cell) == read


def test_a_date_with_dots_is_understood_and_one_with_slashes_left_for_the_person() -> None:
    assert read_date("31.3.2026") == "2026-03-31"
    assert read_date("'2026-03-31") == "2026-03-31"
    assert read_date("31.02.2026") == "31.02.2026"
    assert read_date("3/4/2026") == "3/4/2026"
