"""The audit guard stays quiet below the limit, speaks up above it, and remembers that it did."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachback_server.statistics.audit_guard import (
    GuardState,
    advance_guard,
    advance_guard_through,
    is_alarm,
    trace_guard,
)


def alarm_times(seed: int, error_rate: float, streams: int, audits: int, limit: float = 0.05) -> np.ndarray:
    paths = trace_guard(np.random.default_rng(seed).random((streams, audits)) < error_rate, limit)
    crossed = paths >= math.log(20)
    return np.where(crossed.any(axis=1), crossed.argmax(axis=1) + 1, audits + 1)


def test_false_alarms_stay_near_the_reference_in_three_thousand_audits() -> None:
    assert np.mean(alarm_times(51, 0.05, 1000, 3000) <= 3000) <= 0.03


@pytest.mark.parametrize(("error_rate", "median"), [(0.08, 440), (0.10, 184), (0.15, 62)])
def test_the_delay_reproduces_the_reference(error_rate: float, median: int) -> None:
    assert np.median(alarm_times(52, error_rate, 600, 3000)) == pytest.approx(median, rel=0.12)


@given(st.lists(st.booleans(), min_size=1, max_size=300), st.floats(0.01, 0.3))
def test_one_by_one_many_at_once_and_the_trace_agree(wrongs: list[bool], limit: float) -> None:
    state = GuardState(limit=limit)
    path = []
    for is_wrong in wrongs:
        state = advance_guard(state, is_wrong)
        path.append(state.log_wealth)
    assert advance_guard_through(GuardState(limit=limit), wrongs) == state
    assert trace_guard(wrongs, limit) == pytest.approx(path, abs=1e-9)
    assert state.highest_log_wealth == max(0.0, *path)
    assert (state.audits, state.errors) == (len(wrongs), sum(wrongs))


def test_the_bet_uses_only_earlier_audits() -> None:
    fresh = GuardState(limit=0.05)
    gain = advance_guard(fresh, True).log_wealth
    loss = advance_guard(fresh, False).log_wealth
    bet = (math.exp(gain) - 1) / 0.95
    assert math.exp(loss) == pytest.approx(1 - bet * 0.05)


def test_one_right_answer_never_costs_more_than_three_quarters_of_the_wealth() -> None:
    alarmed = advance_guard_through(GuardState(limit=0.9), [True] * 200)
    lost = math.exp(advance_guard(alarmed, False).log_wealth - alarmed.log_wealth)
    assert lost == pytest.approx(0.25)


def test_wealth_is_fair_at_the_limit() -> None:
    first = trace_guard([[True, True], [True, False], [False, True], [False, False]], 0.3)
    chances = np.array([0.09, 0.21, 0.21, 0.49])
    assert float(np.sum(chances * np.exp(first[:, -1]))) == pytest.approx(1)


def test_an_alarm_is_not_taken_back_by_later_right_answers() -> None:
    alarmed = advance_guard_through(GuardState(limit=0.05), [True] * 6)
    assert is_alarm(alarmed)
    later = advance_guard_through(alarmed, [False] * 500)
    assert later.log_wealth < alarmed.log_wealth
    assert is_alarm(later)


def test_a_clean_stream_never_alarms() -> None:
    assert not is_alarm(advance_guard_through(GuardState(limit=0.05), [False] * 2000))


def test_a_limit_that_allows_everything_or_nothing_is_refused() -> None:
    for limit in (0.0, 1.0):
        with pytest.raises(ValueError, match="ask the owner"):
            GuardState(limit=limit)
