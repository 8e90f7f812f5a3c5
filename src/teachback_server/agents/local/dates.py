"""Dates as texts spell them, in either order of day and month, and as ISO 8601 writes them."""

import re
from datetime import date

from teachback_server.agents.local.lexicon import MONTHS
from teachback_server.agents.local.tokens import Tokens

_MONTH = rf"(?P<month>{'|'.join(sorted(MONTHS, key=len, reverse=True))})\.?"
_PATTERNS = tuple(
    re.compile(rf"(?<!\w){pattern}(?!\w)", re.IGNORECASE)
    for pattern in (
        r"(?P<year>\d{4})[-/.](?P<number>\d{1,2})[-/.](?P<day>\d{1,2})",
        r"(?P<one>\d{1,2})[-/.] ?(?P<two>\d{1,2})[-/.] ?(?P<year>\d{4}|\d{2})",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[ -](?:of )?{_MONTH}[ ,-]+(?P<year>\d{{4}})",
        rf"{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})",
    )
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_CENTURY = 2000


def is_iso_date(text: str) -> bool:
    """Whether a text is a date such as 2024-03-05."""
    return bool(_ISO.fullmatch(text))


def parse_date(text: str, *, is_day_first: bool) -> str | None:
    """The first date that a stretch of text spells, as ISO 8601; None where there is none.

    The order of day and month matters only where both are numbers, as in 05/03/2024.
    """
    for pattern in _PATTERNS:
        match = pattern.search(text)
        if match is not None:
            return _read(match, is_day_first)
    return None


def find_dates(tokens: Tokens, value: str) -> list[tuple[int, int]]:
    """All places where the text spells this ISO date in either order, as (first, last) tokens."""
    places = {
        tokens.find_place(match.start(), match.end())
        for pattern in _PATTERNS
        for match in pattern.finditer(tokens.text)
        if value in (_read(match, True), _read(match, False))
    }
    return sorted(place for place in places if place is not None)


def _read(match: re.Match[str], is_day_first: bool) -> str | None:
    parts = match.groupdict()
    if "one" in parts:
        day, month = (parts["one"], parts["two"]) if is_day_first else (parts["two"], parts["one"])
    else:
        day, month = parts["day"], parts.get("number") or MONTHS[parts["month"].casefold()]
    year = int(parts["year"])
    try:
        return date(year if year >= 100 else year + _CENTURY, int(month), int(day)).isoformat()
    except ValueError:
        return None
