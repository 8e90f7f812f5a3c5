"""Splits CSV text into records, with quoted line ends, and recovers after a quotation mark that is never closed."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

_INSIDE_QUOTES = re.compile(r'(?:[^"]|"")*')


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record and the number of the line on which it begins. No cells: its quotation mark is never closed."""

    line: int
    raw: str
    cells: tuple[str, ...] | None


def read_records(lines: Iterable[tuple[int, str]], delimiter: str, *, most_characters: int) -> Iterator[Record]:
    """Read records from numbered lines; blank lines between records are skipped.

    Where an opened quotation mark is not closed within `most_characters` or by the end of the file, only the line
    that opened it is given up, and reading goes on with the line after it.
    """
    source = iter(lines)
    waiting: list[tuple[int, str]] = []  # lines to be read again, the next one last
    while True:
        held = [waiting.pop()] if waiting else [line for line in [next(source, None)] if line is not None]
        if not held:
            return
        if not held[0][1].strip():
            continue
        splitter = _Splitter(delimiter)
        is_complete = splitter.feed(held[0][1])
        size = len(held[0][1])
        while not is_complete and size <= most_characters:
            following = waiting.pop() if waiting else next(source, None)
            if following is None:
                break
            held.append(following)
            size += len(following[1])
            is_complete = splitter.feed(following[1])
        if is_complete:
            yield Record(line=held[0][0], raw="".join(text for _, text in held), cells=tuple(splitter.cells))
        else:
            yield Record(line=held[0][0], raw=held[0][1], cells=None)
            waiting.extend(reversed(held[1:]))


def split_record(text: str, delimiter: str) -> tuple[str, ...] | None:
    """Split one record into its cells; None where a quotation mark is not closed."""
    splitter = _Splitter(delimiter)
    return tuple(splitter.cells) if splitter.feed(text) else None


class _Splitter:
    """Takes the lines of one record one after the other, and remembers an open quotation mark between them."""

    def __init__(self, delimiter: str) -> None:
        self.cells: list[str] = []
        self._plain = _plain_text(delimiter)
        self._delimiter = delimiter
        self._quoted: list[str] | None = None

    def feed(self, line: str) -> bool:
        """Take one line; True when the record ends with it."""
        position = 0
        while True:
            if self._quoted is None and line.startswith('"', position):
                self._quoted = []
                position += 1
            if self._quoted is not None:
                inside = _INSIDE_QUOTES.match(line, position)
                self._quoted.append(inside.group() if inside else "")
                position = inside.end() if inside else position
                if position == len(line):
                    return False
                position += 1
            plain = self._plain.match(line, position)
            rest = plain.group() if plain else ""
            position += len(rest)
            quoted = "".join(self._quoted or ()).replace('""', '"')
            self._quoted = None
            self.cells.append(quoted + rest)
            if not line.startswith(self._delimiter, position):
                return True
            position += 1


@lru_cache(maxsize=8)
def _plain_text(delimiter: str) -> re.Pattern[str]:
    return re.compile(f"[^{re.escape(delimiter)}\r\n]*")
