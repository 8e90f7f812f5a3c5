"""Krippendorff's alpha: the published figures, the edges, and how often its interval holds."""

from collections.abc import Sequence

import numpy as np
import pytest

from teachback_server.statistics.agreement import Level, measure_agreement

# Four observers, twelve units; a point is a missing value. From Krippendorff, "Computing Krippendorff's
# Alpha-Reliability" (2011), section D.
OBSERVERS = ("123321412...", "1233224125.3", ".3332342251.", "123324412" + "51.")


def _units(observers: Sequence[str]) -> list[list[int]]:
    return [[int(value) for value in unit if value != "."] for unit in zip(*observers, strict=True)]


@pytest.mark.parametrize(
    ("level", "published"),
    [(Level.NOMINAL, 0.743), (Level.ORDINAL, 0.815), (Level.INTERVAL, 0.849), (Level.RATIO, 0.797)],
    ids=str,
)
def test_the_canonical_table_gives_the_published_figures(level: Level, published: float) -> None:
    found = measure_agreement(_units(OBSERVERS), level)
    assert found is not None
    assert round(found.alpha, 3) == published
    assert found.units == 11  # the twelfth has one value, which cannot be compared
    assert found.interval.low < found.alpha < found.interval.high


def test_people_who_answer_at_random_agree_as_much_as_chance() -> None:
    draws = np.random.default_rng(1)
    found = measure_agreement(draws.integers(0, 3, size=(4000, 2)).tolist())
    assert found is not None
    assert abs(found.alpha) < 0.04


def test_nothing_can_be_said_where_everybody_always_says_the_same() -> None:
    assert measure_agreement([["yes", "yes"]] * 50) is None
    assert measure_agreement([]) is None
    assert measure_agreement([["yes", "no"]]) is None
    assert measure_agreement([["yes"], ["no"], ["no"]]) is None


def test_perfect_agreement_on_few_jobs_is_not_proof() -> None:
    few = measure_agreement([["a", "a"], ["b", "b"], ["a", "a"]])
    many = measure_agreement([["a", "a"], ["b", "b"]] * 200)
    assert few is not None
    assert many is not None
    assert few.alpha == many.alpha == 1.0
    assert few.interval.low < 0
    assert many.interval.low > 0.95


def test_the_order_of_jobs_and_of_people_changes_nothing() -> None:
    units = _units(OBSERVERS)
    turned = [list(reversed(unit)) for unit in reversed(units)]
    one, other = measure_agreement(units), measure_agreement(turned)
    assert one is not None
    assert other is not None
    assert one.alpha == pytest.approx(other.alpha)


@pytest.mark.parametrize("slips", [0.02, 0.1, 0.3], ids=str)
def test_the_interval_holds_the_truth_nearly_as_often_as_it_says(slips: float) -> None:
    # Each of two people sees the right one of four answers and slips to another one now and then.
    def decide(draws: np.random.Generator, jobs: int) -> list[list[int]]:
        right = draws.choice(4, size=jobs, p=[0.7, 0.1, 0.1, 0.1])
        told = [np.where(draws.random(jobs) < slips, draws.integers(0, 4, jobs), right) for _ in range(2)]
        return np.stack(told, axis=1).tolist()

    truth = measure_agreement(decide(np.random.default_rng(0), 40_000))
    assert truth is not None
    holds = 0
    for seed in range(1, 201):
        found = measure_agreement(decide(np.random.default_rng(seed), 150))
        assert found is not None
        holds += found.interval.low <= truth.alpha <= found.interval.high
    assert holds / 200 >= 0.9
