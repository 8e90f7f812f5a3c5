"""Which jobs may skip review: certifies a confidence threshold above which the error rate stays under the limit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from teachback_server.statistics.distributions import binomial_at_most
from teachback_server.statistics.paired import betting_e_value

FRACTIONS: tuple[float, ...] = tuple(round(0.02 * step, 2) for step in range(1, 51))
_HEAD_ROOM = 2.5  # the first fraction is tested only where it could pass with some errors, else one error ends it all


@dataclass(frozen=True, kw_only=True)
class CertifiedThreshold:
    """A confidence from which jobs may skip review, and the test that allowed it."""

    threshold: float  # jobs with at least this confidence skip review
    share: float  # of all jobs
    jobs: int  # reviewed jobs above the threshold that the certificate rests on
    errors: int  # how many of them were wrong
    p: float  # the chance of so few errors if the error rate were above the limit


def learn_then_test(
    confidences_cal: ArrayLike,
    wrong_cal: ArrayLike,
    confidences_all: ArrayLike,
    limit: float,
    delta: float,
    *,
    fractions: Sequence[float] = FRACTIONS,
    review_probabilities: ArrayLike | None = None,
) -> CertifiedThreshold | None:
    """Find the lowest threshold above which, with probability 1 − delta, the error rate is at most `limit`.

    Formula: fixed-sequence Learn-then-Test. For f in fractions λ_f is the 1−f quantile of all confidences; p_f =
    P(Bin(n_f, limit) ≤ errors above λ_f). Start at the first f with f·n ≥ 2.5·ln δ/ln(1−limit); accept while p_f ≤
    delta; stop at the first failure. With `review_probabilities` that are not all equal, p_f = 1/E, E the
    `betting_e_value` of (π_min/π_i)(limit − wrong_i)/(1 − limit), and n is the number of jobs that π_min/π_i adds up
    to.
    Assumes calibration jobs drawn from the same work as the jobs to come, each with the recorded probability, judged
    blind, not used to fit the agent, and spent by this one call (`spent_delta` for the next).
    Source: Angelopoulos, Bates, Candès, Jordan & Lei (2021), "Learn then test"; Bauer (1991) for the fixed sequence.
    `confidences_cal` and `wrong_cal` have one entry per calibration job; `confidences_all` one per unlabelled job.
    None: nothing can be certified. Raises ValueError for lengths that differ or a limit or delta outside (0, 1).
    """
    _check_probability(limit, delta)
    sureness, wrong, everything = (_as_floats(values) for values in (confidences_cal, wrong_cal, confidences_all))
    scales = _relative_weights(review_probabilities, sureness.size)
    if not sureness.size == wrong.size == scales.size:
        raise ValueError("Give one confidence, one verdict and one review probability per calibration job.")
    testable = _testable_fractions(fractions, float(scales.sum()), limit, delta)
    if not testable or not everything.size:
        return None
    certified = None
    for threshold in np.quantile(everything, 1 - np.array(testable), method="higher").tolist():
        above = sureness >= threshold
        p = _error_p_value(wrong[above], scales[above], limit)
        if p > delta:
            break
        certified = CertifiedThreshold(
            threshold=threshold,
            share=float(np.mean(everything >= threshold)),
            jobs=int(above.sum()),
            errors=int(wrong[above].sum()),
            p=p,
        )
    return certified


def spent_delta(delta: float, attempt: int) -> float:
    """The part of delta that the attempt with this number (from 1) may use, so that all together stay within it.

    Formula: δ_j = 6δ/(π²j²); the sum over all j is delta. Assumes nothing (union bound).
    Raises ValueError for an attempt below 1.
    """
    if attempt < 1:
        raise ValueError(f"Attempts are numbered from 1; there is no attempt {attempt}.")
    return 6 * delta / (math.pi * attempt) ** 2


def zero_error_minimum(limit: float, delta: float) -> int:
    """How many jobs without any error are needed before an error rate below `limit` can be certified.

    Formula: ⌈ln δ / ln(1 − limit)⌉, the smallest n with (1−limit)^n ≤ δ. Assumes independent jobs.
    Raises ValueError for a limit or delta outside (0, 1).
    """
    _check_probability(limit, delta)
    return math.ceil(math.log(delta) / math.log1p(-limit))


def _testable_fractions(fractions: Sequence[float], jobs: float, limit: float, delta: float) -> list[float]:
    fewest = _HEAD_ROOM * math.log(delta) / math.log1p(-limit)
    return [fraction for fraction in sorted(fractions) if fraction * jobs >= fewest]


def _error_p_value(wrong: NDArray[np.float64], scales: NDArray[np.float64], limit: float) -> float:
    if bool(np.all(scales == scales.max(initial=0.0))):
        return float(binomial_at_most(wrong.sum(), wrong.size, limit))
    return min(1.0, 1 / betting_e_value(scales * (limit - wrong) / (1 - limit)))


def _relative_weights(review_probabilities: ArrayLike | None, jobs: int) -> NDArray[np.float64]:
    if review_probabilities is None:
        return np.ones(jobs)
    chances = _as_floats(review_probabilities)
    if not bool(np.all((chances > 0) & (chances <= 1))):
        raise ValueError("A probability of review lies above 0 and at most at 1; it is recorded at routing.")
    relative: NDArray[np.float64] = chances.min(initial=1.0) / chances
    return relative


def _as_floats(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=float).ravel()


def _check_probability(limit: float, delta: float) -> None:
    if not (0 < limit < 1 and 0 < delta < 1):
        raise ValueError(f"Limit and delta are probabilities between 0 and 1, not {limit} and {delta}.")
