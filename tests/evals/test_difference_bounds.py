"""The lower bound of a mean difference: exact where it can be, honest where few cases could have hidden a loss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachback_server.evals.difference_bounds import difference_lower_bound
from teachback_server.statistics.intervals import clopper_pearson_upper
from teachback_server.statistics.paired import paired_lower_bound


def as_differences(fixed: int, broken: int, unchanged: int) -> list[float]:
    return [1.0] * fixed + [-1.0] * broken + [0.0] * unchanged


@pytest.mark.parametrize(("fixed", "broken", "unchanged"), [(10, 3, 87), (16, 5, 179), (20, 10, 370), (0, 0, 100)])
def test_with_whole_differences_it_is_the_bound_of_the_statistics_room(fixed: int, broken: int, unchanged: int) -> None:
    differences = as_differences(fixed, broken, unchanged)
    assert difference_lower_bound(differences) == pytest.approx(paired_lower_bound(differences), abs=1e-12)


@pytest.mark.parametrize("cost", [0.1, 0.25, 0.5, 0.9])
def test_against_a_release_that_hands_everything_back_it_is_the_exact_bound_of_one_share(cost: float) -> None:
    differences = [cost] * 28 + [cost - 1] * 12
    exact = 1 - clopper_pearson_upper(12, 40) - (1 - cost)
    # Rounded down to 64ths, so it may be a little lower, never higher.
    assert exact - 1 / 64 <= difference_lower_bound(differences, lowest=cost - 1) <= exact + 1e-9


def test_without_any_broken_case_it_still_allows_for_what_few_cases_hide() -> None:
    assert difference_lower_bound([0.0] * 100) == pytest.approx(-(1 - 0.05 ** (1 / 100)), abs=1e-9)
    assert difference_lower_bound([0.5] * 3 + [0.0] * 27) < -0.05


def test_two_values_that_happened_are_not_taken_for_all_that_could_happen() -> None:
    assert difference_lower_bound([1.0] * 2 + [0.0] * 18) < 0


def test_no_case_shows_nothing() -> None:
    assert difference_lower_bound([]) == -1.0
    assert difference_lower_bound([], lowest=-0.5) == -0.5


@pytest.mark.parametrize("differences", [[1.5], [-1.5], [float("nan")], [0.0, -0.8]])
def test_a_difference_outside_its_range_is_refused(differences: list[float]) -> None:
    with pytest.raises(ValueError, match="lie between"):
        difference_lower_bound(differences, lowest=-0.75)


@given(st.lists(st.sampled_from([-1.0, -0.75, -0.25, 0.0, 0.25, 0.75, 1.0]), min_size=1, max_size=60))
def test_it_lies_between_the_worst_case_and_the_mean(differences: list[float]) -> None:
    bound = difference_lower_bound(differences)
    assert -1 <= bound <= np.mean(differences) + 1e-9


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=60), st.integers(0, 59))
def test_a_case_that_turns_out_worse_never_raises_it(differences: list[float], at: int) -> None:
    worse = [*differences]
    worse[at % len(worse)] = -1.0
    assert difference_lower_bound(worse) <= difference_lower_bound(differences) + 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("cases", [40, 100, 400])
@pytest.mark.parametrize(
    "chances", [(0.02, 0.02, 0.9, 0.06), (0.01, 0.05, 0.9, 0.04), (0.0, 0.01, 0.98, 0.01), (0.05, 0.15, 0.5, 0.3)]
)
def test_the_true_mean_is_under_the_bound_in_at_most_one_run_in_twenty(cases: int, chances: tuple[float, ...]) -> None:
    values = np.array([-1.0, -0.25, 0.0, 0.75])
    draws = np.random.default_rng(5)
    true_mean = float(values @ np.array(chances))
    runs = 1500
    misses = sum(
        difference_lower_bound(draws.choice(values, cases, p=chances).tolist()) > true_mean for _ in range(runs)
    )
    assert misses / runs <= 0.065  # 5 % and two and a half standard errors


@pytest.mark.slow
def test_groups_whose_jobs_fail_together_are_covered_too() -> None:
    draws = np.random.default_rng(6)
    runs, groups, misses = 800, 100, 0
    for _ in range(runs):
        is_special = draws.random(groups) < 0.1
        plain = draws.choice([-1.0, 0.0, 1.0], (groups, 4), p=[0.02, 0.96, 0.02])
        special = draws.choice([-1.0, 0.0, 1.0], (groups, 4), p=[0.3, 0.6, 0.1])
        means = np.where(is_special[:, None], special, plain).mean(axis=1)
        misses += difference_lower_bound(means.tolist()) > 0.1 * -0.2
    assert misses / runs <= 0.07
