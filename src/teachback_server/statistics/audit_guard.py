"""The audit guard: watches the random audits of jobs that skipped review, and says when autonomy must be taken back."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BOLDEST_BET = 0.75  # the largest share of its wealth that the guard may lose on one right answer
_PRIOR_MEAN = 0.5  # one half-wrong audit before the first: the guard starts wary, and finds a bad start sooner
_PRIOR_VARIANCE = 0.25


@dataclass(frozen=True, kw_only=True)
class GuardState:
    """What the guard knows after some audits; small enough to keep in one row."""

    limit: float  # the owner's limit on the error rate of jobs that skip review
    audits: int = 0
    errors: int = 0
    square_sum: float = 0.0  # Σ(X_i − μ̂_i)², with each mean as it was known then
    log_wealth: float = 0.0
    highest_log_wealth: float = 0.0  # an alarm stays an alarm until a person starts a new guard

    def __post_init__(self) -> None:
        if not 0 < self.limit < 1:
            raise ValueError(f"A limit on errors lies between 0 and 1, not at {self.limit}; ask the owner for one.")


def advance_guard(state: GuardState, is_wrong: bool) -> GuardState:
    """Take in the result of one audit. Formula, assumptions and source: `advance_guard_through`."""
    value = float(is_wrong)
    log_wealth = state.log_wealth + math.log1p(_next_bet(state) * (value - state.limit))
    audits, errors = state.audits + 1, state.errors + int(is_wrong)
    mean = (_PRIOR_MEAN + errors) / (audits + 1)
    return replace(
        state,
        audits=audits,
        errors=errors,
        square_sum=state.square_sum + (value - mean) ** 2,
        log_wealth=log_wealth,
        highest_log_wealth=max(state.highest_log_wealth, log_wealth),
    )


def advance_guard_through(state: GuardState, wrongs: Iterable[bool]) -> GuardState:
    """Take in many audits, in the order of time.

    Formula: a bet against H0 "the error rate is at most α" (α = limit): K = Π(1 + λ(X − α)), λ =
    clip((μ̂−α)/(σ̂²+(μ̂−α)²), 0, ¾/α), μ̂ = (½+ΣX)/(t+1), σ̂² = (¼+Σ(X_i−μ̂_i)²)/(t+1), both from earlier audits
    only. Under H0 the chance that K ever reaches 20 is at most 5 %, however long one watches. Assumes audits drawn at
    random among the jobs that skip review, judged blind; H0 must hold for each audit given the past.
    Source: Waudby-Smith & Ramdas (2023); Ville (1939). Gives the same state as `advance_guard` one by one.
    """
    for is_wrong in wrongs:
        state = advance_guard(state, is_wrong)
    return state


def is_alarm(state: GuardState, alarm_at: float = 20.0) -> bool:
    """Whether the guard's wealth has ever reached the alarm; 20 means at most 5 % false alarms over all time."""
    return state.highest_log_wealth >= math.log(alarm_at)


def _next_bet(state: GuardState) -> float:
    mean = (_PRIOR_MEAN + state.errors) / (state.audits + 1)
    variance = (_PRIOR_VARIANCE + state.square_sum) / (state.audits + 1)
    gap = mean - state.limit
    return min(max(gap / (variance + gap * gap), 0.0), _BOLDEST_BET / state.limit)


def trace_guard(wrongs: ArrayLike, limit: float) -> NDArray[np.float64]:
    """The guard's log wealth after each audit, for charts and simulations.

    `wrongs` has the audits of one stream along its last axis; the result has the same shape. Same formula as
    `advance_guard_through`, all streams at once.
    """
    values = np.asarray(wrongs, dtype=float)
    counts = np.arange(1, values.shape[-1] + 1)
    means = (_PRIOR_MEAN + np.cumsum(values, axis=-1)) / (counts + 1)
    variances = (_PRIOR_VARIANCE + np.cumsum((values - means) ** 2, axis=-1)) / (counts + 1)
    gaps = _delayed(means, _PRIOR_MEAN) - limit
    bets = np.clip(gaps / (_delayed(variances, _PRIOR_VARIANCE) + gaps**2), 0.0, _BOLDEST_BET / limit)
    path: NDArray[np.float64] = np.cumsum(np.log1p(bets * (values - limit)), axis=-1)
    return path


def _delayed(path: NDArray[np.float64], first: float) -> NDArray[np.float64]:
    start = np.full((*path.shape[:-1], 1), first)
    return np.concatenate((start, path[..., :-1]), axis=-1)
