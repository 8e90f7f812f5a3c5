"""How a pattern is doing: new, growing, resolved or regressed, from when it appeared among the reviews. Pure."""

import math
from dataclasses import dataclass

from teachback.vocabulary import PatternState

NEW_WITHIN_REVIEWS = 200
RESOLVED_AT = 0.05


@dataclass(frozen=True, kw_only=True)
class PatternHistory:
    """Counts of reviewed jobs; a pattern cannot appear in a job that nobody looked at."""

    appearances: int
    reviews_before_last: int  # reviewed jobs from its first appearance to its last, both included
    reviews_since_last: int  # reviewed jobs after its last appearance


def next_state(state: PatternState, history: PatternHistory, *, has_new: bool) -> PatternState:
    """The state of a pattern after another look.

    Resolved: at its former rate, so long a silence would have had a chance of less than 5 %
    (binomial: (1 − rate) to the power of the reviews since). Regressed: it was resolved and came back.
    A person's `ignored` stays.
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
    rate = history.appearances / max(history.reviews_before_last, 1)
    if rate >= 1:
        return history.reviews_since_last >= 5
    return history.reviews_since_last * math.log1p(-rate) < math.log(RESOLVED_AT)
