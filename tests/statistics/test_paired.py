"""Gates on the same cases: exact values, power, evidence that may be watched, bounds that stay honest on few cases."""

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachback_server.statistics.paired import (
    PairedCounts,
    Stratum,
    betting_e_value,
    cases_needed,
    cases_until_e_value,
    discordant_e_value,
    mcnemar_mid_p,
    mcnemar_power,
    paired_lower_bound,
    stratified_lower_bound,
    weigh_differences,
)


def as_differences(fixed: int, broken: int, unchanged: int = 0) -> np.ndarray:
    return np.concatenate((np.ones(fixed), -np.ones(broken), np.zeros(unchanged)))


def test_paired_counts_know_how_many_cases_were_compared() -> None:
    assert PairedCounts(fixed=3, broken=2, unchanged=95).cases == 100


def test_mid_p_counts_half_of_the_observed_table() -> None:
    assert mcnemar_mid_p(5, 0) == pytest.approx(0.5**6)
    assert mcnemar_mid_p(2, 1) == pytest.approx(1 / 8 + 3 / 16)
    assert mcnemar_mid_p(0, 0) == 0.5


@given(st.integers(0, 200), st.integers(0, 200))
def test_mid_p_of_better_and_of_worse_add_up_to_one(fixed: int, broken: int) -> None:
    assert mcnemar_mid_p(fixed, broken) + mcnemar_mid_p(broken, fixed) == pytest.approx(1)


@pytest.mark.parametrize(
    ("fix_rate", "powers"), [(0.15, (0.45, 0.74, 0.95, 1.0)), (0.10, (0.20, 0.35, 0.58, 0.84))], ids=["+10", "+5"]
)
def test_power_reproduces_the_reference_table(fix_rate: float, powers: tuple[float, ...]) -> None:
    found = [mcnemar_power(fix_rate, 0.05, cases) for cases in (50, 100, 200, 400)]
    assert found == pytest.approx(powers, abs=0.012)


def test_power_agrees_with_simulation() -> None:
    draws = np.random.default_rng(21).multinomial(150, [0.12, 0.05, 0.83], size=4000)
    passed = [cached_mid_p(int(fixed), int(broken)) <= 0.05 for fixed, broken, _ in draws]
    assert np.mean(passed) == pytest.approx(mcnemar_power(0.12, 0.05, 150), abs=0.02)


def test_without_an_effect_or_without_cases_there_is_no_power_beyond_the_level() -> None:
    assert mcnemar_power(0.0, 0.0, 100) == 0
    assert mcnemar_power(0.1, 0.1, 0) == 0
    assert mcnemar_power(0.1, 0.1, 300) <= 0.055


def test_cases_needed_is_where_the_power_is_reached() -> None:
    needed = cases_needed(0.15, 0.05)
    assert needed is not None
    assert mcnemar_power(0.15, 0.05, needed) >= 0.8 > mcnemar_power(0.15, 0.05, needed - 5)


def test_no_number_of_cases_proves_a_change_that_breaks_as_much_as_it_fixes() -> None:
    assert cases_needed(0.05, 0.05) is None
    assert cases_until_e_value([(1, 5), (-1, 5), (0, 90)], level=0.05) is None
    assert cases_until_e_value([], level=0.05) is None
    assert cases_needed(0.0501, 0.05, most_cases=1000) is None


def test_rates_that_are_impossible_together_are_refused() -> None:
    with pytest.raises(ValueError, match="impossible together"):
        mcnemar_power(0.7, 0.5, 10)
    with pytest.raises(ValueError, match="count again"):
        cases_until_e_value([(1, -1), (0, 90)], level=0.05)
    with pytest.raises(ValueError, match="count again"):
        cases_until_e_value([(-2, 1), (1, 90)], level=0.05)


def test_differences_that_weigh_half_take_longer_to_prove_anything() -> None:
    whole = cases_until_e_value([(1, 10), (-1, 2), (0, 88)], level=0.05)
    half = cases_until_e_value([(0.5, 10), (-0.5, 2), (0, 88)], level=0.05)
    mixed = cases_until_e_value([(0.5, 10), (-1, 2), (0, 88)], level=0.05)
    assert whole is not None and half is not None and mixed is not None
    assert whole < half < mixed
    reached = betting_e_value([0.5] * 2 * half + [-0.5] * (2 * half // 5))
    assert cases_until_e_value([(0.5, 10), (-0.5, 2)], level=1 / reached) == pytest.approx(2.4 * half, rel=0.01)


def test_three_fixes_give_the_e_value_of_the_integral() -> None:
    assert discordant_e_value(3, 0) == pytest.approx(15 / 4)  # ∫ (1+x)³ dx from 0 to 1
    assert discordant_e_value(0, 3) == pytest.approx(1 / 4)  # ∫ (1−x)³ dx from 0 to 1
    assert discordant_e_value(0, 0) == pytest.approx(1)


@given(st.integers(0, 400), st.integers(0, 400))
def test_betting_and_discordant_e_values_agree(fixed: int, broken: int) -> None:
    betting = betting_e_value(as_differences(fixed, broken, 7))
    assert math.log(betting) == pytest.approx(math.log(discordant_e_value(fixed, broken)), abs=1e-8)


@pytest.mark.parametrize(("fixed", "broken"), [(1000, 5), (0, 4000), (3000, 2900), (2900, 3000), (900, 0)])
def test_e_values_stay_stable_for_thousands_of_cases(fixed: int, broken: int) -> None:
    e_value = discordant_e_value(fixed, broken)
    assert 0 < e_value < math.inf
    assert math.log(betting_e_value(as_differences(fixed, broken))) == pytest.approx(math.log(e_value), rel=1e-9)


def test_overwhelming_evidence_is_capped_and_does_not_overflow() -> None:
    assert discordant_e_value(5000, 0) == betting_e_value(np.ones(5000)) == math.exp(700)


def test_betting_on_graded_differences_agrees_with_a_fine_grid() -> None:
    differences = np.random.default_rng(22).uniform(-1, 1, 300) * 0.6 + 0.05
    bets = (np.arange(20_000) + 0.5) / 20_000
    products = np.exp(np.log1p(np.outer(bets, differences)).sum(axis=1))
    assert betting_e_value(differences) == pytest.approx(products.mean(), rel=1e-6)


def test_bets_below_minus_one_and_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="rescale"):
        betting_e_value([0.2, -1.5])
    with pytest.raises(ValueError, match="negative"):
        discordant_e_value(-1, 2)


@cache
def cached_e_value(fixed: int, broken: int) -> float:
    return discordant_e_value(fixed, broken)


@cache
def cached_mid_p(fixed: int, broken: int) -> float:
    return mcnemar_mid_p(fixed, broken)


def jobs_to_decide(rng: np.random.Generator, fix_rate: float, break_rate: float, most_jobs: int) -> int | None:
    draws = rng.random(most_jobs)
    differing = np.flatnonzero(draws < fix_rate + break_rate)
    is_fix = draws[differing] < fix_rate
    for job, fixed, broken in zip(differing, np.cumsum(is_fix), np.cumsum(~is_fix), strict=True):
        if fixed > broken and cached_e_value(int(fixed), int(broken)) >= 20:
            return int(job) + 1
    return None


@pytest.mark.parametrize(("fix_rate", "break_rate", "median"), [(0.13, 0.03, 92), (0.15, 0.05, 114), (0.10, 0.05, 356)])
def test_a_shadow_decides_as_soon_as_the_reference(fix_rate: float, break_rate: float, median: int) -> None:
    rng = np.random.default_rng(23)
    jobs = [jobs_to_decide(rng, fix_rate, break_rate, 4000) or 4001 for _ in range(300)]
    assert np.median(jobs) == pytest.approx(median, rel=0.2)


@pytest.mark.parametrize(("fix_rate", "break_rate", "median"), [(0.13, 0.03, 92), (0.15, 0.05, 114), (0.10, 0.05, 356)])
def test_the_forecast_of_cases_names_about_the_median(fix_rate: float, break_rate: float, median: int) -> None:
    tally = [(1, fix_rate), (-1, break_rate), (0, 1 - fix_rate - break_rate)]
    forecast = cases_until_e_value(tally, level=0.05)
    assert forecast is not None
    assert median <= forecast <= 1.5 * median  # the expected counts, so a little later than the first crossing


def test_a_watched_shadow_of_equal_releases_decides_wrongly_in_less_than_five_percent() -> None:
    rng = np.random.default_rng(24)
    decided = [jobs_to_decide(rng, 0.05, 0.05, 3000) is not None for _ in range(600)]
    assert np.mean(decided) <= 0.045


def test_the_best_of_twenty_null_candidates_looks_good_and_fails_on_fresh_cases() -> None:
    rng = np.random.default_rng(25)
    practice = rng.multinomial(100, [0.055, 0.055, 0.89], size=(600, 20))
    gains = practice[..., 0] - practice[..., 1]
    best = practice[np.arange(600), gains.argmax(axis=1)]
    assert gains.max(axis=1).mean() == pytest.approx(6.3, abs=0.5)
    on_practice = np.mean([cached_mid_p(int(fixed), int(broken)) <= 0.05 for fixed, broken, _ in best])
    assert on_practice == pytest.approx(0.48, abs=0.08)
    holdout = rng.multinomial(100, [0.055, 0.055, 0.89], size=3000)
    on_holdout = np.mean([cached_mid_p(int(fixed), int(broken)) <= 0.05 for fixed, broken, _ in holdout])
    assert on_holdout <= 0.06


def bound_coverage(rng: np.random.Generator, cases: int, fix_rate: float, break_rate: float, repeats: int) -> float:
    draws = rng.multinomial(cases, [fix_rate, break_rate, 1 - fix_rate - break_rate], size=repeats)
    tables, counts = np.unique(draws, axis=0, return_counts=True)
    bounds = np.array([paired_lower_bound(as_differences(*(int(count) for count in table))) for table in tables])
    return float(np.sum(counts * (bounds <= fix_rate - break_rate)) / repeats)


@pytest.mark.parametrize("cases", [50, 100, 400])
@pytest.mark.parametrize(("fix_rate", "break_rate"), [(0.02, 0.02), (0.10, 0.02), (0.02, 0.10), (0.05, 0.05)])
def test_a_lower_bound_is_below_the_truth_in_95_percent(cases: int, fix_rate: float, break_rate: float) -> None:
    rng = np.random.default_rng(26)
    assert bound_coverage(rng, cases, fix_rate, break_rate, 2000) >= 0.945


@pytest.mark.slow
def test_a_lower_bound_is_honest_at_every_size_and_rate() -> None:
    rng = np.random.default_rng(27)
    rates = (0.0, 0.005, 0.02, 0.05, 0.10)
    for cases in (50, 100, 200, 400):
        covered = [bound_coverage(rng, cases, fix, broken, 3000) for fix in rates for broken in rates]
        assert min(covered) >= 0.945, f"at {cases} cases a bound was above the truth too often"
        assert float(np.mean(covered)) <= 0.995, f"at {cases} cases the bounds are so wide that they say nothing"


def test_a_bound_without_any_difference_still_says_what_so_few_cases_could_hide() -> None:
    assert paired_lower_bound(np.zeros(100)) == pytest.approx(-(1 - 0.05**0.01))
    assert paired_lower_bound([]) == -1


def test_not_worse_at_two_points_needs_evidence() -> None:
    assert paired_lower_bound(as_differences(3, 3, 94)) < -0.02
    assert paired_lower_bound(as_differences(30, 12, 958)) > -0.02


def test_differences_beyond_one_and_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="rescale"):
        paired_lower_bound([0.0, 2.0])
    with pytest.raises(ValueError, match="one positive weight"):
        paired_lower_bound([0.0, 1.0], [1.0])
    with pytest.raises(ValueError, match="add up to 1"):
        stratified_lower_bound([Stratum(population_share=0.7, differences=[0.0])])


def test_a_stratum_that_nobody_reviewed_counts_as_all_broken() -> None:
    seen = Stratum(population_share=0.9, differences=np.zeros(2000))
    unseen = Stratum(population_share=0.1, differences=[])
    assert stratified_lower_bound([seen, unseen]) < -0.1


def test_audits_in_which_nothing_broke_still_cost_what_they_could_hide() -> None:
    doubtful = Stratum(population_share=0.4, differences=as_differences(40, 10, 350))
    few = Stratum(population_share=0.6, differences=np.zeros(30))
    many = Stratum(population_share=0.6, differences=np.zeros(600))
    assert stratified_lower_bound([doubtful, few]) < -0.02
    assert stratified_lower_bound([doubtful, many]) > 0


@pytest.mark.parametrize(
    "strata",
    [
        [(0.6, 60, 0.0, 0.03), (0.4, 300, 0.05, 0.02)],
        [(0.9, 60, 0.02, 0.04), (0.1, 400, 0.10, 0.10)],
        [(0.5, 100, 0.0, 0.03), (0.5, 100, 0.0, 0.03)],
        [(0.25, 50, 0.02, 0.05)] * 4,
    ],
)
def test_a_stratified_bound_is_below_the_truth_in_95_percent(strata: list[tuple[float, int, float, float]]) -> None:
    rng = np.random.default_rng(28)
    truth = sum(share * (fix - broken) for share, _, fix, broken in strata)
    covered = 0
    for _ in range(400):
        sample = []
        for share, cases, fix, broken in strata:
            table = rng.multinomial(cases, [fix, broken, 1 - fix - broken])
            sample.append(Stratum(population_share=share, differences=as_differences(*(int(n) for n in table))))
        covered += stratified_lower_bound(sample) <= truth
    assert covered / 400 >= 0.945


def test_weights_make_the_strata() -> None:
    audits, doubtful = as_differences(1, 2, 57), as_differences(40, 10, 350)
    by_weight = paired_lower_bound(np.concatenate((audits, doubtful)), [10.0] * 60 + [1.0] * 400)
    by_stratum = stratified_lower_bound(
        [Stratum(population_share=0.6, differences=audits), Stratum(population_share=0.4, differences=doubtful)]
    )
    assert by_weight == pytest.approx(by_stratum)


def test_bounds_of_graded_differences_and_many_weights_are_below_the_truth() -> None:
    rng = np.random.default_rng(29)
    covered = 0
    for _ in range(60):
        chances = rng.uniform(0.2, 1.0, 400)
        differences = np.clip(rng.normal(0.3 * (chances - 0.6), 0.3), -1, 1)
        is_reviewed = rng.random(400) < chances
        bound = paired_lower_bound(differences[is_reviewed], 1 / chances[is_reviewed])
        covered += bound <= 0.0
        assert bound > -0.2
    assert covered >= 57


def review_by_policy(rng: np.random.Generator, jobs: int) -> tuple[np.ndarray, np.ndarray]:
    """Doubtful jobs (40 %) are all reviewed and gain; sure ones are audited at 10 % and lose as much: no effect."""
    is_doubtful = rng.random(jobs) < 0.4
    chances = np.where(is_doubtful, 1.0, 0.1)
    draws = rng.random(jobs)
    fix, broken = np.where(is_doubtful, 0.12, 0.0), np.where(is_doubtful, 0.03, 0.06)
    differences = (draws < fix).astype(float) - ((draws >= fix) & (draws < fix + broken))
    is_reviewed = rng.random(jobs) < chances
    return differences[is_reviewed], chances[is_reviewed]


def test_unequal_review_proves_a_useless_change_unless_it_is_weighed() -> None:
    rng = np.random.default_rng(30)
    plain = weighed = 0
    for _ in range(200):
        differences, chances = review_by_policy(rng, 1500)
        plain += betting_e_value(differences) >= 20
        weighed += betting_e_value(weigh_differences(differences, chances)) >= 20
    assert plain / 200 > 0.9
    assert weighed / 200 <= 0.05


def test_weighing_needs_the_recorded_probability() -> None:
    with pytest.raises(ValueError, match="recorded at routing"):
        weigh_differences([1.0], [0.0])
