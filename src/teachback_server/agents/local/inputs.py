"""What an input looks like to a learner: its texts, its facts and its numbers, whatever its shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from teachback.json_types import Json, JsonObject

LONGEST_FACT_CHARACTERS = 40
_LONGEST_LISTED = 6  # of a short list the order is a fact too: what was asked for first, for example
_LARGEST_NUMBER = 1e300


@dataclass(frozen=True, kw_only=True)
class FlatInput:
    """One input without its nesting; every key is the dotted path of the value in the input."""

    texts: Mapping[str, str]  # every string; the strings of one list joined by line breaks
    facts: tuple[str, ...]  # `path=value` for short strings, list items, booleans and absent values
    numbers: Mapping[str, float]


@dataclass(frozen=True)
class _Parts:
    texts: dict[str, list[str]] = field(default_factory=dict)
    facts: set[str] = field(default_factory=set)
    numbers: dict[str, float] = field(default_factory=dict)

    def as_flat(self) -> FlatInput:
        texts = {path: "\n".join(parts) for path, parts in self.texts.items()}
        return FlatInput(texts=texts, facts=tuple(sorted(self.facts)), numbers=self.numbers)


def flatten_input(value: JsonObject) -> FlatInput:
    """Take an input apart; the result does not depend on the order of its keys."""
    parts = _Parts()
    _add(parts, "", value)
    return parts.as_flat()


def _add(parts: _Parts, path: str, value: Json) -> None:
    if isinstance(value, Mapping):
        for key in sorted(value):
            _add(parts, f"{path}.{key}" if path else key, value[key])
    elif isinstance(value, str):
        _add_text(parts, path, value)
    elif isinstance(value, Sequence):
        _add_list(parts, path, value)
    elif isinstance(value, bool) or value is None:
        parts.facts.add(f"{path}={value}")
    else:
        parts.numbers[path] = float(max(-_LARGEST_NUMBER, min(_LARGEST_NUMBER, value)))


def _add_text(parts: _Parts, path: str, text: str) -> None:
    parts.texts.setdefault(path, []).append(text)
    if len(text) <= LONGEST_FACT_CHARACTERS:
        parts.facts.add(f"{path}={text.strip().casefold()}")


def _add_list(parts: _Parts, path: str, items: Sequence[Json]) -> None:
    for item in items:
        _add(parts, path, item)
    short = [item.strip().casefold() for item in items if isinstance(item, str)]
    if len(short) == len(items) <= _LONGEST_LISTED and all(len(item) <= LONGEST_FACT_CHARACTERS for item in short):
        parts.facts.add(f"{path}[]={'|'.join(short)}")
        parts.facts.update(f"{path}[0]={first}" for first in short[:1])
