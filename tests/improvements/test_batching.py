"""When a batch of examples is due: enough to learn from, and a gate that could show something."""

from dataclasses import replace

import numpy as np
import pytest

from teachback.vocabulary import GateVerdict
from teachback_server.evals.gate_test import PairedCase, judge_change
from teachback_server.improvements.batching import (
    FIRST_EXAMPLES,
    GROWTH,
    GROWTH_AFTER_A_TRY,
    BatchState,
    gate_power,
    is_batch_due,
)
from teachback_server.statistics.multiplicity import ClaimAccount

GROWN = BatchState(examples=1000, live_examples=500, last_try_examples=500, gate_jobs=400, live_accuracy=0.8)


def test_a_batch_is_due_when_examples_doubled_and_the_gate_has_cases() -> None:
    assert is_batch_due(GROWN)


def test_the_first_batch_needs_a_few_examples_and_a_few_cases() -> None:
    first = BatchState(examples=FIRST_EXAMPLES, live_examples=0, last_try_examples=0, gate_jobs=40, live_accuracy=0.0)
    assert is_batch_due(first)
    assert not is_batch_due(replace(first, examples=FIRST_EXAMPLES - 1))
    assert not is_batch_due(replace(first, gate_jobs=5))


def test_hardly_more_examples_than_the_live_release_has_are_no_batch() -> None:
    assert not is_batch_due(replace(GROWN, live_examples=int(1000 / GROWTH) + 1))


def test_after_a_batch_that_was_refused_the_next_one_waits_for_more_examples() -> None:
    assert not is_batch_due(replace(GROWN, last_try_examples=int(1000 / GROWTH_AFTER_A_TRY) + 1))


def test_a_gate_that_could_show_nothing_is_not_wasted() -> None:
    assert not is_batch_due(replace(GROWN, gate_jobs=60, live_accuracy=0.95))
    assert is_batch_due(replace(GROWN, gate_jobs=600, live_accuracy=0.95))


def test_power_rises_with_cases_with_growth_and_with_what_is_left_to_learn() -> None:
    by_cases = [gate_power(0.85, 1.5, jobs) for jobs in (50, 100, 200, 400, 800)]
    by_growth = [gate_power(0.85, growth, 200) for growth in (1.2, 1.5, 2.0, 3.0)]
    by_accuracy = [gate_power(accuracy, 2.0, 200) for accuracy in (0.95, 0.85, 0.6)]
    for series in (by_cases, by_growth, by_accuracy):
        assert series == sorted(series)


@pytest.mark.slow
@pytest.mark.parametrize(("accuracy", "growth", "jobs"), [(0.7, 1.5, 120), (0.85, 2.0, 200), (0.9, 1.5, 400)])
def test_the_gate_itself_is_as_powerful_as_planned(accuracy: float, growth: float, jobs: int) -> None:
    gain = (1 - accuracy) * (1 - growth**-0.3)
    draws = np.random.default_rng(3)
    passed, gates = 0, 100
    for _ in range(gates):
        fixed, broken = (int(n) for n in draws.multinomial(jobs, [gain + 0.025, 0.025, 0.95 - gain])[:2])
        scores = [(0.0, 1.0)] * fixed + [(1.0, 0.0)] * broken + [(1.0, 1.0)] * (jobs - fixed - broken)
        cases = [PairedCase(group=str(at), base_score=a, candidate_score=b) for at, (a, b) in enumerate(scores)]
        verdict = judge_change(cases, account=ClaimAccount()).verdict
        passed += verdict in (GateVerdict.PROVEN, GateVerdict.NOT_WORSE)
    assert passed / gates == pytest.approx(gate_power(accuracy, growth, jobs), abs=0.15)
