"""Figures, times and stored words read as a person would say them."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest

from teachback.json_types import Json
from teachback.vocabulary import Cause, GateVerdict, JobStatus, PatternState, ReviewVerdict, RoutingKind
from teachback_server.site.wording import WORDS, ago, count, duration, interval, percent, shown, word_of


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "cannot tell yet"),
        (0.0, "0 %"),
        (0.009, "0.9 %"),
        (0.05, "5 %"),
        (0.0994, "9.9 %"),
        (0.0996, "10 %"),
        (0.87, "87 %"),
        (0.994, "99.4 %"),
        (0.9999, "99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_a_whole_percent_except_where_a_decimal_matters(share: float | None, words: str) -> None:
    assert plain(percent(share)) == words


def test_an_interval_names_the_percent_sign_once() -> None:
    assert plain(interval(0.842, 0.899)) == "84 to 90 %"


def test_thousands_stand_apart() -> None:
    assert plain(count(1234567)) == "1 234 567"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "cannot tell yet"),
        (0.84, "0.8 s"),
        (11.2, "11 s"),
        (240, "4 min"),
        (7500, "2 h 5 min"),
        (260000, "3 days"),
    ],
)
def test_a_length_of_time_has_the_unit_that_a_person_would_use(seconds: float | None, words: str) -> None:
    assert plain(duration(seconds)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "just now"),
        (-3, "just now"),
        (60, "60 s ago"),
        (1620, "27 min ago"),
        (-7200, "in 2 h"),
        (59 * 86400, "59 days ago"),
        (61 * 86400, "on 31 Dec 2025"),
        (-61 * 86400, "on 2 May 2026"),
    ],
)
def test_a_time_is_told_by_how_long_it_is_away(seconds: float, words: str) -> None:
    now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    assert plain(ago(now - timedelta(seconds=seconds), now)) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "(empty)"),
        ("", "(empty)"),
        (0, "0"),
        (False, "no"),
        (["a", 2], "a, 2"),
        ({"a": None, "b": [True]}, "a: (empty), b: yes"),
    ],
)
def test_any_value_can_be_shown_in_one_line(value: Json, words: str) -> None:
    assert shown(value) == words


@pytest.mark.parametrize("kind", [JobStatus, RoutingKind, ReviewVerdict, GateVerdict, PatternState, Cause])
def test_every_fixed_word_has_its_label(kind: type[StrEnum]) -> None:
    assert {member.value.replace("_", " ") for member in kind} <= set(WORDS)


def test_a_word_that_is_not_in_the_list_is_shown_as_it_is_written() -> None:
    assert word_of("made_up").label == "Made up"
