"""The preview of routing: past jobs under other settings, and an honest figure of what would be wrong."""

import numpy as np
import pytest
from django.test import Client

from builders import House, record_jobs
from partly_reviewed import PartlyReviewed
from teachback_server.jobs.models import Job
from teachback_server.results.risk import JudgedJob
from teachback_server.results.routing_preview import (
    EVERYTHING,
    HANDED_BACK,
    UNSURE,
    PastJob,
    RoutingSettings,
    preview_routing,
)

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
ADDRESS = "/workflows/support-inbox/autonomy/preview"


def past(
    confidence: float | None = 0.9,
    *,
    asked_by: str = "",
    is_finished: bool = True,
    is_wrong: bool | None = False,
    probability: float = 1.0,
) -> PastJob:
    judged = JudgedJob(
        confidence=confidence if is_finished else None,
        did_wait=probability == 1.0,
        probability=probability,
        is_wrong=is_wrong,
    )
    return PastJob(judged=judged, is_finished=is_finished, asked_by=asked_by)


def settings(
    threshold: float | None = 0.8, *, asking: frozenset[str] = frozenset(), audit_share: float = 0.1
) -> RoutingSettings:
    return RoutingSettings(threshold=threshold, asking=asking, audit_share=audit_share)


def test_each_job_comes_to_people_for_the_first_reason_that_holds() -> None:
    jobs = [past(is_finished=False, asked_by="amount"), past(0.99, asked_by="amount"), past(0.7), past(None), past(0.8)]
    preview = preview_routing(jobs, settings(asking=frozenset({"amount"})))
    assert {way.why: way.jobs for way in preview.ways} == {HANDED_BACK: 1, "Asked for by “amount”.": 1, UNSURE: 2}
    assert (preview.jobs, preview.waiting, preview.skipping) == (5, 4, 1)
    assert preview.to_people == pytest.approx(4.1)


def test_a_rule_that_is_switched_off_keeps_nothing_with_people() -> None:
    jobs = [past(0.99, asked_by="amount"), past(0.5, asked_by="amount")]
    preview = preview_routing(jobs, settings())
    assert (preview.skipping, preview.waiting) == (1, 1)


def test_without_a_threshold_everything_is_reviewed() -> None:
    preview = preview_routing([past(1.0), past(0.2)], settings(None))
    assert [way.why for way in preview.ways] == [EVERYTHING]
    assert preview.skipping == preview.audits == 0
    assert preview.wrong is None


def test_with_few_reviewed_jobs_it_cannot_tell() -> None:
    jobs = [past(is_wrong=None, probability=0.1)] * 500 + [past(probability=0.1)] * 29
    assert preview_routing(jobs, settings()).wrong is None
    assert preview_routing([*jobs, past(probability=0.1)], settings()).wrong is not None


def test_what_would_be_wrong_is_weighted_by_the_probability_of_review() -> None:
    waited = [past(0.85, is_wrong=place < 50) for place in range(100)]
    audited = [past(0.95, is_wrong=False, probability=0.1)] * 90
    unseen = [past(0.95, is_wrong=None, probability=0.1)] * 810
    wrong = preview_routing(waited + audited + unseen, settings()).wrong
    assert wrong is not None
    assert wrong.estimate == pytest.approx(0.05)  # 50 of 1,000; of the reviewed ones alone it would be 26 %
    assert wrong.low < 0.05 < wrong.high < 0.1


def test_an_audit_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="audits never stop"):
        preview_routing([], settings(audit_share=0.0))


def test_the_range_covers_the_truth_where_only_doubtful_jobs_were_reviewed_and_the_plain_rate_does_not() -> None:
    covered = plain_covered = 0
    for seed in range(200):
        draws = np.random.default_rng(seed)
        confidence = draws.uniform(size=2000)
        is_wrong = draws.uniform(size=2000) < 0.4 * (1 - confidence)
        probability = np.where(confidence < 0.5, 1.0, 0.1)
        is_seen = draws.uniform(size=2000) < probability
        jobs = [
            past(float(sure), is_wrong=bool(wrong) if seen else None, probability=float(chance))
            for sure, wrong, seen, chance in zip(confidence, is_wrong, is_seen, probability, strict=True)
        ]
        wrong = preview_routing(jobs, settings(0.0)).wrong
        assert wrong is not None
        truth = is_wrong.mean()
        covered += wrong.low <= truth <= wrong.high
        plain = is_wrong[is_seen].mean()
        half = 1.96 * np.sqrt(plain * (1 - plain) / is_seen.sum())
        plain_covered += abs(plain - truth) <= half
    assert covered >= 186  # 93 %
    assert plain_covered < 10  # 5 %


def test_the_page_shows_other_settings_beside_the_live_ones(partly_reviewed: PartlyReviewed, client: Client) -> None:
    client.force_login(partly_reviewed.house.alice)
    page = client.get(ADDRESS, {"threshold": "0.3", "audit_percent": "10"})
    assert page.context["today"].waiting == 40
    assert page.context["today"].skipping == 100
    assert page.context["tried"].skipping == 140
    assert page.context["tried"].audits == pytest.approx(14)
    assert "Wrong among those that would skip" in page.content.decode()


def test_the_page_switches_rules_off(partly_reviewed: PartlyReviewed, client: Client) -> None:
    Job.objects.filter(number__lte=10).update(routing_reason="Asked for by “large amount”.", routing="review")
    client.force_login(partly_reviewed.house.alice)
    page = client.get(ADDRESS, {"threshold": "0.8", "audit_percent": "5"})
    assert (page.context["today"].waiting, page.context["tried"].waiting) == (50, 40)
    assert "large amount" in page.content.decode()


def test_impossible_settings_are_said_at_their_field(partly_reviewed: PartlyReviewed, client: Client) -> None:
    client.force_login(partly_reviewed.house.alice)
    page = client.get(ADDRESS, {"threshold": "7", "audit_percent": "0"})
    assert page.context["tried"] is None
    assert "less than or equal to 1" in page.content.decode()


def test_without_a_job_the_page_says_when_there_will_be_something(house: House, client: Client) -> None:
    client.force_login(house.alice)
    assert "No job has ended" in client.get(ADDRESS).content.decode()
    record_jobs(house.workflow, [{"queue": "billing"}])
    assert "cannot tell yet" not in client.get(ADDRESS).content.decode()
