"""The approval lever: how autonomy is earned, on which jobs, how it is lost, and that it is never kept by mistake."""

from dataclasses import replace

import pytest

from loops import (
    Loop,
    always_right,
    always_wrong,
    answer_from_examples,
    arrival_of,
    finish,
    hand_back,
    key_to,
    make_loop,
    number_of,
    wrong_output,
)
from teachback.release_document import Approval, Rule
from teachback.routing import AutonomyState, decide_routing
from teachback.vocabulary import GateVerdict, JobStatus, Lever, ReviewVerdict, RoutingKind
from teachback_server.evals.models import Case, Gate
from teachback_server.improvements.earning_pool import judge_own_jobs
from teachback_server.improvements.evidence import UNSURE, get_watched_evidence, sureness_of
from teachback_server.improvements.models import Change, GuardRecord, LearningState
from teachback_server.jobs.actions import JobSource, next_job_number, record_ended_jobs
from teachback_server.jobs.models import Job
from teachback_server.people.actor import SYSTEM
from teachback_server.people.models import AuditEvent
from teachback_server.releases.actions import change_boundary, put_live, roll_back
from teachback_server.releases.models import ReleaseEvent
from teachback_server.reviews.actions import Decision, decide_reviews
from teachback_server.workflows.boundary import Boundary

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture
def loop(db: None) -> Loop:
    return make_loop(answer_from_examples)


@pytest.fixture
def earned(loop: Loop) -> Loop:
    """A workflow that learned everything and earned its autonomy."""
    loop.turn(100, may_certify=False)
    loop.turn(150)
    assert loop.live.is_autonomy_on
    return loop


def decide_as(loop: Loop, job: Job, verdict: ReviewVerdict) -> None:
    decision = Decision(job=job, verdict=verdict, idempotency_key=f"as:{job.pk}", reason_code="other")
    decide_reviews(loop.house.reviewer, loop.workflow, [decision])


def test_autonomy_is_earned_on_jobs_that_came_after_the_release(earned: Loop) -> None:
    certified = earned.live.release
    assert certified.lever == Lever.APPROVAL
    change = Change.objects.get(candidate=certified)
    assert change.gate is not None
    assert change.gate.verdict == GateVerdict.PROVEN
    assert change.gate.report["attempt"] == 1
    assert certified.parent is not None
    went_live = ReleaseEvent.objects.get(release=certified.parent, kind="went_live")
    judges = Case.objects.filter(spent_by=change.gate)
    assert judges.count() == change.gate.cases >= 100
    assert min(judges.values_list("job__number", flat=True)) >= went_live.from_job
    assert set(judges.values_list("taught_id", flat=True)) == {None}


def test_the_certificate_says_what_it_rests_on(earned: Loop) -> None:
    approval = earned.live.document.approval
    assert approval.threshold == 0.95
    assert (approval.error_limit, approval.certainty) == (0.2, 0.8)
    assert approval.certified_from_jobs >= 100
    assert approval.certified_errors == 0


def test_jobs_skip_review_then_and_some_are_audited(earned: Loop) -> None:
    routings = {job.routing for job in earned.do_jobs(60)}
    assert routings == {RoutingKind.AUTO, RoutingKind.AUDIT}


def test_nothing_is_earned_where_nobody_allows_it(loop: Loop) -> None:
    loop.turn(250, may_certify=False)
    assert not loop.live.is_autonomy_on
    assert loop.state.earning_plan is None


def test_an_alarm_takes_autonomy_back_at_once_and_is_no_release(earned: Loop) -> None:
    certified, releases = earned.live.release, earned.workflow.releases.count()
    earned.agents.answer = always_wrong
    earned.turn(100)
    live = earned.live
    assert not live.is_autonomy_on
    assert live.release == certified
    assert earned.workflow.releases.count() == releases
    event = AuditEvent.objects.get(workflow_id=earned.workflow.pk, kind="autonomy_taken_back")
    assert "audited jobs were wrong; the limit is 20\xa0%" in event.details["why"]
    assert ReleaseEvent.objects.filter(release=certified, kind="autonomy_off").count() == 1
    guard = GuardRecord.objects.get(release=certified)
    assert guard.alarmed_at is not None
    assert {job.routing for job in earned.do_jobs(20)} == {RoutingKind.REVIEW}


def test_autonomy_is_earned_again_with_a_smaller_delta(earned: Loop) -> None:
    first = earned.live.release
    earned.agents.answer = always_wrong
    earned.turn(100)
    assert not earned.live.is_autonomy_on
    earned.agents.answer = answer_from_examples
    earned.turn(400)
    live = earned.live
    assert live.is_autonomy_on
    assert live.release != first
    gate = Gate.objects.filter(lever=Lever.APPROVAL, verdict=GateVerdict.PROVEN).order_by("-pk")[0]
    assert gate.candidate == live.release
    assert gate.report["attempt"] == Gate.objects.filter(lever=Lever.APPROVAL).count() > 1
    assert gate.report["p"] <= 0.2 * 6 / 3.1416**2 / gate.report["attempt"] ** 2
    assert not GuardRecord.objects.filter(release=live.release, alarmed_at__isnull=False).exists()


def test_an_agent_that_answers_at_random_never_gets_autonomy(loop: Loop) -> None:
    loop.agents.answer = lambda bundle, job: finish(
        {"queue": ("billing", "delivery", "returns")[number_of(job) * 7919 // 13 % 3]}, number_of(job) % 100 / 100
    )
    loop.turn(900, at_once=150)
    assert not loop.live.is_autonomy_on
    assert not Gate.objects.filter(verdict=GateVerdict.PROVEN).exists()
    assert not loop.workflow.jobs.exclude(routing=RoutingKind.REVIEW).exists()


def test_an_agent_that_cannot_learn_earns_autonomy_by_what_people_said_of_its_work(loop: Loop) -> None:
    own = loop.put_live_with(agent="python:somebody:answers")
    loop.agents.answer = always_right
    loop.turn(600)
    assert loop.live.is_autonomy_on
    assert loop.live.release.parent == own
    assert loop.live.document.agent == "python:somebody:answers"


def test_handing_a_few_jobs_back_does_not_cost_a_good_agent_its_certificate(loop: Loop) -> None:
    loop.agents.answer = lambda bundle, job: hand_back() if number_of(job) % 40 == 0 else always_right(bundle, job)
    loop.earn_on(100)
    loop.turn(100, at_once=100)
    assert loop.live.is_autonomy_on
    assert loop.live.document.approval.threshold == 0.95


def test_jobs_that_a_rule_keeps_for_people_do_not_count_as_able_to_skip_review(loop: Loop) -> None:
    rule = Rule(name="easy ones", when='input.text.contains("topic-0")', action="review")
    loop.put_live_with(rules=(rule,))
    loop.agents.answer = lambda bundle, job: (
        always_right(bundle, job) if "topic-0" in str(job.input["text"]) else always_wrong(bundle, job)
    )
    loop.earn_on(60)
    loop.do_jobs(60)
    loop.decide()
    pool = judge_own_jobs(loop.list_pool(60) or [])
    assert [one.confidence == UNSURE for one in pool] == ["topic-0" in one.job.input["text"] for one in pool]
    loop.advance()
    assert Gate.objects.get(lever=Lever.APPROVAL).verdict == GateVerdict.CANNOT_TELL
    assert not loop.live.is_autonomy_on  # nine of ten are right, and all that could skip review are wrong


def test_the_words_of_routing_by_which_such_jobs_are_known_are_its_own() -> None:
    routing = decide_routing(
        status=JobStatus.FINISHED,
        confidence=0.9,
        wants_review="a rule",
        approval=Approval(),
        autonomy=AutonomyState(is_on=False),
        is_test_case=False,
        draw=0.5,
    )
    assert sureness_of(JobStatus.FINISHED, 0.9, routing.reason) == UNSURE
    assert sureness_of(JobStatus.FINISHED, 0.9, "Everything is reviewed.") == 0.9


def test_the_pool_is_full_only_when_its_first_jobs_are_decided_whatever_comes_later(loop: Loop) -> None:
    loop.agents.answer = always_right
    loop.earn_on()
    jobs = loop.do_jobs(60)
    loop.decide(jobs[10:])
    assert loop.list_pool(40) is None
    loop.decide(jobs[:10])
    assert loop.list_pool(40) == jobs[:40]


def test_a_job_that_people_pass_over_counts_as_wrong_once_as_many_later_ones_are_decided(loop: Loop) -> None:
    loop.agents.answer = always_right
    loop.earn_on()
    jobs = loop.do_jobs(79)
    loop.decide([job for job in jobs if job != jobs[3]])
    assert loop.list_pool(40) is None
    loop.decide(loop.do_jobs(1))
    pool = judge_own_jobs(loop.list_pool(40) or [])
    assert [one.job for one in pool] == jobs[:40]
    assert [one.job for one in pool if not one.is_right] == [jobs[3]]


def test_escalated_and_rejected_jobs_count_as_wrong(loop: Loop) -> None:
    loop.agents.answer = always_right
    loop.earn_on()
    jobs = loop.do_jobs(40)
    decide_as(loop, jobs[1], ReviewVerdict.ESCALATED)
    decide_as(loop, jobs[2], ReviewVerdict.REJECTED)
    loop.decide()
    pool = judge_own_jobs(loop.list_pool(40) or [])
    assert [one.job for one in pool if not one.is_right] == jobs[1:3]


def test_work_that_somebody_else_did_says_nothing_about_our_release(loop: Loop) -> None:
    loop.agents.answer = always_right
    loop.earn_on()
    arrivals = [replace(arrival_of(number), external_id=f"past-{number}") for number in range(1, 41)]
    results = [finish(key_to(arrival.input)) for arrival in arrivals]
    record_ended_jobs(SYSTEM, loop.workflow, loop.live, arrivals, results, source=JobSource.IMPORT, was_used=True)
    loop.decide()
    assert loop.list_pool(10) is None
    assert not get_watched_evidence(loop.live.release).wrong


def test_jobs_of_the_release_before_say_nothing_about_the_live_one(loop: Loop) -> None:
    loop.turn(100, may_certify=False)
    assert loop.live.release.number == 2
    loop.earn_on(20)
    roll_back(loop.house.owner, loop.workflow.releases.get(number=1), from_job=next_job_number(loop.workflow), why="")
    loop.turn(30, may_certify=False)
    put_live(loop.house.owner, loop.workflow.releases.get(number=2), from_job=next_job_number(loop.workflow), why="")
    loop.earn_on(20)
    LearningState.objects.update(earning_from_job=101)  # as if nobody had noticed what happened in between
    loop.do_jobs(20)
    loop.decide()
    assert {job.release.number for job in loop.list_pool(20) or []} == {2}


def test_one_job_may_judge_one_certificate_only(loop: Loop) -> None:
    loop.agents.answer = lambda bundle, job: finish(
        key_to(job.input) if number_of(job) % 3 else wrong_output(job.input)
    )
    loop.earn_on()
    loop.turn(40, at_once=40)
    refused = Gate.objects.get(lever=Lever.APPROVAL)
    assert refused.verdict == GateVerdict.CANNOT_TELL
    event = AuditEvent.objects.get(workflow_id=loop.workflow.pk, kind="change_judged")
    assert (event.actor_name, event.subject) == ("Teachback", "Autonomy was not earned")
    assert Case.objects.filter(spent_by=refused).count() == 40
    loop.earn_on()
    loop.turn(40, at_once=40)
    again = Gate.objects.filter(lever=Lever.APPROVAL).order_by("-pk")[0]
    assert again.report["attempt"] == 2
    assert Case.objects.filter(spent_by=again).count() == 40


def test_a_boundary_that_is_edited_in_mid_earning_starts_the_earning_anew(loop: Loop) -> None:
    loop.agents.answer = always_right
    loop.earn_on()
    loop.turn(20, at_once=20)
    assert loop.state.earning_plan is not None
    stricter = Boundary(
        name=loop.workflow.name,
        title=loop.workflow.title,
        input_schema=loop.workflow.input_schema,
        output_schema=loop.workflow.output_schema,
        error_limit=0.01,
    )
    change_boundary(loop.house.owner, loop.workflow, stricter, from_job=next_job_number(loop.workflow))
    loop.turn(40, at_once=20)
    assert not loop.live.is_autonomy_on
    assert not Gate.objects.filter(lever=Lever.APPROVAL).exists()
