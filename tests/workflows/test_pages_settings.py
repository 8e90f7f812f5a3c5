"""The Settings pages and the ones that make a workflow or edit its boundary, as a browser without scripts sees them."""

import pytest
from django.http import QueryDict
from django.test import Client

from boundary_posts import sent_by_browser
from builders import SUPPORT_INBOX, House
from teachback.release_document import Approval, ReleaseDocument
from teachback.vocabulary import Lever
from teachback_server.people.actor import SYSTEM
from teachback_server.people.models import User
from teachback_server.releases.actions import make_release, put_live
from teachback_server.releases.queries import get_live_state
from teachback_server.workflows.access import Role, find_role
from teachback_server.workflows.actions import give_role, hash_key
from teachback_server.workflows.boundary_form import open_boundary_form
from teachback_server.workflows.models import ApiKey, Workflow
from teachback_server.workflows.queries import get_boundary, list_members

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
SETTINGS = "/workflows/support-inbox/settings"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_everyone_in_the_workflow_reads_the_boundary_and_only_owners_see_keys(house: House) -> None:
    seen_by_owner = browser(house.alice).get(SETTINGS).content.decode()
    seen_by_reviewer = browser(house.bob).get(SETTINGS).content.decode()
    for seen in (seen_by_owner, seen_by_reviewer):
        assert "The queue is right." in seen
        assert "billing · delivery · returns" in seen
    assert "API keys" in seen_by_owner
    assert "API keys" not in seen_by_reviewer
    assert browser(house.charlie).get(SETTINGS).status_code == 404


def test_whoever_may_edit_the_reasons_finds_the_way_from_the_settings(house: House) -> None:
    way = "/workflows/support-inbox/reasons"
    assert f'href="{way}"' in browser(house.alice).get(SETTINGS).content.decode()
    assert browser(house.alice).get(way).status_code == 200
    assert way not in browser(house.bob).get(SETTINGS).content.decode()


@pytest.mark.parametrize("path", ["people", "people/1/remove", "people/1/answers", "keys", "keys/1/revoke"])
def test_a_reviewer_cannot_send_what_only_owners_may(house: House, path: str) -> None:
    assert browser(house.bob).post(f"{SETTINGS}/{path}", {"username": "bob", "role": "owner"}).status_code == 403
    assert find_role(house.reviewer, house.workflow.pk) is Role.REVIEWER


def test_a_person_gets_a_role_and_loses_it(house: House) -> None:
    client = browser(house.alice)
    client.post(f"{SETTINGS}/people", {"username": "charlie", "role": "editor"})
    assert find_role(house.stranger, house.workflow.pk) is Role.EDITOR
    client.post(f"{SETTINGS}/people/{house.charlie.pk}/remove")
    assert find_role(house.stranger, house.workflow.pk) is None
    assert client.post(f"{SETTINGS}/people/{house.charlie.pk}/remove").status_code == 404


def test_an_unknown_person_or_role_is_refused_at_its_field(house: House) -> None:
    client = browser(house.alice)
    answer = client.post(f"{SETTINGS}/people", {"username": "nobody", "role": "editor"})
    assert answer.status_code == 422
    assert "Nobody signs in as &#x27;nobody&#x27;" in answer.content.decode()
    assert client.post(f"{SETTINGS}/people", {"username": "charlie", "role": "king"}).status_code == 422
    assert client.post(f"{SETTINGS}/people", {"username": "alice", "role": "viewer"}).status_code == 422
    assert [member.username for member in list_members(house.workflow)] == ["alice", "bob"]


def test_another_person_answers_for_the_work(house: House) -> None:
    browser(house.alice).post(f"{SETTINGS}/people/{house.bob.pk}/answers")
    house.workflow.refresh_from_db()
    assert [(m.username, m.role, m.is_answerable) for m in list_members(house.workflow)] == [
        ("alice", Role.OWNER, False),
        ("bob", Role.OWNER, True),
    ]


def test_who_leaves_comes_home_instead_of_a_page_that_they_no_longer_see(house: House) -> None:
    give_role(house.owner, house.workflow, house.bob, Role.OWNER)
    answer = browser(house.alice).post(f"{SETTINGS}/people/{house.alice.pk}/remove")
    assert answer["Location"] == "/"


def test_a_key_is_shown_once_and_opens_nothing_when_revoked(house: House) -> None:
    client = browser(house.alice)
    shown = client.post(f"{SETTINGS}/keys", {"scope": "read"})
    key = next(part for part in shown.content.decode().split('"') if part.startswith("tb_"))
    assert "no-store" in shown["Cache-Control"]
    row = ApiKey.objects.get(key_hash=hash_key(key))
    assert key not in client.get(SETTINGS).content.decode()
    client.post(f"{SETTINGS}/keys/{row.pk}/revoke")
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_a_key_of_another_workflow_cannot_be_revoked_from_here(house: House) -> None:
    browser(house.charlie).post("/workflows/elsewhere/settings/keys", {"scope": "read"})
    foreign = ApiKey.objects.get(workflow=house.elsewhere)
    assert browser(house.alice).post(f"{SETTINGS}/keys/{foreign.pk}/revoke").status_code == 404


def filled(**changes: str) -> QueryDict:
    post = sent_by_browser(open_boundary_form(SUPPORT_INBOX))
    for name, value in changes.items():
        post[name.replace("__", "-")] = value
    return post


def test_a_workflow_made_by_hand_has_its_first_release_live(house: House) -> None:
    answer = browser(house.bob).post("/workflows/new", filled(boundary__name="", boundary__title="Invoices"))
    assert answer["Location"] == "/workflows/invoices/settings"
    workflow = Workflow.objects.get(name="invoices")
    assert workflow.owner == house.bob
    assert get_live_state(workflow).release.number == 1


def test_a_name_that_is_taken_is_said_at_the_name_and_nothing_typed_is_lost(house: House) -> None:
    answer = browser(house.bob).post("/workflows/new", filled(boundary__next_step="Our <b>team</b>"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "A workflow named &#x27;support-inbox&#x27; exists already." in page
    assert "Our &lt;b&gt;team&lt;/b&gt;" in page
    assert Workflow.objects.count() == 2


def test_an_edit_is_saved_and_the_name_stays(house: House) -> None:
    post = filled(boundary__name="other", boundary__error_limit="10", **{"output-2-name": "amount"})
    post.update({"output-2-kind": "number", "output-count": "3"})
    answer = browser(house.alice).post(f"{SETTINGS}/boundary", post)
    assert answer.status_code == 302
    workflow = Workflow.objects.get(pk=house.workflow.pk)
    boundary = get_boundary(workflow)
    assert (boundary.name, boundary.error_limit) == ("support-inbox", 0.1)
    assert list(boundary.output_schema["properties"]) == ["queue", "order_number", "amount"]


def test_an_edit_that_ends_autonomy_says_so(house: House) -> None:
    document = ReleaseDocument(
        workflow="support-inbox", approval=Approval(threshold=0.9, error_limit=0.05, certainty=0.9)
    )
    release = make_release(
        SYSTEM, house.workflow, document, parent=house.release, lever=Lever.APPROVAL, change="Certified"
    )
    put_live(SYSTEM, release, from_job=1, why="Certified")
    answer = browser(house.alice).post(f"{SETTINGS}/boundary", filled(boundary__error_limit="1"), follow=True)
    assert "Every job goes to a person again" in answer.content.decode()
    assert not get_live_state(house.workflow).is_autonomy_on


def test_adding_a_field_saves_nothing(house: House) -> None:
    answer = browser(house.alice).post(f"{SETTINGS}/boundary", filled(add_field="output", boundary__title="Half typed"))
    assert answer.status_code == 200
    assert 'name="output-2-name"' in answer.content.decode()
    assert Workflow.objects.get(pk=house.workflow.pk).title == "Support inbox"


def test_only_owners_edit_the_boundary_and_only_people_make_workflows(house: House) -> None:
    assert browser(house.bob).get(f"{SETTINGS}/boundary").status_code == 403
    assert browser(house.charlie).get(f"{SETTINGS}/boundary").status_code == 404
    assert Client().get("/workflows/new")["Location"].startswith("/sign-in")
