"""Intervals for rates and scores reproduce published figures and keep their promise in simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachback_server.statistics.intervals import (
    clopper_pearson_interval,
    clopper_pearson_upper,
    clustered_standard_error,
    rate_confidence_curve,
    rate_confidence_sequence,
    score_confidence_sequence,
    wilson_interval,
)


def test_wilson_reproduces_newcombe_1998_table_1() -> None:
    interval = wilson_interval(81, 263)
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.2553, 0.3662)


def test_clopper_pearson_reproduces_newcombe_1998_table_1() -> None:
    interval = clopper_pearson_interval(81, 263)
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.2527, 0.3676)


def test_no_error_in_59_audits_bounds_the_error_rate_below_five_percent() -> None:
    assert clopper_pearson_upper(0, 58) > 0.05 > clopper_pearson_upper(0, 59)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"), [(20, 100, 0.0928, 0.3482), (200, 1000, 0.1573, 0.2479)]
)
def test_the_watched_rate_reproduces_its_reference_figures(
    successes: int, trials: int, low: float, high: float
) -> None:
    interval = rate_confidence_sequence(successes, trials)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


def test_audits_without_error_that_are_watched_need_158_to_get_below_five_percent() -> None:
    assert rate_confidence_sequence(0, 157).high > 0.05 > rate_confidence_sequence(0, 158).high


def test_nothing_counted_says_nothing() -> None:
    for interval in (wilson_interval(0, 0), clopper_pearson_interval(0, 0), rate_confidence_sequence(0, 0)):
        assert (interval.low, interval.high) == (0.0, 1.0)
    empty = score_confidence_sequence([])
    assert (empty.low, empty.high) == (0.0, 1.0)


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_every_interval_holds_the_observed_rate_and_mirrors(successes: int, failures: int) -> None:
    trials = successes + failures
    for bound in (wilson_interval, clopper_pearson_interval, rate_confidence_sequence):
        interval, mirrored = bound(successes, trials), bound(failures, trials)
        if trials:
            assert interval.low - 1e-12 <= successes / trials <= interval.high + 1e-12
        assert interval.low == pytest.approx(1 - mirrored.high, abs=1e-9)


def test_the_ends_of_the_watched_rate_lie_where_the_mixture_reaches_the_level() -> None:
    interval = rate_confidence_sequence(7, 40, alpha=0.1)
    for p in (interval.low, interval.high):
        log_beta = math.lgamma(8) + math.lgamma(34) - math.lgamma(42)
        assert log_beta - 7 * math.log(p) - 33 * math.log(1 - p) == pytest.approx(math.log(10))


@pytest.mark.parametrize("p", [0.05, 0.2, 0.5])
def test_a_watched_rate_is_ever_wrong_in_less_than_five_percent_of_streams(p: float) -> None:
    draws = np.random.default_rng(11).random((2000, 1000)) < p
    successes, trials = np.cumsum(draws, axis=1), np.arange(1, 1001)
    # outside the interval at p is the same as: the mixture against p has reached 1/alpha
    low, high = rate_confidence_curve(successes[:200], trials)
    missed = ((p < low) | (p > high)).any(axis=1).mean()
    assert missed <= 0.05
    errors = np.abs(successes / trials - p)
    wald = 1.96 * np.sqrt(successes / trials * (1 - successes / trials) / trials)
    peeked = (errors > wald)[:, 29:].any(axis=1).mean()
    assert peeked > 0.3, "a peeked Wald interval should fail here, or this simulation shows nothing"


@pytest.mark.slow
@pytest.mark.parametrize("p", [0.05, 0.2, 0.5])
def test_a_watched_rate_is_ever_wrong_in_two_to_four_percent_of_streams(p: float) -> None:
    draws = np.random.default_rng(12).random((1000, 1000)) < p
    low, high = rate_confidence_curve(np.cumsum(draws, axis=1), np.arange(1, 1001))
    assert 0.01 <= ((p < low) | (p > high)).any(axis=1).mean() <= 0.045


@pytest.mark.parametrize(("p", "width"), [(0.05, 0.044), (0.2, 0.092)])
def test_a_watched_score_is_as_narrow_as_the_reference(p: float, width: float) -> None:
    rng = np.random.default_rng(13)
    intervals = [score_confidence_sequence(rng.random(1000) < p) for _ in range(40)]
    assert np.mean([interval.high - interval.low for interval in intervals]) == pytest.approx(width, rel=0.08)


def test_a_watched_score_is_ever_wrong_in_less_than_five_percent_of_streams() -> None:
    rng = np.random.default_rng(14)
    missed = 0
    for _ in range(400):
        scores = rng.beta(1, 4, 400)
        last = score_confidence_sequence(scores)  # holds only means that no earlier look has refuted
        missed += not last.low <= 0.2 <= last.high
    assert missed / 400 <= 0.05


def test_a_watched_score_of_constant_scores_closes_in_on_the_constant() -> None:
    interval = score_confidence_sequence([0.7] * 2000)
    assert interval.low <= 0.7 <= interval.high
    assert interval.high - interval.low < 0.03


def test_a_mean_that_moved_still_gets_an_ordered_interval() -> None:
    interval = score_confidence_sequence([1.0] * 3000 + [0.0] * 3000)
    assert 0 <= interval.low <= interval.high <= 1


def test_the_clustered_error_covers_where_the_naive_one_does_not() -> None:
    rng = np.random.default_rng(15)
    groups = [group for group in range(30) for _ in range(10)]
    clustered = naive = 0
    for _ in range(2000):
        scores = np.repeat(rng.normal(0, 0.5, 30), 10) + rng.normal(0, 0.9, 300)
        clustered += abs(scores.mean()) <= 2.045 * clustered_standard_error(scores, groups)
        naive += abs(scores.mean()) <= 1.96 * scores.std() / math.sqrt(300)
    assert 0.935 <= clustered / 2000 <= 0.965
    assert naive / 2000 < 0.8


def test_groups_of_one_give_the_ordinary_standard_error() -> None:
    scores = np.random.default_rng(16).random(50)
    assert clustered_standard_error(scores, range(50)) == pytest.approx(scores.std() / math.sqrt(50))


def test_impossible_counts_and_scores_are_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match="3 of 2 is impossible"):
        wilson_interval(3, 2)
    with pytest.raises(ValueError, match="count again"):
        rate_confidence_curve([3], [2])
    with pytest.raises(ValueError, match="rescale"):
        score_confidence_sequence([0.5, 1.2])
    with pytest.raises(ValueError, match="one group per score"):
        clustered_standard_error([0.5, 0.6], ["a"])
    with pytest.raises(ValueError, match="alpha"):
        clopper_pearson_upper(0, 5, 0.0)
