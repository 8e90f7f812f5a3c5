"""Routing: what skips review, what never does, and the probability that is recorded with each job."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachback.release_document import Approval
from teachback.routing import AutonomyState, Routing, decide_routing, draw_uniform, routing_of_observed
from teachback.vocabulary import JobStatus, RoutingKind

CERTIFIED = Approval(threshold=0.8)
SETTLED = AutonomyState(is_on=True, auto_jobs_so_far=500)


def route(
    *,
    status: JobStatus = JobStatus.FINISHED,
    confidence: float | None = 0.9,
    wants_review: str = "",
    approval: Approval = CERTIFIED,
    autonomy: AutonomyState = SETTLED,
    is_test_case: bool = False,
    draw: float = 0.99,
) -> Routing:
    return decide_routing(
        status=status,
        confidence=confidence,
        wants_review=wants_review,
        approval=approval,
        autonomy=autonomy,
        is_test_case=is_test_case,
        draw=draw,
    )


def test_a_sure_job_of_a_certified_release_skips_review() -> None:
    routing = route()
    assert routing.kind is RoutingKind.AUTO
    assert routing.probability == 0.05
    assert "0.90" in routing.reason


def test_confidence_at_the_threshold_is_enough() -> None:
    assert route(confidence=0.8).kind is RoutingKind.AUTO


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": JobStatus.HANDED_BACK}, "handed it back"),
        ({"status": JobStatus.FAILED}, "failed"),
        ({"status": JobStatus.RUNNING}, "failed"),
        ({"wants_review": "refund above 100"}, "refund above 100"),
        ({"approval": Approval()}, "not earned autonomy"),
        ({"autonomy": replace(SETTLED, is_on=False)}, "autonomy is off"),
        ({"confidence": None}, "did not say how sure"),
        ({"confidence": float("nan")}, "Too unsure"),
        ({"confidence": 0.79}, "Too unsure"),
    ],
)
def test_a_person_decides_whenever_something_speaks_against_skipping(change: dict[str, object], reason: str) -> None:
    routing = route(**change, draw=0.0)  # type: ignore[arg-type]
    assert routing.kind is RoutingKind.REVIEW
    assert routing.probability == 1.0
    assert reason in routing.reason


def test_a_confidence_just_under_the_threshold_is_not_shown_as_equal_to_it() -> None:
    reason = route(confidence=0.79999).reason
    assert "0.79999" in reason
    assert "0.8" in reason


def test_the_first_jobs_of_a_release_are_audited_more_often() -> None:
    early = replace(SETTLED, auto_jobs_so_far=499)
    assert route(autonomy=early, draw=0.19) == Routing(
        kind=RoutingKind.AUDIT, reason="Random audit of 20\xa0% of such jobs.", probability=0.20
    )
    assert route(draw=0.19).kind is RoutingKind.AUTO
    assert route(draw=0.049).kind is RoutingKind.AUDIT
    assert route(draw=0.05).kind is RoutingKind.AUTO


def test_an_early_share_below_the_later_one_does_not_lower_the_audits() -> None:
    approval = replace(CERTIFIED, early_audit_share=0.01)
    assert route(approval=approval, autonomy=replace(SETTLED, auto_jobs_so_far=0)).probability == 0.05


def test_every_test_case_is_reviewed_while_a_release_is_earning_its_autonomy() -> None:
    earning = replace(SETTLED, reviews_test_cases=True, earning_release="release 7")
    assert route(autonomy=earning, is_test_case=True) == Routing(
        kind=RoutingKind.AUDIT, reason="A test case for release 7.", probability=1.0
    )
    assert route(autonomy=earning, is_test_case=False).kind is RoutingKind.AUTO
    assert route(autonomy=SETTLED, is_test_case=True).kind is RoutingKind.AUTO


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_a_release_cannot_stop_the_audits(share: float) -> None:
    with pytest.raises(ValueError, match="audits never stop"):
        route(approval=Approval(threshold=0.8, audit_share=share))


@given(
    st.sampled_from(JobStatus),
    st.none() | st.floats(allow_nan=True),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 10_000),
    st.floats(0, 1, exclude_max=True),
)
def test_whatever_happens_the_probability_is_above_zero_and_fits_the_kind(
    status: JobStatus,
    confidence: float | None,
    is_on: bool,
    reviews_test_cases: bool,
    is_test_case: bool,
    jobs: int,
    draw: float,
) -> None:
    autonomy = AutonomyState(is_on=is_on, auto_jobs_so_far=jobs, reviews_test_cases=reviews_test_cases)
    routing = route(status=status, confidence=confidence, autonomy=autonomy, is_test_case=is_test_case, draw=draw)
    assert 0 < routing.probability <= 1
    assert routing.reason
    if routing.kind is RoutingKind.AUTO:
        assert draw >= routing.probability
    else:
        assert routing.probability == 1 or draw < routing.probability
    if routing.kind is RoutingKind.REVIEW:
        assert routing.probability == 1


def test_the_recorded_probability_is_how_often_such_jobs_are_reviewed() -> None:
    draws = [draw_uniform("salt", f"job-{number}") for number in range(20_000)]
    share = sum(route(draw=draw).kind is RoutingKind.AUDIT for draw in draws) / len(draws)
    assert share == pytest.approx(0.05, abs=0.006)


def test_the_audit_draw_depends_on_salt_and_job_alone() -> None:
    assert draw_uniform("salt", "job-1") == draw_uniform("salt", "job-1")
    assert draw_uniform("salt", "job-1") != draw_uniform("other", "job-1")
    assert draw_uniform("salt", "job-1") != draw_uniform("salt", "job-2")


def test_work_that_was_used_before_we_saw_it_says_so() -> None:
    routing = routing_of_observed()
    assert routing.kind is RoutingKind.OBSERVED
    assert 0 < routing.probability <= 1
