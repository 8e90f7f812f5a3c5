"""People are invited into a workflow, come in by a link that is shown once, and an invitation can be withdrawn."""

import html
import re

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from builders import House, actor, make_person
from teachback_server.people.actions import UserNameTaken, deactivate_user
from teachback_server.people.actor import PermissionMissing
from teachback_server.people.audit import Act
from teachback_server.people.models import AuditEvent, OneTimeLink, User
from teachback_server.workflows.access import Role, find_role
from teachback_server.workflows.actions import give_role
from teachback_server.workflows.invitations import (
    AlreadyHere,
    NobodyOfThisName,
    invite_person,
    withdraw_invitation,
)
from teachback_server.workflows.queries import list_members

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
SETTINGS = "/workflows/support-inbox/settings"
NEW = {"username": "eve@example.com", "role": "reviewer"}


@pytest.fixture
def dana(house: House) -> User:
    """An administrator."""
    return make_person("dana", is_administrator=True)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def message_in(page: str) -> str:
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found, page
    return html.unescape(found[1])


def test_somebody_new_comes_in_by_the_link_once_chooses_a_password_and_has_their_role(house: House, dana: User) -> None:
    answer = browser(dana).post(f"{SETTINGS}/people", NEW)
    said = message_in(answer.content.decode())
    assert "You are invited to “Support inbox” in Teachback, as reviewer." in said
    assert "no-store" in answer["Cache-Control"]
    found = re.search(r"http://testserver(/sign-in/link/\S+)", said)
    assert found
    client = Client()
    assert client.post(found[1], {"password": "some quite long words"})["Location"] == "/"
    assert client.get("/workflows/support-inbox/review").status_code == 200
    assert client.get("/workflows/elsewhere/review").status_code == 404
    assert Client().get(found[1]).status_code == 410


def test_an_invitation_is_listed_until_the_person_has_been_here(house: House, dana: User) -> None:
    give_role(house.owner, house.workflow, house.charlie, Role.EDITOR)
    User.objects.filter(pk__in=[house.alice.pk, house.bob.pk, house.charlie.pk]).update(last_login=timezone.now())
    invite_person(actor(dana), house.workflow, "eve", Role.VIEWER)
    awaited = [member for member in list_members(house.workflow) if member.is_awaited]
    assert [member.username for member in awaited] == ["eve"]
    assert awaited[0].link_ends_at == OneTimeLink.objects.get().expires_at
    page = browser(house.alice).get(SETTINGS).content.decode()
    assert page.count("Invited, not here yet · the link is good until") == 1
    assert "Withdraw the invitation of eve" in page
    browser(User.objects.get(username="eve"))
    assert not any(member.is_awaited for member in list_members(house.workflow))


def test_an_owner_who_is_no_administrator_adds_nobody_and_is_told_whom_to_ask(house: House) -> None:
    with pytest.raises(NobodyOfThisName, match="Ask an administrator"):
        invite_person(house.owner, house.workflow, "eve", Role.VIEWER)
    answer = browser(house.alice).post(f"{SETTINGS}/people", NEW)
    assert answer.status_code == 422
    assert "Ask an administrator to invite this person here." in answer.content.decode()
    assert not User.objects.filter(username=NEW["username"]).exists()


def test_nobody_gets_a_link_to_the_account_of_somebody_who_has_been_here(house: House, dana: User) -> None:
    User.objects.filter(pk=house.charlie.pk).update(last_login=timezone.now())
    for inviting in (house.owner, actor(dana)):
        assert invite_person(inviting, house.workflow, "Charlie", Role.VIEWER).token is None
    assert find_role(house.stranger, house.workflow.pk) is Role.VIEWER
    assert not OneTimeLink.objects.exists()


def test_an_owner_who_is_no_administrator_gets_no_link_for_somebody_who_is_awaited_either(house: House) -> None:
    assert invite_person(house.owner, house.workflow, "charlie", Role.VIEWER).token is None
    assert not OneTimeLink.objects.exists()


def test_a_role_that_is_too_low_invites_nobody_and_withdraws_nothing(house: House) -> None:
    with pytest.raises(PermissionMissing):
        invite_person(house.reviewer, house.workflow, "charlie", Role.OWNER)
    with pytest.raises(PermissionMissing):
        withdraw_invitation(house.reviewer, house.workflow, house.alice)


def test_an_invitation_that_is_withdrawn_opens_nothing_and_can_be_made_anew(house: House, dana: User) -> None:
    invite_person(actor(dana), house.workflow, "eve", Role.VIEWER)
    eve = User.objects.get(username="eve")
    page = browser(dana).post(f"{SETTINGS}/people/{eve.pk}/withdraw", follow=True).content.decode()
    assert "eve is no longer invited." in page
    eve.refresh_from_db()
    assert not eve.is_active
    assert find_role(actor(eve), house.workflow.pk) is None
    assert OneTimeLink.objects.get().used_at is not None
    assert invite_person(actor(dana), house.workflow, "eve", Role.EDITOR).token is not None
    assert find_role(actor(eve), house.workflow.pk) is Role.EDITOR
    eve.refresh_from_db()
    assert eve.is_active


def test_who_is_invited_elsewhere_too_can_still_come_there(house: House, dana: User) -> None:
    for workflow in (house.workflow, house.elsewhere):
        invite_person(actor(dana), workflow, "eve", Role.VIEWER)
    eve = User.objects.get(username="eve")
    withdraw_invitation(actor(dana), house.workflow, eve)
    eve.refresh_from_db()
    assert eve.is_active
    assert find_role(actor(eve), house.elsewhere.pk) is Role.VIEWER


def test_an_owner_withdraws_the_role_and_leaves_the_account_to_administrators(house: House, dana: User) -> None:
    invite_person(actor(dana), house.workflow, "eve", Role.VIEWER)
    eve = User.objects.get(username="eve")
    withdraw_invitation(house.owner, house.workflow, eve)
    assert find_role(actor(eve), house.workflow.pk) is None
    eve.refresh_from_db()
    assert eve.is_active


def test_there_is_no_invitation_to_withdraw_of_somebody_who_has_been_here(house: House) -> None:
    User.objects.filter(pk=house.bob.pk).update(last_login=timezone.now())
    house.bob.refresh_from_db()
    with pytest.raises(AlreadyHere, match="Remove them instead"):
        withdraw_invitation(house.owner, house.workflow, house.bob)
    assert find_role(house.reviewer, house.workflow.pk) is Role.REVIEWER


def test_somebody_who_left_is_not_invited_by_accident(house: House, dana: User) -> None:
    User.objects.filter(pk=house.charlie.pk).update(last_login=timezone.now())
    deactivate_user(actor(dana), house.charlie)
    with pytest.raises(UserNameTaken, match="activate them again"):
        invite_person(actor(dana), house.workflow, "charlie", Role.VIEWER)


def test_a_name_that_cannot_be_is_refused_at_its_field(house: House, dana: User) -> None:
    answer = browser(dana).post(f"{SETTINGS}/people", {**NEW, "username": "two words"})
    assert answer.status_code == 422
    assert "Use letters, digits and the signs" in answer.content.decode()
    with pytest.raises(ValidationError):
        invite_person(actor(dana), house.workflow, "two words", Role.VIEWER)
    assert not User.objects.filter(username="two words").exists()


def test_inviting_and_withdrawing_stand_in_the_trail_of_the_workflow(house: House, dana: User) -> None:
    invite_person(actor(dana), house.workflow, "eve", Role.VIEWER)
    withdraw_invitation(actor(dana), house.workflow, User.objects.get(username="eve"))
    acts = AuditEvent.objects.filter(workflow_id=house.workflow.pk, actor_name="dana").order_by("id")
    assert list(acts.values_list("kind", "subject")) == [
        (Act.ROLE_GIVEN, "eve is viewer"),
        (Act.PERSON_INVITED, "eve as viewer"),
        (Act.ROLE_TAKEN, "eve"),
        (Act.INVITATION_WITHDRAWN, "eve"),
    ]
