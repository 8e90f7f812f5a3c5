"""The acts of the desk: hold, skip, decide, each exactly once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from builders import House, actor, make_person, record_jobs
from teachback.json_types import JsonObject
from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.models import Job
from teachback_server.people.actor import SYSTEM, Actor, PermissionMissing
from teachback_server.people.models import AuditEvent
from teachback_server.reviews.actions import (
    LEASE,
    Decision,
    DecisionRefused,
    JobAlreadyDecided,
    JobClaimedByAnother,
    claim_job,
    claim_next_job,
    decide_review,
    decide_reviews,
    show_skipped_jobs,
    skip_job,
)
from teachback_server.reviews.models import Claim, Correction, Review
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
GOOD: JsonObject = {"queue": "billing"}


def decision(job: Job, verdict: ReviewVerdict = ReviewVerdict.ACCEPTED, **more: object) -> Decision:
    return Decision(**{"job": job, "verdict": verdict, "idempotency_key": f"key {job.pk}", **more})  # type: ignore[arg-type]


@pytest.fixture
def second(house: House) -> Actor:
    """Dora reviews beside Bob."""
    dora = make_person("dora")
    give_role(house.owner, house.workflow, dora, Role.REVIEWER)
    return actor(dora)


def test_the_oldest_waiting_job_comes_first(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD, GOOD])
    assert claim_next_job(house.reviewer, house.workflow) == jobs[0]


def test_a_job_on_one_persons_screen_is_not_given_to_another(house: House, second: Actor) -> None:
    jobs = record_jobs(house.workflow, [GOOD, GOOD])
    claim_next_job(house.reviewer, house.workflow)
    assert claim_next_job(second, house.workflow) == jobs[1]


def test_a_reload_shows_the_job_that_the_person_holds_already(house: House) -> None:
    record_jobs(house.workflow, [GOOD, GOOD])
    first = claim_next_job(house.reviewer, house.workflow)
    assert claim_next_job(house.reviewer, house.workflow) == first


def test_the_desk_gets_another_job_than_those_that_it_names(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD, GOOD])
    claim_next_job(house.reviewer, house.workflow)
    assert claim_next_job(house.reviewer, house.workflow, besides=[jobs[0].number]) == jobs[1]
    assert claim_next_job(house.reviewer, house.workflow, besides=[job.number for job in jobs]) is None


def test_a_job_that_was_left_comes_back_when_its_lease_is_over(house: House, second: Actor) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    claim_job(house.reviewer, job, now=timezone.now() - LEASE - timedelta(seconds=1))
    assert claim_next_job(second, house.workflow) == job


def test_a_held_job_can_neither_be_claimed_nor_decided_by_another(house: House, second: Actor) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    claim_job(house.reviewer, job)
    with pytest.raises(JobClaimedByAnother):
        claim_job(second, job)
    with pytest.raises(JobClaimedByAnother):
        decide_review(second, decision(job))
    assert not Review.objects.exists()


def test_a_skipped_job_is_hidden_from_one_person_only_until_they_want_it_back(house: House, second: Actor) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    claim_job(house.reviewer, job)
    skip_job(house.reviewer, job)
    assert claim_next_job(house.reviewer, house.workflow) is None
    assert claim_next_job(second, house.workflow) == job
    Claim.objects.all().delete()
    assert show_skipped_jobs(house.reviewer, house.workflow) == 1
    assert claim_next_job(house.reviewer, house.workflow) == job


def test_no_program_and_no_stranger_takes_a_job_from_the_queue(house: House) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    for nobody in (SYSTEM, house.stranger):
        with pytest.raises(PermissionMissing):
            claim_next_job(nobody, house.workflow)
        with pytest.raises(PermissionMissing):
            claim_job(nobody, job)
        with pytest.raises(PermissionMissing):
            skip_job(nobody, job)
    with pytest.raises(PermissionMissing):
        decide_review(house.stranger, decision(job))


def test_a_decision_ends_the_wait_and_the_lease_and_is_in_the_audit_trail(house: House) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    claim_job(house.reviewer, job)
    review = decide_review(house.reviewer, decision(job, seconds=7.5))
    job.refresh_from_db()
    assert not job.is_waiting
    assert not Claim.objects.exists()
    assert (review.output, review.reviewer_name, review.seconds) == (GOOD, "bob", 7.5)
    event = AuditEvent.objects.latest("id")
    assert (event.kind, event.actor_name, event.subject) == ("reviews_decided", "bob", f"job {job.number}: accepted")


def test_the_same_decision_sent_twice_is_stored_once(house: House) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    first = decide_review(house.reviewer, decision(job))
    assert decide_review(house.reviewer, decision(job)) == first
    assert Review.objects.count() == 1


def test_the_same_decision_sent_twice_at_once_is_stored_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    stale = Job.objects.get(pk=job.pk)
    first = decide_review(house.reviewer, decision(job))
    answers = iter([None, first])  # the first look was before the other request stored it
    monkeypatch.setattr("teachback_server.reviews.actions._find_same_decision", lambda decision: next(answers))
    assert decide_review(house.reviewer, decision(stale)) == first
    assert Review.objects.count() == 1


def test_a_job_cannot_be_decided_twice(house: House) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    stale = Job.objects.get(pk=job.pk)
    decide_review(house.reviewer, decision(job))
    for again in (stale, Job.objects.get(pk=job.pk)):
        with pytest.raises(JobAlreadyDecided):
            decide_review(house.owner, decision(again, idempotency_key="another"))
    assert Review.objects.count() == 1


def test_a_correction_stores_each_changed_field_with_the_reason(house: House) -> None:
    job = record_jobs(house.workflow, [{"queue": "billing", "order_number": "A1"}])[0]
    wanted = {"queue": "returns"}
    decide_review(
        house.reviewer,
        decision(job, ReviewVerdict.CORRECTED, output=wanted, reason_code="wrong_choice", would_recur=True),
    )
    rows = Correction.objects.order_by("id").values_list("field", "kind", "from_value", "to_value", "reason_code")
    assert list(rows) == [
        ("queue", "changed_choice", "billing", "returns", "wrong_choice"),
        ("order_number", "removed", "A1", None, "wrong_choice"),
    ]
    assert Review.objects.get().output == wanted


def test_a_rejected_or_escalated_job_keeps_no_output(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD, GOOD])
    for job, verdict in zip(jobs, (ReviewVerdict.REJECTED, ReviewVerdict.ESCALATED), strict=True):
        review = decide_review(house.reviewer, decision(job, verdict, output=GOOD, reason_code="other"))
        assert review.output is None


def test_a_handed_back_job_is_filled_in_and_cannot_be_accepted(house: House) -> None:
    job = record_jobs(house.workflow, [None])[0]
    with pytest.raises(DecisionRefused, match="no output to accept"):
        decide_review(house.reviewer, decision(job))
    review = decide_review(
        house.reviewer, decision(job, ReviewVerdict.CORRECTED, output=GOOD, reason_code="handed_back")
    )
    assert list(review.corrections.values_list("field", "kind")) == [("", "handed_back")]


@pytest.mark.parametrize(
    ("verdict", "more", "says"),
    [
        (ReviewVerdict.REJECTED, {}, "Say why"),
        (ReviewVerdict.ESCALATED, {"reason_code": "no such reason"}, "Say why"),
        (ReviewVerdict.CORRECTED, {"reason_code": "other"}, "needs the output"),
        (ReviewVerdict.CORRECTED, {"reason_code": "other", "output": {"queue": "billing "}}, "Nothing was changed"),
    ],
)
def test_a_decision_that_lacks_something_says_what(
    house: House, verdict: ReviewVerdict, more: dict[str, object], says: str
) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    with pytest.raises(DecisionRefused, match=says):
        decide_review(house.reviewer, decision(job, verdict, **more))
    job.refresh_from_db()
    assert job.is_waiting


def test_a_workflow_without_reasons_says_who_can_add_some(house: House) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    house.workflow.reasons.all().delete()
    with pytest.raises(DecisionRefused, match="Ask an owner"):
        decide_review(house.reviewer, decision(job, ReviewVerdict.REJECTED, reason_code="other"))


def test_a_job_of_another_workflow_is_refused(house: House) -> None:
    foreign = record_jobs(house.elsewhere, [GOOD])[0]
    with pytest.raises(DecisionRefused, match="another workflow"):
        decide_reviews(house.owner, house.workflow, [decision(foreign)])


def test_a_job_that_nothing_chose_for_review_cannot_be_picked(house: House) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    Job.objects.filter(pk=job.pk).update(is_waiting=False, routing="auto", review_probability=0.05)
    with pytest.raises(DecisionRefused, match="does not wait"):
        decide_review(house.reviewer, decision(Job.objects.get(pk=job.pk)))


def test_of_several_decisions_all_are_stored_or_none(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD, GOOD])
    decide_review(house.reviewer, decision(Job.objects.get(pk=jobs[1].pk)))
    with pytest.raises(JobAlreadyDecided):
        decide_reviews(house.reviewer, house.workflow, [decision(job, idempotency_key=f"n{job.pk}") for job in jobs])
    assert Review.objects.count() == 1
