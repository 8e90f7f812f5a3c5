"""The API of jobs: what a program may send, what it is told, and that sending it again is safe."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from builders import House, accept, correct
from teachback.json_types import Json, JsonObject
from teachback.release_document import Approval, ReleaseDocument
from teachback.vocabulary import Lever
from teachback_server.jobs.models import Job, Outcome
from teachback_server.jobs.queries import list_steps
from teachback_server.people.models import AuditEvent
from teachback_server.releases.actions import make_release, put_live, take_autonomy_back
from teachback_server.releases.models import Release
from teachback_server.releases.queries import get_live_state
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import make_key

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
JOBS = "/api/v1/workflows/support-inbox/jobs"
GIVEN: dict[str, Any] = {"id": "m1", "input": {"text": "Where is my order A1?"}}
RECORDED: dict[str, Any] = {**GIVEN, "output": {"queue": "delivery"}, "confidence": 0.9}

Ask = Callable[..., Any]


@pytest.fixture
def ask(client: Client, house: House) -> Ask:
    """Calls the API with a key for jobs."""
    key = make_key(house.owner, house.workflow, Scope.JOBS)

    def call(address: str, body: Json = None, *, method: str = "post") -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        if method == "get":
            return client.get(address, headers=headers)
        return client.post(address, data=body, content_type="application/json", headers=headers)

    return call


def go_live(house: House, *, threshold: float | None = None, agent: str = "recorded") -> Release:
    """Put a release live under which the agent returns what the job's draft says."""
    approval = Approval(threshold=threshold, early_audit_share=0.000001, audit_share=0.000001)
    document = ReleaseDocument(workflow="support-inbox", agent=agent, approval=approval)
    release = make_release(
        house.owner, house.workflow, document, parent=house.release, lever=Lever.APPROVAL, change="For a test"
    )
    put_live(house.owner, release, from_job=1, why="A test")
    return release


def test_a_new_workflows_agent_hands_back_and_a_person_will_look(ask: Ask, house: House) -> None:
    answer = ask(JOBS, GIVEN)
    told = answer.json()
    assert answer.status_code == 200
    assert (told["number"], told["id"], told["status"], told["output"]) == (1, "m1", "handed_back", None)
    assert told["hand_back_reason"]
    assert (told["routing"]["kind"], told["routing"]["probability"]) == ("review", 1.0)
    assert told["waits_for_review"]
    assert told["release"] == 1


def test_a_job_of_a_sure_agent_may_be_used_at_once(ask: Ask, house: House) -> None:
    release = go_live(house, threshold=0.8)
    told = ask(JOBS, {**GIVEN, "draft": {"queue": "delivery"}, "draft_confidence": 0.9}).json()
    assert (told["status"], told["output"], told["confidence"]) == ("finished", {"queue": "delivery"}, 0.9)
    assert told["routing"]["kind"] == "auto"
    assert 0 < told["routing"]["probability"] < 0.001
    assert not told["waits_for_review"]
    assert told["release"] == release.number
    final = ask(f"{JOBS}/1", method="get").json()
    assert (final["is_final"], final["final_output"]) == (True, {"queue": "delivery"})


def test_the_same_job_again_gets_the_same_answer_and_is_not_done_twice(ask: Ask, house: House) -> None:
    first = ask(JOBS, GIVEN).json()
    assert ask(JOBS, GIVEN).json() == first
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [
        {**GIVEN, "input": {"text": "Something else"}},
        {**GIVEN, "group": "customer 7"},
        {**GIVEN, "draft": {"queue": "billing"}},
    ],
)
def test_another_job_under_the_same_id_is_refused(ask: Ask, house: House, other: JsonObject) -> None:
    ask(JOBS, GIVEN)
    answer = ask(JOBS, other)
    assert answer.status_code == 409
    assert "Job 1 has the id 'm1' already" in answer.json()["detail"]
    assert Job.objects.count() == 1


def test_a_given_and_a_recorded_job_do_not_share_an_id(ask: Ask, house: House) -> None:
    ask(JOBS, GIVEN)
    assert ask(f"{JOBS}/recorded", RECORDED).status_code == 409


def test_two_requests_for_the_same_job_at_once_do_it_once(
    ask: Ask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ask(JOBS, GIVEN).json()
    known = Job.objects.select_related("release").get()
    answers = iter([None, known])  # the first look was before the other request stored it
    monkeypatch.setattr("teachback_server.jobs.giving.find_job_by_external_id", lambda workflow, name: next(answers))
    assert ask(JOBS, GIVEN).json() == first
    assert Job.objects.count() == 1


def test_autonomy_that_ends_while_the_agent_works_counts_for_its_job(
    ask: Ask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_live(house, threshold=0.8)
    live = get_live_state(house.workflow)
    assert live.is_autonomy_on
    take_autonomy_back(house.owner, house.workflow, from_job=1, why="An alarm")
    monkeypatch.setattr("teachback_server.jobs.giving.get_live_state", lambda workflow: live)
    told = ask(JOBS, {**GIVEN, "draft": {"queue": "delivery"}, "draft_confidence": 0.9}).json()
    assert told["routing"]["kind"] == "review"


def test_an_agent_that_cannot_start_says_what_to_change(ask: Ask, house: House) -> None:
    go_live(house, agent="python:no_such_module:answer")
    answer = ask(JOBS, GIVEN)
    assert answer.status_code == 503
    assert "no_such_module" in answer.json()["detail"]
    assert not Job.objects.exists()


def test_a_job_done_elsewhere_is_recorded_with_its_steps(ask: Ask, house: House) -> None:
    steps = [
        {"name": "Read", "kind": "model", "duration_ms": 12.5, "tokens": 30, "cost_usd": 0.001},
        {"name": "Look up", "kind": "tool", "status": "stuck", "detail": "No order found."},
    ]
    told = ask(f"{JOBS}/recorded", {**RECORDED, "steps": steps, "at": "2026-03-02T10:00:00+01:00"}).json()
    job = Job.objects.get()
    assert (told["status"], told["routing"]["kind"]) == ("finished", "review")
    assert (job.source, job.tokens, job.started_at.isoformat()) == ("elsewhere", 30, "2026-03-02T09:00:00+00:00")
    assert [(step.name, step.status, step.detail) for step in list_steps(job)] == [
        ("Read", "ok", ""),
        ("Look up", "stuck", "No order found."),
    ]
    assert AuditEvent.objects.latest("id").actor_name.startswith("key tb_")
    assert ask(f"{JOBS}/recorded", {**RECORDED, "steps": steps}).json() == told


def test_a_job_that_was_used_already_is_observed_and_offered_for_review(ask: Ask, house: House) -> None:
    told = ask(f"{JOBS}/recorded", {**RECORDED, "used_already": True}).json()
    assert told["routing"] == {"kind": "observed", "reason": "It was used before Teachback saw it.", "probability": 1.0}
    assert told["waits_for_review"]


def test_an_output_that_does_not_fit_is_kept_and_a_person_looks_at_it(ask: Ask, house: House) -> None:
    go_live(house, threshold=0.5)
    told = ask(f"{JOBS}/recorded", {**RECORDED, "output": {"queue": "nowhere"}}).json()
    assert told["output"] == {"queue": "nowhere"}
    assert told["routing"]["kind"] == "review"
    assert "output.queue" in told["routing"]["reason"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({**RECORDED, "output": None}, "finished job needs its output"),
        ({**RECORDED, "status": "handed_back"}, "has no output"),
        ({**RECORDED, "input": {}}, "input.text"),
        ({**RECORDED, "input": {"text": 3}}, "input.text"),
        ({**RECORDED, "confidence": 1.5}, "confidence"),
        ({**RECORDED, "at": "2026-03-02T10:00:00"}, "at has no time zone; write it like"),
        ({**RECORDED, "at": "yesterday"}, "at"),
        ({**RECORDED, "id": ""}, "id"),
        ({**RECORDED, "id": "a\nb"}, "line breaks"),
        ({**RECORDED, "id": "x" * 201}, "200"),
        ({**RECORDED, "steps": [{"name": "a", "kind": "magic"}]}, "steps.0.kind cannot be used"),
        ({**RECORDED, "confidense": 0.5}, "confidense is not a field of this call"),
        ({**RECORDED, "input": ["a"]}, "input cannot be used: write a JSON object"),
        ({**RECORDED, "input": {"text": "a\x00b"}}, "NUL"),
        ({"input": {"text": "x"}, "output": {}}, "id is missing; send it."),
    ],
)
def test_what_cannot_be_recorded_is_refused_with_the_field_that_is_wrong(
    ask: Ask, house: House, body: Any, says: str
) -> None:
    answer = ask(f"{JOBS}/recorded", body)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        '{"id": "a", "input": {"text": "x", "n": NaN}}',
        '{"id": "a", "input": {"text": "x", "n": 1e999}}',
        '{"id": "a", "input": {"text": "\\ud800"}}',
        '{"id": "a", "input": ' + '{"a":' * 200 + "1" + "}" * 200 + "}",
        '{"id": "a", "input": ' + "[" * 100_000,
        "not json",
        "[]",
        "",
    ],
)
def test_a_body_that_could_not_be_stored_is_refused(ask: Ask, house: House, text: str) -> None:
    assert ask(JOBS, text).status_code in (400, 422)
    assert not Job.objects.exists()


def test_the_decision_and_the_final_output_are_read_with_the_number(ask: Ask, house: House) -> None:
    ask(f"{JOBS}/recorded", RECORDED)
    waiting = ask(f"{JOBS}/1", method="get").json()
    assert (waiting["is_final"], waiting["final_output"], waiting["review"]) == (False, None, None)
    correct(house.reviewer, [Job.objects.get()], {"queue": "returns"})
    decided = ask(f"{JOBS}/1", method="get").json()
    assert (decided["is_final"], decided["final_output"]) == (True, {"queue": "returns"})
    assert (decided["output"], decided["waits_for_review"]) == ({"queue": "delivery"}, False)
    assert (decided["review"]["verdict"], decided["review"]["reviewer"]) == ("corrected", "bob")
    assert decided["review"]["corrections"] == [
        {"field": "queue", "kind": "changed_choice", "from_value": "delivery", "to_value": "returns"}
    ]


def test_a_job_is_found_by_the_senders_own_id(ask: Ask, house: House) -> None:
    ask(f"{JOBS}/recorded", {**RECORDED, "id": "mail/7?x=ü"})
    accept(house.reviewer, [Job.objects.get()])
    found = ask(f"{JOBS}/find?id=mail%2F7%3Fx%3D%C3%BC", method="get").json()
    assert (found["number"], found["final_output"]) == (1, {"queue": "delivery"})
    missing = ask(f"{JOBS}/find?id=other", method="get")
    assert (missing.status_code, "Send it first" in missing.json()["detail"]) == (404, True)


def test_the_next_step_says_whether_it_used_the_output(ask: Ask, house: House) -> None:
    ask(f"{JOBS}/recorded", RECORDED)
    answer = ask(f"{JOBS}/1/outcome", {"used": False, "worth_usd": -12.5, "note": "The customer called again."})
    assert (answer.status_code, answer.json()["used"]) == (200, False)
    stored = Outcome.objects.get()
    assert (stored.is_used, stored.worth_usd, stored.note) == (False, -12.5, "The customer called again.")
    assert ask(f"{JOBS}/1", method="get").json()["outcome"]["used"] is False
    assert ask(f"{JOBS}/1/outcome", {"used": "perhaps"}).status_code == 422


def test_the_next_step_may_name_the_job_by_the_senders_own_id(ask: Ask, house: House) -> None:
    early = ask(f"{JOBS}/outcome", {"id": "ticket-1", "used": True})
    assert early.status_code == 404
    assert "yet" in early.json()["detail"]
    ask(f"{JOBS}/recorded", {"id": "ticket-1", "input": {"text": "Where is A1?"}, "output": {"queue": "delivery"}})
    said = ask(f"{JOBS}/outcome", {"id": "ticket-1", "used": False, "worth_usd": -12.5}).json()
    assert (said["number"], said["used"]) == (1, False)
    assert ask(f"{JOBS}/find?id=ticket-1", method="get").json()["outcome"]["used"] is False
    assert ask(f"{JOBS}/outcome", {"used": True}).status_code == 422


@pytest.mark.parametrize("number", ["7", "99999999999999999999"])
def test_a_job_that_does_not_exist_is_said_to_be_missing(ask: Ask, house: House, number: str) -> None:
    for answer in (ask(f"{JOBS}/{number}", method="get"), ask(f"{JOBS}/{number}/outcome", {"used": True})):
        assert answer.status_code == 404
        assert "There is no job" in answer.json()["detail"]
