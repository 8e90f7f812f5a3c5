"""What an input looks like to a learner: its texts, its facts and its numbers, whatever its shape."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from teachback.json_types import Json, JsonObject

LONGEST_FACT_CHARACTERS = 40


@dataclass(frozen=True, kw_only=True)
class FlatInput:
    """One input without its nesting; every key is the dotted path of the value in the input."""

    texts: Mapping[str, str]  # every string; the strings of one list joined by line breaks
    facts: tuple[str, ...]  # `path=value` for short strings, list items, booleans and absent values
    numbers: Mapping[str, float]


def flatten_input(value: JsonObject) -> FlatInput:
    """Take an input apart; the result does not depend on the order of its keys."""
    texts: dict[str, list[str]] = {}
    facts: list[str] = []
    numbers: dict[str, float] = {}
    for path, leaf in _walk("", value):
        if isinstance(leaf, str):
            texts.setdefault(path, []).append(leaf)
            if len(leaf) <= LONGEST_FACT_CHARACTERS:
                facts.append(f"{path}={leaf.strip().casefold()}")
        elif isinstance(leaf, bool) or leaf is None:
            facts.append(f"{path}={leaf}")
        else:
            numbers[path] = float(leaf)
    joined = {path: "\n".join(parts) for path, parts in texts.items()}
    return FlatInput(texts=joined, facts=tuple(sorted(set(facts))), numbers=numbers)


def _walk(path: str, value: Json) -> Iterator[tuple[str, str | bool | int | float | None]]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _walk(f"{path}.{key}" if path else key, value[key])
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _walk(path, item)
    else:
        yield path, value
