"""Figures, times and the fixed words as a person reads them. Pure: no web, no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from teachback.json_types import Json
from teachback.spelled_share import HARD_SPACE, spell_share

_COUNTED_IN_DAYS = timedelta(days=60)
NOT_KNOWN = "cannot tell yet"


class Tone(StrEnum):
    """What a badge or note says about itself; each has a shape of its own besides its colour."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    INFO = "info"
    UNSURE = "unsure"


@dataclass(frozen=True, kw_only=True)
class Word:
    """A stored word as a person reads it."""

    label: str
    tone: Tone


def _words(tone: Tone, **labels: str) -> dict[str, Word]:
    return {value.replace("_", " "): Word(label=label, tone=tone) for value, label in labels.items()}


WORDS: Mapping[str, Word] = {
    **_words(
        Tone.GOOD, finished="Finished", accepted="Accepted", proven="Proven better", resolved="Resolved", right="Right"
    ),
    **_words(Tone.GOOD, used="Used", live="Live", done="Done"),
    **_words(
        Tone.INFO,
        not_worse="Not worse",
        running="Running",
        new="New",
        escalated="Escalated",
        review="Kept for a person",
    ),
    **_words(Tone.INFO, audit="Used, reviewed too", auto="Used at once", proposed="Proposed"),
    **_words(Tone.WARN, handed_back="Handed back", corrected="Corrected", growing="Growing"),
    **_words(Tone.BAD, failed="Failed", rejected="Rejected", harmful="Harmful", regressed="Came back", wrong="Wrong"),
    **_words(Tone.BAD, not_used="Not used"),
    **_words(Tone.UNSURE, cannot_tell="Cannot tell yet", ignored="Ignored", observed="Used before we saw it"),
    **_words(Tone.UNSURE, declined="Declined", unresolved="Cause not known yet"),
    **_words(Tone.UNSURE, source_data="Source data", tool="Tool", missing_approval="Missing approval"),
    **_words(Tone.UNSURE, unclear_criteria="Unclear criteria", model="Model", instructions="Instructions"),
}


def word_of(value: str) -> Word:
    """The words of a stored value; a value that is not in the list is shown as it is written."""
    plain = value.replace("_", " ")
    return WORDS.get(plain) or Word(label=plain[:1].upper() + plain[1:], tone=Tone.UNSURE)


def percent(share: float | None) -> str:
    """A share between 0 and 1 as "87 %". One decimal below 10 % and just short of 100 %, where it matters."""
    if share is None:
        return NOT_KNOWN
    return spell_share(share)


def interval(low: float, high: float) -> str:
    """Two shares as "84 to 90 %"."""
    return f"{percent(low).removesuffix(HARD_SPACE + '%')} to {percent(high)}"


def count(number: float) -> str:
    """A whole number with its thousands apart: "1 240"."""
    return f"{round(number):,}".replace(",", HARD_SPACE)


def duration(seconds: float | None) -> str:
    """A length of time in the unit that a person would use: "0.8 s", "11 s", "4 min", "2 h 5 min", "3 days"."""
    if seconds is None:
        return NOT_KNOWN
    if seconds < 9.95:
        return f"{seconds:.1f}{HARD_SPACE}s"
    if seconds < 99.5:
        return f"{seconds:.0f}{HARD_SPACE}s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes}{HARD_SPACE}min"
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours}{HARD_SPACE}h" + (f" {rest}{HARD_SPACE}min" if rest else "")
    return f"{round(minutes / 1440)} days"


def ago(at: datetime, now: datetime) -> str:
    """How long ago, or how long until: "just now", "27 min ago", "in 3 days"; beyond two months, the day."""
    away = now - at
    if abs(away) > _COUNTED_IN_DAYS:
        return f"on {at.day}{HARD_SPACE}{at:%b %Y}"
    if abs(away) < timedelta(seconds=45):
        return "just now"
    length = duration(max(abs(away).total_seconds(), 60))
    return f"{length} ago" if away > timedelta(0) else f"in {length}"


def shown(value: Json) -> str:
    """A value of an input or output in one line of text."""
    if value is None or value == "":
        return "(empty)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {shown(part)}" for name, part in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(shown(part) for part in value)
    return str(value)
