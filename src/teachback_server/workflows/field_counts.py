"""Counts what the values of one field look like over many rows, in memory that does not grow with the rows."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime

from teachback.json_types import Json, JsonObject

MOST_DISTINCT = 2_000  # beyond it a field is no choice, so its values need no counting
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)")


class FieldCounts:
    """What was seen of one field, and of the fields and items inside it."""

    def __init__(self) -> None:
        self.present = 0  # rows, or items, in which it has a value
        self.nulls = 0
        self.kinds: Counter[str] = Counter()  # by the type names of JSON Schema
        self.texts: Counter[str] = Counter()  # without the whitespace around them
        self.has_too_many_texts = False
        self.longest_text = 0
        self.days = 0
        self.moments = 0
        self.trues = 0
        self.lowest: float | None = None
        self.highest: float | None = None
        self.standing_in: Counter[str] = Counter()  # by input field: how many of the texts and numbers stand in it
        self.fields: dict[str, FieldCounts] = {}
        self.items: FieldCounts | None = None

    def add(self, value: Json, searched: Mapping[str, str]) -> None:
        """Count one value; `searched` holds the plain texts of the row's input, by field."""
        if value is None:
            self.nulls += 1
            return
        self.present += 1
        kind = json_type(value)
        self.kinds[kind] += 1
        if isinstance(value, str):
            self._add_text(value, searched)
        elif isinstance(value, bool):
            self.trues += value
        elif isinstance(value, int | float):
            self._add_number(value, searched)
        elif isinstance(value, Mapping):
            for name, inner in value.items():
                self.fields.setdefault(name, FieldCounts()).add(inner, searched)
        else:
            self.items = self.items or FieldCounts()
            for item in value:
                self.items.add(item, searched)

    def _add_text(self, value: str, searched: Mapping[str, str]) -> None:
        text = value.strip()
        self.longest_text = max(self.longest_text, len(text))
        self.days += is_day(text)
        self.moments += is_moment(text)
        if text in self.texts or len(self.texts) < MOST_DISTINCT:
            self.texts[text] += 1
        else:
            self.has_too_many_texts = True
        self._search(plain_text(text), searched)

    def _add_number(self, value: float, searched: Mapping[str, str]) -> None:
        self.lowest = value if self.lowest is None else min(self.lowest, value)
        self.highest = value if self.highest is None else max(self.highest, value)
        self._search(f"{value}", searched)

    def _search(self, plain: str, searched: Mapping[str, str]) -> None:
        if plain:
            self.standing_in.update(field for field, text in searched.items() if stands_in(plain, text))


def json_type(value: Json) -> str:
    """The name that JSON Schema has for the type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "integer" if isinstance(value, int) else "number"
    return "object" if isinstance(value, Mapping) else "array"


def plain_text(text: str) -> str:
    """A text without what makes no difference when it is looked for: capitals and the width of spaces."""
    return " ".join(text.casefold().split())


def list_plain_texts(value: JsonObject, path: str = "") -> dict[str, str]:
    """The texts of an input in plain form, by dotted field; the texts of a list are joined."""
    found: dict[str, str] = {}
    for name, inner in value.items():
        if isinstance(inner, str):
            found[f"{path}{name}"] = plain_text(inner)
        elif isinstance(inner, Mapping):
            found.update(list_plain_texts(inner, f"{path}{name}."))
        elif isinstance(inner, list | tuple):
            texts = [plain_text(item) for item in inner if isinstance(item, str)]
            if texts:
                found[f"{path}{name}"] = "\n".join(texts)
    return found


def stands_in(plain: str, text: str) -> bool:
    """Whether a plain text stands in another, and is not merely a part of a longer word or number there."""
    place = text.find(plain)
    while place >= 0:
        before, after = text[place - 1 : place], text[place + len(plain) : place + len(plain) + 1]
        if not (before.isalnum() and plain[0].isalnum()) and not (after.isalnum() and plain[-1].isalnum()):
            return True
        place = text.find(plain, place + 1)
    return False


def is_day(text: str) -> bool:
    """Whether a text is a calendar day like 2026-01-31."""
    return bool(_DAY.fullmatch(text)) and _exists(date.fromisoformat, text)


def is_moment(text: str) -> bool:
    """Whether a text is a moment with its offset like 2026-01-31T09:30:00Z."""
    return bool(_MOMENT.fullmatch(text)) and _exists(datetime.fromisoformat, text.upper())


def _exists(read: object, text: str) -> bool:
    try:
        return callable(read) and read(text) is not None
    except ValueError:
        return False
