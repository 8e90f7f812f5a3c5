"""Intervals for one rate or one mean score: for a single look, for watching all the time, and for grouped jobs."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainccinv, betaln, ndtri, xlog1py, xlogy

_BISECTION_STEPS = 50  # halves [0, 1] down to the spacing of floats near 1


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A range that holds the true value with the stated confidence."""

    low: float
    high: float


def wilson_interval(successes: float, trials: float, alpha: float = 0.05) -> Interval:
    """Bound a rate from a sample of fixed size, looked at once.

    Formula: (p̂ + z²/2n ± z√(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n), z the 1−α/2 quantile of the normal distribution.
    Assumes independent trials and a sample size that was not chosen by looking at the results.
    Source: Wilson (1927). No trials give [0, 1]. Raises ValueError for impossible counts or alpha.
    """
    _check_counts(successes, trials, alpha)
    if trials == 0:
        return Interval(low=0.0, high=1.0)
    z = float(-ndtri(alpha / 2))
    rate = successes / trials
    centre = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(rate * (1 - rate) / trials + (z / (2 * trials)) ** 2) / (1 + z * z / trials)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return Interval(low=low, high=high)


def clopper_pearson_interval(successes: float, trials: float, alpha: float = 0.05) -> Interval:
    """Bound a rate from both sides so that the confidence holds exactly, however small the sample.

    Formula: the α/2 quantile of Beta(S, n−S+1) and the 1−α/2 quantile of Beta(S+1, n−S).
    Assumes independent trials and one look. A sum of scores in [0, 1] may stand for the successes.
    Source: Clopper & Pearson (1934). No trials give [0, 1]. Raises ValueError for impossible counts or alpha.
    """
    low = 1 - clopper_pearson_upper(trials - successes, trials, alpha / 2)
    return Interval(low=low, high=clopper_pearson_upper(successes, trials, alpha / 2))


def clopper_pearson_upper(errors: float, trials: float, alpha: float = 0.05) -> float:
    """Bound an error rate from above: the largest p under which so few errors still have probability alpha.

    Formula: the 1−α quantile of Beta(errors+1, trials−errors); with no error 1 − α^(1/trials).
    Assumes independent trials and one look. Source: Clopper & Pearson (1934).
    No trials give 1. Raises ValueError for impossible counts or alpha.
    """
    _check_counts(errors, trials, alpha)
    if errors >= trials:
        return 1.0
    return float(betainccinv(errors + 1, trials - errors, alpha))


def rate_confidence_sequence(successes: float, trials: float, alpha: float = 0.05) -> Interval:
    """Bound a rate so that it may be watched after every job: the chance that it is ever wrong is at most alpha.

    Formula: {p : B(1+S, 1+n−S) / (p^S (1−p)^(n−S)) < 1/α}, the beta-binomial mixture with a uniform prior; its two
    ends are found by bisection. Assumes that each trial has the same rate given the past.
    Source: Robbins (1970); Howard, Ramdas, McAuliffe & Sekhon (2021). A sum of scores in [0, 1] may stand for the
    successes (wider than needed then). No trials give [0, 1]. Raises ValueError for impossible counts or alpha.
    """
    _check_counts(successes, trials, alpha)
    won, lost = float(successes), float(trials - successes)
    if not won + lost:
        return Interval(low=0.0, high=1.0)
    level = math.lgamma(1 + won) + math.lgamma(1 + lost) - math.lgamma(2 + won + lost) + math.log(alpha)
    peak = won / (won + lost)
    return Interval(
        low=_bisect_one(won, lost, level, outside=0.0, inside=peak) if won else 0.0,
        high=_bisect_one(won, lost, level, outside=1.0, inside=peak) if lost else 1.0,
    )


def _bisect_one(won: float, lost: float, level: float, *, outside: float, inside: float) -> float:
    # Plain floats: a page asks for dozens of these, and arrays of one take twenty times as long.
    for _ in range(_BISECTION_STEPS):
        middle = (outside + inside) / 2
        likelihood = (won * math.log(middle) if won else 0.0) + (lost * math.log1p(-middle) if lost else 0.0)
        if likelihood > level:
            inside = middle
        else:
            outside = middle
    return outside


def rate_confidence_curve(
    successes: ArrayLike, trials: ArrayLike, alpha: float = 0.05
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bound a rate at many moments at once: the low ends and the high ends of `rate_confidence_sequence`.

    `successes` and `trials` are counts up to each moment, of one shape, which both results share. Formula,
    assumptions and source as there. Raises ValueError for impossible counts.
    """
    won, tried = np.broadcast_arrays(np.asarray(successes, dtype=float), np.asarray(trials, dtype=float))
    if np.any(won < 0) or np.any(won > tried):
        raise ValueError("Successes must lie between 0 and the number of trials; count again.")
    lost = tried - won
    peak = won / np.maximum(tried, 1e-300)
    level = betaln(1 + won, 1 + lost) + math.log(alpha)
    low = _bisect_likelihood(won, lost, level, outside=np.zeros_like(peak), inside=peak)
    high = _bisect_likelihood(won, lost, level, outside=np.ones_like(peak), inside=peak)
    return np.where(won > 0, low, 0.0), np.where(lost > 0, high, 1.0)


def _bisect_likelihood(
    won: NDArray[np.float64],
    lost: NDArray[np.float64],
    level: NDArray[np.float64],
    *,
    outside: NDArray[np.float64],
    inside: NDArray[np.float64],
) -> NDArray[np.float64]:
    for _ in range(_BISECTION_STEPS):
        middle = (outside + inside) / 2
        is_inside = xlogy(won, middle) + xlog1py(lost, -middle) > level
        inside = np.where(is_inside, middle, inside)
        outside = np.where(is_inside, outside, middle)
    return outside


def score_confidence_sequence(scores: ArrayLike, alpha: float = 0.05) -> Interval:
    """Bound the mean of scores in [0, 1] so that it may be watched after every job.

    Formula: hedged betting. μ̂_t = (½+ΣX)/(t+1), σ̂²_t = (¼+Σ(X_i−μ̂_i)²)/(t+1),
    λ_t = √(2 ln(2/α) / (σ̂²_{t−1} t ln(t+1))), K± = Π(1 ± λ±(X−m)) with λ+ ≤ ½/m and λ− ≤ ½/(1−m). m is out once
    max(½K+, ½K−) has reached 1/α. K+ falls and K− rises with m, so the two ends are found by bisection.
    Assumes that each score has the same mean given the past.
    Source: Waudby-Smith & Ramdas (2023), "Estimating means of bounded random variables by betting".
    `scores` is in the order of time. No scores give [0, 1]. Raises ValueError for scores outside [0, 1] or a bad alpha.
    """
    values = np.asarray(scores, dtype=float).ravel()
    _check_alpha(alpha)
    if values.size == 0:
        return Interval(low=0.0, high=1.0)
    if not bool(np.all((values >= 0) & (values <= 1))):
        raise ValueError("Scores must lie between 0 and 1; rescale them first.")
    bets = _predictable_bets(values, alpha)
    low = _lowest_mean_kept(values, bets, alpha)
    high = 1 - _lowest_mean_kept(1 - values, bets, alpha)
    # A mean that moved can refute every single value; the range between the two ends is then the honest answer.
    return Interval(low=min(low, high), high=max(low, high))


def _predictable_bets(values: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    times = np.arange(1, values.size + 1)
    means = (0.5 + np.cumsum(values)) / (times + 1)
    variances = (0.25 + np.cumsum((values - means) ** 2)) / (times + 1)
    past = np.concatenate(([0.25], variances[:-1]))
    bets: NDArray[np.float64] = np.sqrt(2 * math.log(2 / alpha) / (past * times * np.log(times + 1)))
    return bets


def _lowest_mean_kept(values: NDArray[np.float64], bets: NDArray[np.float64], alpha: float) -> float:
    refuted, kept = 0.0, 1.0
    for _ in range(30):
        mean = (refuted + kept) / 2
        log_wealth = np.cumsum(np.log1p(np.minimum(bets, 0.5 / mean) * (values - mean)))
        if float(log_wealth.max()) >= math.log(2 / alpha):
            refuted = mean
        else:
            kept = mean
    return refuted


def clustered_standard_error(scores: ArrayLike, groups: Sequence[Hashable]) -> float:
    """The standard error of a mean score when jobs of one group (a customer, a document) resemble each other.

    Formula: SE² = n⁻² Σ_c (Σ_{i∈c} (s_i − s̄))². Assumes independent groups, and enough of them (about 30 or more).
    Source: Miller (2024), "Adding error bars to evals"; Liang & Zeger (1986).
    Raises ValueError when there is no score or the two lengths differ.
    """
    values = np.asarray(scores, dtype=float).ravel()
    if values.size == 0 or values.size != len(groups):
        raise ValueError(f"Give one group per score, and at least one: got {values.size} scores, {len(groups)} groups.")
    positions: dict[Hashable, int] = {}
    index = np.array([positions.setdefault(group, len(positions)) for group in groups])
    sums = np.bincount(index, weights=values - values.mean())
    return float(np.sqrt(np.sum(sums**2)) / values.size)


def _check_counts(successes: float, trials: float, alpha: float) -> None:
    _check_alpha(alpha)
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is impossible: give a count between 0 and the number of trials.")


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is a probability of error between 0 and 1, not {alpha}.")
