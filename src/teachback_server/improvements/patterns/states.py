"""How a pattern is doing: new, growing, resolved or regressed, from when it appeared among the reviews. Pure."""

import math
from dataclasses import dataclass

from teachback.vocabulary import PatternState

NEW_WITHIN_REVIEWS = 200
RESOLVED_AT = 0.05
SHORTEST_SILENCE = 5  # reviews; fewer are a pause


@dataclass(frozen=True, kw_only=True)
class PatternHistory:
    """Counts of reviewed jobs; a pattern cannot appear in a job that nobody looked at."""

    appearances: int
    reviews_before_last: int  # reviewed jobs from its first appearance to its last, both included
    reviews_since_last: int  # reviewed jobs after its last appearance


def next_state(state: PatternState, history: PatternHistory, *, has_new: bool) -> PatternState:
    """The state of a pattern after another look.

    Resolved: had its rate stayed, so long a silence would have had a chance of less than 5 %. Regressed: it was
    resolved and came back. A person's `ignored` stays.
    """
    if state is PatternState.IGNORED:
        return state
    if has_new:
        if state in (PatternState.RESOLVED, PatternState.REGRESSED):
            return PatternState.REGRESSED
        is_new = history.reviews_before_last <= NEW_WITHIN_REVIEWS and history.appearances < 3
        return PatternState.NEW if is_new else PatternState.GROWING
    return PatternState.RESOLVED if _is_silent(history) else state


def _is_silent(history: PatternHistory) -> bool:
    """Whether all appearances lie in the first part of the reviews by more than chance, exactly.

    Counted from the first appearance, the others could lie anywhere in the reviews that followed: C(all, others) ways,
    of which C(before the last one's end, others) leave the silence. Who appeared once has no rate: it is no longer
    new after a time, whatever its luck.
    """
    until_last = history.reviews_before_last - 1
    others = min(history.appearances - 1, until_last)  # several corrections in one review are one appearance
    if others < 1:
        return history.reviews_since_last > NEW_WITHIN_REVIEWS
    chance = _log_ways(until_last, others) - _log_ways(until_last + history.reviews_since_last, others)
    return history.reviews_since_last >= SHORTEST_SILENCE and chance < math.log(RESOLVED_AT)


def _log_ways(places: int, chosen: int) -> float:
    return math.lgamma(places + 1) - math.lgamma(chosen + 1) - math.lgamma(places - chosen + 1)
