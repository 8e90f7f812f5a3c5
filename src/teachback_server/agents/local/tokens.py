"""Cuts a text into tokens and finds where in it the value of an output field stands."""

import re
from dataclasses import dataclass

LONGEST_SPAN_TOKENS = 40
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_NUMBER = re.compile(r"[-+]?\d[\d.,' ]*")


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
    matches = list(_TOKEN.finditer(text))
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
    wanted = [token.group() for token in _TOKEN.finditer(value)]
    exact = _find_exact(tokens, wanted)
    return exact or _find_loose(tokens, make_loose_key(value))


def _find_exact(tokens: Tokens, wanted: list[str]) -> list[tuple[int, int]]:
    size = len(wanted)
    if not size:
        return []
    pattern = tuple(wanted)
    ends = range(len(tokens.words) - size + 1)
    return [(at, at + size) for at in ends if tokens.words[at] == wanted[0] and tokens.words[at : at + size] == pattern]


def _find_loose(tokens: Tokens, key: str) -> list[tuple[int, int]]:
    if not key:
        return []
    keys = [make_loose_key(word) for word in tokens.words]
    places = (_match_from(keys, at, key) for at in range(len(keys)) if keys[at] and key.startswith(keys[at]))
    return [place for place in places if place is not None]


def _match_from(keys: list[str], first: int, key: str) -> tuple[int, int] | None:
    read = ""
    for at in range(first, min(len(keys), first + LONGEST_SPAN_TOKENS)):
        read += keys[at]
        if not key.startswith(read):
            return None
        if len(read) == len(key):
            return first, at + 1
    return None


def parse_number(text: str) -> float | None:
    """The number that a stretch of text spells, with either decimal sign; None where it spells none."""
    match = _NUMBER.search(text)
    if match is None:
        return None
    digits = re.sub(r"[' ]", "", match.group()).rstrip(".,")
    decimal = max(digits.rfind("."), digits.rfind(","))
    # A single separator before exactly three digits marks thousands, as in 1,250; any other marks decimals.
    is_thousands = len(digits) - decimal - 1 == 3 and digits.count(digits[decimal]) == len(re.findall(r"[.,]", digits))
    if decimal >= 0 and not is_thousands:
        digits = re.sub(r"[.,]", "", digits[:decimal]) + "." + digits[decimal + 1 :]
    else:
        digits = re.sub(r"[.,]", "", digits)
    try:
        return float(digits)
    except ValueError:
        return None


def find_numbers(tokens: Tokens, value: float) -> list[tuple[int, int]]:
    """All places where the text spells this number, as (first, last) tokens."""
    places = []
    by_start = {start: at for at, start in enumerate(tokens.starts)}
    for match in _NUMBER.finditer(tokens.text):
        if parse_number(match.group()) == value:
            first = by_start.get(match.start())
            if first is None:
                continue
            end = match.start() + len(match.group().rstrip(".,' "))
            last = first
            while last < len(tokens.ends) and tokens.ends[last] <= end:
                last += 1
            if last > first:
                places.append((first, last))
    return places
