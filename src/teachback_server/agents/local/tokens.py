"""Cuts a text into tokens and finds where in it the value of an output field stands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from teachback_server.agents.local.lexicon import NUMERALS

LONGEST_SPAN_TOKENS = 40
LONGEST_TEXT_TOKENS = 1_500  # what comes later in a text is not read
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_NUMBER = re.compile(r"\d(?:[\d.,'’]*\d)?")
_APOSTROPHES = re.compile(r"['’]")
_SIGNS = re.compile(r"[.,]")
_MINUS = ("-", "−")


@dataclass(frozen=True)
class Tokens:
    """A text with its tokens: runs of letters, runs of digits, single other signs."""

    text: str
    words: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def read_span(self, first: int, last: int) -> str:
        """The stretch of text from the token `first` up to the token before `last`."""
        return self.text[self.starts[first] : self.ends[last - 1]]


def cut_tokens(text: str) -> Tokens:
    """Cut a text; white space is not a token."""
    matches = list(_TOKEN.finditer(text))[:LONGEST_TEXT_TOKENS]
    return Tokens(
        text=text,
        words=tuple(match.group() for match in matches),
        starts=tuple(match.start() for match in matches),
        ends=tuple(match.end() for match in matches),
    )


def make_loose_key(value: str) -> str:
    """What is left of a value without its case, white space and punctuation."""
    return "".join(character for character in value.casefold() if character.isalnum())


def find_spans(tokens: Tokens, value: str) -> list[tuple[int, int]]:
    """All places where the value stands, as (first, last) tokens, `last` not included.

    Places with the same letters, case and punctuation come alone where there are any; otherwise those that differ in
    case, white space or punctuation only.
    """
    wanted = tuple(match.group() for match in _TOKEN.finditer(value))
    return _find_exact(tokens.words, wanted) or _find_loose(tokens.words, make_loose_key(value))


def _find_exact(words: tuple[str, ...], wanted: tuple[str, ...]) -> list[tuple[int, int]]:
    size = len(wanted)
    if not size or wanted[0] not in words:
        return []
    firsts = range(len(words) - size + 1)
    return [(at, at + size) for at in firsts if words[at] == wanted[0] and words[at : at + size] == wanted]


def _find_loose(words: Sequence[str], key: str) -> list[tuple[int, int]]:
    if not key:
        return []
    keys = [make_loose_key(word) for word in words]
    places = (_match_from(keys, at, key) for at in range(len(keys)) if keys[at] and key.startswith(keys[at]))
    return [place for place in places if place is not None]


def _match_from(keys: Sequence[str], first: int, key: str) -> tuple[int, int] | None:
    read = ""
    for at in range(first, min(len(keys), first + LONGEST_SPAN_TOKENS)):
        read += keys[at]
        if not key.startswith(read):
            return None
        if len(read) == len(key):
            return first, at + 1
    return None


def parse_number(text: str) -> float | None:
    """The first number that a stretch of text spells, with either decimal sign or as a word; None where there is none.

    A lone comma before exactly three digits separates thousands, as in 1,250; a lone point is a decimal point.
    """
    match = _NUMBER.search(text)
    if match is None:
        words = (NUMERALS.get(token.group().casefold()) for token in _TOKEN.finditer(text))
        return next((float(number) for number in words if number is not None), None)
    digits = _APOSTROPHES.sub("", match.group())
    last = max(digits.rfind("."), digits.rfind(","))
    sign, whole, part = digits[last : last + 1], digits[:last], digits[last + 1 :]
    is_alone = last >= 0 and not _SIGNS.search(whole)
    if last < 0 or digits.count(sign) > 1 or (is_alone and sign == "," and len(part) == 3):
        number = float(_SIGNS.sub("", digits))
    else:
        number = float(_SIGNS.sub("", whole) + "." + part)
    return -number if text[: match.start()].endswith(_MINUS) else number


def find_numbers(tokens: Tokens, value: float) -> list[tuple[int, int]]:
    """All places where the text spells this number, as (first, last) tokens; a minus sign belongs to its number."""
    places = [(at, at + 1) for at, word in enumerate(tokens.words) if NUMERALS.get(word.casefold()) == value]
    at_start = {start: at for at, start in enumerate(tokens.starts)}
    at_end = {end: at for at, end in enumerate(tokens.ends)}
    for match in _NUMBER.finditer(tokens.text):
        start = match.start()
        if value < 0 and tokens.text[:start].endswith(_MINUS):
            start -= 1
        if start in at_start and match.end() in at_end and parse_number(tokens.text[start : match.end()]) == value:
            places.append((at_start[start], at_end[match.end()] + 1))
    return sorted(places)
