"""Cuts a text into tokens and finds where in it the value of an output field stands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

LONGEST_SPAN_TOKENS = 40
LONGEST_TEXT_TOKENS = 1_500  # what comes later in a text is not read
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


@dataclass(frozen=True)
class Tokens:
    """A text with its tokens: runs of letters, runs of digits, single other signs."""

    text: str
    words: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def find_place(self, start: int, end: int) -> tuple[int, int] | None:
        """The tokens, (first, last) with `last` not included, from one character up to another; None inside a token."""
        if start not in self.starts or end not in self.ends:
            return None
        return self.starts.index(start), self.ends.index(end) + 1

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
    exact = _find_exact(tokens.words, wanted)
    return exact or [_with_edges(tokens.words, place, wanted) for place in _find_loose(tokens.words, wanted)]


def _find_exact(words: tuple[str, ...], wanted: tuple[str, ...]) -> list[tuple[int, int]]:
    size = len(wanted)
    if not size or wanted[0] not in words:
        return []
    firsts = range(len(words) - size + 1)
    return [(at, at + size) for at in firsts if words[at] == wanted[0] and words[at : at + size] == wanted]


def _find_loose(words: Sequence[str], wanted: Sequence[str]) -> list[tuple[int, int]]:
    key = make_loose_key("".join(wanted))
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


def _with_edges(words: Sequence[str], place: tuple[int, int], wanted: Sequence[str]) -> tuple[int, int]:
    """Take the punctuation around a place into it where the value begins or ends with the same signs."""
    first, last = place
    leading = list(takewhile(lambda word: not make_loose_key(word), wanted))
    trailing = list(takewhile(lambda word: not make_loose_key(word), reversed(wanted)))
    if leading and list(words[max(0, first - len(leading)) : first]) == leading:
        first -= len(leading)
    if trailing and list(words[last : last + len(trailing)]) == trailing[::-1]:
        last += len(trailing)
    return first, last
