"""Rates are about all jobs, not about those that somebody happened to look at."""

import numpy as np
import pytest

from teachback_server.results.measures import (
    Counts,
    DecidedJobs,
    EndedJobs,
    GivenReason,
    measure_flow,
    measure_overridden,
    measure_rates,
    measure_reasons,
    measure_right,
    measure_right_of_each,
    measure_skipped,
    measure_unwaited_error,
)

AUDITED = 0.05


def ended(jobs: int, routing: str = "review", status: str = "finished", probability: float = 1.0) -> EndedJobs:
    return EndedJobs(jobs=jobs, status=status, routing=routing, probability=probability)


def decided(
    jobs: int, verdict: str, routing: str = "review", status: str = "finished", probability: float = 1.0
) -> DecidedJobs:
    return DecidedJobs(jobs=jobs, status=status, routing=routing, probability=probability, verdict=verdict)


# 1,000 sure jobs that skip review, 50 of them audited; 200 doubtful ones that are all reviewed, half of them wrong.
MOSTLY_UNREVIEWED = Counts(
    ended=[ended(950, "auto", probability=AUDITED), ended(50, "audit", probability=AUDITED), ended(200)],
    decided=[
        decided(49, "accepted", "audit", probability=AUDITED),
        decided(1, "corrected", "audit", probability=AUDITED),
        decided(100, "accepted"),
        decided(80, "corrected"),
        decided(20, "rejected"),
    ],
)


def test_a_rate_is_weighted_by_the_probability_of_review_and_not_taken_from_reviewed_jobs_alone() -> None:
    rates = measure_rates(MOSTLY_UNREVIEWED)
    among_reviewed = 149 / 250
    assert rates.right.estimate == pytest.approx((1000 * 49 / 50 + 100) / 1200)
    assert rates.wrong.estimate == pytest.approx((1000 * 1 / 50 + 100) / 1200)
    assert rates.right.low > among_reviewed
    assert measure_right(MOSTLY_UNREVIEWED) == rates.right
    assert measure_overridden(MOSTLY_UNREVIEWED).estimate == rates.wrong.estimate


def test_more_reviews_of_doubtful_jobs_do_not_make_work_look_worse() -> None:
    fewer_doubtful_reviewed = Counts(
        ended=MOSTLY_UNREVIEWED.ended,
        decided=[*MOSTLY_UNREVIEWED.decided[:2], decided(10, "accepted"), decided(10, "corrected")],
    )
    before, after = measure_right(fewer_doubtful_reviewed), measure_right(MOSTLY_UNREVIEWED)
    assert before.estimate == pytest.approx(after.estimate)
    assert before.high - before.low > after.high - after.low


def test_the_band_covers_the_true_rate_of_work_that_is_reviewed_where_it_is_doubtful() -> None:
    random = np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        doubtful = random.random(1000) < 0.3
        right = random.random(1000) < np.where(doubtful, 0.6, 0.97)
        seen = doubtful | (random.random(1000) < 0.2)
        kinds = [(doubtful, "review", 1.0), (~doubtful & ~seen, "auto", 0.2), (~doubtful & seen, "audit", 0.2)]
        counts = Counts(
            ended=[ended(int(kind.sum()), routing, probability=p) for kind, routing, p in kinds],
            decided=[
                decided(int((kind & seen & (right == is_right)).sum()), verdict, routing, probability=p)
                for kind, routing, p in kinds
                for is_right, verdict in ((True, "accepted"), (False, "corrected"))
            ],
        )
        estimate = measure_right(counts)
        covered += estimate.low <= 0.3 * 0.6 + 0.7 * 0.97 <= estimate.high
    assert covered >= 190


def test_a_hand_back_is_neither_right_nor_wrong_and_known_without_review() -> None:
    rates = measure_rates(
        Counts(
            ended=[ended(60), ended(30, status="handed_back"), ended(10, status="failed")],
            decided=[decided(60, "accepted"), decided(5, "corrected", status="handed_back")],
        )
    )
    assert (rates.right.estimate, rates.wrong.estimate, rates.handed_back.estimate) == (0.6, 0.0, 0.4)
    assert (rates.jobs, rates.finished, rates.reviewed) == (100, 60, 60)


def test_hand_backs_alone_are_known_while_right_of_unreviewed_work_is_not() -> None:
    rates = measure_rates(Counts(ended=[ended(60), ended(40, status="handed_back")], decided=[]))
    assert rates.handed_back.estimate == 0.4
    assert rates.right.estimate is None
    assert (rates.right.low, rates.right.high) == (0.0, 1.0)


def test_right_wrong_escalated_and_handed_back_add_up_to_all_jobs() -> None:
    rates = measure_rates(
        Counts(
            ended=[*MOSTLY_UNREVIEWED.ended, ended(100, status="handed_back"), ended(40)],
            decided=[*MOSTLY_UNREVIEWED.decided, decided(40, "escalated")],
        )
    )
    parts = (rates.right.estimate, rates.wrong.estimate, rates.escalated, rates.handed_back.estimate)
    assert sum(part or 0.0 for part in parts) == pytest.approx(1)
    assert rates.escalated == pytest.approx(40 / 1340)


def test_nothing_is_assumed_about_work_that_was_used_before_we_saw_it_and_that_nobody_reviewed() -> None:
    reviewed = Counts(
        ended=[ended(50, "observed")],
        decided=[decided(45, "accepted", "observed"), decided(5, "corrected", "observed")],
    )
    with_unreviewed = Counts(ended=[ended(200, "observed")], decided=reviewed.decided)
    known, partly = measure_right(reviewed), measure_right(with_unreviewed)
    assert partly.low < 0.25 < known.low
    assert partly.high > 0.95


def test_no_jobs_give_no_rate() -> None:
    rates = measure_rates(Counts(ended=[], decided=[]))
    assert rates.right.estimate is None
    assert rates.handed_back.estimate is None
    assert measure_skipped(Counts(ended=[], decided=[])).estimate is None


def test_the_share_that_skips_review_counts_audits_in_and_leaves_out_what_was_never_ours_to_route() -> None:
    counts = Counts(ended=[ended(60, "auto"), ended(20, "audit"), ended(20), ended(900, "observed")], decided=[])
    assert measure_skipped(counts).estimate == 0.8


def test_an_audit_that_was_escalated_counts_against_autonomy() -> None:
    counts = Counts(
        ended=[ended(80, "auto", probability=0.2), ended(20, "audit", probability=0.2), ended(500)],
        decided=[
            decided(18, "accepted", "audit", probability=0.2),
            decided(1, "corrected", "audit", probability=0.2),
            decided(1, "escalated", "audit", probability=0.2),
            decided(500, "corrected"),
        ],
    )
    assert measure_unwaited_error(counts).estimate == pytest.approx(0.1)


def test_what_happened_to_the_jobs_adds_up_from_stage_to_stage() -> None:
    flow = measure_flow(
        Counts(
            ended=[*MOSTLY_UNREVIEWED.ended, ended(10), ended(30, status="handed_back"), ended(5, status="failed")],
            decided=[*MOSTLY_UNREVIEWED.decided, decided(30, "corrected", status="handed_back")],
        )
    )
    assert flow.started == flow.finished + flow.handed_back + flow.failed == 1245
    judged = flow.accepted + flow.corrected + flow.rejected + flow.escalated
    assert flow.finished == judged + flow.used_without_review + flow.waiting
    assert (flow.used_without_review, flow.waiting) == (950, 10)


def test_a_reason_given_in_audits_weighs_as_much_as_the_jobs_that_the_audits_stand_for() -> None:
    reasons = measure_reasons(
        MOSTLY_UNREVIEWED,
        [
            GivenReason(jobs=1, status="finished", routing="audit", probability=AUDITED, code="wrong_value"),
            GivenReason(jobs=60, status="finished", routing="review", probability=1.0, code="typo"),
            GivenReason(jobs=40, status="finished", routing="review", probability=1.0, code="wrong_choice"),
        ],
    )
    assert [(one.code, one.count) for one in reasons] == [("typo", 60), ("wrong_choice", 40), ("wrong_value", 1)]
    assert [one.share for one in reasons] == pytest.approx([60 / 120, 40 / 120, 20 / 120])
    assert [one.running_total for one in reasons] == pytest.approx([0.5, 100 / 120, 1.0])


def test_measuring_many_stretches_at_once_gives_what_each_gives_alone() -> None:
    known = Counts(
        ended=[ended(30), ended(4, status="failed")], decided=[decided(21, "accepted"), decided(9, "corrected")]
    )
    stretches = [known, MOSTLY_UNREVIEWED, Counts(ended=[], decided=[])]
    together = measure_right_of_each(stretches)
    for at_once, alone in zip(together, map(measure_right, stretches), strict=True):
        assert at_once.estimate == alone.estimate
        assert (at_once.low, at_once.high) == pytest.approx((alone.low, alone.high))
