"""Says when a batch of examples is due: when there is enough to learn from, and its gate could show something. Pure."""

import math
from dataclasses import dataclass

from scipy.special import ndtr, ndtri

from teachback_server.evals.gate_test import LEVEL, MARGIN

FIRST_EXAMPLES = 48
FEWEST_GATE_JOBS = 40
FEWEST_FIRST_GATE_JOBS = 25  # against a release that hands everything back, the difference is large
GROWTH = 1.5  # of the examples since the live release
GROWTH_AFTER_A_TRY = 1.3  # and since the last candidate, whatever became of it
POWER = 0.8
_GAIN_EXPONENT = 0.3  # the share of jobs that are not right falls about so with the number of examples
_RESTLESSNESS = 0.05  # of results change for better or worse with any new fit


@dataclass(frozen=True, kw_only=True)
class BatchState:
    """Counts that say how far learning has come; all can be read from the tables."""

    examples: int  # cases that a candidate could be made from now
    live_examples: int  # what the live release was made from
    last_try_examples: int  # what the last candidate was made from
    gate_jobs: int  # unspent jobs on the gate's side
    live_accuracy: float  # of the live release, at its gate


def has_enough_examples(examples: int, last_try_examples: int) -> bool:
    """Whether so many examples are enough for another candidate; given an upper bound, whether counting is worth it."""
    return examples >= max(FIRST_EXAMPLES, GROWTH_AFTER_A_TRY * last_try_examples)


def is_batch_due(state: BatchState) -> bool:
    """Whether a candidate should be made and judged now."""
    if not has_enough_examples(state.examples, state.last_try_examples):
        return False
    if not state.live_examples:
        return state.gate_jobs >= FEWEST_FIRST_GATE_JOBS
    if state.gate_jobs < FEWEST_GATE_JOBS:
        return False
    growth = state.examples / state.live_examples
    return growth >= GROWTH and gate_power(state.live_accuracy, growth, state.gate_jobs) >= POWER


def gate_power(accuracy: float, growth: float, gate_jobs: int) -> float:
    """The chance that the gate shows `not worse`, if learning goes on as it usually does.

    Normal approximation: the gain is (1 − accuracy)(1 − growth^−0.3), discordant results are the gain and 5 points.
    """
    gain = (1 - accuracy) * (1 - growth**-_GAIN_EXPONENT)
    discordant = gain + _RESTLESSNESS
    error = math.sqrt(max(discordant - gain**2, 1e-4) / max(gate_jobs, 1))
    return float(ndtr((gain + MARGIN) / error + ndtri(LEVEL)))
