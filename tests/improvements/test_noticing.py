"""What is noticed of decisions: cases, patterns with their state, and the cause that the evidence speaks for."""

from dataclasses import replace

import pytest
from django.db import transaction

from builders import MORNING, correct
from loops import QUEUES, Loop, always_right, answer_from_examples, finish, key_to, make_loop, wrong_output
from teachback.json_types import JsonObject
from teachback.vocabulary import Cause, PatternState, ReviewVerdict, StepKind
from teachback_server.agents.protocol import AgentResult, JobInput, ReleaseBundle, StepResult
from teachback_server.evals.models import Case
from teachback_server.improvements import weighing
from teachback_server.improvements.models import LearningState, Pattern
from teachback_server.improvements.noticing import take_in_reviews
from teachback_server.improvements.weighing import weigh_patterns
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs
from teachback_server.jobs.models import Job
from teachback_server.people.actor import SYSTEM
from teachback_server.reviews.actions import Decision, decide_reviews

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture
def loop(db: None, monkeypatch: pytest.MonkeyPatch) -> Loop:
    monkeypatch.setattr(weighing, "REVIEWS_BETWEEN", 10)
    return make_loop(answer_from_examples)


def always_billing(bundle: ReleaseBundle, job: JobInput) -> AgentResult:
    return finish({"queue": "billing"})


def look(loop: Loop) -> list[Pattern]:
    take_in_reviews(loop.workflow)
    weigh_patterns(loop.workflow)
    return list(Pattern.objects.filter(workflow=loop.workflow).order_by("-count", "pk"))


def wrong_queue(loop: Loop) -> Pattern:
    return Pattern.objects.get(workflow=loop.workflow, title="queue: billing → delivery")


def record(loop: Loop, results: list[AgentResult], texts: list[str] | None = None) -> list[Job]:
    first = 1 + loop.workflow.jobs.count()
    arrivals = [
        Arrival(external_id=f"own-{number}", input={"text": text}, at=MORNING)
        for number, text in enumerate(texts or [f"message {number}" for number in range(len(results))], start=first)
    ]
    return record_ended_jobs(SYSTEM, loop.workflow, loop.live, arrivals, results, source=JobSource.AGENT)


def correct_each(loop: Loop, jobs: list[Job], outputs: list[JsonObject]) -> None:
    for job, output in zip(jobs, outputs, strict=True):
        correct(loop.house.reviewer, [job], output)


def test_reviews_become_cases_once_on_the_side_of_their_group(loop: Loop) -> None:
    jobs = loop.do_jobs(40)
    loop.decide()
    assert take_in_reviews(loop.workflow) == 40
    assert take_in_reviews(loop.workflow) == 0
    sides = dict(Case.objects.values_list("job_id", "split"))
    assert sides == {job.pk: "gate" if job.is_test_case else "practice" for job in jobs}


def test_a_case_keeps_what_the_person_stood_behind_and_whether_the_job_was_right(loop: Loop) -> None:
    loop.agents.answer = always_billing
    jobs = loop.do_jobs(20)
    loop.decide()
    take_in_reviews(loop.workflow)
    for job in jobs:
        assert job.case.expected == key_to(job.input)
        assert job.case.was_right == (job.output == key_to(job.input))
        assert job.case.review_probability == 1.0


def test_many_reviews_are_read_in_pieces_and_none_is_missed(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teachback_server.improvements.noticing.MOST_REVIEWS_AT_ONCE", 7)
    loop.do_jobs(40)
    loop.decide()
    loop.advance(may_certify=False)
    assert Case.objects.count() == loop.state.reviews == 40


def test_a_pattern_is_new_then_growing_then_resolved_and_regressed_when_it_comes_back(loop: Loop) -> None:
    loop.agents.answer = always_billing
    jobs = loop.do_jobs(2)  # topics one and two: one is delivery's
    loop.decide(jobs)
    look(loop)
    assert wrong_queue(loop).state == PatternState.NEW
    loop.do_jobs(40)
    loop.decide()
    look(loop)
    assert wrong_queue(loop).state == PatternState.GROWING
    loop.agents.answer = always_right
    loop.do_jobs(40)
    loop.decide()
    look(loop)
    assert wrong_queue(loop).state == PatternState.RESOLVED
    loop.agents.answer = always_billing
    loop.do_jobs(3)
    loop.decide()
    look(loop)
    assert wrong_queue(loop).state == PatternState.REGRESSED


def test_corrections_of_one_structure_make_one_pattern_with_all_its_jobs(loop: Loop) -> None:
    loop.agents.answer = always_billing
    jobs = loop.do_jobs(36)
    loop.decide()
    look(loop)
    pattern = wrong_queue(loop)
    late = [job for job in jobs if key_to(job.input) == {"queue": "delivery"}]
    assert pattern.count == pattern.memberships.count() == len(late) == 12
    assert (pattern.first_job, pattern.last_job) == (late[0].number, late[-1].number)
    assert set(pattern.memberships.values_list("correction__job_id", flat=True)) == {job.pk for job in late}
    assert Pattern.objects.count() == 2


def test_an_ignored_pattern_counts_on_and_stays_ignored(loop: Loop) -> None:
    loop.agents.answer = always_billing
    loop.do_jobs(12)
    loop.decide()
    look(loop)
    Pattern.objects.update(state=PatternState.IGNORED)
    loop.do_jobs(36)
    loop.decide()
    look(loop)
    assert wrong_queue(loop).state == PatternState.IGNORED
    assert wrong_queue(loop).count == 16


def test_states_and_causes_are_weighed_now_and_then_not_at_every_look(loop: Loop) -> None:
    loop.do_jobs(9)
    loop.decide()
    take_in_reviews(loop.workflow)
    assert not weigh_patterns(loop.workflow)
    loop.do_jobs(1)
    loop.decide()
    take_in_reviews(loop.workflow)
    assert weigh_patterns(loop.workflow)
    assert not weigh_patterns(loop.workflow)


def test_a_small_desk_sees_what_fell_silent_after_its_first_fifty_reviews(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    loop.agents.answer = always_billing
    loop.do_jobs(9)
    loop.decide()
    look(loop)
    assert wrong_queue(loop).state == PatternState.GROWING
    loop.agents.answer = always_right
    loop.do_jobs(40)
    loop.decide()
    look(loop)
    assert wrong_queue(loop).state == PatternState.GROWING
    loop.do_jobs(1)
    loop.decide()
    look(loop)
    assert wrong_queue(loop).state == PatternState.RESOLVED


def test_what_a_person_decided_of_a_pattern_while_it_was_weighed_stays(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.agents.answer = always_billing
    loop.do_jobs(20)
    loop.decide()
    look(loop)
    loop.agents.answer = always_right
    loop.do_jobs(60)
    loop.decide()
    take_in_reviews(loop.workflow)

    class IgnoredMeanwhile:
        @staticmethod
        def atomic() -> object:
            Pattern.objects.update(state=PatternState.IGNORED, cause=Cause.TOOL, cause_said_by="alice")
            monkeypatch.undo()
            return transaction.atomic()

    monkeypatch.setattr(weighing, "transaction", IgnoredMeanwhile)
    assert weigh_patterns(loop.workflow)
    assert set(Pattern.objects.values_list("state", "cause")) == {(PatternState.IGNORED, Cause.TOOL)}


def test_patterns_of_other_workflows_are_left_alone(loop: Loop) -> None:
    loop.do_jobs(20)
    loop.decide()
    assert take_in_reviews(loop.house.elsewhere) == 0
    assert LearningState.objects.get(workflow=loop.house.elsewhere).reviews == 0
    assert not Pattern.objects.exists()


class TestCauses:
    """The cause that at least half of a pattern's jobs speak for, with the evidence in words."""

    def cause(self, loop: Loop) -> tuple[str, str]:
        pattern = look(loop)[0]
        return pattern.cause, pattern.cause_evidence

    def test_a_tool_that_failed(self, loop: Loop) -> None:
        failed = StepResult(name="look up", kind=StepKind.TOOL, status="error")
        jobs = record(loop, [replace(finish({"queue": "billing"}), steps=(failed,)) for _ in range(10)])
        correct(loop.house.reviewer, jobs, {"queue": "returns"})
        assert self.cause(loop) == (Cause.TOOL, "a tool failed in 10 of 10 of these jobs")

    def test_people_who_answer_the_same_input_in_different_ways(self, loop: Loop) -> None:
        jobs = record(loop, [finish({"queue": "billing"}) for _ in range(12)], ["Where is it?"] * 12)
        correct_each(loop, jobs, [{"queue": QUEUES[1 + number % 2]} for number in range(12)])
        cause, evidence = self.cause(loop)
        assert cause == Cause.UNCLEAR_CRITERIA
        assert evidence == "people answered the same input in different ways in 6 of 6 of these jobs"

    def test_the_same_answer_spelled_in_another_order_is_no_contradiction(self, loop: Loop) -> None:
        jobs = record(loop, [finish({"queue": "billing"}) for _ in range(10)], ["Where is it?"] * 10)
        spellings = ({"queue": "returns", "order_number": "A1 "}, {"order_number": "A1", "queue": "returns"})
        correct_each(loop, jobs, [spellings[number % 2] for number in range(10)])
        assert Cause.UNCLEAR_CRITERIA not in {pattern.cause for pattern in look(loop)}

    def test_a_rejected_job_is_no_other_answer(self, loop: Loop) -> None:
        jobs = record(loop, [finish({"queue": "billing"}) for _ in range(12)], ["Where is it?"] * 12)
        correct(loop.house.reviewer, jobs[:10], {"queue": "returns"})
        decide_reviews(
            loop.house.reviewer,
            loop.workflow,
            [
                Decision(job=job, verdict=ReviewVerdict.REJECTED, idempotency_key=f"no:{job.pk}", reason_code="other")
                for job in jobs[10:]
            ],
        )
        assert self.cause(loop)[0] == Cause.UNRESOLVED

    def test_a_value_that_the_input_does_not_hold(self, loop: Loop) -> None:
        jobs = record(loop, [finish({"queue": "billing"}) for _ in range(10)])
        correct(loop.house.reviewer, jobs, {"queue": "billing", "order_number": "A77"}, reason="missing_information")
        assert self.cause(loop) == (
            Cause.SOURCE_DATA,
            "the right value does not stand in the input in 10 of 10 of these jobs",
        )

    def test_a_value_that_stands_in_the_input_is_not_the_datas_fault(self, loop: Loop) -> None:
        jobs = record(loop, [finish({"queue": "billing"}) for _ in range(10)], [f"It is a77, {n}" for n in range(10)])
        correct(loop.house.reviewer, jobs, {"queue": "billing", "order_number": "A77"}, reason="missing_information")
        assert self.cause(loop)[0] == Cause.UNRESOLVED

    def test_what_goes_against_policy_was_not_said_to_the_agent(self, loop: Loop) -> None:
        jobs = record(loop, [finish({"queue": "billing"}) for _ in range(10)])
        correct(loop.house.reviewer, jobs, {"queue": "returns"}, reason="against_policy")
        assert self.cause(loop)[0] == Cause.INSTRUCTIONS

    def test_jobs_that_were_handed_back_are_beyond_the_model(self, loop: Loop) -> None:
        loop.do_jobs(10)
        loop.decide()
        assert self.cause(loop) == (Cause.MODEL, "the agent found no answer in 10 of 10 of these jobs")

    def test_where_nothing_speaks_for_a_cause_none_is_named(self, loop: Loop) -> None:
        jobs = record(loop, [finish(wrong_output({"text": "topic-00 1"})) for _ in range(10)])
        correct(loop.house.reviewer, jobs, {"queue": "returns"})
        assert self.cause(loop) == (Cause.UNRESOLVED, "nothing in these jobs points to one cause yet")
