"""Rates over all jobs when only some were reviewed, each with a known probability; with a band that may be watched."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from teachback_server.statistics.intervals import (
    Interval,
    clopper_pearson_interval,
    rate_confidence_sequence,
    score_confidence_sequence,
    wilson_interval,
)

_MOST_STRATA = 20
_THIN = 10  # with fewer right or fewer wrong results than this a normal band is too narrow
_TIGHTEST_AT_JOBS = 1000  # the watched band is narrowest, relative to its size, around this many jobs


@dataclass(frozen=True, kw_only=True)
class RateEstimate:
    """A rate over all jobs with its band; `estimate` is None while nothing was reviewed."""

    estimate: float | None
    low: float
    high: float
    reviewed: int
    jobs: int


@dataclass(frozen=True, kw_only=True)
class RateStratum:
    """Jobs with one probability of review: how many, how many reviewed, and the sum of the 0 or 1 values of those."""

    jobs: int
    reviewed: int
    total: float


def weighted_rate(
    values: ArrayLike,
    probabilities: ArrayLike,
    reviewed: ArrayLike,
    guesses: ArrayLike | None = None,
    alpha: float = 0.05,
    *,
    is_watched: bool = True,
) -> RateEstimate:
    """Estimate the mean of `values` over all jobs from those that were reviewed, without the bias of who was reviewed.

    Formula: ψ_t = g_t + (R_t/π_t)(Y_t − g_t), estimate ψ̄. Band, watched: ψ̄ ± σ̂ √(2(tρ²+1)/(t²ρ²) · ln(√(tρ²+1)/α)),
    at one look ψ̄ ± z σ̂/√t. σ̂² is split into its parts between and within the strata (distinct probabilities; quarters
    of the jobs where there are more than 20). Where a stratum has fewer than 10 right or 10 wrong results, its part is
    replaced by its share times the distance from its mean to its exact bound (`clopper_pearson_interval`, watched:
    `rate_confidence_sequence`), if that is more; so the band never collapses where nothing went wrong. A stratum in
    which nothing was reviewed may be anything. Without guesses g is the mean of the stratum's reviewed jobs.
    Where all was reviewed: `rate_confidence_sequence` (scores: `score_confidence_sequence`), at one look Wilson's.
    Assumes that the recorded probabilities are the true ones; the watched band is asymptotic.
    Source: Robins, Rotnitzky & Zhao (1994); Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), "Time-uniform
    central limit theory and asymptotic confidence sequences".
    All arrays have one entry per job, in the order of time. `values` lie in [0, 1]; those not reviewed are ignored and
    may be NaN. `guesses` in [0, 1] are what was expected before the review. Raises ValueError otherwise.
    """
    chances = np.asarray(probabilities, dtype=float).ravel()
    seen = np.asarray(reviewed, dtype=bool).ravel()
    known = np.where(seen, np.asarray(values, dtype=float).ravel(), 0.0)
    _check_jobs(known, chances, seen)
    is_binary = bool(np.all((known == 0) | (known == 1)))
    if bool(seen.all()) and not is_binary:
        return _estimate_fully_reviewed(known, alpha, is_watched=is_watched)
    groups = _group_by_chance(chances)
    strata = _count_strata(known, groups, seen)
    if bool(seen.all()) or (guesses is None and is_binary and len(strata) == np.unique(chances).size):
        return stratified_rate(strata, alpha, is_watched=is_watched)
    expected = _guess_by_group(known, chances, seen, groups) if guesses is None else _as_guesses(guesses, known)
    scores = expected + np.where(seen, (known - expected) / chances, 0.0)
    between, within = _split_variance(scores, groups)
    return _estimate(float(scores.mean()), between, within, strata, alpha, is_watched=is_watched)


def stratified_rate(strata: Sequence[RateStratum], alpha: float = 0.05, *, is_watched: bool = True) -> RateEstimate:
    """Estimate a rate over all jobs from counts per probability of review; what `weighted_rate` does without guesses.

    Formula: Σ w_s ȳ_s with w_s the share of jobs; σ̂²/t = Σ w_s² ȳ_s(1−ȳ_s)/n_s + Σ w_s(ȳ_s−ȳ)²/t; band, assumptions and
    source as there. Where every job was reviewed: the exact sequence (at one look Wilson's interval).
    Strata without jobs are ignored. Raises ValueError for counts that are impossible.
    """
    strata = [stratum for stratum in strata if stratum.jobs > 0]
    if any(not 0 <= stratum.total <= stratum.reviewed <= stratum.jobs for stratum in strata):
        raise ValueError("In a stratum the total cannot exceed the reviewed jobs, nor these all jobs; count again.")
    jobs, seen = sum(stratum.jobs for stratum in strata), [stratum for stratum in strata if stratum.reviewed]
    if not seen:
        return RateEstimate(estimate=None, low=0.0, high=1.0, reviewed=0, jobs=jobs)
    if sum(stratum.reviewed for stratum in seen) == jobs:
        total = sum(stratum.total for stratum in strata)
        return _from_interval(total / jobs, _bound_rate(total, jobs, alpha, is_watched=is_watched), jobs)
    # where nothing was reviewed the other strata's mean is the guess, and the band is widened for its whole share
    mean = sum(s.jobs * s.total / s.reviewed for s in seen) / sum(s.jobs for s in seen)
    means = [stratum.total / stratum.reviewed if stratum.reviewed else mean for stratum in strata]
    within = [
        stratum.jobs**2 / jobs * here * (1 - here) / stratum.reviewed if stratum.reviewed else 0.0
        for stratum, here in zip(strata, means, strict=True)
    ]
    between = sum(stratum.jobs / jobs * (here - mean) ** 2 for stratum, here in zip(strata, means, strict=True))
    return _estimate(mean, between, within, strata, alpha, is_watched=is_watched)


def _estimate(
    mean: float,
    between: float,
    within: Sequence[float],
    strata: Sequence[RateStratum],
    alpha: float,
    *,
    is_watched: bool,
) -> RateEstimate:
    jobs, reviewed = sum(stratum.jobs for stratum in strata), sum(stratum.reviewed for stratum in strata)
    if reviewed == 0:
        return RateEstimate(estimate=None, low=0.0, high=1.0, reviewed=0, jobs=jobs)
    scale = _normal_half_width(jobs, alpha, is_watched=is_watched) ** 2
    below = above = scale * between
    for stratum, variance in zip(strata, within, strict=True):
        under, over = _distances_to_bounds(stratum, stratum.jobs / jobs, alpha, is_watched=is_watched)
        below += max(scale * variance, under**2)
        above += max(scale * variance, over**2)
    unseen = sum(stratum.jobs for stratum in strata if stratum.reviewed == 0) / jobs
    mean = min(1.0, max(0.0, mean))
    low = max(0.0, mean - math.sqrt(below) - unseen * mean)
    high = min(1.0, mean + math.sqrt(above) + unseen * (1 - mean))
    return RateEstimate(estimate=mean, low=low, high=high, reviewed=reviewed, jobs=jobs)


def _distances_to_bounds(stratum: RateStratum, share: float, alpha: float, *, is_watched: bool) -> tuple[float, float]:
    if stratum.reviewed == 0 or min(stratum.total, stratum.reviewed - stratum.total) >= _THIN:
        return 0.0, 0.0
    bound_exactly = rate_confidence_sequence if is_watched else clopper_pearson_interval
    bound, mean = bound_exactly(stratum.total, stratum.reviewed, alpha), stratum.total / stratum.reviewed
    return share * (mean - bound.low), share * (bound.high - mean)


def _normal_half_width(jobs: int, alpha: float, *, is_watched: bool) -> float:
    if not is_watched:
        return float(-ndtri(alpha / 2)) / math.sqrt(jobs)
    # the ρ² that makes the watched band tightest at one sample size (Waudby-Smith et al. 2024, appendix on tuning ρ)
    square = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / _TIGHTEST_AT_JOBS
    spread = jobs * square + 1
    return math.sqrt(2 * spread / (jobs**2 * square) * math.log(math.sqrt(spread) / alpha))


def _estimate_fully_reviewed(values: NDArray[np.float64], alpha: float, *, is_watched: bool) -> RateEstimate:
    total, jobs = float(values.sum()), values.size
    interval = score_confidence_sequence(values, alpha) if is_watched else wilson_interval(total, jobs, alpha)
    return _from_interval(total / jobs, interval, jobs)


def _bound_rate(total: float, jobs: int, alpha: float, *, is_watched: bool) -> Interval:
    return rate_confidence_sequence(total, jobs, alpha) if is_watched else wilson_interval(total, jobs, alpha)


def _from_interval(mean: float, interval: Interval, jobs: int) -> RateEstimate:
    return RateEstimate(estimate=mean, low=interval.low, high=interval.high, reviewed=jobs, jobs=jobs)


def _as_guesses(guesses: ArrayLike, known: NDArray[np.float64]) -> NDArray[np.float64]:
    expected = np.asarray(guesses, dtype=float).ravel()
    if expected.shape != known.shape or not bool(np.all((expected >= 0) & (expected <= 1))):
        raise ValueError("Give one guess between 0 and 1 per job.")
    return expected


def _split_variance(scores: NDArray[np.float64], groups: NDArray[np.float64]) -> tuple[float, list[float]]:
    _, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    means = np.bincount(index, scores) / sizes
    within = np.bincount(index, (scores - means[index]) ** 2) / scores.size
    return float(np.mean((means[index] - scores.mean()) ** 2)), [float(part) for part in within]


def _group_by_chance(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    if np.unique(chances).size <= _MOST_STRATA:
        return chances
    return np.searchsorted(np.quantile(chances, (0.25, 0.5, 0.75)), chances).astype(float)


def _count_strata(
    known: NDArray[np.float64], groups: NDArray[np.float64], seen: NDArray[np.bool_]
) -> list[RateStratum]:
    _, index = np.unique(groups, return_inverse=True)
    counts = zip(np.bincount(index), np.bincount(index, seen), np.bincount(index, known), strict=True)
    return [RateStratum(jobs=int(jobs), reviewed=int(some), total=float(total)) for jobs, some, total in counts]


def _guess_by_group(
    known: NDArray[np.float64], chances: NDArray[np.float64], seen: NDArray[np.bool_], groups: NDArray[np.float64]
) -> NDArray[np.float64]:
    _, index = np.unique(groups, return_inverse=True)
    weights = np.where(seen, 1 / chances, 0.0)
    totals, sizes = np.bincount(index, weights * known), np.bincount(index, weights)
    anywhere = float(totals.sum() / sizes.sum()) if sizes.sum() else 0.5
    means = np.where(sizes > 0, totals / np.where(sizes > 0, sizes, 1.0), anywhere)
    guesses: NDArray[np.float64] = np.clip(means[index], 0.0, 1.0)
    return guesses


def _check_jobs(known: NDArray[np.float64], chances: NDArray[np.float64], seen: NDArray[np.bool_]) -> None:
    if not known.shape == chances.shape == seen.shape:
        raise ValueError("Give one value, one probability and one mark of review per job.")
    if not bool(np.all((chances > 0) & (chances <= 1))):
        raise ValueError("A probability of review lies above 0 and at most at 1; it is recorded at routing.")
    if not bool(np.all((known >= 0) & (known <= 1))):
        raise ValueError("Values of reviewed jobs must lie between 0 and 1; rescale them first.")
