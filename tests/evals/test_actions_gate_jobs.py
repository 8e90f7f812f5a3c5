"""Which jobs may judge a candidate, and what the ones say that nobody decided."""

from dataclasses import replace

import pytest

from builders import House, make_house
from loops import Loop, ScriptedReleases, answer_from_examples, finish, hand_back, key_to
from teachback.vocabulary import GateVerdict, Lever, ReviewVerdict, RoutingKind
from teachback_server.agents.protocol import AgentResult
from teachback_server.evals.actions import keep_cases, spend_cases, store_gate
from teachback_server.evals.gate_jobs import GateJob, count_gate_jobs, list_gate_jobs, pair_results
from teachback_server.evals.gate_test import group_differences, judge_change
from teachback_server.evals.models import Case
from teachback_server.improvements.noticing import take_in_reviews
from teachback_server.jobs.models import Job
from teachback_server.reviews.actions import Decision, decide_reviews
from teachback_server.reviews.models import Review
from teachback_server.statistics.multiplicity import ClaimAccount

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def loop(house: House) -> Loop:
    return Loop(house=house, agents=ScriptedReleases(answer_from_examples))


def decide(loop: Loop, jobs: list[Job], verdict: ReviewVerdict) -> None:
    decisions = [
        Decision(job=job, verdict=verdict, idempotency_key=f"decide:{job.pk}", reason_code="other") for job in jobs
    ]
    decide_reviews(loop.house.reviewer, loop.workflow, decisions)


def gate_side(jobs: list[Job]) -> list[Job]:
    return [job for job in jobs if job.is_test_case]


def numbers(jobs: list[GateJob]) -> list[int]:
    return [one.job.number for one in jobs]


def list_now(loop: Loop, judged_through: int = 0) -> list[GateJob]:
    listed = list_gate_jobs(loop.workflow, judged_through=judged_through)
    assert count_gate_jobs(loop.workflow, judged_through=judged_through) == len(listed)
    return listed


def test_only_jobs_of_the_gates_side_judge(loop: Loop) -> None:
    jobs = loop.do_jobs(40)
    loop.decide()
    take_in_reviews(loop.workflow)
    assert 0 < len(gate_side(jobs)) < 40
    assert numbers(list_now(loop)) == [job.number for job in gate_side(jobs)]


def test_jobs_that_people_have_not_come_to_yet_are_left_for_the_next_gate(loop: Loop) -> None:
    jobs = loop.do_jobs(40)
    loop.decide(jobs[:20])
    take_in_reviews(loop.workflow)
    assert numbers(list_now(loop)) == [job.number for job in gate_side(jobs[:20])]


def test_a_job_that_people_passed_over_judges_as_one_that_nobody_decided(loop: Loop) -> None:
    jobs = loop.do_jobs(40)
    passed_over = gate_side(jobs)[1]
    loop.decide([job for job in jobs if job != passed_over])
    take_in_reviews(loop.workflow)
    listed = list_now(loop)
    assert numbers(listed) == [job.number for job in gate_side(jobs)]
    assert [one.job.number for one in listed if one.case is None] == [passed_over.number]


def test_an_escalated_job_judges_as_one_that_nobody_decided(loop: Loop) -> None:
    jobs = loop.do_jobs(40)
    escalated = gate_side(jobs)[0]
    decide(loop, [escalated], ReviewVerdict.ESCALATED)
    loop.decide([job for job in jobs if job != escalated])
    take_in_reviews(loop.workflow)
    listed = list_now(loop)
    assert listed[0].job == escalated
    assert listed[0].case is None
    assert all(one.case is not None for one in listed[1:])


def test_jobs_that_skipped_review_judge_too(loop: Loop) -> None:
    jobs = loop.do_jobs(40)
    skipped = gate_side(jobs)[2]
    Job.objects.filter(pk=skipped.pk).update(is_waiting=False, routing=RoutingKind.AUTO, review_probability=0.05)
    loop.decide()
    take_in_reviews(loop.workflow)
    assert [one.job.number for one in list_now(loop) if one.case is None] == [skipped.number]


def test_a_spent_case_and_a_job_that_was_judged_before_judge_no_more(loop: Loop) -> None:
    jobs = loop.do_jobs(60)
    loop.decide()
    take_in_reviews(loop.workflow)
    judges = list_now(loop)
    release = loop.live.release
    gate = store_gate(
        base=release, candidate=release, lever=Lever.EXAMPLES, verdict="x", report={}, cases=1, at=jobs[0].started_at
    )
    assert judges[1].case is not None
    spend_cases(gate, [judges[1].case.pk])
    left = list_now(loop, judged_through=judges[0].job.number)
    assert numbers(left) == numbers(judges)[2:]


def test_an_escalated_job_is_kept_as_no_case_and_a_rejected_one_as_a_case_without_answer(loop: Loop) -> None:
    jobs = loop.do_jobs(3)
    decide(loop, jobs[:1], ReviewVerdict.ESCALATED)
    decide(loop, jobs[1:2], ReviewVerdict.REJECTED)
    loop.decide(jobs[2:])
    keep_cases(list(Review.objects.filter(workflow=loop.workflow).select_related("job__workflow").order_by("pk")))
    assert {case.job_id: case.expected for case in Case.objects.all()} == {
        jobs[1].pk: None,
        jobs[2].pk: key_to(jobs[2].input),
    }
    assert not Case.objects.filter(was_right=True).exists()


def test_changing_an_output_that_a_person_rejected_breaks_nothing(loop: Loop) -> None:
    rejected = _one_gate_job(loop, ReviewVerdict.REJECTED, answer=finish({"queue": "billing"}))
    before, after = finish({"queue": "billing"}), finish({"queue": "returns"})
    assert _difference(rejected, before, after) == 0.0
    assert _difference(rejected, after, before) == -1.0  # the rejected output comes back where another one stood
    report = judge_change(pair_results([rejected], [before], [after], hand_back_cost=0.5), account=ClaimAccount())
    assert report.assumed_broken == 0
    assert report.broken == 0


def test_a_hand_back_is_known_for_what_it_is_even_where_nobody_decided(loop: Loop) -> None:
    undecided = replace(_one_gate_job(loop, ReviewVerdict.REJECTED, answer=hand_back()), case=None)
    some, another = finish({"queue": "billing"}), finish({"queue": "returns"})
    assert _difference(undecided, hand_back(), some) == -0.5
    assert _difference(undecided, some, hand_back()) == -0.5
    assert _difference(undecided, some, another) == -1.0
    assert _difference(undecided, some, some) == 0.0
    assert _difference(undecided, hand_back(), hand_back()) == 0.0


def test_undecided_jobs_do_not_stop_the_gate_of_the_first_candidate(loop: Loop) -> None:
    jobs = loop.do_jobs(120)
    first_of_gate = gate_side(jobs)[0]
    loop.decide([job for job in jobs if job != first_of_gate])
    take_in_reviews(loop.workflow)
    gate_jobs = list_now(loop)
    base = [hand_back() for _ in gate_jobs]
    after = [finish(key_to(one.job.input)) for one in gate_jobs]
    report = judge_change(pair_results(gate_jobs, base, after, hand_back_cost=0.5), account=ClaimAccount(), lowest=-0.5)
    assert report.verdict is GateVerdict.PROVEN
    assert report.assumed_broken == 1
    assert report.difference == pytest.approx((0.5 * (len(gate_jobs) - 1) - 0.5) / len(gate_jobs))


def test_a_wrong_answer_where_the_live_release_handed_back_costs_what_a_hand_back_saves(loop: Loop) -> None:
    decided = _one_gate_job(loop, ReviewVerdict.ACCEPTED, answer=finish({"queue": "billing"}))
    right = finish({"queue": "billing"})
    assert _difference(decided, hand_back(), right) == 0.5
    assert _difference(decided, finish({"queue": "nowhere"}), right) == 1.0
    assert _difference(decided, hand_back(), finish({"queue": "nowhere"})) == -0.5


def _one_gate_job(loop: Loop, verdict: ReviewVerdict, *, answer: AgentResult) -> GateJob:
    loop.agents.answer = lambda bundle, job: answer
    jobs = gate_side(loop.do_jobs(20))[:1]
    decide(loop, jobs, verdict)
    take_in_reviews(loop.workflow)
    case = Case.objects.filter(job=jobs[0]).first()
    return GateJob(job=jobs[0], case=case)


def _difference(one: GateJob, before: AgentResult, after: AgentResult) -> float:
    return group_differences(pair_results([one], [before], [after], hand_back_cost=0.5))[0]
