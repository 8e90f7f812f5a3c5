"""Bounds the mean difference between two releases on the same jobs, when hand-backs and groups make it fractional."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from teachback_server.statistics.intervals import clopper_pearson_upper

_STEPS = 64  # differences are rounded down to this part of 1, so that few distinct values remain


def difference_lower_bound(differences: Sequence[float], level: float = 0.05, *, lowest: float = -1.0) -> float:
    """Bound the mean of differences in [−1, 1] from below: the true mean is under the bound with chance `level`.

    `lowest` is the worst that could have happened to a case, whether it happened or not: −1 unless more is known.

    Formula: Σ_k v_k p̂_k − √(Σ_k Σ_l v_k v_l r_kl d_k d_l), v_k the distinct values (`lowest` always among them), p̂_k
    their shares, d_k the distance from p̂_k to its exact one-sided bound (the lower one where v_k > 0, else the upper
    one), r_kl = −√(odds_k odds_l) for k ≠ l, the correlation of multinomial shares. With values −1, 0, 1 this is the
    bound of `stratified_lower_bound` for one stratum; with two values only, it is the exact bound of one share.
    So with no difference at all it still allows for what so few jobs could have hidden.
    Assumes independent differences and one look. Source: Clopper & Pearson (1934); Newcombe (1998); Zou & Donner
    (2008), method of variance estimates recovery. No differences give `lowest`.
    Raises ValueError for a difference outside [`lowest`, 1].
    """
    given = np.asarray(differences, dtype=float)
    if not bool(np.all((given >= lowest - 1e-9) & (given <= 1))) or lowest < -1:
        raise ValueError(f"Differences between two scores lie between {lowest} and 1; rescale the scores to 0 … 1.")
    if given.size == 0:
        return lowest
    # Upwards by less than a rounding error first, so that 0.25 stays 0.25 whatever arithmetic it came from.
    rounded = np.maximum(lowest, np.floor(given * _STEPS + 1e-9) / _STEPS)
    values, places = np.unique(np.append(rounded, lowest), return_inverse=True)
    counts = np.bincount(places[:-1], minlength=values.size)
    shares = counts / given.size
    distances = [
        _distance(int(count), given.size, level, is_lower=value > 0)
        for value, count in zip(values, counts, strict=True)
    ]
    leans = values * np.array(distances)
    variance = float(leans @ _correlations(shares) @ leans)
    return max(lowest, float(values @ shares) - math.sqrt(max(0.0, variance)))


def _distance(count: int, cases: int, level: float, *, is_lower: bool) -> float:
    if is_lower:
        return count / cases - (1 - clopper_pearson_upper(cases - count, cases, level))
    return clopper_pearson_upper(count, cases, level) - count / cases


def _correlations(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    roots = np.sqrt(np.where(shares < 1, shares, 0.0) / np.where(shares < 1, 1 - shares, 1.0))
    result: NDArray[np.float64] = -np.outer(roots, roots)
    np.fill_diagonal(result, 1.0)
    return result
