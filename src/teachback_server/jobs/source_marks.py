"""Marks in the input where the values of the proposal stand, so that the source of each is one glance away. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from teachback.json_types import JsonObject
from teachback.output_fields import list_values
from teachback.schema_fields import find_field_schema, list_field_names
from teachback_server.jobs.provenance import Place

# What is looked for in a text: a value, or the place from one letter up to another.
Wanted = str | tuple[int, int]
_FEWEST_LETTERS = 2  # a single letter stands everywhere


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A piece of a text; `field` names the output field whose value it is, empty for the text around."""

    text: str
    field: str = ""


def list_sourced_values(
    output: JsonObject | None, output_schema: JsonObject, places: Sequence[Place] = ()
) -> dict[str, dict[str, Wanted]]:
    """For each input field from which values are taken: what to mark there, by the dotted path of the output field.

    The boundary may name the input field of a value (`x-teachback-source`); what an agent says of a job counts more.
    """
    found: dict[str, dict[str, Wanted]] = {}
    for path in list_field_names(output_schema):
        source = (find_field_schema(output_schema, path) or {}).get("x-teachback-source")
        values = list_values(output or {}, path)
        if isinstance(source, str) and len(values) == 1 and isinstance(values[0], str):
            value = values[0].strip()
            if len(value) >= _FEWEST_LETTERS:
                found.setdefault(source, {})[path] = value
    for place in places:
        if place.input_field and not place.document:
            span = (place.start, place.end) if place.start is not None and place.end is not None else None
            if wanted := span or place.quote:
                found.setdefault(place.input_field, {})[place.field] = wanted
    return found


def mark_sources(text: str, values: Mapping[str, Wanted]) -> tuple[Piece, ...]:
    """Cut a text into pieces at the first place where each value stands; the longest values are placed first.

    The pieces join back to the text. Upper and lower case count as the same, because agents tidy up what they take.
    """
    folded = _fold(text)
    taken: list[tuple[int, int, str]] = []
    for field, wanted in sorted(values.items(), key=lambda item: -_length(item[1])):
        if isinstance(wanted, str):
            start = _find_free_place(folded, _fold(wanted), taken)
            end = (start or 0) + len(wanted)
        else:
            start, end = wanted if wanted[1] <= len(text) and _is_free(*wanted, taken) else (None, 0)
        if start is not None:
            taken.append((start, end, field))
    return _cut(text, sorted(taken))


def _length(wanted: Wanted) -> int:
    return len(wanted) if isinstance(wanted, str) else wanted[1] - wanted[0]


def _is_free(start: int, end: int, taken: Sequence[tuple[int, int, str]]) -> bool:
    return all(end <= low or start >= high for low, high, _ in taken)


def _fold(text: str) -> str:
    """Small letters, one for each letter, so that places stay what they are (a few letters would become two)."""
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def _find_free_place(text: str, value: str, taken: Sequence[tuple[int, int, str]]) -> int | None:
    start = text.find(value)
    while start >= 0:
        end = start + len(value)
        if _is_whole_words(text, start, end) and _is_free(start, end, taken):
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
