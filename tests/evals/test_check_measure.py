"""What a check is worth: the share of wrong outputs that it would have caught, and of right ones it would have held."""

import numpy as np
import pytest

from teachback.vocabulary import GateVerdict
from teachback_server.evals.check_measure import CheckedCase, describe_check, measure_check
from teachback_server.statistics.intervals import wilson_interval


def make_cases(*, right: bool, held: int, passed: int, weight: float = 1.0) -> list[CheckedCase]:
    return [
        CheckedCase(group=f"{right} {weight} {number}", weight=weight, is_right=right, is_held=number < held)
        for number in range(held + passed)
    ]


def test_each_share_is_of_its_own_kind_of_output() -> None:
    measure = measure_check(make_cases(right=False, held=12, passed=8) + make_cases(right=True, held=3, passed=177))
    assert (measure.of_wrong.held, measure.of_wrong.cases, measure.of_wrong.share) == (12, 20, 0.6)
    assert (measure.of_right.held, measure.of_right.cases) == (3, 180)
    wilson = wilson_interval(12, 20)
    assert (measure.of_wrong.low, measure.of_wrong.high) == pytest.approx((wilson.low, wilson.high))


def test_an_audited_output_stands_for_all_that_nobody_looked_at() -> None:
    doubtful = make_cases(right=False, held=9, passed=1)
    audited = make_cases(right=False, held=0, passed=2, weight=20.0)
    measure = measure_check(doubtful + audited)
    assert measure.of_wrong.share == pytest.approx(9 / 50)
    assert measure.of_wrong.low < 0.05 and measure.of_wrong.high > 0.6  # two audits tell little of forty jobs


def test_outputs_of_one_group_weigh_as_one() -> None:
    apart = make_cases(right=False, held=10, passed=10)
    together = [CheckedCase(group="same", weight=1, is_right=False, is_held=case.is_held) for case in apart]
    assert measure_check(together).of_wrong.high - measure_check(together).of_wrong.low > 0.75
    assert measure_check(apart).of_wrong.high - measure_check(apart).of_wrong.low < 0.45


def test_the_interval_covers_the_truth_where_few_jobs_are_audited() -> None:
    draws = np.random.default_rng(31)
    covered = 0
    for _ in range(300):
        is_doubtful = draws.random(400) < 0.5
        is_held = draws.random(400) < np.where(is_doubtful, 0.5, 0.2)
        chance = np.where(is_doubtful, 1.0, 0.2)
        seen = draws.random(400) < chance
        measure = measure_check(
            [
                CheckedCase(group=f"{n}", weight=1 / chance[n], is_right=False, is_held=bool(is_held[n]))
                for n in np.flatnonzero(seen)
            ]
        )
        covered += measure.of_wrong.low <= 0.35 <= measure.of_wrong.high
    assert covered / 300 >= 0.94


def test_a_verdict_says_what_a_check_would_catch_and_what_it_would_cost() -> None:
    measure = measure_check(make_cases(right=False, held=12, passed=8) + make_cases(right=True, held=0, passed=180))
    said = describe_check(GateVerdict.NOT_WORSE, "Not worse. Of 200 cases …", measure).replace("\xa0", " ")
    assert said == (
        "Not worse, as a check changes no output."
        " It would have caught 60 % (12 of 20 that people saw; between 39 % and 78 %) of the wrong outputs that nothing"
        " else held back."
        " It would have sent 0 % (0 of 180 that people saw; between 0 % and 2.1 %) of the right ones to a person."
    )


def test_without_a_wrong_output_nothing_is_said_of_what_it_would_catch() -> None:
    measure = measure_check(make_cases(right=True, held=1, passed=29))
    assert measure.of_wrong.share is None
    sentence = describe_check(GateVerdict.CANNOT_TELL, "Cannot tell yet. Of 30 cases …", measure)
    assert sentence.startswith("Cannot tell yet. Of 30 cases … What it would catch cannot be told:")
    assert "No output was right" in describe_check(GateVerdict.CANNOT_TELL, "", measure_check([]))
