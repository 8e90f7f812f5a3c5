"""Planning how autonomy is earned: only from what is known before, worth its jobs, and as likely as it says."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from teachback_server.improvements.earning import (
    FEWEST_SHARE,
    LIKELY,
    POOL_SIZES,
    EarningPlan,
    Risk,
    fewest_share,
    plan_earning,
    risk_after_growth,
    risk_from_confidences,
    risk_from_results,
)
from teachback_server.improvements.evidence import Evidence
from teachback_server.statistics.thresholds import FRACTIONS, learn_then_test, spent_delta


def draw_work(
    draws: np.random.Generator, jobs: int, difficulty: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Calibrated confidences and whether each job is wrong; the harder the work, the fewer jobs are sure."""
    confidences = 1 - difficulty * draws.random(jobs) ** 3
    return confidences, draws.random(jobs) > confidences


def plan(risk: Risk, *, horizon: float = 4000, share_now: float = 0.0, attempt: int = 1) -> EarningPlan | None:
    return plan_earning(risk, limit=0.05, certainty=0.9, attempt=attempt, horizon_jobs=horizon, share_now=share_now)


def good_risk(jobs: int = 400) -> Risk:
    return risk_from_results(*draw_work(np.random.default_rng(1), jobs, 0.4))


def test_work_that_is_mostly_sure_gets_a_plan() -> None:
    found = plan(good_risk())
    assert found is not None
    assert found.jobs in POOL_SIZES
    assert found.chance >= LIKELY
    assert found.start_share <= found.likely_share
    assert found.shares[0] == found.start_share
    assert list(found.shares) == [share for share in FRACTIONS if share >= found.start_share]


def test_hopeless_work_gets_none() -> None:
    draws = np.random.default_rng(2)
    confidences = draws.random(500)
    assert plan(risk_from_results(confidences, draws.random(500) < 0.5)) is None


def test_an_agent_that_only_claims_to_be_sure_gets_none_once_people_have_judged_it() -> None:
    sure = np.full(500, 0.999)
    assert plan(risk_from_confidences(sure)) is not None
    assert plan(risk_from_results(sure, np.arange(500) % 5 == 0)) is None


def test_nothing_is_planned_where_little_work_is_left_to_enjoy_it() -> None:
    assert plan(good_risk(), horizon=50) is None


def test_nothing_is_planned_that_promises_hardly_more_than_what_skips_review_already() -> None:
    likely = plan(good_risk())
    assert likely is not None
    assert plan(good_risk(), share_now=likely.likely_share) is None


def test_a_longer_horizon_never_makes_the_pool_smaller() -> None:
    plans = [plan(good_risk(), horizon=horizon) for horizon in (800, 2000, 8000, 40_000)]
    sizes = [found.jobs for found in plans if found is not None]
    assert sizes == sorted(sizes)
    assert sizes


def test_every_attempt_after_the_first_is_harder() -> None:
    first, fourth = plan(good_risk(), attempt=1), plan(good_risk(), attempt=4)
    assert first is not None
    assert fourth is None or fourth.likely_share <= first.likely_share


def test_a_pool_is_never_larger_than_it_may_be() -> None:
    found = plan_earning(good_risk(), limit=0.05, certainty=0.9, attempt=1, horizon_jobs=40_000, most_jobs=250)
    assert found is None or found.jobs <= 250


def test_without_any_case_the_risk_is_as_bad_as_can_be() -> None:
    assert min(risk_from_results([], []).errors) > 0.9
    assert plan(risk_from_results([], [])) is None


def test_doubtful_jobs_that_people_see_more_of_do_not_make_the_work_look_worse() -> None:
    draws = np.random.default_rng(11)
    sure, wrong = draw_work(draws, 40_000, 0.4)
    chances = np.where(sure < np.quantile(sure, 0.4), 1.0, 0.1)
    seen = draws.random(sure.size) < chances
    truth = np.array(risk_from_results(sure, wrong).errors)
    weighted = np.array(risk_from_results(sure[seen], wrong[seen], 1 / chances[seen]).errors)
    unweighted = np.array(risk_from_results(sure[seen], wrong[seen]).errors)
    assert np.max(np.abs(weighted - truth)) < 0.01
    assert unweighted[-1] > truth[-1] + 0.05


def test_a_few_cases_that_stand_for_many_jobs_are_worth_little() -> None:
    sure, wrong = draw_work(np.random.default_rng(12), 200, 0.4)
    weights = np.where(np.arange(200) % 10 == 0, 20.0, 1.0)
    alike, unequal = risk_from_results(sure, wrong), risk_from_results(sure, wrong, weights)
    assert unequal.worth[-1] < alike.worth[-1] - 100
    assert risk_from_results(sure, wrong, np.full(200, 7.0)).errors == pytest.approx(alike.errors)


def test_accuracy_is_that_of_all_jobs() -> None:
    evidence = Evidence(confidences=[0.9, 0.2, 0.1], wrong=[False, True, True], weights=[18.0, 1.0, 1.0])
    assert evidence.accuracy == pytest.approx(0.9)
    assert Evidence(confidences=[], wrong=[], weights=[]).accuracy == 0


def test_more_examples_promise_fewer_errors() -> None:
    risk = good_risk()
    grown = risk_after_growth(risk, 2.0)
    assert all(after < before for before, after in zip(risk.errors, grown.errors, strict=True))


def test_a_young_workflow_waits_for_a_larger_first_certificate_than_an_old_one() -> None:
    shares = [fewest_share(jobs) for jobs in (0, 500, 4000, 8000, 100_000)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == FEWEST_SHARE


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1, 1), st.booleans()), max_size=40),
    st.floats(0, 1),
    st.floats(0, 20_000),
)
def test_whatever_the_evidence_a_plan_keeps_its_promises(
    cases: list[tuple[float, bool]], share_now: float, horizon: float
) -> None:
    risk = risk_from_results([sure for sure, _ in cases], [wrong for _, wrong in cases])
    assert all(0 < error < 1 and math.isfinite(error) for error in risk.errors)
    found = plan(risk, share_now=share_now, horizon=horizon)
    if found is not None:
        assert found.likely_share > share_now
        assert 0 < found.start_share <= found.likely_share <= 1
        assert LIKELY <= found.chance <= 1


def certify_as_planned(draws: np.random.Generator, difficulty: float) -> tuple[EarningPlan | None, float | None]:
    """Plan from 300 judged jobs, certify on fresh ones; the share that was certified and its true error."""
    planned = plan(risk_from_results(*draw_work(draws, 300, difficulty)))
    if planned is None:
        return None, None
    confidences, wrong = draw_work(draws, planned.jobs, difficulty)
    found = learn_then_test(confidences, wrong, confidences, 0.05, spent_delta(0.1, 1), fractions=planned.shares)
    if found is None:
        return planned, None
    return planned, (1 - found.threshold) / 4  # the mean of difficulty · u³ up to the threshold's own u


def test_certificates_come_about_as_often_as_planned_and_are_seldom_wrong() -> None:
    draws = np.random.default_rng(4)
    results = [certify_as_planned(draws, difficulty) for difficulty in (0.4, 0.6, 0.8) for _ in range(40)]
    tried = [(planned, error) for planned, error in results if planned is not None]
    assert len(tried) > 50
    passed = sum(error is not None for _, error in tried) / len(tried)
    assert passed >= LIKELY - 0.1
    wrong = sum(error is not None and error > 0.05 for _, error in tried) / len(tried)
    assert wrong <= 0.1
