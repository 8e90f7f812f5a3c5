"""Notices a reviewer who accepts whatever comes, from what they accept next to what others do. Pure."""

import math
from dataclasses import dataclass

from teachback_server.statistics.intervals import wilson_interval

NAMED_AT = 20.0  # evidence: an honest reviewer is named in at most 1 of 20 workflows, however long one looks
_HALF = 0.5  # of what others do: who still objects half as often is taken to look at the work
_TENTH = 0.1
_OTHERS_ALPHA = 0.10
_MISSES = 0.5  # of outputs known to be wrong: who misses no more than that is taken to look at the work
_STAMPER_MISSES = 0.95
_FEWEST_OF_OTHERS = 20
QUICK = 1 / 3  # of the time that others take


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What one reviewer did, and what all others did in the same workflow."""

    decisions: int
    accepted: int
    others_decisions: int
    others_accepted: int
    known_wrong: int  # outputs known to be wrong that were put before them without their knowing
    known_missed: int  # of those, accepted
    median_seconds: float | None = None
    others_median_seconds: float | None = None

    @property
    def is_quick(self) -> bool:
        """Whether they take less than a third of the time of the others."""
        mine, theirs = self.median_seconds, self.others_median_seconds
        return mine is not None and theirs is not None and mine < theirs * QUICK


def weigh_stamping(habits: Habits) -> float:
    """The evidence that a reviewer accepts without looking, as an e-value: 20 and more names them.

    Null: they object at least half as often as the others, and miss at most half of the outputs known to be wrong.
    Formula: the product of the likelihood ratios of their decisions under an objection rate of a tenth instead of half
    of the others', and of the known wrong ones under 95 % missed instead of 50 %. The others' rate is taken at the low
    end of its 90 % Wilson interval. Each ratio has mean at most 1 under the null, so the product may be watched after
    every decision (Ville's inequality). Assumes that everybody meets the same mix of jobs, as the queue sees to it.
    Where the others decided fewer than 20 jobs, only the known ones count.
    """
    known = _ratio(habits.known_missed, habits.known_wrong - habits.known_missed, _STAMPER_MISSES, _MISSES)
    if habits.others_decisions < _FEWEST_OF_OTHERS:
        return math.exp(known)
    objections = habits.others_decisions - habits.others_accepted
    rate = wilson_interval(objections, habits.others_decisions, _OTHERS_ALPHA).low
    own = _ratio(habits.decisions - habits.accepted, habits.accepted, rate * _TENTH, rate * _HALF) if rate > 0 else 0.0
    return math.exp(min(known + own, math.log(1e6)))


def _ratio(hits: int, misses: int, rate: float, null_rate: float) -> float:
    """The logarithm of the likelihood ratio of so many hits and misses."""
    return hits * math.log(rate / null_rate) + misses * math.log((1 - rate) / (1 - null_rate))
