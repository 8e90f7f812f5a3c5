"""Marks in the input where the values of the proposal stand, so that the source of each is one glance away. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from teachback.json_types import JsonObject
from teachback.output_fields import list_values
from teachback.schema_fields import find_field_schema, list_field_names

_FEWEST_LETTERS = 2  # a single letter stands everywhere


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A piece of a text; `field` names the output field whose value it is, empty for the text around."""

    text: str
    field: str = ""


def list_sourced_values(output: JsonObject | None, output_schema: JsonObject) -> dict[str, dict[str, str]]:
    """For each input field from which values are taken: those values by the dotted path of their output field."""
    found: dict[str, dict[str, str]] = {}
    for path in list_field_names(output_schema):
        source = (find_field_schema(output_schema, path) or {}).get("x-teachback-source")
        values = list_values(output or {}, path)
        if isinstance(source, str) and len(values) == 1 and isinstance(values[0], str):
            value = values[0].strip()
            if len(value) >= _FEWEST_LETTERS:
                found.setdefault(source, {})[path] = value
    return found


def mark_sources(text: str, values: Mapping[str, str]) -> tuple[Piece, ...]:
    """Cut a text into pieces at the first place where each value stands; the longest values are placed first.

    The pieces join back to the text. Upper and lower case count as the same, because agents tidy up what they take.
    """
    folded = _fold(text)
    taken: list[tuple[int, int, str]] = []
    for field, value in sorted(values.items(), key=lambda item: -len(item[1])):
        start = _find_free_place(folded, _fold(value), taken)
        if start is not None:
            taken.append((start, start + len(value), field))
    return _cut(text, sorted(taken))


def _fold(text: str) -> str:
    """Small letters, one for each letter, so that places stay what they are (a few letters would become two)."""
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def _find_free_place(text: str, value: str, taken: Sequence[tuple[int, int, str]]) -> int | None:
    start = text.find(value)
    while start >= 0:
        end = start + len(value)
        if _is_whole_words(text, start, end) and all(end <= low or start >= high for low, high, _ in taken):
            return start
        start = text.find(value, start + 1)
    return None


def _is_whole_words(text: str, start: int, end: int) -> bool:
    cuts_before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    cuts_after = end < len(text) and text[end - 1].isalnum() and text[end].isalnum()
    return not (cuts_before or cuts_after)


def _cut(text: str, marks: Sequence[tuple[int, int, str]]) -> tuple[Piece, ...]:
    pieces, reached = [], 0
    for start, end, field in marks:
        pieces.append(Piece(text=text[reached:start]))
        pieces.append(Piece(text=text[start:end], field=field))
        reached = end
    pieces.append(Piece(text=text[reached:]))
    return tuple(piece for piece in pieces if piece.text)
