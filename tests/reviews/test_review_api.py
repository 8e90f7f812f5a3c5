"""Decisions by API: blind, each for itself, safe to repeat, and only with a key for reviews."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from builders import House, accept, record_jobs
from teachback.json_types import Json, JsonObject
from teachback_server.jobs.models import Job
from teachback_server.people.models import AuditEvent
from teachback_server.reviews.actions import claim_job
from teachback_server.reviews.models import Review
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import make_key
from teachback_server.workflows.models import ApiKey

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
HERE = "/api/v1/workflows/support-inbox"
Ask = Callable[..., Any]
Give = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def jobs(house: House) -> list[Job]:
    return record_jobs(house.workflow, [{"queue": "billing", "order_number": f"A{n}"} for n in range(1, 5)])


@pytest.fixture
def key(house: House) -> str:
    return make_key(house.owner, house.workflow, Scope.REVIEWS)


@pytest.fixture
def ask(client: Client, key: str) -> Ask:
    """Calls the API with a key for reviews, or another one."""

    def call(address: str, body: Json = None, *, by: str = key) -> Any:
        headers = {"Authorization": f"Bearer {by}"}
        if body is None:
            return client.get(f"{HERE}/{address}", headers=headers)
        return client.post(f"{HERE}/{address}", data=body, content_type="application/json", headers=headers)

    return call


@pytest.fixture
def give(ask: Ask, key: str) -> Give:
    """Gives decisions and returns what became of each."""

    def call(*reviews: JsonObject, by: str = key) -> list[dict[str, Any]]:
        answer = ask("reviews", {"reviews": list(reviews)}, by=by)
        assert answer.status_code == 200
        fates: list[dict[str, Any]] = answer.json()["reviews"]
        return fates

    return call


def test_what_waits_is_listed_blind_and_page_by_page(house: House, jobs: list[Job], ask: Ask) -> None:
    accept(house.owner, jobs[:1])
    first = ask("reviews/waiting?limit=2").json()
    assert [job["number"] for job in first["jobs"]] == [2, 3]
    assert set(first["jobs"][0]) == {"number", "id", "input", "output", "status", "hand_back_reason"}
    rest = ask(f"reviews/waiting?limit=2&after={first['next']}").json()
    assert ([job["number"] for job in rest["jobs"]], rest["next"]) == ([4], None)


@pytest.mark.parametrize(("query", "found"), [("limit=0", 1), ("limit=-3", 1), ("limit=9999", 4), ("after=-5", 4)])
def test_limits_out_of_range_are_brought_into_it(jobs: list[Job], ask: Ask, query: str, found: int) -> None:
    assert len(ask(f"reviews/waiting?{query}").json()["jobs"]) == found


def test_a_number_that_no_job_can_have_finds_nothing(jobs: list[Job], ask: Ask) -> None:
    assert ask(f"reviews/waiting?after={10**30}").json() == {"jobs": [], "next": None}
    assert ask("reviews/waiting?after=abc").status_code == 422


def test_a_program_gives_what_people_decided(house: House, jobs: list[Job], give: Give, key: str) -> None:
    corrected = {"queue": "delivery", "order_number": "A2"}
    fates = give(
        {"number": 1, "verdict": "accepted", "by": "Dora"},
        {"id": "job-2", "verdict": "correct", "reason": "wrong_choice", "output": corrected, "would_recur": True},
        {"number": 3, "verdict": "Rejected", "reason": "Wrong choice", "note": "two\nlines"},
        {"number": 4, "verdict": "escalated", "reason": "other"},
    )
    assert [fate["problem"] for fate in fates] == ["", "", "", ""]
    assert [fate["number"] for fate in fates] == [1, 2, 3, 4]
    first, second, third, _ = Review.objects.order_by("job")
    assert (first.reviewer_name, first.reviewer) == ("Dora (by key)", None)
    assert second.reviewer_name == f"key {key[:10]}…"
    assert (second.output, second.would_recur, second.corrections.get().field) == (corrected, True, "queue")
    assert (third.verdict, third.note, third.output) == ("rejected", "two\nlines", None)
    decided = AuditEvent.objects.filter(kind="reviews_decided")
    assert {event.actor_name for event in decided} == {f"key {key[:10]}…"}  # whatever name it gives to the decision
    assert decided.count() == 4


def test_the_same_decision_again_is_stored_once_and_another_one_is_told(jobs: list[Job], give: Give) -> None:
    once: JsonObject = {"number": 1, "verdict": "accepted", "by": "Dora"}
    assert [fate["is_stored"] for fate in (*give(once), *give(once, once))] == [True, True, True]
    (other,) = give({**once, "by": "Emil"})
    assert not other["is_stored"]
    assert "was decided before" in other["problem"]
    assert Review.objects.count() == 1


def test_a_key_of_ones_own_makes_repeating_safe_and_stands_for_one_decision(jobs: list[Job], give: Give) -> None:
    assert give({"number": 1, "verdict": "accepted", "key": "k1"})[0]["is_stored"]
    assert give({"number": 1, "verdict": "accepted", "key": "k1"})[0]["is_stored"]
    (other,) = give({"number": 1, "verdict": "rejected", "reason": "other", "key": "k1"})
    assert not other["is_stored"]
    assert "came before with another decision" in other["problem"]
    assert give({"number": 2, "verdict": "accepted", "key": "k1"})[0]["is_stored"]  # each job has keys of its own


def test_no_key_of_a_program_meets_those_of_links_or_other_programs(house: House, jobs: list[Job], give: Give) -> None:
    other = make_key(house.owner, house.workflow, Scope.REVIEWS)
    assert give({"number": 1, "verdict": "accepted", "key": "link-1"})[0]["is_stored"]
    assert not Review.objects.filter(idempotency_key="link-1").exists()
    assert "was decided before" in give({"number": 1, "verdict": "accepted", "key": "link-1"}, by=other)[0]["problem"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"verdict": "accepted"}, "Name the job either by its number or by your own id"),
        ({"number": 1, "id": "job-1", "verdict": "accepted"}, "Name the job either by its number or by your own id"),
        ({"number": 77, "verdict": "accepted"}, "There is no job 77"),
        ({"number": 10**20, "verdict": "accepted"}, "There is no job"),
        ({"id": "nobody", "verdict": "accepted"}, "There is no job nobody"),
        ({"number": 1, "verdict": "fine"}, "“fine” is no decision"),
        ({"number": 1, "verdict": "rejected"}, "Say why, with one of the reasons of this workflow: Wrong value"),
        ({"number": 1, "verdict": "corrected", "reason": "other"}, "A correction needs the output"),
        ({"number": 1, "verdict": "accepted", "output": {"queue": "returns"}}, "This output is not the agent's"),
        ({"number": 1, "verdict": "corrected", "reason": "other", "output": {"queue": "x"}}, "does not fit: queue"),
        ({"number": 1}, "verdict is missing"),
        ({"number": 0, "verdict": "accepted"}, "number cannot be used"),
        ({"number": True, "verdict": "accepted"}, "number cannot be used"),
        ({"number": 1, "verdict": "accepted", "confidence": 1}, "confidence is not a field of this call"),
        ({"number": 1, "verdict": "accepted", "note": "\x00"}, "note cannot be used: a text contains a NUL"),
        ({"number": 1, "verdict": "accepted", "note": "x" * 1001}, "note cannot be used"),
        ({"number": 1, "verdict": "accepted", "by": "a\nb"}, "by cannot be used"),
        ({"number": 1, "verdict": "accepted", "output": [1]}, "output cannot be used: write a JSON object"),
        ("rubbish", "The body cannot be used"),
        (None, "The body cannot be used"),
    ],
)
def test_a_decision_that_cannot_be_stored_says_why_and_holds_up_no_other(
    jobs: list[Job], give: Give, given: Any, problem: str
) -> None:
    bad, good = give(given, {"number": 2, "verdict": "accepted"})
    assert not bad["is_stored"]
    assert problem in bad["problem"]
    assert good == {"number": 2, "is_stored": True, "problem": ""}
    assert Review.objects.get().job.number == 2


def test_a_half_sign_in_a_note_is_refused_not_stored(jobs: list[Job], client: Client, key: str) -> None:
    body = '{"reviews": [{"number": 1, "verdict": "accepted", "note": "\\ud800"}]}'
    headers = {"Authorization": f"Bearer {key}"}
    answer = client.post(f"{HERE}/reviews", data=body, content_type="application/json", headers=headers)
    assert "note cannot be used" in answer.json()["reviews"][0]["problem"]


@pytest.mark.parametrize("body", [{}, {"reviews": []}, {"reviews": [{}] * 201}, {"reviews": "x"}, {"review": [{}]}, []])
def test_a_call_that_is_none_is_refused_in_words(jobs: list[Job], ask: Ask, body: Json) -> None:
    answer = ask("reviews", body)
    assert answer.status_code == 422
    assert "reviews" in answer.json()["detail"] or "body" in answer.json()["detail"]


def test_only_what_waits_can_be_decided_and_what_is_on_a_screen_is_left_there(
    house: House, jobs: list[Job], give: Give
) -> None:
    accept(house.owner, jobs[:1])
    Job.objects.filter(pk=jobs[1].pk).update(is_waiting=False)  # used without review
    claim_job(house.reviewer, jobs[2])
    decided, unasked, held = give(*({"number": number, "verdict": "accepted", "by": "bob"} for number in (1, 2, 3)))
    assert "was decided before" in decided["problem"]
    assert "does not wait for a decision" in unasked["problem"]
    assert "bob has this job on screen" in held["problem"]
    assert Review.objects.count() == 1


@pytest.mark.parametrize("scope", [Scope.JOBS, Scope.READ, Scope.TRACES])
def test_a_key_for_something_else_decides_nothing(house: House, jobs: list[Job], ask: Ask, scope: Scope) -> None:
    other = make_key(house.owner, house.workflow, scope)
    assert ask("reviews", {"reviews": [{"number": 1, "verdict": "accepted"}]}, by=other).status_code == 401
    assert ask("reviews/waiting", by=other).status_code == 401
    assert not Review.objects.exists()


def test_a_key_for_reviews_does_nothing_else(jobs: list[Job], ask: Ask) -> None:
    assert ask("jobs", {"id": "new", "input": {"text": "x"}}).status_code == 401
    assert ask("jobs/1").status_code == 401
    assert ask("jobs/1/outcome", {"used": True}).status_code == 401
    assert ask("jobs/1/outcome-link", {"for_name": "Dora"}).status_code == 401
    assert ask("results").status_code == 401
    assert Job.objects.count() == len(jobs)


def test_a_key_of_another_workflow_or_past_its_end_opens_nothing(house: House, jobs: list[Job], ask: Ask) -> None:
    elsewhere = make_key(house.stranger, house.elsewhere, Scope.REVIEWS)
    ended = make_key(house.owner, house.workflow, Scope.REVIEWS)
    ApiKey.objects.filter(prefix=ended[:10]).update(expires_at=timezone.now())
    assert ApiKey.objects.filter(expires_at__isnull=False).count() == 1
    for key in (elsewhere, ended, "tb_rubbish"):
        assert ask("reviews/waiting", by=key).status_code == 401
