"""What was certified and what was watched since stand beside each other; reasons and turns are told in words."""

from dataclasses import asdict

import pytest
from django.utils import timezone

from builders import House, accept, correct, record_jobs
from partly_reviewed import RIGHT, SURE, UNSURE, WANTED, PartlyReviewed, certify, release_after
from teachback.release_document import Approval
from teachback.routing import AutonomyState, decide_routing
from teachback.vocabulary import JobStatus, Lever
from teachback_server.evals.models import Gate
from teachback_server.improvements.earning import EarningPlan
from teachback_server.improvements.guarding import watch_audits
from teachback_server.improvements.models import LearningState
from teachback_server.people.actor import PermissionMissing
from teachback_server.releases.actions import put_live, take_autonomy_back
from teachback_server.releases.queries import get_live_state
from teachback_server.results.autonomy import describe_way_in, read_autonomy
from teachback_server.results.risk import JudgedJob, draw_risk

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


def test_before_anything_is_certified_everything_goes_to_a_person(house: House) -> None:
    record_jobs(house.workflow, [RIGHT] * 5)
    autonomy = read_autonomy(house.workflow)
    assert not autonomy.is_on
    assert (autonomy.current, autonomy.certificates, autonomy.history) == (None, (), ())
    assert autonomy.skipped.estimate == 0
    assert autonomy.outlook.needed_jobs is None
    assert autonomy.outlook.fewest_jobs == 45  # of the limit of 5 % with 90 % certainty


def test_what_was_certified_and_what_was_watched_are_two_figures(partly_reviewed: PartlyReviewed) -> None:
    current = read_autonomy(partly_reviewed.house.workflow).current
    assert current is not None
    certified, watched = current.certified, current.watched
    assert (certified.error_limit, certified.certainty) == (0.05, 0.9)
    assert (certified.from_jobs, certified.errors, certified.threshold) == (300, 6, 0.8)
    audits = sum(job.routing == "audit" for job in partly_reviewed.sure)
    assert (watched.skipped_jobs, watched.audits) == (100, audits)
    assert watched.error.estimate == 0
    assert watched.error.high > certified.error_limit  # a few audits without an error show little


def test_the_share_of_wrong_results_is_watched_in_audits_alone(partly_reviewed: PartlyReviewed) -> None:
    house = partly_reviewed.house
    more = record_jobs(house.workflow, [RIGHT] * 100, first_id=5001, confidence=SURE)
    correct(house.reviewer, [job for job in more if job.routing == "audit"], WANTED)
    current = read_autonomy(house.workflow).current
    assert current is not None
    before = sum(job.routing == "audit" for job in partly_reviewed.sure)
    after = sum(job.routing == "audit" for job in more)
    assert current.watched.error.estimate == pytest.approx(after / (before + after))


def test_the_alarm_of_the_guard_is_told_with_its_evidence(partly_reviewed: PartlyReviewed) -> None:
    house = partly_reviewed.house
    watch_audits(house.workflow, get_live_state(house.workflow), now=timezone.now())
    current = read_autonomy(house.workflow).current
    assert current is not None
    assert current.watched.alarm_evidence is not None
    assert current.watched.alarm_evidence < 1
    assert current.watched.alarmed_at is None
    more = record_jobs(house.workflow, [RIGHT] * 60, first_id=5001, confidence=SURE)
    correct(house.reviewer, [job for job in more if job.routing == "audit"], WANTED)
    assert watch_audits(house.workflow, get_live_state(house.workflow), now=timezone.now())
    autonomy = read_autonomy(house.workflow)
    assert not autonomy.is_on
    assert autonomy.current is not None
    assert autonomy.current.watched.alarmed_at is not None
    assert [(one.word, one.by) for one in autonomy.history] == [("Taken back", "Teachback"), ("Earned", "alice")]


def test_history_tells_when_autonomy_came_and_went_and_when_it_was_refused(partly_reviewed: PartlyReviewed) -> None:
    house = partly_reviewed.house
    put_live(house.owner, release_after(house), from_job=141, why="not worse")
    certify(house)
    take_autonomy_back(house.owner, house.workflow, from_job=141, why="a new price list")
    refused = Gate.objects.create(
        workflow=house.workflow,
        base=house.release,
        candidate=house.release,
        lever=Lever.APPROVAL,
        verdict="cannot tell",
        cases=100,
        report={"sentence": "100 judged jobs do not show it yet.", "claims": []},
        judged_at=house.release.created_at,
    )
    autonomy = read_autonomy(house.workflow)
    assert [one.word for one in autonomy.history] == ["Taken back", "Earned", "Starts anew", "Earned", "Not earned yet"]
    assert autonomy.history[0].why == "a new price list"
    assert autonomy.outlook.last_sentence == refused.report["sentence"]


def test_the_outlook_says_how_far_the_next_certificate_is(house: House) -> None:
    accept(house.reviewer, record_jobs(house.workflow, [RIGHT] * 30)[10:])
    plan = EarningPlan(jobs=150, start_share=0.4, chance=0.8, likely_share=0.6)
    LearningState.objects.create(
        workflow=house.workflow, earning=house.release, earning_from_job=11, earning_plan=asdict(plan)
    )
    outlook = read_autonomy(house.workflow).outlook
    assert (outlook.earning_number, outlook.needed_jobs, outlook.decided_jobs) == (1, 150, 20)
    assert (outlook.likely_share, outlook.chance) == (0.6, 0.8)


def test_why_jobs_come_to_a_person_is_counted_without_their_figures(partly_reviewed: PartlyReviewed) -> None:
    autonomy = read_autonomy(partly_reviewed.house.workflow)
    ways = {(way.routing, way.reason): way.jobs for way in autonomy.ways_in}
    assert ways["review", "The agent was not sure enough."] == 40
    assert ways["auto", "The agent was sure enough."] + ways["audit", "Drawn at random for an audit."] == 100
    assert autonomy.explained_jobs == 140


@pytest.mark.parametrize("confidence", [0.2, 0.93])
@pytest.mark.parametrize("draw", [0.01, 0.99])
@pytest.mark.parametrize("is_test_case", [True, False])
def test_every_reason_of_routing_that_holds_a_figure_has_plain_words(
    confidence: float, draw: float, is_test_case: bool
) -> None:
    routing = decide_routing(
        status=JobStatus.FINISHED,
        confidence=confidence,
        wants_review="",
        approval=Approval(threshold=0.8),
        autonomy=AutonomyState(is_on=True, reviews_test_cases=True, earning_release="release 7"),
        is_test_case=is_test_case,
        draw=draw,
    )
    assert not any(letter.isdigit() for letter in describe_way_in(routing.reason))


def test_the_risk_of_skipping_review_grows_with_the_share_that_skips(house: House) -> None:
    certify(house)
    sure = record_jobs(house.workflow, [RIGHT] * 60, confidence=0.7)
    unsure = record_jobs(house.workflow, [RIGHT] * 60, first_id=1001, confidence=UNSURE)
    accept(house.reviewer, sure)
    correct(house.reviewer, unsure[:30], WANTED)
    accept(house.reviewer, unsure[30:])
    autonomy = read_autonomy(house.workflow)
    by_share = {point.share: point for point in autonomy.risk}
    assert by_share[0.5].error.estimate == 0
    assert by_share[1.0].error.estimate == pytest.approx(0.25)
    assert (by_share[0.5].threshold, by_share[1.0].threshold) == (0.7, UNSURE)
    assert 0.1 not in by_share  # twelve reviewed jobs say nothing


def test_risk_is_weighted_and_hand_backs_never_skip() -> None:
    audited = [JudgedJob(confidence=0.9, did_wait=False, probability=0.1, is_wrong=False) for _ in range(40)]
    unaudited = [JudgedJob(confidence=0.9, did_wait=False, probability=0.1, is_wrong=None) for _ in range(360)]
    doubtful = [JudgedJob(confidence=0.5, did_wait=True, probability=1.0, is_wrong=True) for _ in range(100)]
    handed_back = [JudgedJob(confidence=None, did_wait=True, probability=1.0, is_wrong=True) for _ in range(500)]
    points = {point.share: point.error.estimate for point in draw_risk([*audited, *unaudited, *doubtful, *handed_back])}
    assert points[0.5] == pytest.approx(100 / 500)  # and not 100 of the 140 that were reviewed
    assert max(points) == 0.5


def test_nothing_decided_gives_no_picture_of_risk() -> None:
    assert draw_risk([JudgedJob(confidence=0.9, did_wait=True, probability=1.0, is_wrong=None)] * 100) == ()
    assert draw_risk([]) == ()


def test_a_reviewer_cannot_take_autonomy_back(partly_reviewed: PartlyReviewed) -> None:
    house = partly_reviewed.house
    with pytest.raises(PermissionMissing):
        take_autonomy_back(house.reviewer, house.workflow, from_job=141, why="no")
