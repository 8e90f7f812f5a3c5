"""Learns how a field spells what stands in a text: capitals, spaces, punctuation, dates, numbers, exceptions."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from teachback.json_types import Json
from teachback_server.agents.local.dates import parse_date
from teachback_server.agents.local.fields import ABSENT, spell_value
from teachback_server.agents.local.numbers import parse_number

_SPACE = re.compile(r"\s+")
_NUMBER = "number"  # the one manner that gives a number, not a text


def _keep_letters_and_digits(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


# In the order of trust: of manners that explain the examples equally well, the first is taken.
_MANNERS: Final[Mapping[str, Callable[[str], str]]] = {
    "as it is": str.strip,
    "single spaces": lambda text: _SPACE.sub(" ", text).strip(),
    "small letters": lambda text: _SPACE.sub(" ", text).strip().lower(),
    "capitals": lambda text: _SPACE.sub(" ", text).strip().upper(),
    "a capital for each word": lambda text: _SPACE.sub(" ", text).strip().title(),
    "a capital first": lambda text: _SPACE.sub(" ", text).strip().capitalize(),
    "no spaces": lambda text: _SPACE.sub("", text),
    "no spaces, capitals": lambda text: _SPACE.sub("", text).upper(),
    "no spaces, small letters": lambda text: _SPACE.sub("", text).lower(),
    "no thousands": lambda text: re.sub(r"[,\s]", "", text),
    "letters and digits": _keep_letters_and_digits,
    "letters and digits, capitals": lambda text: _keep_letters_and_digits(text).upper(),
    "letters and digits, small letters": lambda text: _keep_letters_and_digits(text).lower(),
    "a date, day first": lambda text: parse_date(text, is_day_first=True) or text,
    "a date, month first": lambda text: parse_date(text, is_day_first=False) or text,
}


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How the values of one field are made from stretches of text."""

    manner: str
    exceptions: Mapping[str, str]  # stretch of text → spelled value

    def spell(self, stretch: str) -> str:
        """The spelled value for a stretch of text; absent where it spells no number and a number is wanted."""
        known = self.exceptions.get(stretch)
        return _apply(self.manner, stretch) if known is None else known

    def as_json(self) -> Mapping[str, Json]:
        """The rules as plain values."""
        return {"manner": self.manner, "exceptions": dict(self.exceptions)}


def parse_spelling(stored: Mapping[str, Json]) -> Spelling:
    """Read what `as_json` wrote."""
    exceptions = stored["exceptions"]
    assert isinstance(exceptions, Mapping)
    return Spelling(manner=str(stored["manner"]), exceptions={key: str(value) for key, value in exceptions.items()})


def learn_spelling(pairs: Sequence[tuple[str, str]], *, is_number: bool) -> Spelling:
    """Learn from stretches of text and the spelled values that people made of them."""
    manner = _NUMBER if is_number else _choose_manner(pairs)
    counts: dict[str, Counter[str]] = {}
    for stretch, value in pairs:
        counts.setdefault(stretch, Counter())[value] += 1
    best = {stretch: max(sorted(seen), key=lambda value: seen[value]) for stretch, seen in sorted(counts.items())}
    exceptions = {stretch: value for stretch, value in best.items() if value != _apply(manner, stretch)}
    return Spelling(manner=manner, exceptions=exceptions)


def _choose_manner(pairs: Sequence[tuple[str, str]]) -> str:
    counts = Counter(pairs)
    agreement = {
        manner: sum(count for (stretch, value), count in counts.items() if _apply(manner, stretch) == value)
        for manner in _MANNERS
    }
    return max(_MANNERS, key=lambda manner: agreement[manner])


def _apply(manner: str, stretch: str) -> str:
    if manner != _NUMBER:
        return json.dumps(_MANNERS[manner](stretch), ensure_ascii=False)
    number = parse_number(stretch)
    return ABSENT if number is None else spell_value(number)
