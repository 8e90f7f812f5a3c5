"""The page of one job: the five answers, what happened, and what it led to."""

import pytest
from django.test import Client
from django.utils import timezone

from builders import House, accept, correct, record_jobs
from teachback.json_types import JsonObject
from teachback.vocabulary import Lever, ReviewVerdict
from teachback_server.evals.models import Case, CaseResult, EvalRun, Gate
from teachback_server.improvements.models import Change, Pattern, PatternCorrection
from teachback_server.jobs.actions import record_outcome
from teachback_server.jobs.models import Job, Outcome
from teachback_server.jobs.queries import find_job
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import make_release, put_live
from teachback_server.releases.models import Release
from teachback_server.releases.queries import get_document
from teachback_server.reviews.actions import Decision, claim_job, decide_review
from teachback_server.reviews.models import Correction
from teachback_server.site.five_answers import answer_five
from teachback_server.site.job_page import tell_story

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
GOOD: JsonObject = {"queue": "billing", "order_number": "A1"}


def words(house: House, number: int = 1) -> list[str]:
    job = find_job(house.workflow, number)
    assert job is not None
    return [answer.word for answer in answer_five(tell_story(job, house.workflow))]


def page(client: Client, house: House, number: int = 1) -> str:
    client.force_login(house.alice)
    return client.get(f"/workflows/support-inbox/jobs/{number}").content.decode()


def decide(house: House, job: Job, verdict: ReviewVerdict, *, would_recur: bool | None = None) -> None:
    decide_review(
        house.reviewer,
        Decision(job=job, verdict=verdict, idempotency_key=f"k{job.pk}", reason_code="other", would_recur=would_recur),
    )


def teach(house: House, job: Job, *, is_right: bool) -> Release:
    """What the loop would make of a correction: a pattern, a change with its gate, a release that is live."""
    pattern = Pattern.objects.create(
        workflow=house.workflow, key="k", title="Queue: billing instead of returns", field="queue",
        kind="changed_choice", state="growing", cause="model", count=7, first_job=1, last_job=9,
        first_review=1, last_review=9,
    )  # fmt: skip
    PatternCorrection.objects.create(correction=Correction.objects.get(job=job, field="queue"), pattern=pattern)
    document = get_document(house.release)
    release = make_release(
        SYSTEM, house.workflow, document, parent=house.release, lever=Lever.EXAMPLES, change="Learn from 1 job"
    )
    now = timezone.now()
    gate = Gate.objects.create(
        workflow=house.workflow, base=house.release, candidate=release, lever="examples", verdict="proven", cases=40,
        report={"sentence": "It is better."}, judged_at=now,
    )  # fmt: skip
    change = Change.objects.create(
        workflow=house.workflow, lever="examples", title="Learn from 1 job", state="released", candidate=release,
        gate=gate, proposed_by="Teachback", proposed_at=now,
    )  # fmt: skip
    change.patterns.add(pattern)
    case = Case.objects.create(
        workflow=house.workflow, job=job, split="gate", group="g", expected=GOOD, was_right=False,
        review_probability=1.0, spent_by=gate,
    )  # fmt: skip
    run = EvalRun.objects.create(workflow=house.workflow, release=release, gate=gate, at=now)
    CaseResult.objects.create(run=run, case=case, status="finished", is_right=is_right)
    put_live(SYSTEM, release, from_job=2, why="proven")
    return release


def test_the_five_answers_of_a_job_that_waits(house: House) -> None:
    record_jobs(house.workflow, [GOOD])
    assert words(house) == ["Finished", "Waits", "Not known", "Not known yet", "Not known yet"]


def test_the_five_answers_of_an_accepted_job(house: House) -> None:
    accept(house.reviewer, record_jobs(house.workflow, [GOOD]))
    assert words(house) == ["Finished", "Only to look", "None", "Yes, says the reviewer", "No failure"]


def test_the_five_answers_of_a_corrected_job(house: House) -> None:
    correct(house.reviewer, record_jobs(house.workflow, [GOOD]), {"queue": "returns"})
    assert words(house) == ["Finished", "Corrected", "Wrong choice", "After correction", "Yes, says the reviewer"]


def test_the_five_answers_of_a_job_that_was_handed_back(house: House) -> None:
    correct(house.reviewer, record_jobs(house.workflow, [None]), GOOD, reason="handed_back")
    assert words(house) == [
        "Handed back", "Corrected", "Agent handed it back", "After correction", "Yes, says the reviewer"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "answers"),
    [
        (ReviewVerdict.REJECTED, ["Rejected", "Other", "No, says the reviewer", "No, says the reviewer"]),
        (ReviewVerdict.ESCALATED, ["Escalated", "Other", "Not known yet", "Not known yet"]),
    ],
)
def test_the_answers_of_a_job_that_nobody_could_use(house: House, verdict: ReviewVerdict, answers: list[str]) -> None:
    decide(house, record_jobs(house.workflow, [GOOD])[0], verdict, would_recur=False)
    assert words(house)[1:] == answers


def test_the_answers_of_a_job_that_skipped_review(house: House) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    Job.objects.filter(pk=job.pk).update(routing="auto", is_waiting=False)
    assert words(house) == ["Finished", "Nowhere", "Not known", "Not known yet", "Not known yet"]


def test_the_newest_word_of_the_next_step_counts(house: House) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    record_outcome(house.reviewer, job, is_used=True)
    record_outcome(house.reviewer, job, is_used=False, note="Address was missing.")
    assert words(house)[3] == "Not used"


@pytest.mark.parametrize(("is_right", "answer"), [(True, "No"), (False, "Yes")])
def test_a_later_release_that_tried_the_job_answers_whether_it_would_happen_again(
    house: House, is_right: bool, answer: str
) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    correct(house.reviewer, [job], {"queue": "returns"})
    teach(house, job, is_right=is_right)
    assert words(house)[4] == answer


def test_a_job_leads_forward_to_its_pattern_its_change_its_gate_and_the_release(client: Client, house: House) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    correct(house.reviewer, [job], {"queue": "returns"})
    release = teach(house, job, is_right=True)
    story = tell_story(job, house.workflow).lineage
    pattern = story.corrections[0].pattern
    assert pattern is not None
    change = pattern.changes[0]
    assert change.gate is not None
    assert (change.gate.verdict, change.release_number, change.is_live) == ("proven", release.number, True)
    assert story.case is not None
    assert story.case.judged == change
    shown = page(client, house)
    for text in ("Queue: billing instead of returns", "Learn from 1 job", "Proven better", f"Release {release.number}"):
        assert text in shown


def test_the_lineage_is_there_for_programs_too(client: Client, house: House) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    correct(house.reviewer, [job], {"queue": "returns"})
    teach(house, job, is_right=True)
    client.force_login(house.alice)
    told = client.get("/workflows/support-inbox/jobs/1/lineage.json").json()
    assert told["answers"][0]["word"] == "Finished"
    assert told["lineage"]["corrections"][0]["pattern"]["changes"][0]["gate"]["verdict"] == "proven"
    assert client.get("/workflows/support-inbox/jobs/99/lineage.json").status_code == 404


def test_the_page_shows_what_was_changed_and_by_whom(client: Client, house: House) -> None:
    correct(house.reviewer, record_jobs(house.workflow, [GOOD]), {"queue": "returns", "order_number": "A1"})
    shown = page(client, house)
    assert "<del>billing</del>" in shown
    assert "<ins>returns</ins>" in shown
    assert "bob" in shown
    assert "11" in shown and "Everything is reviewed" in shown and "60" in shown


def test_used_and_not_used_are_one_click(client: Client, house: House) -> None:
    record_jobs(house.workflow, [GOOD])
    client.force_login(house.bob)
    address = "/workflows/support-inbox/jobs/1/outcome"
    answer = client.post(address, {"outcome": "not_used", "note": "too late"}, follow=True)
    assert answer.redirect_chain == [("/workflows/support-inbox/jobs/1", 302)]
    stored = Outcome.objects.get()
    assert (stored.is_used, stored.note, stored.by) == (False, "too late", "bob")
    assert "Nothing was noted" in client.post(address, {"outcome": "perhaps"}, follow=True).content.decode()
    assert Outcome.objects.count() == 1
    assert client.post("/workflows/support-inbox/jobs/99/outcome", {"outcome": "used"}).status_code == 404


def test_others_see_who_has_a_job_on_screen(client: Client, house: House) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    assert "Review this job" in page(client, house)
    claim_job(house.reviewer, job)
    shown = page(client, house)
    assert "bob has it on screen now" in shown
    assert "Review this job" not in shown


def test_a_job_that_does_not_exist_is_not_found(client: Client, house: House) -> None:
    record_jobs(house.elsewhere, [GOOD])
    client.force_login(house.alice)
    for number in ("1", "99999999999999999999"):
        assert client.get(f"/workflows/support-inbox/jobs/{number}").status_code == 404


def test_the_page_asks_few_questions_of_the_database(
    client: Client, house: House, django_assert_max_num_queries
) -> None:  # type: ignore[no-untyped-def]
    job = record_jobs(house.workflow, [GOOD])[0]
    correct(house.reviewer, [job], {"queue": "returns"})
    teach(house, job, is_right=True)
    client.force_login(house.alice)
    with django_assert_max_num_queries(30):
        client.get("/workflows/support-inbox/jobs/1")
