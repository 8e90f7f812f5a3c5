"""The pages on the intake: what waits, what came, what was refused, and which workflow traces belong to."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from builders import House, make_person
from otlp_requests import Value, asked, make_request, make_span
from teachback_server.jobs.intake.digest import Digester
from teachback_server.jobs.intake.health import SPANS_PER_PAGE, list_quarantined, read_health
from teachback_server.jobs.intake.homeless import list_homeless_names, preview_name
from teachback_server.jobs.intake.inbox import keep_request
from teachback_server.jobs.intake.tallies import Tallies, TallyKey, TallyKind, add_tallies
from teachback_server.jobs.models import Job, QuarantinedSpan, TraceRequest
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.jobs.otlp.request import take_request
from teachback_server.people.models import User
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import make_key
from teachback_server.workflows.key_access import find_sent_key
from teachback_server.workflows.models import ApiKey, Workflow, WorkflowName

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
INTAKE = "/intake"
NAME = "/intake/name"
OF_WORKFLOW = "/workflows/support-inbox/intake"


@pytest.fixture
def ada(house: House) -> User:
    """An administrator."""
    return make_person("ada", is_administrator=True)


def send(workflow_id: int, *, traces: int = 1, service: str = "mail-agent", **attributes: Value) -> None:
    spans = [make_span(n, n, attributes={**asked(f"Where is parcel {n}?"), **attributes}) for n in range(1, traces + 1)]
    body = make_request(spans, service=service).SerializeToString()
    keep_request(workflow_id, "tb_test", body, take_request(body, is_json=False))


def digest() -> None:
    digester = Digester(open_trace_store())
    while digester.digest_some():
        pass


def quarantine(workflow_id: int, count: int = 1, *, reason: str = "its id is empty") -> None:
    QuarantinedSpan.objects.bulk_create(
        QuarantinedSpan(
            request_id=7,
            position=position,
            workflow_id=workflow_id,
            at=timezone.now(),
            name=f"span {position}",
            reason=reason,
            sample='{"text": "<b>bold</b>"}',
        )
        for position in range(count)
    )


def test_the_lag_is_the_age_of_the_oldest_request_that_waits(house: House) -> None:
    send(house.workflow.pk)
    now = timezone.now()
    TraceRequest.objects.update(received_at=now - timedelta(seconds=300))
    health = read_health(now)
    assert (health.lag_seconds, health.waiting, health.is_late) == (300, 1, True)
    digest()
    after = read_health(now)
    assert (after.lag_seconds, after.waiting, after.is_behind) == (0, 0, False)


def test_what_came_is_counted_for_each_workflow_alone(house: House) -> None:
    send(house.workflow.pk, traces=3)
    send(house.elsewhere.pk, traces=2)
    now = timezone.now()
    assert (read_health(now).day.requests, read_health(now).day.spans) == (2, 5)
    assert read_health(now, workflow_id=house.workflow.pk).hour.spans == 3
    assert read_health(now + timedelta(days=2)).day.spans == 0


def test_reasons_and_unread_attributes_stand_with_their_counts_the_most_frequent_first(house: House) -> None:
    here = house.workflow.pk
    tallies = Tallies(
        {
            TallyKey(workflow_id=here, kind=TallyKind.REFUSED, name="its id is empty"): 2,
            TallyKey(workflow_id=here, kind=TallyKind.REFUSED, name="it is too deep"): 5,
            TallyKey(workflow_id=here, kind=TallyKind.UNREAD, name="acme.prompt"): 3,
            TallyKey(workflow_id=house.elsewhere.pk, kind=TallyKind.UNREAD, name="secret.prompt"): 1,
        }
    )
    add_tallies(tallies, timezone.now())
    health = read_health(timezone.now(), workflow_id=here)
    assert [(one.name, one.count) for one in health.refused] == [("it is too deep", 5), ("its id is empty", 2)]
    assert [one.name for one in health.unread] == ["acme.prompt"]
    assert health.day.refused == 7


def test_names_of_no_workflow_are_listed_until_one_is_given(client: Client, house: House, ada: User) -> None:
    send(0, traces=3, service="mail-agent")
    send(0, service="other=agent")
    digest()
    now = timezone.now()
    names = [(one.attribute, one.value, one.spans) for one in list_homeless_names(now)]
    assert names == [("service.name", "mail-agent", 3), ("service.name", "other=agent", 1)]
    client.force_login(ada)
    page = client.get(INTAKE).content.decode()
    assert "attribute=service.name&amp;value=other%3Dagent" in page
    given = {"attribute": "service.name", "value": "mail-agent", "workflow": house.workflow.pk}
    answer = client.post(NAME, given, follow=True).content.decode()
    assert "From now on these traces belong to Support inbox. 2 requests that are kept are read again" in answer
    assert [one.value for one in list_homeless_names(now)] == ["other=agent"]
    digest()
    assert Job.objects.filter(workflow=house.workflow).count() == 3


def test_a_look_at_a_name_shows_what_would_move_and_an_example(client: Client, house: House, ada: User) -> None:
    send(0, traces=3)
    send(0, service="another")
    digest()
    preview = preview_name("service.name", "mail-agent")
    assert (preview.traces, preview.spans, preview.requests) == (3, 3, 2)
    assert preview.input == {"text": "Where is parcel 1?"}
    client.force_login(ada)
    page = client.get(NAME, {"attribute": "service.name", "value": "mail-agent"}).content.decode()
    assert "Where is parcel 1?" in page
    assert "Support inbox" in page
    assert preview_name("service.name", "never heard of").traces == 0


@pytest.mark.parametrize(
    ("attribute", "value", "workflow"),
    [("", "x", True), ("service.name", "", True), ("service.name", "x", False), ("teachback.workflow", "x", True)],
)
def test_what_cannot_be_a_name_is_refused_and_nothing_moves(
    client: Client, house: House, ada: User, attribute: str, value: str, workflow: bool
) -> None:
    client.force_login(ada)
    sent = {"attribute": attribute, "value": value, "workflow": house.workflow.pk if workflow else ""}
    assert client.post(NAME, sent).status_code == 422
    assert not WorkflowName.objects.exists()


def test_a_workflow_made_later_gets_its_traces_when_they_are_looked_for_again(
    client: Client, house: House, ada: User
) -> None:
    send(0, **{"teachback.workflow": "made-later"})
    digest()
    assert [one.attribute for one in list_homeless_names(timezone.now())] == ["teachback.workflow"]
    house.elsewhere.name = "made-later"
    house.elsewhere.save()
    client.force_login(ada)
    assert "1 request that is kept is read again" in client.post("/intake/again", follow=True).content.decode()
    digest()
    assert Job.objects.filter(workflow=house.elsewhere).count() == 1
    assert list_homeless_names(timezone.now()) == ()


def test_quarantine_shows_what_came_and_why_it_was_not_taken_a_page_at_a_time(
    client: Client, house: House, ada: User
) -> None:
    quarantine(house.workflow.pk, SPANS_PER_PAGE + 2)
    client.force_login(ada)
    first = client.get("/intake/quarantine").content.decode()
    assert "Its id is empty" in first
    assert "&lt;b&gt;bold" in first
    assert "Support inbox" in first
    older = list_quarantined().older
    second = list_quarantined(before=older)
    assert (len(second.rows), second.older) == (2, None)
    assert client.get("/intake/quarantine", {"before": "9" * 40}).status_code == 200


def test_an_owner_sees_their_own_workflow_alone(client: Client, house: House) -> None:
    send(house.workflow.pk)
    quarantine(house.elsewhere.pk, reason="a secret of others")
    client.force_login(house.alice)
    assert "keeps up" not in client.get(INTAKE).content.decode()
    assert "Newest request" in client.get(OF_WORKFLOW).content.decode()
    assert "a secret of others" not in client.get(f"{OF_WORKFLOW}/quarantine").content.decode().lower()
    assert client.get("/workflows/elsewhere/intake").status_code == 404


def test_an_owner_takes_a_name_away(client: Client, house: House) -> None:
    WorkflowName.objects.create(workflow=house.workflow, attribute="service.name", value="mail-agent")
    WorkflowName.objects.create(workflow=house.elsewhere, attribute="service.name", value="kept")
    client.force_login(house.alice)
    assert "mail-agent" in client.get(OF_WORKFLOW).content.decode()
    for value in ("mail-agent", "kept"):
        client.post(f"{OF_WORKFLOW}/name", {"attribute": "service.name", "value": value})
    assert [name.value for name in WorkflowName.objects.all()] == ["kept"]


def test_the_navigation_shows_the_intake_to_those_who_may_open_it(client: Client, house: House, ada: User) -> None:
    client.force_login(house.alice)
    page = client.get("/workflows/support-inbox/jobs").content.decode()
    assert f'href="{OF_WORKFLOW}"' in page
    assert f'href="{INTAKE}"' not in page
    client.force_login(house.bob)
    assert f'href="{OF_WORKFLOW}"' not in client.get("/workflows/support-inbox/jobs").content.decode()
    client.force_login(ada)
    assert f'href="{INTAKE}"' in client.get("/").content.decode()


def test_an_intake_that_has_nothing_yet_says_how_to_begin(client: Client, house: House) -> None:
    client.force_login(house.alice)
    assert "No trace has come yet" in client.get(OF_WORKFLOW).content.decode()


def test_an_administrator_makes_a_key_for_all_workflows_and_revokes_it(client: Client, ada: User) -> None:
    client.force_login(ada)
    page = client.post("/intake/keys").content.decode()
    shown = re.search(r'value="(tb_[^"]+)"', page)
    assert shown
    key = find_sent_key(shown[1], (Scope.TRACES,))
    assert key is not None
    assert key.workflow_id is None
    assert f"{key.prefix}…" in client.get(INTAKE).content.decode()
    client.post(f"/intake/keys/{key.pk}/revoke")
    assert find_sent_key(shown[1], (Scope.TRACES,)) is None


def test_a_key_of_a_workflow_is_not_revoked_from_the_intake(client: Client, house: House, ada: User) -> None:
    make_key(house.owner, house.workflow, Scope.TRACES)
    key = ApiKey.objects.get()
    client.force_login(ada)
    assert client.post(f"/intake/keys/{key.pk}/revoke").status_code == 404


def test_an_owner_makes_a_key_for_the_traces_of_their_workflow(client: Client, house: House) -> None:
    client.force_login(house.alice)
    page = client.post("/workflows/support-inbox/settings/keys", {"scope": "traces"}).content.decode()
    assert "send traces to" in page


def test_a_workflow_can_be_made_of_traces_with_what_they_say_of_its_boundary(ada: User, client: Client) -> None:
    send(0, traces=3)
    digest()
    client.force_login(ada)
    sent = {"attribute": "service.name", "value": "mail-agent", "title": "Mail desk"}
    answer = client.post("/intake/workflow", sent)
    assert answer["Location"] == "/workflows/mail-desk/settings"
    digest()
    assert Job.objects.filter(workflow__name="mail-desk").count() == 3
    schema = Workflow.objects.get(name="mail-desk").input_schema
    assert list(schema["properties"]) == ["text"]


@pytest.mark.parametrize(
    ("title", "why"), [("", "small letters"), ("Support inbox", "exists already"), ("***", "small letters")]
)
def test_a_workflow_that_cannot_be_made_of_traces_says_why(ada: User, client: Client, title: str, why: str) -> None:
    send(0)
    digest()
    client.force_login(ada)
    sent = {"attribute": "service.name", "value": "mail-agent", "title": title}
    answer = client.post("/intake/workflow", sent, follow=True)
    assert why in answer.content.decode()
    assert not WorkflowName.objects.exists()


def test_traces_that_say_nothing_of_the_work_make_no_workflow(ada: User, client: Client) -> None:
    body = make_request([make_span(1, 1)], service="mail-agent").SerializeToString()
    keep_request(0, "tb_test", body, take_request(body, is_json=False))
    digest()
    client.force_login(ada)
    sent = {"attribute": "service.name", "value": "mail-agent", "title": "Mail desk"}
    assert (
        "Let the agent record inputs and outputs" in client.post("/intake/workflow", sent, follow=True).content.decode()
    )
