"""Where an agent says that it took each value from: a passage of the input, or a place in a document. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from teachback.json_types import Json, JsonObject

_MOST_FIELDS = 200
_MOST_PLACES = 5  # of one field
_LONGEST_QUOTE = 1000
_LONGEST_NAME = 200
_MOST_PAGES = 100_000
_BOX_CORNERS = 4


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle on a page or an image; left, top, right and bottom as shares of its width and height, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, kw_only=True)
class Place:
    """One source of one field's value. What is empty or None was not said."""

    field: str  # of the output, dotted
    document: str = ""  # the name of an attachment; empty: the input itself
    input_field: str = ""
    start: int | None = None  # letters into the text
    end: int | None = None
    quote: str = ""
    page: int | None = None  # counts from 1
    box: Box | None = None
    words: str = ""  # said in a way that cannot be shown, only read

    @property
    def said(self) -> str:
        """The source in words, for whoever does not see the mark."""
        parts = [self.document or self.input_field, f"page {self.page}" if self.page else ""]
        quote = f"“{self.quote}”" if self.quote else ""
        return ", ".join(part for part in (*parts, quote, self.words) if part)


def read_provenance(said: Json) -> tuple[Place, ...]:
    """The places that an agent named, whatever else it sent; what is no place is kept in its own words.

    `said` is an object: the dotted output field → a place, or a list of them. A place is an object with `document` (the
    name of an attachment) or `input` (a field of the input), and where in it: `start` and `end`, `text` (a quote),
    `page` (from 1) or `box` ([left, top, right, bottom], shares of the width and the height).
    """
    if not isinstance(said, Mapping):
        return ()
    found: list[Place] = []
    for field, places in list(said.items())[:_MOST_FIELDS]:
        several = places if isinstance(places, Sequence) and not isinstance(places, str) else [places]
        found += [place for one in several[:_MOST_PLACES] if (place := _read_place(field[:_LONGEST_NAME], one))]
    return tuple(found)


def _read_place(field: str, said: Json) -> Place | None:
    if isinstance(said, str):
        return Place(field=field, words=said[:_LONGEST_QUOTE]) if said.strip() else None
    if not isinstance(said, Mapping):
        return None
    start, end = _whole(said.get("start")), _whole(said.get("end"))
    is_span = start is not None and end is not None and start < end
    place = Place(
        field=field,
        document=_text(said, "document", "attachment", "file"),
        input_field=_text(said, "input", "input_field"),
        start=start if is_span else None,
        end=end if is_span else None,
        quote=_text(said, "text", "quote", longest=_LONGEST_QUOTE),
        page=page if (page := _whole(said.get("page"))) and page <= _MOST_PAGES else None,
        box=_read_box(said.get("box")),
        words=_text(said, "step", "source"),
    )
    return place if place.said or place.start is not None else None


def _text(said: JsonObject, *names: str, longest: int = _LONGEST_NAME) -> str:
    values = (said.get(name) for name in names)
    return next((value.strip()[:longest] for value in values if isinstance(value, str) and value.strip()), "")


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _read_box(value: Json) -> Box | None:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != _BOX_CORNERS:
        return None
    corners = [float(one) for one in value if isinstance(one, int | float) and math.isfinite(one) and 0 <= one <= 1]
    if len(corners) != _BOX_CORNERS or corners[0] >= corners[2] or corners[1] >= corners[3]:
        return None
    return Box(left=corners[0], top=corners[1], right=corners[2], bottom=corners[3])
