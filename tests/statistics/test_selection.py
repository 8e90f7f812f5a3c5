"""Rates over all jobs stay true although only some jobs were reviewed, and their bands do not collapse."""

import numpy as np
import pytest

from teachback_server.statistics.intervals import (
    rate_confidence_sequence,
    score_confidence_sequence,
    wilson_interval,
)
from teachback_server.statistics.selection import RateStratum, stratified_rate, weighted_rate

TRUE_ERROR = 0.02 + 0.5 / 4


def draw_jobs(rng: np.random.Generator, jobs: int) -> tuple[np.ndarray, ...]:
    """Doubtful jobs are wrong more often and reviewed more often; the mean error is TRUE_ERROR."""
    doubt = rng.random(jobs)
    expected = 0.02 + 0.5 * doubt**3
    chances = 0.15 + 0.85 * doubt**2
    return rng.random(jobs) < expected, chances, rng.random(jobs) < chances, expected


def test_the_weighted_rate_is_right_where_the_reviewed_jobs_alone_mislead() -> None:
    rng = np.random.default_rng(71)
    estimates, reviewed_only, covered, fooled = [], [], 0, 0
    for _ in range(250):
        wrong, chances, reviewed, expected = draw_jobs(rng, 2000)
        rate = weighted_rate(wrong, chances, reviewed, expected, is_watched=False)
        assert rate.estimate is not None
        estimates.append(rate.estimate)
        covered += rate.low <= TRUE_ERROR <= rate.high
        reviewed_only.append(wrong[reviewed].mean())
        alone = wilson_interval(wrong[reviewed].sum(), reviewed.sum())
        fooled += not alone.low <= TRUE_ERROR <= alone.high
    assert np.mean(estimates) == pytest.approx(TRUE_ERROR, abs=0.002)
    assert np.mean(reviewed_only) > TRUE_ERROR + 0.07
    assert 0.93 <= covered / 250 <= 0.985
    assert fooled / 250 > 0.98


def test_useless_guesses_cost_width_but_not_truth() -> None:
    rng = np.random.default_rng(72)
    covered, good, bad = 0, [], []
    for _ in range(120):
        wrong, chances, reviewed, expected = draw_jobs(rng, 2000)
        careless = weighted_rate(wrong, chances, reviewed, np.ones(2000), is_watched=False)
        careful = weighted_rate(wrong, chances, reviewed, expected, is_watched=False)
        covered += careless.low <= TRUE_ERROR <= careless.high
        good.append(careful.high - careful.low)
        bad.append(careless.high - careless.low)
    assert covered / 120 >= 0.93
    assert np.mean(bad) > 1.3 * np.mean(good)


def test_a_watched_weighted_rate_is_ever_wrong_in_less_than_five_percent_of_streams() -> None:
    rng = np.random.default_rng(73)
    missed = 0
    for _ in range(100):
        wrong, chances, reviewed, expected = draw_jobs(rng, 3000)
        for jobs in (50, 100, 200, 400, 800, 1500, 3000):
            rate = weighted_rate(wrong[:jobs], chances[:jobs], reviewed[:jobs], expected[:jobs])
            if not rate.low <= TRUE_ERROR <= rate.high:
                missed += 1
                break
    assert missed / 100 <= 0.05


def strata_of(rng: np.random.Generator, jobs: int, spec: list[tuple[float, float, float]]) -> list[RateStratum]:
    strata = []
    for count, (_, chance, error) in zip(rng.multinomial(jobs, [share for share, _, _ in spec]), spec, strict=True):
        reviewed = int(rng.binomial(count, chance))
        strata.append(RateStratum(jobs=int(count), reviewed=reviewed, total=int(rng.binomial(reviewed, error))))
    return strata


@pytest.mark.parametrize("jobs", [200, 1000, 4000])
@pytest.mark.parametrize(
    "spec",
    [
        [(0.6, 0.05, 0.02), (0.4, 1.0, 0.2)],
        [(0.9, 0.05, 0.001), (0.1, 1.0, 0.3)],
        [(0.5, 0.05, 0.01), (0.3, 0.2, 0.03), (0.2, 1.0, 0.2)],
        [(1.0, 0.05, 0.03)],
    ],
    ids=["audits and review", "almost no errors", "three chances", "audits only"],
)
def test_strata_cover_the_truth_however_few_errors_were_found(
    jobs: int, spec: list[tuple[float, float, float]]
) -> None:
    rng = np.random.default_rng(74)
    truth = sum(share * error for share, _, error in spec)
    rates = [stratified_rate(strata_of(rng, jobs, spec), is_watched=False) for _ in range(300)]
    assert np.mean([rate.low <= truth <= rate.high for rate in rates]) >= 0.94


@pytest.mark.slow
@pytest.mark.parametrize(
    "spec", [[(0.6, 0.05, 0.02), (0.4, 1.0, 0.2)], [(0.6, 0.2, 0.05), (0.4, 1.0, 0.2)], [(1.0, 0.05, 0.3)]]
)
def test_watched_strata_are_ever_wrong_in_less_than_five_percent_of_streams(
    spec: list[tuple[float, float, float]],
) -> None:
    rng = np.random.default_rng(75)
    truth = sum(share * error for share, _, error in spec)
    missed = 0
    for _ in range(200):
        counts = np.zeros((len(spec), 3), dtype=int)
        for _ in range(40):
            counts += [[s.jobs, s.reviewed, int(s.total)] for s in strata_of(rng, 75, spec)]
            rate = stratified_rate([RateStratum(jobs=int(n), reviewed=int(r), total=int(t)) for n, r, t in counts])
            if not rate.low <= truth <= rate.high:
                missed += 1
                break
    assert missed / 200 <= 0.05


def test_counts_per_probability_say_the_same_as_the_jobs_themselves() -> None:
    rng = np.random.default_rng(76)
    chances = rng.choice([0.05, 0.2, 1.0], 3000)
    wrong, reviewed = rng.random(3000) < 0.2, rng.random(3000) < chances
    strata = [
        RateStratum(
            jobs=int((chances == chance).sum()),
            reviewed=int((reviewed & (chances == chance)).sum()),
            total=int((wrong & reviewed & (chances == chance)).sum()),
        )
        for chance in (0.05, 0.2, 1.0)
    ]
    for is_watched in (True, False):
        assert weighted_rate(wrong, chances, reviewed, is_watched=is_watched) == stratified_rate(
            strata, is_watched=is_watched
        )


def test_where_all_was_reviewed_the_band_is_the_exact_one() -> None:
    right = [1] * 80 + [0] * 20
    everything = [1.0] * 100, [True] * 100
    watched = weighted_rate(right, *everything)
    sequence = rate_confidence_sequence(80, 100)
    assert (watched.estimate, watched.low, watched.high) == (0.8, sequence.low, sequence.high)
    once = weighted_rate(right, *everything, is_watched=False)
    assert (once.low, once.high) == (wilson_interval(80, 100).low, wilson_interval(80, 100).high)
    assert weighted_rate(right, *everything, guesses=[0.5] * 100) == watched


def test_scores_that_were_all_reviewed_get_the_betting_band() -> None:
    scores = np.random.default_rng(77).random(300)
    rate = weighted_rate(scores, np.ones(300), np.ones(300, dtype=bool))
    sequence = score_confidence_sequence(scores)
    assert (rate.low, rate.high) == (sequence.low, sequence.high)
    assert rate.estimate == pytest.approx(scores.mean())


def test_scores_may_be_weighted_too() -> None:
    rng = np.random.default_rng(78)
    covered = 0
    for _ in range(200):
        chances = rng.choice([0.2, 1.0], 1500)
        scores = np.where(chances == 1.0, rng.beta(2, 2, 1500), rng.beta(8, 2, 1500))
        reviewed = rng.random(1500) < chances
        rate = weighted_rate(np.where(reviewed, scores, np.nan), chances, reviewed, is_watched=False)
        covered += rate.low <= 0.65 <= rate.high
    assert covered / 200 >= 0.93


def test_the_band_does_not_collapse_where_no_audit_erred() -> None:
    audits = RateStratum(jobs=1000, reviewed=50, total=0)
    doubtful = RateStratum(jobs=500, reviewed=500, total=100)
    rate = stratified_rate([audits, doubtful], is_watched=False)
    assert rate.estimate == pytest.approx(100 / 1500)
    assert rate.high - 100 / 1500 > (1 - 0.025 ** (1 / 50)) * 1000 / 1500
    alone = stratified_rate([audits], is_watched=False)
    assert (alone.estimate, alone.low) == (0.0, 0.0)
    assert alone.high >= 1 - 0.025 ** (1 / 50)


def test_a_stratum_that_nobody_reviewed_may_be_anything() -> None:
    seen = RateStratum(jobs=900, reviewed=900, total=90)
    rate = stratified_rate([seen, RateStratum(jobs=100, reviewed=0, total=0)])
    assert 0.1 + 0.09 < rate.high < 0.1 + 0.09 + 0.05
    assert rate.low < 0.1 - 0.01


def test_nothing_reviewed_has_no_estimate_and_the_widest_band() -> None:
    for rate in (
        weighted_rate([], [], []),
        weighted_rate([np.nan] * 5, [0.05] * 5, [False] * 5),
        weighted_rate([np.nan] * 5, [0.05] * 5, [False] * 5, [0.5] * 5),
        stratified_rate([]),
    ):
        assert (rate.estimate, rate.low, rate.high, rate.reviewed) == (None, 0.0, 1.0, 0)


def test_impossible_jobs_are_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match="recorded at routing"):
        weighted_rate([1], [0.0], [True])
    with pytest.raises(ValueError, match="rescale"):
        weighted_rate([2], [1.0], [True])
    with pytest.raises(ValueError, match="per job"):
        weighted_rate([1, 0], [1.0], [True])
    with pytest.raises(ValueError, match="one guess"):
        weighted_rate([1, 0], [0.5, 0.5], [True, False], [2.0, 0.0])
    with pytest.raises(ValueError, match="count again"):
        stratified_rate([RateStratum(jobs=10, reviewed=5, total=6)])
