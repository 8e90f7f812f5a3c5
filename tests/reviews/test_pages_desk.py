"""The desk with plain forms and with its script's requests: everything but the browser itself."""

import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils.html import escape

from builders import House, make_person, record_jobs
from teachback.json_types import JsonObject
from teachback.vocabulary import JobStatus, StepKind
from teachback_server.agents.protocol import AgentResult, StepResult
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs
from teachback_server.jobs.models import Job
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.queries import get_live_state
from teachback_server.reviews.actions import claim_job
from teachback_server.reviews.models import Claim, Review, Skip
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
DESK = "/workflows/support-inbox/review"
GOOD: JsonObject = {"queue": "billing", "order_number": "A1"}
SCRIPT: dict[str, Any] = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def bob(client: Client, house: House) -> Client:
    """A browser in which Bob, a reviewer, is signed in."""
    client.force_login(house.bob)
    return client


def hidden_fields(page: HttpResponse) -> dict[str, str]:
    """What the form of the shown job sends by itself."""
    text = page.content.decode()
    return {name: re.findall(rf'name="{name}" value="([^"]*)"', text)[0] for name in ("key", "shown_at", "seconds")}


def post(client: Client, number: int, verdict: str, **more: str) -> Any:
    key = more.pop("key", f"{number:032d}")
    return client.post(f"{DESK}/{number}", {"verdict": verdict, "key": key, **more})


def text_of(response: HttpResponse) -> str:
    return response.content.decode()


def test_the_desk_shows_one_job_and_leases_it(bob: Client, house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD, GOOD])
    page = bob.get(DESK)
    assert "Job 1" in text_of(page)
    assert "Message 1: where is my order" in text_of(page)
    assert "Message 2" not in text_of(page)
    assert Claim.objects.get().job == jobs[0]
    assert Claim.objects.get().user == house.bob


def test_the_desk_says_neither_how_sure_the_agent_was_nor_why_the_job_is_here(bob: Client, house: House) -> None:
    job = record_jobs(house.workflow, [GOOD], confidence=0.8765)[0]
    Job.objects.filter(pk=job.pk).update(routing="audit", routing_reason="Random audit of 5% of such jobs.")
    page = text_of(bob.get(DESK))
    fragment = text_of(bob.post(f"{DESK}/next", {"holding": ""}))
    for shown in (page, fragment):
        assert "Job 1" in shown
        assert not re.search(r"8765|0\.88|88\s?%|\baudit|\bsure\b", shown, re.IGNORECASE)


def test_after_the_decision_it_says_why_the_job_was_here(bob: Client, house: House) -> None:
    record_jobs(house.workflow, [GOOD], confidence=0.8765)
    page = bob.post(f"{DESK}/1", {"verdict": "accepted", "key": "k"}, follow=True)
    assert "Job 1 accepted. It was here because: Everything is reviewed" in text_of(page)
    assert "The agent was 88\u00a0% sure" in text_of(page)


def test_accepting_with_a_plain_form_stores_the_decision_and_shows_the_next_job(bob: Client, house: House) -> None:
    record_jobs(house.workflow, [GOOD, GOOD])
    sent = hidden_fields(bob.get(DESK))
    page = bob.post(f"{DESK}/1", {"verdict": "accepted", **sent}, follow=True)
    assert page.redirect_chain == [(DESK, 302)]
    assert "Job 2" in text_of(page)
    review = Review.objects.get()
    assert (review.verdict, review.idempotency_key) == ("accepted", sent["key"])
    assert review.seconds is not None and 0 <= review.seconds < 60


def test_an_edit_is_stored_with_its_reason_and_what_else_was_said(bob: Client, house: House) -> None:
    record_jobs(house.workflow, [GOOD])
    post(
        bob, 1, "corrected", reason="wrong_choice", note=" see mail ", would_recur="yes", seconds="12.34",
        **{"field.queue": "returns", "field.order_number": "A1"},
    )  # fmt: skip
    review = Review.objects.get()
    assert review.output == {"queue": "returns", "order_number": "A1"}
    assert (review.note, review.would_recur, review.seconds) == ("see mail", True, 12.3)
    assert list(review.corrections.values_list("field", "reason_code")) == [("queue", "wrong_choice")]


def test_a_handed_back_job_shows_its_reason_and_an_empty_form_without_accept(bob: Client, house: House) -> None:
    record_jobs(house.workflow, [None])
    page = text_of(bob.get(DESK))
    assert "No field was sure enough." in page
    assert 'value="accepted"' not in page
    post(bob, 1, "corrected", reason="handed_back", **{"field.queue": "delivery"})
    assert Review.objects.get().output == {"queue": "delivery"}


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"verdict": "corrected", "reason": "other", "field.queue": "nowhere"}, "is not one of the choices"),
        ({"verdict": "corrected", "reason": "other", "field.queue": "", "field.order_number": "A2"}, "is missing"),
        ({"verdict": "corrected", "field.queue": "returns"}, "Say why"),
        ({"verdict": "corrected", "reason": "other"}, "Nothing was changed"),
        ({"verdict": "accepted", "field.queue": "returns"}, "You changed something"),
        ({"verdict": "rejected", "field.queue": "returns", "reason": "other"}, "You changed something"),
        ({"verdict": ""}, "Choose what to do"),
        ({"verdict": "burn"}, "Choose what to do"),
    ],
)
def test_what_cannot_be_saved_is_said_and_what_was_typed_stays(
    bob: Client, house: House, sent: dict[str, str], says: str
) -> None:
    record_jobs(house.workflow, [GOOD])
    page = bob.post(f"{DESK}/1", {"key": "k", "note": "my <note>", **sent})
    assert page.status_code == 422
    assert says.lower() in text_of(page).lower()
    assert escape("my <note>") in text_of(page)
    if sent.get("field.queue") == "returns":
        assert re.search(r'value="returns" data-label="returns" checked', text_of(page))
    assert not Review.objects.exists()
    assert Job.objects.get().is_waiting


def test_the_script_gets_the_message_of_each_wrong_field(bob: Client, house: House) -> None:
    record_jobs(house.workflow, [GOOD])
    answer = bob.post(f"{DESK}/1", {"verdict": "corrected", "reason": "other", "field.queue": "x"}, **SCRIPT)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["field.queue"]
    assert "Not saved" in answer.json()["message"]


def test_the_script_is_told_that_a_decision_is_saved(bob: Client, house: House) -> None:
    record_jobs(house.workflow, [GOOD])
    answer = bob.post(f"{DESK}/1", {"verdict": "accepted", "key": "k"}, **SCRIPT)
    assert answer.status_code == 200
    assert answer.json()["message"].startswith("Job 1 accepted")


def test_the_same_form_sent_twice_is_saved_once_and_both_are_told_so(bob: Client, house: House) -> None:
    record_jobs(house.workflow, [GOOD])
    answers = [bob.post(f"{DESK}/1", {"verdict": "accepted", "key": "k"}, **SCRIPT) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert Review.objects.count() == 1


def test_a_job_that_was_decided_in_another_tab_is_not_decided_again_and_the_text_stays(
    bob: Client, house: House
) -> None:
    record_jobs(house.workflow, [GOOD])
    post(bob, 1, "accepted", key="first tab")
    page = post(bob, 1, "corrected", key="second tab", reason="other", **{"field.order_number": "my long text"})
    assert page.status_code == 409
    assert "was decided before" in text_of(page)
    assert "my long text" in text_of(page)
    assert Review.objects.get().verdict == "accepted"


def test_a_job_that_somebody_else_took_over_is_not_decided_and_the_text_stays(bob: Client, house: House) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    claim_job(house.owner, job)
    page = post(bob, 1, "corrected", reason="other", **{"field.order_number": "my long text"})
    assert page.status_code == 409
    assert "alice has this job on screen now" in text_of(page)
    assert "my long text" in text_of(page)
    assert not Review.objects.exists()


def test_a_job_that_is_not_there_any_more_leads_to_the_next_one(bob: Client, house: House) -> None:
    record_jobs(house.workflow, [GOOD])
    page = bob.post(f"{DESK}/99", {"verdict": "accepted", "key": "k"}, follow=True)
    assert "There is no job 99" in text_of(page)
    assert "Job 1" in text_of(page)
    answer = bob.post(f"{DESK}/99", {"verdict": "accepted", "key": "k"}, **SCRIPT)
    assert (answer.status_code, "no job 99" in answer.json()["message"]) == (404, True)


def test_the_next_job_is_another_than_those_on_screen(bob: Client, house: House) -> None:
    record_jobs(house.workflow, [GOOD, GOOD])
    bob.get(DESK)
    answer = bob.post(f"{DESK}/next", {"holding": "1"})
    assert 'data-job="2"' in text_of(answer)
    assert "<html" not in text_of(answer)
    assert bob.post(f"{DESK}/next", {"holding": "1,2"}).status_code == 204
    assert bob.post(f"{DESK}/next", {"holding": "1,2,rubbish,-3,9999999999999999999999"}).status_code == 204


def test_each_shown_job_has_a_key_of_its_own(bob: Client, house: House) -> None:
    record_jobs(house.workflow, [GOOD])
    assert hidden_fields(bob.get(DESK))["key"] != hidden_fields(bob.get(DESK))["key"]


def test_a_lease_is_renewed_unless_the_job_is_somebody_elses(bob: Client, house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD, GOOD])
    assert bob.post(f"{DESK}/1/keep").status_code == 204
    claim_job(house.owner, jobs[1])
    answer = bob.post(f"{DESK}/2/keep")
    assert (answer.status_code, "alice has this job" in answer.json()["message"]) == (409, True)
    assert bob.post(f"{DESK}/99/keep").status_code == 404


def test_a_skipped_job_can_be_brought_back(bob: Client, house: House) -> None:
    record_jobs(house.workflow, [GOOD])
    page = bob.post(f"{DESK}/1/skip", follow=True)
    assert "You skipped job 1" in text_of(page)
    assert "You skipped 1 job" in text_of(page)
    assert Skip.objects.count() == 1
    assert "Job 1" in text_of(bob.post(f"{DESK}/skipped", follow=True))


def test_an_empty_queue_says_what_to_do_next(bob: Client, house: House) -> None:
    assert "No job waits for a decision" in text_of(bob.get(DESK))
    job = record_jobs(house.workflow, [GOOD])[0]
    claim_job(house.owner, job)
    assert "Others have the rest on screen" in text_of(bob.get(DESK))


def test_one_job_can_be_opened_by_its_address_while_it_waits(bob: Client, house: House) -> None:
    record_jobs(house.workflow, [GOOD, GOOD])
    assert 'data-job="2"' in text_of(bob.get(f"{DESK}/2"))
    post(bob, 2, "accepted")
    page = bob.get(f"{DESK}/2", follow=True)
    assert page.redirect_chain == [("/workflows/support-inbox/jobs/2", 302)]
    assert "no longer waits" in text_of(page)


def test_steps_are_shown_and_the_one_where_the_agent_got_stuck_is_marked(bob: Client, house: House) -> None:
    steps = (
        StepResult(name="Read message", kind=StepKind.MODEL),
        StepResult(name="Find order", kind=StepKind.TOOL, status="stuck", detail="Two orders <match>."),
    )
    result = AgentResult(status=JobStatus.FINISHED, output=GOOD, confidence=0.6, steps=steps)
    arrival = Arrival(external_id="s", input={"text": "Hello"})
    live = get_live_state(house.workflow)
    record_ended_jobs(SYSTEM, house.workflow, live, [arrival], [result], source=JobSource.ELSEWHERE)
    page = text_of(bob.get(DESK))
    assert "Two orders &lt;match&gt;." in page
    assert re.search(r'name="stuck_step" value="Find order" checked', page)
    post(bob, 1, "rejected", reason="other", stuck_step="Read message")
    assert Review.objects.get().stuck_step == "Read message"


def test_text_that_anybody_may_have_sent_is_always_escaped(bob: Client, house: House) -> None:
    evil = "<script>alert(1)</script>"
    result = AgentResult(status=JobStatus.FINISHED, output={"queue": evil, "order_number": evil, evil: evil})
    arrival = Arrival(external_id=evil, input={"text": evil, evil: [evil, {"x": evil}]})
    live = get_live_state(house.workflow)
    record_ended_jobs(SYSTEM, house.workflow, live, [arrival], [result], source=JobSource.ELSEWHERE)
    for page in (DESK, "/workflows/support-inbox/jobs", "/workflows/support-inbox/jobs/1"):
        assert evil not in text_of(bob.get(page))
    assert evil not in text_of(post(bob, 1, "corrected", **{"field.order_number": evil + evil, "note": evil}))
    post(bob, 1, "corrected", reason="other", **{"field.queue": "billing", "field.order_number": evil + evil})
    assert evil not in text_of(bob.get("/workflows/support-inbox/jobs/1"))


def test_the_value_taken_from_the_input_is_marked_there(bob: Client, house: House) -> None:
    record_jobs(house.workflow, [{"queue": "billing", "order_number": "A1"}])
    assert '<mark title="Order number" data-source-of="order_number">A1<' in text_of(bob.get(DESK))


def test_a_viewer_may_not_decide(client: Client, house: House) -> None:
    viewer = make_person("vera")
    give_role(house.owner, house.workflow, viewer, Role.VIEWER)
    record_jobs(house.workflow, [GOOD])
    client.force_login(viewer)
    assert client.get(DESK).status_code == 403
    assert post(client, 1, "accepted").status_code == 403
    assert not Review.objects.exists()
