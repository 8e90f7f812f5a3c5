"""Cells of a spreadsheet: texts that no program takes for a formula or rewrites, and back to what they were. Pure."""

import math
import re
from datetime import date

LONGEST_CELL = 32_000  # Excel cuts longer ones off at 32,767 letters without a word
_APOSTROPHE = "'"  # before a text it tells spreadsheets that it is one
_SIGNS = "=+\\-@＝＋－＠"
_STARTS_FORMULA = re.compile(rf"[\s\ufeff\u200b]*[{_SIGNS}\t\r\n]")
# A program that splits at other signs than a comma, or knows no quotes, sees a cell of its own begin after these.
_INNER = re.compile(rf"([;\t\r\n](?:[^\S\t\r\n]|\")*'*)(?=[{_SIGNS}])")
_INNER_WRITTEN = re.compile(rf"([;\t\r\n](?:[^\S\t\r\n]|\")*'*)'(?=[{_SIGNS}])")
_MONTH = "(?:jan|feb|mar|mär|mrz|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-zä]*"
# What spreadsheet programs make a number, a date or a yes of their own from: 007 would come back as 7.
_REWRITTEN = re.compile(
    rf"[(.,$€£¥\s]*\d[\d\s.,:/%$€£¥()e+\-]*(?:am|pm)?|\d{{1,4}}[\s./-]*{_MONTH}[\d\s./,-]*|{_MONTH}[\s./,-]*\d[\d\s./,-]*"
    r"|true|false",
    re.IGNORECASE,
)
_PLAIN_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,14})?")
_MOST_DIGITS = 15  # that spreadsheets keep of a number
_SPACES_IN_NUMBERS = re.compile("[\\s\u202f\u00a0']")
_POINT_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?", re.IGNORECASE)
_GERMAN_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


def write_cell(text: str) -> str:
    """A text as a cell. One that could be taken for a formula or a number gets an apostrophe; see `read_cell`."""
    inner = _INNER.sub(r"\1'", text)
    return _APOSTROPHE + inner if _needs_apostrophe(text) else inner


def read_cell(cell: str) -> str:
    """The text of a cell, without the apostrophes that `write_cell` put there."""
    if cell.startswith(_APOSTROPHE):
        rest = _INNER_WRITTEN.sub(r"\1", cell[1:])
        if _needs_apostrophe(rest):
            return rest
    return _INNER_WRITTEN.sub(r"\1", cell)


def write_number(text: str) -> str:
    """The spelling of a number as a cell: a plain one to calculate with; any other as a text, to stay exact."""
    is_plain = _PLAIN_NUMBER.fullmatch(text) and sum(sign.isdigit() for sign in text) <= _MOST_DIGITS
    return text if is_plain else write_cell(text)


def is_same_text(cell: str, text: str) -> bool:
    """Whether a cell still holds a text; ends of lines, spaces around and a lost apostrophe do not count."""
    return _even(text) in (_even(cell), _even(read_cell(cell)))


def is_same_number(cell: str, text: str) -> bool:
    """Whether a cell still holds a number, however a program spells it: 59.9 as 59,90, or 1200 as 1.200."""
    number = _read_float(text)
    return number is not None and number in _list_readings(read_cell(cell))


def read_number(cell: str) -> str:
    """What a person wrote as a number, with a point; unchanged where the comma could mean thousands."""
    text = _SPACES_IN_NUMBERS.sub("", read_cell(cell))
    whole, comma, rest = text.partition(",")
    if comma and "," not in rest and "." not in whole and rest.isdigit() and len(rest) != len("000"):
        return f"{whole}.{rest}"
    return text


def read_date(cell: str) -> str:
    """What a person wrote as a date, as year-month-day; 31.03.2026 is understood, any other spelling left alone."""
    text = read_cell(cell).strip()
    found = _GERMAN_DATE.fullmatch(text)
    if found is None:
        return text
    try:
        return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
    except ValueError:
        return text


def even_lines(text: str) -> str:
    """A text with the ends of its lines as they are stored, whatever a program made of them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _needs_apostrophe(text: str) -> bool:
    if text.startswith(_APOSTROPHE) or _STARTS_FORMULA.match(text):
        return True
    return _REWRITTEN.fullmatch(text.strip()) is not None


def _even(text: str) -> str:
    return even_lines(text).strip()


def _list_readings(text: str) -> list[float]:
    """The numbers that a spelling may stand for: with a point or a comma before the fraction."""
    bare = _SPACES_IN_NUMBERS.sub("", text)
    spellings = (bare, bare.replace(",", ""), bare.replace(".", "").replace(",", "."))
    return [number for number in map(_read_float, spellings) if number is not None]


def _read_float(text: str) -> float | None:
    number = float(text) if _POINT_NUMBER.fullmatch(text) and len(text) <= LONGEST_CELL else math.nan
    return number if math.isfinite(number) else None
