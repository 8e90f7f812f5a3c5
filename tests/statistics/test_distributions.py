"""Chances of counts: the same as those of `scipy.stats`, which is too heavy for the server but not for its tests."""

import numpy as np
import pytest
from scipy import stats

from teachback_server.statistics.distributions import (
    beta_binomial_at_most,
    binomial_above,
    binomial_at_most,
    binomial_quantile,
    binomial_upper_quantile,
)

TRIALS = np.array([0, 1, 2, 7, 40, 333, 5_000])
RATES = np.array([0.001, 0.02, 0.3, 0.5, 0.97])[:, np.newaxis]


@pytest.mark.parametrize("part", [-0.2, 0.0, 0.02, 0.3, 0.5, 0.99, 1.0, 1.3])
def test_binomial_tails_are_those_of_scipy_stats(part: float) -> None:
    counts = np.floor(part * TRIALS) - (part < 0)
    np.testing.assert_allclose(
        binomial_at_most(counts, TRIALS, RATES), stats.binom.cdf(counts, TRIALS, RATES), rtol=1e-12, atol=1e-300
    )
    np.testing.assert_allclose(
        binomial_above(counts, TRIALS, RATES), stats.binom.sf(counts, TRIALS, RATES), rtol=1e-12, atol=1e-300
    )


@pytest.mark.parametrize("level", [1e-9, 0.003, 0.05, 0.51, 0.9, 0.9999])
def test_binomial_quantiles_are_the_smallest_counts_that_reach_their_level(level: float) -> None:
    low, high = binomial_quantile(level, TRIALS, RATES), binomial_upper_quantile(level, TRIALS, RATES)
    assert low.shape == high.shape == (RATES.size, TRIALS.size)
    assert np.all(stats.binom.cdf(low, TRIALS, RATES) >= level)
    assert np.all(stats.binom.cdf(low - 1, TRIALS, RATES) < level)
    assert np.all(stats.binom.sf(high, TRIALS, RATES) <= level)
    assert np.all(stats.binom.sf(high - 1, TRIALS, RATES) > level)


def test_a_single_number_gives_a_single_number() -> None:
    assert int(binomial_quantile(0.5, 10, 0.5)) == 5
    assert float(binomial_above(9, 10, 0.5)) == pytest.approx(1 / 1024)


def test_a_beta_binomial_with_a_flat_prior_makes_all_counts_equally_likely() -> None:
    np.testing.assert_allclose(beta_binomial_at_most(np.arange(-1, 12), 10, 1, 1), np.clip(np.arange(13) / 11, 0, 1))


def test_beta_binomial_tails_are_those_of_scipy_stats() -> None:
    random = np.random.default_rng(1)
    trials = random.integers(1, 1_000, 200)
    counts = np.floor(trials * random.uniform(0, 0.2, 200))
    wins, losses = random.uniform(0.2, 40, 200), random.uniform(0.2, 400, 200)
    expected = stats.betabinom.cdf(counts, trials, wins, losses)
    np.testing.assert_allclose(beta_binomial_at_most(counts, trials, wins, losses), expected, rtol=1e-9)
