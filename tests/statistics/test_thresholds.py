"""A certified threshold keeps errors below the limit as often as it says, and rests on what it says."""

import numpy as np
import pytest

from teachback_server.statistics.thresholds import learn_then_test, spent_delta, zero_error_minimum


def errors_by_confidence(confidences: np.ndarray) -> np.ndarray:
    return 0.6 * (1 - confidences) ** 3


def true_error_above(threshold: float) -> float:
    return float(errors_by_confidence(np.linspace(threshold, 1, 2001)).mean())


def draw_jobs(rng: np.random.Generator, jobs: int) -> tuple[np.ndarray, np.ndarray]:
    confidences = rng.random(jobs)
    return confidences, rng.random(jobs) < errors_by_confidence(confidences)


@pytest.mark.parametrize(("limit", "jobs"), [(0.10, 22), (0.05, 45), (0.02, 114), (0.01, 230)])
def test_the_fewest_audits_without_error_reproduce_the_reference(limit: float, jobs: int) -> None:
    assert zero_error_minimum(limit, 0.1) == jobs


def test_spent_deltas_add_up_to_delta() -> None:
    assert spent_delta(0.1, 1) == pytest.approx(0.0608, abs=1e-4)
    assert sum(spent_delta(0.1, attempt) for attempt in range(1, 20_000)) == pytest.approx(0.1, rel=1e-4)


@pytest.mark.parametrize("jobs", [200, 500, 2000])
def test_the_true_error_is_above_the_limit_in_less_than_ten_percent_of_certificates(jobs: int) -> None:
    rng = np.random.default_rng(61)
    violated, shares = 0, []
    for _ in range(200):
        confidences, wrong = draw_jobs(rng, jobs)
        certified = learn_then_test(confidences, wrong, rng.random(2000), 0.05, 0.1)
        violated += certified is not None and true_error_above(certified.threshold) > 0.05
        shares.append(certified.share if certified else 0.0)
    assert violated / 200 <= 0.08
    assert np.mean(shares) > {200: 0.1, 500: 0.5, 2000: 0.6}[jobs]


def test_trusting_the_observed_error_breaks_the_limit_about_every_second_time() -> None:
    rng = np.random.default_rng(62)
    violated = 0
    for _ in range(300):
        confidences, wrong = draw_jobs(rng, 500)
        order = np.argsort(-confidences)
        observed = np.cumsum(wrong[order]) / np.arange(1, 501)
        violated += true_error_above(confidences[order][np.flatnonzero(observed <= 0.05).max()]) > 0.05
    assert 0.4 <= violated / 300 <= 0.7


def test_the_certificate_says_what_it_rests_on() -> None:
    confidences = np.linspace(0, 1, 1000, endpoint=False)
    wrong = confidences < 0.3
    certified = learn_then_test(confidences, wrong, confidences, 0.05, 0.1)
    assert certified is not None
    above = confidences >= certified.threshold
    assert (certified.jobs, certified.errors) == (above.sum(), wrong[above].sum())
    assert certified.share == pytest.approx(above.mean())
    assert certified.p <= 0.1
    assert 0.25 < certified.threshold < 0.3


def test_a_later_pass_does_not_undo_the_first_failure() -> None:
    confidences = np.linspace(0, 1, 1000, endpoint=False)
    wrong = confidences >= 0.5
    assert learn_then_test(confidences, ~wrong & (confidences < 0), confidences, 0.05, 0.1) is not None
    assert learn_then_test(confidences, wrong, confidences, 0.6, 0.1) is None


def test_too_few_jobs_or_useless_confidence_certify_nothing() -> None:
    rng = np.random.default_rng(63)
    assert learn_then_test([0.9] * 40, [False] * 40, [0.9] * 40, 0.05, 0.1) is None
    assert learn_then_test([], [], [0.5], 0.05, 0.1) is None
    assert learn_then_test([0.9], [False], [], 0.05, 0.1) is None
    assert learn_then_test(rng.random(500), rng.random(500) < 0.2, rng.random(500), 0.05, 0.1) is None


def test_ties_are_approved_together_and_the_share_says_so() -> None:
    certified = learn_then_test([0.9] * 300 + [0.1] * 300, [False] * 300 + [True] * 300, [0.9, 0.1] * 100, 0.05, 0.1)
    assert certified is not None
    assert (certified.threshold, certified.share, certified.jobs, certified.errors) == (0.9, 0.5, 300, 0)


def test_equal_review_probabilities_change_nothing() -> None:
    confidences, wrong = draw_jobs(np.random.default_rng(64), 800)
    plain = learn_then_test(confidences, wrong, confidences, 0.05, 0.1)
    assert plain is not None
    assert learn_then_test(confidences, wrong, confidences, 0.05, 0.1, review_probabilities=[0.2] * 800) == plain


def test_unequal_review_is_weighed_and_still_certifies() -> None:
    rng = np.random.default_rng(65)
    violated, shares = 0, []
    for _ in range(60):
        confidences, wrong = draw_jobs(rng, 3000)
        chances = np.where(confidences > 0.7, 0.2, 1.0)
        seen = rng.random(3000) < chances
        certified = learn_then_test(
            confidences[seen], wrong[seen], confidences, 0.05, 0.1, review_probabilities=chances[seen]
        )
        violated += certified is not None and true_error_above(certified.threshold) > 0.05
        shares.append(certified.share if certified else 0.0)
    assert violated / 60 <= 0.1
    assert np.mean(shares) > 0.4


def test_errors_hidden_among_rarely_reviewed_jobs_are_not_diluted() -> None:
    rng = np.random.default_rng(66)
    certified_plain = certified_weighed = 0
    for _ in range(60):
        confidences = rng.random(4000)
        is_rare = rng.random(4000) < 0.5  # reviewed at 10 %, wrong at 12 %; the others all reviewed, never wrong
        chances = np.where(is_rare, 0.1, 1.0)
        wrong = is_rare & (rng.random(4000) < 0.12)
        seen = rng.random(4000) < chances
        jobs = (confidences[seen], wrong[seen], confidences, 0.05, 0.1)
        certified_plain += learn_then_test(*jobs) is not None
        certified_weighed += learn_then_test(*jobs, review_probabilities=chances[seen]) is not None
    assert certified_plain / 60 > 0.9
    assert certified_weighed / 60 <= 0.1


def test_limits_and_lengths_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        learn_then_test([0.5], [False], [0.5], 0.0, 0.1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        zero_error_minimum(0.05, 1.0)
    with pytest.raises(ValueError, match="per calibration job"):
        learn_then_test([0.5, 0.6], [False], [0.5], 0.05, 0.1)
    with pytest.raises(ValueError, match="recorded at routing"):
        learn_then_test([0.5], [False], [0.5], 0.05, 0.1, review_probabilities=[0.0])
    with pytest.raises(ValueError, match="numbered from 1"):
        spent_delta(0.1, 0)
