"""Probabilities of counts, from `scipy.special` alone: `scipy.stats` costs every process 40 MB and a second to load."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincc, betaln


def binomial_at_most(count: ArrayLike, trials: ArrayLike, rate: ArrayLike) -> NDArray[np.float64]:
    """P(Bin(trials, rate) ≤ count); 0 for a count below 0, 1 for one of at least `trials`.

    Formula: the regularised incomplete beta function, 1 − I_rate(count + 1, trials − count). The arguments are
    broadcast against each other, the result has their common shape.
    """
    k, n = np.floor(np.asarray(count, dtype=float)), np.asarray(trials, dtype=float)
    inside = betaincc(np.maximum(k, 0) + 1, np.maximum(n - k, 1), np.asarray(rate, dtype=float))
    return np.where(k < 0, 0.0, np.where(k >= n, 1.0, inside))


def binomial_above(count: ArrayLike, trials: ArrayLike, rate: ArrayLike) -> NDArray[np.float64]:
    """P(Bin(trials, rate) > count), exact also where it is tiny; shapes and edges as in `binomial_at_most`."""
    k, n = np.floor(np.asarray(count, dtype=float)), np.asarray(trials, dtype=float)
    inside = betainc(np.maximum(k, 0) + 1, np.maximum(n - k, 1), np.asarray(rate, dtype=float))
    return np.where(k < 0, 1.0, np.where(k >= n, 0.0, inside))


def binomial_quantile(level: float, trials: ArrayLike, rate: ArrayLike) -> NDArray[np.int64]:
    """The smallest count with P(Bin(trials, rate) ≤ count) ≥ level; one for each entry of `trials` and `rate`."""
    return _smallest_count(lambda count: binomial_at_most(count, trials, rate) >= level, trials, rate)


def binomial_upper_quantile(level: float, trials: ArrayLike, rate: ArrayLike) -> NDArray[np.int64]:
    """The smallest count with P(Bin(trials, rate) > count) ≤ level; one for each entry of `trials` and `rate`."""
    return _smallest_count(lambda count: binomial_above(count, trials, rate) <= level, trials, rate)


def beta_binomial_at_most(
    count: ArrayLike, trials: ArrayLike, wins: ArrayLike, losses: ArrayLike
) -> NDArray[np.float64]:
    """P(X ≤ count) where X is Bin(trials, p) and p is Beta(wins, losses); one for each entry of the arguments.

    Formula: Σ_{j ≤ count} B(j + wins, n − j + losses) / ((n+1) B(n − j + 1, j + 1) B(wins, losses)), in log space. It
    sums one term per possible count, so it is meant for counts of up to some thousands.
    """
    k, n, a, b = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (count, trials, wins, losses)))
    terms = np.arange(max(0, int(np.max(np.minimum(k, n), initial=-1.0)) + 1)).reshape(-1, *([1] * k.ndim))
    failures = np.maximum(n - terms, 0)
    log_chance = betaln(terms + a, failures + b) - betaln(failures + 1, terms + 1) - betaln(a, b) - np.log1p(n)
    total: NDArray[np.float64] = np.sum(np.where(terms <= np.minimum(k, n), np.exp(log_chance), 0.0), axis=0)
    return np.minimum(total, 1.0)


def _smallest_count(
    is_enough: Callable[[NDArray[np.int64]], NDArray[np.bool_]], trials: ArrayLike, rate: ArrayLike
) -> NDArray[np.int64]:
    most = np.broadcast_arrays(np.asarray(trials, dtype=np.int64), np.asarray(rate))[0]
    too_few, enough = np.full(most.shape, -1, dtype=np.int64), most.astype(np.int64)
    while bool(np.any(enough - too_few > 1)):
        # an entry that is done stays done: its middle is then its own lower end
        middle = (too_few + enough) // 2
        is_there = (middle > too_few) & is_enough(middle)
        too_few, enough = np.where(is_there, too_few, middle), np.where(is_there, middle, enough)
    return enough
