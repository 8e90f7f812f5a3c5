"""Numbers as texts spell them: with either decimal sign, with thousands set apart, or as a word."""

import re

from teachback_server.agents.local.lexicon import NUMERALS
from teachback_server.agents.local.tokens import Tokens

_NUMBER = re.compile(r"\d(?:[\d.,'’]*\d)?")
_APOSTROPHES = re.compile(r"['’]")
_SIGNS = re.compile(r"[.,]")
_LETTERS = re.compile(r"[^\W\d_]+")
_MINUS = ("-", "−")


def parse_number(text: str) -> float | None:
    """The first number that a stretch of text spells; None where there is none.

    A lone comma before exactly three digits separates thousands, as in 1,250; a lone point is a decimal point.
    """
    match = _NUMBER.search(text)
    if match is None:
        words = (NUMERALS.get(word.casefold()) for word in _LETTERS.findall(text))
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
    for match in _NUMBER.finditer(tokens.text):
        start = match.start()
        if value < 0 and tokens.text[:start].endswith(_MINUS):
            start -= 1
        if parse_number(tokens.text[start : match.end()]) == value:
            place = tokens.find_place(start, match.end())
            places += [place] if place else []
    return sorted(places)
