"""Template filters of the pages of patterns and changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django import template
from django.utils import timezone

from teachback_server.improvements.queries import TrendSlice

register = template.Library()
BAR_STEP = 10  # a bar of 8 and a gap of 2
HEIGHT = 24


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar, measured from the top left."""

    x: int
    y: float
    height: float
    kind: str  # "bar", "floor" for none, "blind" where nobody decided anything


@dataclass(frozen=True, kw_only=True)
class Bars:
    """A trend as it is drawn, and the same in words."""

    bars: tuple[Bar, ...]
    width: int
    words: str


@register.filter
def bars(trend: Sequence[TrendSlice]) -> Bars | None:
    """The bars of a trend; None where there is nothing to draw."""
    if not trend:
        return None
    highest = max(slice_.share for slice_ in trend) or 1.0
    return Bars(
        bars=tuple(_bar(position, slice_, highest) for position, slice_ in enumerate(trend)),
        width=BAR_STEP * len(trend),
        words="Corrected, of decided jobs, over time: "
        + ", ".join(f"{slice_.corrections} of {slice_.reviewed}" for slice_ in trend),
    )


@register.filter
def is_past(day: date) -> bool:
    """Whether a day is over."""
    return day < timezone.now().date()


def _bar(position: int, slice_: TrendSlice, highest: float) -> Bar:
    if not slice_.reviewed:
        return Bar(x=BAR_STEP * position, y=HEIGHT - 2, height=2, kind="blind")
    if not slice_.corrections:
        return Bar(x=BAR_STEP * position, y=HEIGHT - 2, height=2, kind="floor")
    height = max(3.0, round(HEIGHT * slice_.share / highest, 1))
    return Bar(x=BAR_STEP * position, y=HEIGHT - height, height=height, kind="bar")
