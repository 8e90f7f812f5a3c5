"""Old against new release on the same cases: tests, e-values and bounds for the difference."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, logsumexp

from teachback_server.statistics.distributions import (
    binomial_above,
    binomial_at_most,
    binomial_quantile,
    binomial_upper_quantile,
)
from teachback_server.statistics.intervals import clopper_pearson_upper

_LARGEST_LOG = 700.0  # e^700 is about the largest float; more evidence than that changes no decision
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(40)
_MOST_STRATA = 20
_NEGLIGIBLE_LOG = 45.0  # e^-45 of the peak adds nothing to an integral in double precision


@dataclass(frozen=True, kw_only=True)
class PairedCounts:
    """The same cases under two releases: wrong before and right now, right before and wrong now, the same."""

    fixed: int
    broken: int
    unchanged: int

    @property
    def cases(self) -> int:
        """How many cases were compared."""
        return self.fixed + self.broken + self.unchanged


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """Jobs with one probability of review: their share of all jobs, and the differences (new − old) of the reviewed."""

    population_share: float
    differences: Sequence[float]


def mcnemar_mid_p(fixed: int, broken: int) -> float:
    """How surprising so many fixes would be if the new release were no better: the one-sided mid-p of McNemar's test.

    Formula: P(Bin(b+c, ½) > b) + ½ P(Bin(b+c, ½) = b), b fixed, c broken. Assumes independent cases, one look, cases
    that the change was not made from. For the page's "how sure"; it must not be turned into an e-value.
    Source: Lancaster (1961); Fagerland, Lydersen & Laake (2013). Without any difference the value is ½.
    """
    return float(_mid_p(fixed, fixed + broken))


def mcnemar_power(fix_rate: float, break_rate: float, cases: int, level: float = 0.05) -> float:
    """The chance that so many cases show an improvement of this size by `mcnemar_mid_p` ≤ level.

    Formula: Σ_d P(Bin(n, f+b) = d) · P(Bin(d, f/(f+b)) ≥ k_d), k_d the fewest fixes among d differences that pass.
    Exact, apart from numbers of differences that are too unlikely to matter. Assumes independent cases.
    Source: Connor (1987), conditional on the differences. Raises ValueError for rates that are impossible together.
    """
    differing = _differing_rate(fix_rate, break_rate)
    if differing == 0 or cases == 0:
        return 0.0
    least = int(binomial_quantile(1e-9, cases, differing))
    pairs = np.arange(least, int(binomial_upper_quantile(1e-9, cases, differing)) + 1)
    needed = binomial_upper_quantile(level, pairs, 0.5)
    needed = np.where(_mid_p(needed, pairs) <= level, needed, needed + 1)
    passes = binomial_above(needed - 1, pairs, fix_rate / differing)
    chances = np.diff(binomial_at_most(np.append(least - 1, pairs), cases, differing))
    return float(np.sum(chances * passes))


def cases_needed(
    fix_rate: float, break_rate: float, *, level: float = 0.05, power: float = 0.8, most_cases: int = 100_000
) -> int | None:
    """How many cases show an improvement of this size with the given power; None if not even `most_cases` do.

    Formula: the smallest n with `mcnemar_power` ≥ power, by bisection. Subtract the cases at hand for "about N more
    cases". Power rises with n apart from small teeth, so the number is good to a few cases.
    Raises ValueError for rates that are impossible together.
    """
    if fix_rate <= break_rate or mcnemar_power(fix_rate, break_rate, most_cases, level) < power:
        return None
    return _first_true(lambda n: mcnemar_power(fix_rate, break_rate, n, level) >= power, most_cases)


def cases_until_e_value(tally: Sequence[tuple[float, float]], *, level: float, most_cases: int = 100_000) -> int | None:
    """How many cases bring `betting_e_value` to 1/level if they go on like these; None if more than `most_cases`.

    `tally` holds each difference with its count or its share of the cases; those that did not differ count too.
    Formula: the smallest n at which the e-value of the tally, scaled to n cases, reaches 1/level; about half of all
    streams are there by then. For "about N more cases" beside a verdict that was decided by e-values.
    Raises ValueError for a difference below −1 and for a negative count.
    """
    if any(value < -1 or count < 0 for value, count in tally):
        raise ValueError("Differences are at least -1 and counts at least 0; count again.")
    total = sum(count for _, count in tally)
    if sum(value * count for value, count in tally) <= 0:
        return None
    values = np.array([value for value, _ in tally])
    shares = np.array([count / total for _, count in tally])
    target = math.log(1 / level)

    def is_reached(cases: int) -> bool:
        return _log_mixture(values, cases * shares) >= target

    return _first_true(is_reached, most_cases) if is_reached(most_cases) else None


def discordant_e_value(fixed: int, broken: int) -> float:
    """Evidence that the new release fixes more than it breaks; may be looked at after every case.

    Formula: E = 2 ∫_½^1 (2θ)^b (2(1−θ))^c dθ, the Beta(1, 1) mixture on (½, 1) over θ, the chance that a differing
    case is a fix. If the new release is no better, E exceeds 1/α with probability at most α, ever. Assumes that given
    the past each differing case is a fix with probability at most ½ (under the null). Computed in log space; capped
    at e^700.
    Source: Robbins (1970); Ramdas, Grünwald, Vovk & Shafer (2023). Raises ValueError for negative counts.
    """
    if fixed < 0 or broken < 0:
        raise ValueError(f"Counts cannot be negative: {fixed} fixed, {broken} broken.")
    pairs = fixed + broken
    below = np.arange(fixed + 1)
    # ∫_½^1 θ^b (1−θ)^c dθ = B(b+1, c+1) · P(Bin(b+c+1, ½) ≤ b), and B(b+1, c+1) = b! c! / (b+c+1)!
    log_tail = logsumexp(gammaln(pairs + 2) - gammaln(below + 1) - gammaln(pairs + 2 - below))
    log_beta = gammaln(fixed + 1) + gammaln(broken + 1) - gammaln(pairs + 2)
    return math.exp(min(float(log_tail + log_beta), _LARGEST_LOG))


def betting_e_value(differences: ArrayLike) -> float:
    """Evidence that the mean of bounded differences is above zero; equals `discordant_e_value` for values −1, 0 and 1.

    Formula: E = ∫_0^1 Π(1 + λ z_i) dλ, z_i ≥ −1. Valid at every look if each z_i has mean at most 0 given the past.
    Valid at one look, too, if only the sum of the means of independent z_i is at most 0, because Σ ln(1+λx_i) ≤ λ Σ
    x_i. The logarithm of the product is concave in λ: its peak is found by bisection, then a 2 × 40 point
    Gauss–Legendre rule covers all that matters around it. Jobs with unequal chances of review: `weigh_differences`
    first.
    Source: Waudby-Smith & Ramdas (2023); the mixture as in Robbins (1970). Capped at e^700. No values give 1.
    Raises ValueError for a value below −1.
    """
    values, counts = np.unique(np.asarray(differences, dtype=float), return_counts=True)
    if not bool(np.all(values >= -1)):
        raise ValueError("Differences must be numbers of at least -1; rescale them first.")
    return math.exp(min(_log_mixture(values, counts.astype(float)), _LARGEST_LOG))


def weigh_differences(differences: ArrayLike, review_probabilities: ArrayLike) -> NDArray[np.float64]:
    """Weigh differences of reviewed jobs by their chance of review, so that they may go into `betting_e_value`.

    Formula: z_i = d_i π_min/π_i. Jobs that were not reviewed count as 0 and can be left out. The mean of z over all
    jobs is then π_min times the mean of d over all jobs, whatever was reviewed. Assumes differences in [−1, 1].
    Raises ValueError for a probability that is not above 0 and at most 1.
    """
    chances = np.asarray(review_probabilities, dtype=float)
    if not bool(np.all((chances > 0) & (chances <= 1))):
        raise ValueError("A probability of review lies above 0 and at most at 1; it is recorded at routing.")
    weighed: NDArray[np.float64] = np.asarray(differences, dtype=float) * chances.min(initial=1.0) / chances
    return weighed


def _mid_p(fixed: ArrayLike, pairs: ArrayLike) -> NDArray[np.float64]:
    counts = np.asarray(fixed)
    return (binomial_above(counts, pairs, 0.5) + binomial_above(counts - 1, pairs, 0.5)) / 2


def _log_mixture(values: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    matters = (values != 0) & (counts > 0)
    values, counts = values[matters], counts[matters]
    if values.size == 0:
        return 0.0

    def log_product(bets: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(divide="ignore"):
            result: NDArray[np.float64] = np.log1p(np.multiply.outer(bets, values)) @ counts
        return result

    peak = _peak(values, counts)
    height = float(log_product(np.array([peak]))[0])
    low = _edge(log_product, height, inside=peak, outside=0.0)
    high = _edge(log_product, height, inside=peak, outside=1.0)
    bets = np.concatenate((low + (peak - low) * (_NODES + 1) / 2, peak + (high - peak) * (_NODES + 1) / 2))
    lengths = np.concatenate((_NODE_WEIGHTS * (peak - low) / 2, _NODE_WEIGHTS * (high - peak) / 2))
    return height + math.log(float(np.sum(lengths * np.exp(log_product(bets) - height))))


def _peak(values: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    low, high = 0.0, 1.0
    for _ in range(25):
        middle = (low + high) / 2
        if float(np.sum(counts * values / (1 + middle * values))) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _edge(
    log_product: Callable[[NDArray[np.float64]], NDArray[np.float64]], height: float, *, inside: float, outside: float
) -> float:
    if float(log_product(np.array([outside]))[0]) >= height - _NEGLIGIBLE_LOG:
        return outside
    for _ in range(12):
        middle = (inside + outside) / 2
        if float(log_product(np.array([middle]))[0]) >= height - _NEGLIGIBLE_LOG:
            inside = middle
        else:
            outside = middle
    return outside


def paired_lower_bound(
    differences: Sequence[float], weights: Sequence[float] | None = None, level: float = 0.05
) -> float:
    """Bound the mean paired difference (new − old) from below, for `not worse`: it is above the bound with 1 − level.

    Formula: one stratum of `stratified_lower_bound`; with weights (1 over the probability of review) one stratum per
    distinct weight, whose population share is its part of the sum of weights. With more than 20 distinct weights: the
    largest m at which `betting_e_value` of w(d−m) refutes the mean m at this level.
    Assumes independent cases, one look, differences in [−1, 1]. For an upper bound negate the differences and the
    result. No differences give −1. Raises ValueError for differences outside [−1, 1] or weights that are not
    positive.
    """
    values = np.asarray(differences, dtype=float)
    scales = np.ones_like(values) if weights is None else np.asarray(weights, dtype=float)
    if scales.shape != values.shape or not bool(np.all(scales > 0)):
        raise ValueError("Give one positive weight per difference: 1 over its probability of review.")
    distinct = np.unique(scales)
    if distinct.size > _MOST_STRATA:
        _check_differences(values)
        return _betting_lower_bound(values, scales, level)
    if distinct.size == 0:
        return -1.0
    strata = [
        Stratum(
            population_share=float(scales[scales == scale].sum() / scales.sum()), differences=values[scales == scale]
        )
        for scale in distinct
    ]
    return stratified_lower_bound(strata, level)


def stratified_lower_bound(strata: Sequence[Stratum], level: float = 0.05) -> float:
    """Bound the mean paired difference over all jobs from below when jobs had unequal chances of review.

    Formula: Σ w_s d̄_s − √(Σ w_s² (d̄_s − l_s)²), w_s the population share, l_s the stratum's own bound at the same level
    (the method of variance estimates recovery). For differences −1, 0, 1: l = d̄ − √(F² + B² + 2φFB), F = f̂ − (exact
    lower bound of the fixed share), B = (exact upper bound of the broken share) − b̂, φ = √(f̂b̂/((1−f̂)(1−b̂))). For other
    values l is the largest mean that `betting_e_value` refutes. So a stratum in which nothing broke still costs what
    its few cases could have hidden, and one without any case counts as −1.
    Coverage at level .05, exact or simulated: one stratum of 50 to 400 cases, rates 0 to 15 %, at least 95.2 %, mean
    96.4 to 98.4 % (a Wald bound 22 to 95 %, Tango's score bound at least 91.3 %); 2 to 10 strata at least 96.7 %.
    Assumes independent cases, one look, shares known or estimated from far more jobs than were compared.
    Source: Clopper & Pearson (1934); Newcombe (1998); Zou & Donner (2008).
    Raises ValueError if shares do not add up to 1 or a difference is outside [−1, 1].
    """
    shares = [stratum.population_share for stratum in strata]
    if min(shares, default=0.0) < 0 or not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
        raise ValueError(f"Population shares must add up to 1, not {sum(shares):.6f}.")
    centre = doubt = 0.0
    for stratum in strata:
        mean, allowance = _bound_stratum(np.asarray(stratum.differences, dtype=float), level)
        centre += stratum.population_share * mean
        doubt += (stratum.population_share * allowance) ** 2
    return max(-1.0, centre - math.sqrt(doubt))


def _bound_stratum(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    _check_differences(values)
    if values.size == 0:
        return -1.0, 0.0
    mean = float(values.mean())
    if not bool(np.all(np.isin(values, (-1.0, 0.0, 1.0)))):
        return mean, mean - _betting_lower_bound(values, np.ones_like(values), level)
    cases = values.size
    fixed, broken = int(np.sum(values == 1)), int(np.sum(values == -1))
    below = fixed / cases - (1 - clopper_pearson_upper(cases - fixed, cases, level))
    above = clopper_pearson_upper(broken, cases, level) - broken / cases
    certain = fixed == cases or broken == cases
    odds = 0.0 if certain else fixed * broken / ((cases - fixed) * (cases - broken))
    return mean, math.sqrt(below**2 + above**2 + 2 * math.sqrt(odds) * below * above)


def _betting_lower_bound(values: NDArray[np.float64], weights: NDArray[np.float64], level: float) -> float:
    scales = weights / weights.max()
    target = math.log(1 / level)
    refuted, kept = -1.0, 1.0
    for _ in range(30):
        mean = (refuted + kept) / 2
        bets, counts = np.unique(scales * (values - mean) / (1 + mean), return_counts=True)
        if _log_mixture(bets, counts.astype(float)) >= target:
            refuted = mean
        else:
            kept = mean
    return refuted


def _check_differences(values: NDArray[np.float64]) -> None:
    if not bool(np.all(np.abs(values) <= 1)):
        raise ValueError("Differences between two scores must lie between -1 and 1; rescale the scores to 0 … 1.")


def _differing_rate(fix_rate: float, break_rate: float) -> float:
    if min(fix_rate, break_rate) < 0 or fix_rate + break_rate > 1:
        raise ValueError(f"A fix rate of {fix_rate} and a break rate of {break_rate} are impossible together.")
    return fix_rate + break_rate


def _first_true(is_enough: Callable[[int], bool], most: int) -> int:
    too_few, enough = 0, most
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if is_enough(middle):
            enough = middle
        else:
            too_few = middle
    return enough
