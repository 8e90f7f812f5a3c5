"""Undo: a decision leaves every table that counted it and is kept as taken back, unless something was made of it."""

from dataclasses import asdict
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from builders import House, accept, actor, correct, make_person, record_jobs
from teachback.json_types import JsonObject
from teachback.vocabulary import GateVerdict, Lever, ReviewVerdict, RoutingKind
from teachback_server.evals.models import Case, Gate
from teachback_server.improvements.models import GuardRecord, LearningState, Pattern, PatternCorrection
from teachback_server.improvements.noticing import take_in_reviews
from teachback_server.jobs.actions import record_outcome
from teachback_server.jobs.models import Job
from teachback_server.people.models import AuditEvent
from teachback_server.results.actions import tally_work
from teachback_server.results.counts import count_reasons, count_work
from teachback_server.results.undoing import undo_last_decision
from teachback_server.reviews.actions import Decision, JobAlreadyDecided, decide_review, decide_reviews
from teachback_server.reviews.models import Claim, Correction, Retraction, Review
from teachback_server.reviews.retracting import UndoRefused
from teachback_server.reviews.sessions import find_session
from teachback_server.statistics.audit_guard import GuardState, advance_guard_through
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
GOOD: JsonObject = {"queue": "billing"}
BETTER: JsonObject = {"queue": "returns"}


def decide_now(house: House, job: Job, output: JsonObject | None = None, *, seconds: float = 8.0) -> Review:
    """Bob decides a job now: he corrects it if he has an output, else he accepts it."""
    return decide_review(
        house.reviewer,
        Decision(
            job=job,
            verdict=ReviewVerdict.CORRECTED if output else ReviewVerdict.ACCEPTED,
            idempotency_key=f"desk {job.pk} {Retraction.objects.filter(job=job).count()}",
            output=output,
            reason_code="wrong_choice" if output else "",
            note="the sender says so" if output else "",
            seconds=seconds,
        ),
    )


def test_the_job_waits_again_on_the_screen_of_whoever_took_their_decision_back(house: House) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    decide_now(house, job, BETTER)
    assert undo_last_decision(house.reviewer, house.workflow) == job
    job.refresh_from_db()
    assert job.is_waiting
    assert Claim.objects.get(job=job).user == house.bob
    assert not Review.objects.exists()
    assert not Correction.objects.exists()


def test_the_decision_is_kept_whole_as_one_that_was_taken_back(house: House) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    review = decide_now(house, job, BETTER)
    undo_last_decision(house.reviewer, house.workflow)
    kept = Retraction.objects.get()
    assert (kept.review_id, kept.job, kept.verdict, kept.output) == (review.pk, job, "corrected", BETTER)
    assert (kept.reason_code, kept.note, kept.reviewer_name) == ("wrong_choice", "the sender says so", "bob")
    assert kept.corrections == [{"field": "queue", "kind": "changed_choice", "from": "billing", "to": "returns"}]
    assert AuditEvent.objects.filter(kind="review_taken_back", actor_name="bob").count() == 1


def test_the_job_can_be_decided_again_and_its_new_decision_is_another_row(house: House) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    first = decide_now(house, job)
    second = decide_now(house, undo_last_decision(house.reviewer, house.workflow), BETTER)
    assert second.pk > first.pk
    assert Review.objects.get().verdict == "corrected"


def test_a_second_copy_of_a_decision_that_was_taken_back_is_refused(house: House) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    decision = Decision(job=job, verdict=ReviewVerdict.ACCEPTED, idempotency_key="sent twice")
    decide_review(house.reviewer, decision)
    undo_last_decision(house.reviewer, house.workflow)
    with pytest.raises(JobAlreadyDecided, match="took this decision back"):
        decide_review(house.reviewer, decision)
    assert not Review.objects.exists()


def test_cases_and_patterns_forget_what_was_taken_back(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD, GOOD, GOOD])
    for job in jobs:
        decide_now(house, job, BETTER)
    take_in_reviews(house.workflow)
    undo_last_decision(house.reviewer, house.workflow)
    pattern = Pattern.objects.get()
    assert (pattern.count, pattern.first_job, pattern.last_job) == (2, 1, 2)
    assert (pattern.first_review, pattern.last_review) == (1, 2)
    assert Case.objects.count() == PatternCorrection.objects.count() == 2


def test_a_pattern_of_nothing_else_is_gone(house: House) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    decide_now(house, job, BETTER)
    take_in_reviews(house.workflow)
    undo_last_decision(house.reviewer, house.workflow)
    assert not Pattern.objects.exists()


def test_the_loop_reads_the_new_decision_like_any_other(house: House) -> None:
    first, second = record_jobs(house.workflow, [GOOD, GOOD])
    decide_now(house, first, BETTER)
    decide_now(house, second, BETTER)
    take_in_reviews(house.workflow)
    decide_now(house, undo_last_decision(house.reviewer, house.workflow), BETTER)
    take_in_reviews(house.workflow)
    pattern = Pattern.objects.get()
    assert (pattern.count, pattern.last_review) == (2, 3)
    assert LearningState.objects.get().reviews == 3


def test_tallies_count_what_stands_whether_or_not_they_had_read_it(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD] * 4)
    for job in jobs[:3]:
        decide_now(house, job, BETTER, seconds=5.0)
    tally_work(house.workflow, block_rows=3)
    undo_last_decision(house.reviewer, house.workflow)
    (decided,) = count_work(house.workflow, 250).decided
    assert (decided.jobs, decided.seconds, decided.timed) == (2, 10.0, 2)
    assert [(reason.code, reason.jobs) for reason in count_reasons(house.workflow)] == [("wrong_choice", 2)]
    for _ in range(2):
        undo_last_decision(house.reviewer, house.workflow)
    assert not count_work(house.workflow, 250).decided
    assert not count_reasons(house.workflow)


def test_what_a_release_learned_from_stands(house: House) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    decide_now(house, job)
    take_in_reviews(house.workflow)
    Case.objects.update(taught=house.release)
    with pytest.raises(UndoRefused, match="learned from it"):
        undo_last_decision(house.reviewer, house.workflow)
    assert Review.objects.count() == Case.objects.count() == 1


def test_what_a_change_was_judged_by_stands(house: House) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    decide_now(house, job)
    take_in_reviews(house.workflow)
    Case.objects.update(spent_by=make_gate(house, Lever.EXAMPLES))
    with pytest.raises(UndoRefused, match="judged by it"):
        undo_last_decision(house.reviewer, house.workflow)


def test_an_escalated_job_stands_once_autonomy_was_judged(house: House) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    decide_review(
        house.reviewer,
        Decision(job=job, verdict=ReviewVerdict.ESCALATED, idempotency_key="x", reason_code="wrong_choice"),
    )
    make_gate(house, Lever.APPROVAL)
    with pytest.raises(UndoRefused, match="autonomy was judged"):
        undo_last_decision(house.reviewer, house.workflow)


def test_the_guard_counts_its_audits_again_without_one_that_is_taken_back(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD] * 4)
    Job.objects.update(routing=RoutingKind.AUDIT)
    reviews = [decide_now(house, job) for job in jobs]
    before = advance_guard_through(GuardState(limit=0.05), [False] * 3)
    state = asdict(advance_guard_through(before, [False]))
    GuardRecord.objects.create(release=house.release, last_review_id=reviews[-1].pk, audits=4, state=state)
    undo_last_decision(house.reviewer, house.workflow)
    guard = GuardRecord.objects.get()
    assert (guard.audits, guard.errors) == (3, 0)
    assert GuardState(**guard.state) == before


def test_an_audit_that_raised_the_alarm_stands(house: House) -> None:
    record_jobs(house.workflow, [GOOD])
    Job.objects.update(routing=RoutingKind.AUDIT)
    review = decide_now(house, Job.objects.get())
    GuardRecord.objects.create(release=house.release, last_review_id=review.pk, alarmed_at=timezone.now())
    with pytest.raises(UndoRefused, match="alarm of the guard"):
        undo_last_decision(house.reviewer, house.workflow)


def test_what_the_next_step_has_used_stands(house: House) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    decide_now(house, job)
    record_outcome(house.owner, job, is_used=True)
    with pytest.raises(UndoRefused, match="next step"):
        undo_last_decision(house.reviewer, house.workflow)


def test_ten_decisions_can_be_taken_back_and_no_more(house: House) -> None:
    for job in record_jobs(house.workflow, [GOOD] * 11):
        decide_now(house, job)
    undone = [undo_last_decision(house.reviewer, house.workflow).number for _ in range(10)]
    assert undone == list(range(11, 1, -1))
    with pytest.raises(UndoRefused, match="nothing to undo"):
        undo_last_decision(house.reviewer, house.workflow)


def test_nobody_takes_back_what_somebody_else_decided_or_what_is_long_ago(house: House) -> None:
    dora = make_person("dora")
    give_role(house.owner, house.workflow, dora, Role.REVIEWER)
    accept(actor(dora), record_jobs(house.workflow, [GOOD]))  # in the spring of 2026
    for person in (house.reviewer, actor(dora)):
        with pytest.raises(UndoRefused):
            undo_last_decision(person, house.workflow)
    assert Review.objects.count() == 1


def test_the_database_itself_keeps_every_decision_that_nobody_took_back(house: House) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    correct(house.reviewer, [job], BETTER)
    for table in ("review", "correction"):
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"DELETE FROM {table}")
    decide_now(house, record_jobs(house.workflow, [GOOD], first_id=2)[0])
    undo_last_decision(house.reviewer, house.workflow)
    for act in (Retraction.objects.all().delete, lambda: Retraction.objects.update(note="never")):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()


def test_a_session_ends_with_a_break_of_half_an_hour(house: House) -> None:
    now = timezone.now()
    jobs = record_jobs(house.workflow, [GOOD] * 5)
    decide_reviews(
        house.reviewer,
        house.workflow,
        [
            Decision(
                job=job,
                verdict=ReviewVerdict.ACCEPTED,
                idempotency_key=str(minutes),
                seconds=float(minutes),
                decided_at=now - timedelta(minutes=minutes),
            )
            for job, minutes in zip(jobs, (90, 50, 25, 20, 5), strict=True)
        ],
    )
    session = find_session(house.reviewer, house.workflow, now=now)
    assert session is not None
    assert (session.decisions, session.median_seconds) == (4, 22.5)
    assert find_session(house.reviewer, house.workflow, now=now + timedelta(hours=1)) is None
    assert find_session(house.owner, house.workflow, now=now) is None


def test_the_desk_is_told_which_job_is_back_and_gets_a_fresh_key(house: House, client: Client) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    decide_now(house, job)
    client.force_login(house.bob)
    address = f"/workflows/{house.workflow.name}/review/undo"
    answer = client.post(address, headers={"accept": "application/json"}).json()
    assert answer["number"] == 1
    assert answer["key"]
    refused = client.post(address, headers={"accept": "application/json"})
    assert refused.status_code == 409
    assert "nothing to undo" in refused.json()["message"]


def test_without_a_script_a_form_leads_back_to_the_job_or_says_why_not(house: House, client: Client) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    decide_now(house, job)
    client.force_login(house.bob)
    address = f"/workflows/{house.workflow.name}/review/undo"
    page = client.post(address, follow=True)
    assert page.redirect_chain[-1][0].endswith("/review/1")
    assert "is taken back" in page.content.decode()
    assert "nothing to undo" in client.post(address, follow=True).content.decode()


def make_gate(house: House, lever: Lever) -> Gate:
    """A verdict of now."""
    return Gate.objects.create(
        workflow=house.workflow,
        base=house.release,
        candidate=house.release,
        lever=lever,
        verdict=GateVerdict.PROVEN,
        cases=1,
        report={},
        judged_at=timezone.now(),
    )
