"""Signing in by password and by link, signing out, and one's own password."""

import pytest
from django.test import Client

from teachback_server.people.actions import make_one_time_link
from teachback_server.people.actor import SYSTEM
from teachback_server.people.audit import Act
from teachback_server.people.models import AuditEvent, User

RIGHT = {"username": "ann", "password": "four words in a row"}


def test_somebody_with_the_right_password_gets_in_and_goes_on_to_where_they_wanted(client: Client, ann: User) -> None:
    answer = client.post("/sign-in", {**RIGHT, "next": "/account"})
    assert (answer.status_code, answer["Location"]) == (302, "/account")
    assert client.get("/account").status_code == 200
    assert AuditEvent.objects.filter(kind=Act.SIGNED_IN, actor_name="ann").count() == 1


@pytest.mark.parametrize("wrong", [{"password": "no"}, {"username": "nobody"}, {"password": ""}])
def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    client: Client, ann: User, wrong: dict[str, str]
) -> None:
    answer = client.post("/sign-in", {**RIGHT, **wrong})
    assert answer.status_code == 422
    assert client.get("/").status_code == 302
    assert not AuditEvent.objects.filter(kind=Act.SIGNED_IN).exists()


def test_the_refusal_does_not_say_which_of_the_two_is_wrong(client: Client, ann: User) -> None:
    refusals = [
        client.post("/sign-in", {**RIGHT, **wrong}).content.decode().split("note bad")[1].split("</div>")[0]
        for wrong in ({"password": "no"}, {"username": "nobody"})
    ]
    assert refusals[0] == refusals[1]


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(client: Client, ann: User, elsewhere: str) -> None:
    assert client.post("/sign-in", {**RIGHT, "next": elsewhere})["Location"] == "/"


def test_opening_a_link_does_not_spend_it_and_pressing_the_button_does(client: Client, bob: User) -> None:
    address = f"/sign-in/link/{make_one_time_link(SYSTEM, bob)}"
    for _ in range(2):
        assert "Sign in as bob" in client.get(address).content.decode()
    assert client.post(address)["Location"] == "/"
    assert client.get("/").status_code == 200
    assert Client().post(address).status_code == 410


def test_a_spent_link_says_what_to_do(client: Client, bob: User) -> None:
    answer = client.get("/sign-in/link/spent")
    assert answer.status_code == 410
    assert "Ask an administrator for a new one" in answer.content.decode()


def test_the_session_gets_a_new_key_at_sign_in(client: Client, ann: User) -> None:
    client.get("/sign-in")
    client.session["seen"] = "before"
    before = client.session.session_key
    client.post("/sign-in", RIGHT)
    assert client.session.session_key != before


def test_signing_out_ends_the_session(client: Client, ann: User) -> None:
    client.force_login(ann)
    assert client.get("/sign-out").status_code == 405
    assert client.get("/").status_code == 200
    client.post("/sign-out")
    assert client.get("/")["Location"] == "/sign-in?next=%2F"


def test_nobody_can_be_signed_in_or_out_from_another_site(strict_client: Client, ann: User) -> None:
    assert strict_client.post("/sign-in", RIGHT).status_code == 403
    strict_client.force_login(ann)
    answer = strict_client.post("/sign-out")
    assert answer.status_code == 403
    assert "Please send it again" in answer.content.decode()
    assert strict_client.get("/").status_code == 200
