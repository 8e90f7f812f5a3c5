"""Recording jobs that have ended: routing, numbers, steps, and what the next step says later."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from builders import House, record_jobs
from teachback.json_types import JsonObject
from teachback.release_document import Approval, ReleaseDocument
from teachback.vocabulary import JobStatus, Lever, StepKind
from teachback_server.agents.protocol import AgentResult, StepResult
from teachback_server.jobs.actions import (
    Arrival,
    JobRefused,
    JobSource,
    OutcomeWord,
    record_ended_jobs,
    record_outcome,
    record_outcomes,
)
from teachback_server.jobs.models import Job, Outcome
from teachback_server.jobs.queries import list_steps
from teachback_server.people.actor import PermissionMissing
from teachback_server.people.models import AuditEvent
from teachback_server.releases.actions import make_release, put_live, take_autonomy_back
from teachback_server.releases.queries import LiveState, get_live_state

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
GOOD: JsonObject = {"queue": "billing"}
SURE = AgentResult(status=JobStatus.FINISHED, output=GOOD, confidence=0.9)


def arrival(name: str = "m1") -> Arrival:
    return Arrival(external_id=name, input={"text": name})


def certified(house: House) -> LiveState:
    """A live release under which sure jobs skip review."""
    approval = Approval(threshold=0.5, audit_share=1e-9, early_audit_share=1e-9)
    document = ReleaseDocument(workflow="support-inbox", approval=approval)
    release = make_release(
        house.owner, house.workflow, document, parent=house.release, lever=Lever.APPROVAL, change="For a test"
    )
    put_live(house.owner, release, from_job=1, why="A test")
    return get_live_state(house.workflow)


def record(house: House, *results: AgentResult, live: LiveState | None = None, was_used: bool = False) -> list[Job]:
    live = live or get_live_state(house.workflow)
    arrivals = [arrival(f"m{place}") for place in range(len(results))]
    return record_ended_jobs(
        house.owner, house.workflow, live, arrivals, results, source=JobSource.ELSEWHERE, was_used=was_used
    )


def test_the_database_refuses_an_ended_job_without_a_probability_of_review(house: House) -> None:
    (job,) = record(house, SURE)
    with pytest.raises(IntegrityError, match="job_that_ended_has_its_routing"), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(review_probability=None)


def test_of_no_jobs_nothing_is_recorded(house: House) -> None:
    acts = AuditEvent.objects.count()
    assert record(house) == []
    assert (Job.objects.count(), AuditEvent.objects.count()) == (0, acts)


def test_everything_waits_for_review_at_first(house: House) -> None:
    job = record(house, SURE)[0]
    assert (job.routing, job.review_probability, job.is_waiting) == ("review", 1.0, True)
    assert job.routing_reason


def test_a_job_that_skips_review_does_not_wait_and_records_its_probability(house: House) -> None:
    job = record(house, SURE, live=certified(house))[0]
    assert (job.routing, job.is_waiting) == ("auto", False)
    assert job.review_probability == pytest.approx(1e-9)


def test_autonomy_that_was_taken_back_meanwhile_is_not_used(house: House) -> None:
    live = certified(house)
    take_autonomy_back(house.owner, house.workflow, from_job=1, why="An alarm")
    assert record(house, SURE, live=live)[0].routing == "review"


def test_a_release_that_is_not_live_any_more_approves_nothing(house: House) -> None:
    live = certified(house)
    put_live(house.owner, house.release, from_job=1, why="Another release")
    assert record(house, SURE, live=live)[0].routing == "review"


def test_what_was_used_before_we_saw_it_is_observed_and_offered_for_review(house: House) -> None:
    job = record(house, SURE, was_used=True)[0]
    assert (job.routing, job.review_probability, job.is_waiting) == ("observed", 1.0, True)


def test_numbers_count_on_within_each_workflow(house: House) -> None:
    assert [job.number for job in record_jobs(house.workflow, [GOOD, GOOD])] == [1, 2]
    assert [job.number for job in record_jobs(house.elsewhere, [GOOD])] == [1]
    assert [job.number for job in record_jobs(house.workflow, [GOOD], first_id=3)] == [3]


@pytest.mark.parametrize("names", [("m1", "m1"), ("m2", "known")])
def test_of_several_jobs_all_are_recorded_or_none(house: House, names: tuple[str, str]) -> None:
    live = get_live_state(house.workflow)
    record_ended_jobs(house.owner, house.workflow, live, [arrival("known")], [SURE], source=JobSource.IMPORT)
    arrivals = [arrival(name) for name in names]
    with pytest.raises(JobRefused, match=names[1]):
        record_ended_jobs(house.owner, house.workflow, live, arrivals, [SURE, SURE], source=JobSource.IMPORT)
    assert Job.objects.count() == 1


def test_steps_that_a_crash_left_behind_never_reach_the_job_that_comes_again(house: House) -> None:
    steps = tuple(StepResult(name=name, kind=StepKind.MODEL) for name in "abc")
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        record(house, replace(SURE, steps=steps))
        raise KeyboardInterrupt
    assert not Job.objects.exists()
    (job,) = record(house, replace(SURE, steps=steps[:1]))
    assert [step.name for step in list_steps(job)] == ["a"]


def test_steps_keep_their_order_status_and_words(house: House) -> None:
    steps = (
        StepResult(name="Read", kind=StepKind.MODEL, duration_ms=2.5, tokens=7, cost_usd=0.5),
        StepResult(name="Look up", kind=StepKind.TOOL, status="error", detail="No answer."),
        StepResult(name="Ask", kind=StepKind.TOOL, status="stuck"),
    )
    (job,) = record(house, replace(SURE, steps=steps))
    kept = list_steps(job)
    assert [(step.position, step.name, step.status, step.detail) for step in kept] == [
        (0, "Read", "ok", ""), (1, "Look up", "error", "No answer."), (2, "Ask", "stuck", "")
    ]  # fmt: skip
    assert (kept[0].kind, kept[0].duration_ms, kept[0].tokens, kept[0].cost_usd) == ("model", 2.5, 7, 0.5)


def test_a_job_sums_up_what_its_steps_cost(house: House) -> None:
    steps = tuple(StepResult(name=name, kind=StepKind.MODEL, duration_ms=10, tokens=7, cost_usd=0.5) for name in "ab")
    job = record(house, AgentResult(status=JobStatus.FINISHED, output=GOOD, steps=steps))[0]
    assert (job.duration_ms, job.tokens, job.cost_usd) == (20, 14, 1.0)


def test_outcomes_are_appended_and_each_act_is_in_the_trail(house: House) -> None:
    jobs = record(house, SURE, SURE)
    record_outcome(house.reviewer, jobs[0], is_used=True)
    record_outcomes(house.reviewer, house.workflow, [OutcomeWord(job=job, is_used=False) for job in jobs])
    assert list(Outcome.objects.order_by("id").values_list("job__number", "is_used")) == [
        (1, True), (1, False), (2, False)
    ]  # fmt: skip
    assert AuditEvent.objects.latest("id").subject == "2 jobs"
    assert record_outcomes(house.reviewer, house.workflow, []) == []


def test_a_reviewer_may_say_what_was_used_and_may_not_record_jobs(house: House) -> None:
    live = get_live_state(house.workflow)
    with pytest.raises(PermissionMissing):
        record_ended_jobs(house.reviewer, house.workflow, live, [arrival()], [SURE], source=JobSource.IMPORT)
    job = record(house, SURE)[0]
    with pytest.raises(PermissionMissing):
        record_outcome(house.stranger, job, is_used=True)
