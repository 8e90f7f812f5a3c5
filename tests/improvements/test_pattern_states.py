"""A pattern is resolved when it has been silent for longer than chance explains, and not before."""

import random

import pytest

from teachback.vocabulary import PatternState
from teachback_server.improvements.patterns.states import PatternHistory, next_state


def after(appearances: int, within: int, silent: int) -> PatternState:
    history = PatternHistory(appearances=appearances, reviews_before_last=within, reviews_since_last=silent)
    return next_state(PatternState.GROWING, history, has_new=False)


@pytest.mark.parametrize(
    ("appearances", "within", "longest_pause"),
    [
        (1, 1, 200),  # once is no rate
        (2, 1, 200),  # two corrections of one review are once
        (2, 2, 19),  # 1 in 20 is not less than 5 %
        (96, 96, 4),
        (12, 200, 60),
    ],
)
def test_silence_counts_from_where_chance_ends(appearances: int, within: int, longest_pause: int) -> None:
    assert after(appearances, within, longest_pause) == PatternState.GROWING
    assert after(appearances, within, longest_pause + 1) == PatternState.RESOLVED


def test_of_patterns_that_go_on_as_before_at_most_one_in_twenty_is_said_to_be_resolved() -> None:
    draw = random.Random(7)
    told = looked = 0
    for _ in range(4000):
        places = [place for place in range(120) if draw.random() < 0.05]
        if len(places) < 2:
            continue
        looked += 1
        told += after(len(places), places[-1] - places[0] + 1, 119 - places[-1]) == PatternState.RESOLVED
    assert told / looked < 0.06
