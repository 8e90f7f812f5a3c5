"""Plans how a release earns its autonomy: from how many jobs, and at which share a certificate is first tried. Pure.

Planning uses only what is known before the calibration jobs are looked at (the release's own spent gate cases and its
confidences), so that the certificate itself, `statistics.thresholds.learn_then_test`, keeps its guarantee.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from teachback_server.statistics.distributions import beta_binomial_at_most, binomial_at_most, binomial_quantile
from teachback_server.statistics.thresholds import FRACTIONS, spent_delta

POOL_SIZES = (100, 150, 200, 250, 300, 350, 400, 500, 600, 800, 1000)  # jobs that a certificate may be tried on
FEWEST_GAINED = 0.03  # of all jobs; less is not worth a test
FEWEST_SHARE = 0.20
_PATIENT_SHARE = 0.5  # a young workflow does better to learn on until its first certificate is worth half its jobs
_PATIENT_JOBS = 4000  # from then on, it takes less and less
LIKELY = 0.7  # the chance from which a test is worth its jobs
_CONFIDENCE_WORTH = 100  # jobs: how much the agent's own confidence weighs beside counted errors
_SHADOW_WORTH = 200  # likewise, where confidences are all there is
_OVERCONFIDENCE = 1.15  # agents are surer than they should be
_MOST_WORTH = 400
_GAIN_EXPONENT = 0.6  # errors among sure jobs fall about so with the number of examples
_HEAD_ROOM = 2.5  # as in `learn_then_test`: where it first looks


@dataclass(frozen=True, kw_only=True)
class Risk:
    """Expected error rate among the surest share f of jobs, for each f of FRACTIONS, and how many jobs it is worth."""

    errors: tuple[float, ...]
    worth: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class EarningPlan:
    """What to collect, and where the test begins."""

    jobs: int  # calibration jobs to collect
    start_share: float  # the fixed sequence begins with this share of jobs
    chance: float  # of passing there
    likely_share: float  # the largest share that more likely than not passes

    @property
    def shares(self) -> tuple[float, ...]:
        """The fixed sequence."""
        return tuple(share for share in FRACTIONS if share >= self.start_share)


def risk_from_results(confidences: ArrayLike, wrong: ArrayLike, weights: ArrayLike | None = None) -> Risk:
    """The risk that a release's own judged cases suggest; entry i of all arrays is one case, in no order.

    `weights` says how many jobs each case stands for: one over its probability of review; without, all the same. Errors
    counted among the cases that stand for the surest share of jobs, with the mean of 1 − confidence as so many
    pseudo-jobs beside them. Cases of unequal weight are worth (Σw)²/Σw² of equal ones (Kish's effective sample size).
    """
    cases = _surest_first(confidences, wrong, weights)
    last = cases.find_last_of_shares()
    stands_for = np.cumsum(cases.weights)[last]
    worth = stands_for**2 / np.cumsum(cases.weights**2)[last]
    seen = np.cumsum(cases.weights * cases.errors)[last] / stands_for
    expected = (worth * seen + _CONFIDENCE_WORTH * cases.claim_errors(last)) / (worth + _CONFIDENCE_WORTH)
    return _risk(expected, worth + _CONFIDENCE_WORTH)


def risk_from_confidences(confidences: ArrayLike) -> Risk:
    """The risk that confidences alone suggest, where nobody has judged a fair sample of the jobs."""
    cases = _surest_first(confidences, np.zeros(np.size(confidences)), None)
    last = cases.find_last_of_shares()
    return _risk(cases.claim_errors(last), np.full(last.size, _SHADOW_WORTH))


def risk_after_growth(risk: Risk, growth: float) -> Risk:
    """The risk to expect after the examples have grown by a factor."""
    shrink = growth**-_GAIN_EXPONENT
    return Risk(errors=tuple(error * shrink for error in risk.errors), worth=risk.worth)


def fewest_share(jobs_so_far: int) -> float:
    """The smallest share of jobs without review that is worth a first certificate after so many jobs."""
    patience = min(1.0, _PATIENT_JOBS / max(jobs_so_far, 1))
    return max(FEWEST_SHARE, _PATIENT_SHARE * patience)


def plan_earning(
    risk: Risk,
    *,
    limit: float,
    certainty: float,
    attempt: int,
    horizon_jobs: float,
    share_now: float = 0.0,
    pool_share: float = 1.0,
    most_jobs: float = math.inf,
    least_share: float = FEWEST_SHARE,
) -> EarningPlan | None:
    """Choose the number of jobs to collect, and the start, that promise most jobs without review; None: none is likely.

    The value of a pool of n jobs is chance · (likely share − share now) · (horizon − jobs until it is full) − reviews
    that it costs beyond those that happen anyway. `horizon_jobs` is how many jobs the gain may be enjoyed for (as many
    as have been so far, where nothing else is known). `pool_share` is the share of arriving jobs that join the pool.
    `most_jobs` bounds the pool, as nothing else is learned while it fills; `least_share` is the smallest certificate
    that is worth having.
    """
    delta = spent_delta(1 - certainty, attempt)
    best: EarningPlan | None = None
    best_value = 0.0
    for jobs in POOL_SIZES:
        if jobs > most_jobs:
            break
        plan = _plan_pool(risk, jobs, limit, delta)
        if plan is None or plan.chance < LIKELY:
            continue
        if plan.likely_share < max(least_share, share_now + FEWEST_GAINED):
            continue
        enjoyed = max(0.0, horizon_jobs - jobs / pool_share)
        value = plan.chance * (plan.likely_share - share_now) * enjoyed - jobs * share_now
        if value > best_value:
            best, best_value = plan, value
    return best


def _plan_pool(risk: Risk, jobs: int, limit: float, delta: float) -> EarningPlan | None:
    shares = np.array(FRACTIONS)
    above = np.floor(shares * jobs).astype(int)
    is_testable = above >= _HEAD_ROOM * math.log(delta) / math.log1p(-limit)
    if not is_testable.any():
        return None
    chances = np.where(is_testable, _chances(risk, above, limit, delta), 0.0)
    start = int(chances.argmax())
    last = start
    while last + 1 < chances.size and chances[last + 1] >= 0.5:
        last += 1
    if chances[start] < 0.5:
        return None
    return EarningPlan(
        jobs=jobs,
        start_share=FRACTIONS[start],
        chance=float(chances[start]),
        likely_share=FRACTIONS[last],
    )


def _chances(risk: Risk, above: NDArray[np.int64], limit: float, delta: float) -> NDArray[np.float64]:
    """The chance to pass at each share: a beta-binomial forecast of the errors against the most that may be."""
    allowed = binomial_quantile(delta, above, limit)
    allowed = np.where(binomial_at_most(allowed, above, limit) <= delta, allowed, allowed - 1)
    worth = np.minimum(np.array(risk.worth), _MOST_WORTH)
    errors = np.array(risk.errors)
    forecast = beta_binomial_at_most(
        np.maximum(allowed, 0), np.maximum(above, 1), errors * worth + 0.2, (1 - errors) * worth + 0.2
    )
    chances: NDArray[np.float64] = np.where(allowed >= 0, forecast, 0.0)
    return chances


@dataclass(frozen=True, kw_only=True)
class _Cases:
    """Judged cases, the surest first, each with how many jobs it stands for."""

    sureness: NDArray[np.float64]
    errors: NDArray[np.float64]
    weights: NDArray[np.float64]

    def find_last_of_shares(self) -> NDArray[np.int64]:
        """For each of FRACTIONS the last of the cases that stand for so large a share of the jobs; at least one."""
        heard = np.cumsum(self.weights) * (self.sureness.size / self.weights.sum())
        wanted = np.round(np.array(FRACTIONS) * self.sureness.size)
        found = np.searchsorted(heard, wanted - 1e-6)  # so that adding up fractions does not ask for one case more
        return np.minimum(found, self.sureness.size - 1).astype(np.int64)

    def claim_errors(self, last: NDArray[np.int64]) -> NDArray[np.float64]:
        """The share of errors that the confidences of the first cases claim, up to each of `last`."""
        doubt = np.cumsum(self.weights * (1 - np.clip(self.sureness, 0, 1)))[last]
        claimed: NDArray[np.float64] = _OVERCONFIDENCE * doubt / np.cumsum(self.weights)[last]
        return claimed


def _surest_first(confidences: ArrayLike, wrong: ArrayLike, weights: ArrayLike | None) -> _Cases:
    sureness, errors = np.asarray(confidences, dtype=float), np.asarray(wrong, dtype=float)
    if sureness.size == 0:
        return _Cases(sureness=np.zeros(1), errors=np.ones(1), weights=np.ones(1))
    stands_for = np.ones(sureness.size) if weights is None else np.asarray(weights, dtype=float)
    order = np.argsort(-sureness, kind="stable")
    return _Cases(sureness=sureness[order], errors=errors[order], weights=stands_for[order])


def _risk(errors: NDArray[np.float64], worth: NDArray[np.float64]) -> Risk:
    bounded: Sequence[float] = np.clip(errors, 1e-4, 0.99).tolist()
    return Risk(errors=tuple(bounded), worth=tuple(float(value) for value in worth))
