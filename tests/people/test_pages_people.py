"""Administrators see who may sign in, add people, and hand them links; nobody else does."""

import re

import pytest
from django.test import Client

from teachback_server.people.models import OneTimeLink, User


@pytest.fixture
def admin_browser(client: Client, ann: User) -> Client:
    """An administrator's browser."""
    client.force_login(ann)
    return client


def link_in(page: str) -> str:
    found = re.search(r'value="http://testserver(/sign-in/link/[^"]+)"', page)
    assert found, page
    return found[1]


def test_a_person_is_added_and_comes_in_by_the_link_once(admin_browser: Client) -> None:
    answer = admin_browser.post("/people", {"username": "carl@example.com"})
    carl = User.objects.get(username="carl@example.com")
    assert not carl.is_administrator
    assert "no-store" in answer["Cache-Control"]
    theirs = Client()
    address = link_in(answer.content.decode())
    assert theirs.post(address, {"password": "some quite long words"})["Location"] == "/"
    assert theirs.session["_auth_user_id"] == str(carl.pk)
    assert Client().post(address, {"password": "some other long words"}).status_code == 410


def test_the_list_says_who_is_an_administrator_and_who_never_came(admin_browser: Client, bob: User) -> None:
    rows = re.findall(r"<tr>(.*?)</tr>", admin_browser.get("/people").content.decode(), re.DOTALL)
    ann_row, bob_row = (next(row for row in rows if f"<td>{name}" in row) for name in ("ann", "bob"))
    assert "administrator" in ann_row
    assert "administrator" not in bob_row
    assert "Not yet" in bob_row
    assert "Not yet" not in ann_row


def test_an_administrator_is_made_only_where_that_is_ticked(admin_browser: Client) -> None:
    admin_browser.post("/people", {"username": "dora", "is_administrator": "on"})
    assert User.objects.get(username="dora").is_administrator


def test_somebody_who_forgot_their_password_gets_another_link(admin_browser: Client, bob: User) -> None:
    page = admin_browser.post(f"/people/{bob.pk}/link").content.decode()
    assert "A link for bob" in page
    assert "Choose a password, bob" in Client().get(link_in(page)).content.decode()


@pytest.mark.parametrize(
    ("username", "said"),
    [
        ("ANN", "Choose another one."),
        ("two words", "Use letters, digits and the signs"),
        ("<b>x</b>", "Use letters, digits and the signs"),
        ("", "Write the name that they will sign in with."),
        ("a" * 151, "at most 150"),
    ],
)
def test_a_name_that_cannot_be_used_is_said_at_the_name_and_adds_nobody(
    admin_browser: Client, username: str, said: str
) -> None:
    answer = admin_browser.post("/people", {"username": username})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert User.objects.count() == 1
    assert not OneTimeLink.objects.exists()


def test_nobody_else_sees_people_or_makes_links(client: Client, ann: User, bob: User) -> None:
    client.force_login(bob)
    assert client.get("/people").status_code == 403
    assert client.post("/people", {"username": "eve", "is_administrator": "on"}).status_code == 403
    for act in ("link", "deactivate", "activate"):
        assert client.post(f"/people/{ann.pk}/{act}").status_code == 403
    assert not User.objects.filter(username="eve").exists()
    assert not OneTimeLink.objects.exists()
    assert 'href="/people"' not in client.get("/account").content.decode()


def test_no_link_is_made_for_somebody_who_left(admin_browser: Client, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert admin_browser.post(f"/people/{bob.pk}/link").status_code == 404
    assert "New password for bob" not in admin_browser.get("/people").content.decode()


def test_a_person_is_deactivated_and_activated_by_one_press_each(admin_browser: Client, bob: User) -> None:
    page = admin_browser.post(f"/people/{bob.pk}/deactivate", follow=True).content.decode()
    assert "bob is signed out and cannot sign in any more." in page
    assert "Activate bob again" in page and "Deactivate bob" not in page
    assert admin_browser.post(f"/people/{bob.pk}/deactivate").status_code == 404
    page = admin_browser.post(f"/people/{bob.pk}/activate", follow=True).content.decode()
    assert "bob may sign in again." in page
    assert "Deactivate bob" in page and "Activate bob again" not in page


def test_nobody_is_offered_to_deactivate_themselves(admin_browser: Client, ann: User) -> None:
    assert "Deactivate ann" not in admin_browser.get("/people").content.decode()
    page = admin_browser.post(f"/people/{ann.pk}/deactivate", follow=True).content.decode()
    assert "You cannot deactivate yourself. Let another administrator do it." in page


def test_an_administrator_finds_people_from_their_account(admin_browser: Client) -> None:
    assert 'href="/people"' in admin_browser.get("/account").content.decode()


def test_another_site_cannot_add_people(strict_client: Client, ann: User) -> None:
    strict_client.force_login(ann)
    assert strict_client.post("/people", {"username": "eve"}).status_code == 403
