"""Reads the values beside input and output: when, how sure, by whom, how long; from JSON or from a cell of text."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from teachback.json_types import Json
from teachback_server.jobs.history_row import RowRefused

MOST_NAME_CHARACTERS = 200
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s?([Zz]|[+-]\d\d:?\d\d)?)?")
_YES = ("true", "yes", "1", "y")
_NO = ("false", "no", "0", "n")


def read_name(value: Json, column: str) -> str:
    """An id, group or reviewer; empty where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RowRefused(f"{column} is {_kind(value)}", f"write {column} as a text or a whole number")
    name = str(value).strip()
    if len(name) > MOST_NAME_CHARACTERS:
        raise RowRefused(f"{column} has {len(name):,} characters", f"use at most {MOST_NAME_CHARACTERS}")
    return name


def read_moment(value: Json, column: str) -> datetime | None:
    """A moment in RFC 3339; one without an offset is taken as UTC."""
    if value is None or value == "":
        return None
    remedy = "write it like 2026-01-31T09:30:00Z"
    if not isinstance(value, str) or not _MOMENT.fullmatch(value.strip()):
        raise RowRefused(f"{column} is {_show(value)}, which is not a date in RFC 3339", remedy)
    try:
        moment = datetime.fromisoformat(value.strip().upper().replace(",", "."))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RowRefused(f"{column} is {_show(value)}, a moment that does not exist", remedy) from None


def read_confidence(value: Json, column: str) -> float | None:
    """A share from 0 to 1."""
    number = _read_number(value, column, "write a number from 0 to 1, for example 0.87")
    if number is not None and not 0 <= number <= 1:
        raise RowRefused(f"{column} is {_show(value)}, outside 0 to 1", "write it as a share: 0.87, not 87")
    return number


def read_seconds(value: Json, column: str) -> float | None:
    """A duration in seconds, not negative."""
    number = _read_number(value, column, "write the seconds as a number, for example 42.5")
    if number is not None and number < 0:
        raise RowRefused(f"{column} is {_show(value)}, less than 0", "write how many seconds the person spent")
    return number


def read_yes_or_no(value: Json, column: str) -> bool | None:
    """True or false; in a text also yes, no, 1 and 0."""
    if value is None or isinstance(value, bool):
        return value
    spelled = str(value).strip().lower() if isinstance(value, str | int) else None
    if spelled == "":
        return None
    if spelled in _YES or spelled in _NO:
        return spelled in _YES
    raise RowRefused(f"{column} is {_show(value)}", f"write {column} as true or false")


def read_object(value: Json, column: str, example: str) -> Mapping[str, Json]:
    """An object with fields."""
    if isinstance(value, Mapping):
        return value
    raise RowRefused(f"{column} is {_kind(value)}, not an object with fields", f'write it like "{column}": {example}')


def _read_number(value: Json, column: str, remedy: str) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RowRefused(f"{column} is {_kind(value)}", remedy)
    try:
        number = float(value.replace("_", "?") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        raise RowRefused(f"{column} is {_show(value)}, which is not a number", remedy) from None
    if not math.isfinite(number):
        raise RowRefused(f"{column} is {_show(value)}, which is not a number", remedy)
    return number


def _show(value: Json) -> str:
    text = f"“{value}”" if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "an object" if isinstance(value, Mapping) else "a list"
