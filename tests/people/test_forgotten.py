"""A forgotten password: a link is mailed to its own person, and whoever asks learns nothing of anybody."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from teachback_server.people.actions import deactivate_user, use_one_time_link
from teachback_server.people.actor import SYSTEM
from teachback_server.people.forgotten import LASTS
from teachback_server.people.models import OneTimeLink, User

ADDRESS = "/sign-in/forgotten"
PASSWORD = "four words in a row"


@pytest.fixture(autouse=True)
def mail_is_set_up(settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.example.org"
    settings.DEFAULT_FROM_EMAIL = "Teachback <teachback@example.org>"
    settings.PUBLIC_URL = "https://teach.example.org"
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}


@pytest.fixture
def cleo(ann: User) -> User:
    """Ann, who can get mail."""
    User.objects.filter(pk=ann.pk).update(email="ann@example.org")
    return User.objects.get(pk=ann.pk)


def test_somebody_who_forgot_their_password_chooses_a_new_one_by_a_mailed_link(client: Client, cleo: User) -> None:
    assert ADDRESS in client.get("/sign-in").content.decode()
    assert "on its way" in client.post(ADDRESS, {"username": "ANN"}).content.decode()
    (sent,) = mail.outbox
    assert sent.to == ["ann@example.org"]
    found = re.search(r"https://teach\.example\.org(/sign-in/link/\S+)", sent.body)
    assert found is not None
    assert client.login(username="ann", password=PASSWORD)  # asking changes nothing
    client.logout()
    client.post(found[1], {"password": "quite another few words"})
    assert client.get("/account").status_code == 200
    assert Client().login(username="ann", password="quite another few words")
    assert client.get(found[1]).status_code == 410


def test_the_answer_is_the_same_whoever_is_asked_for(client: Client, cleo: User, bob: User) -> None:
    deactivate_user(SYSTEM, User.objects.create(username="gone@example.org"))
    pages = [client.post(ADDRESS, {"username": name}) for name in ("nobody", "bob", "gone@example.org", "ann")]
    own = r'"X-CSRFToken": "\w+"|name="csrfmiddlewaretoken" value="\w+"'
    texts = {re.sub(own, "", page.content.decode()) for page in pages}
    assert len(texts) == 1
    assert len(mail.outbox) == 1


def test_a_mailed_link_is_good_for_an_hour_and_ends_with_the_next_password(client: Client, cleo: User) -> None:
    client.post(ADDRESS, {"username": "ann"})
    client.post(ADDRESS, {"username": "ann"})
    assert all(link.expires_at <= timezone.now() + LASTS for link in OneTimeLink.objects.all())
    tokens = [re.search(r"/link/(\S+)", sent.body) for sent in mail.outbox]
    assert tokens[0] and tokens[1]
    use_one_time_link(tokens[0][1], password="quite another few words")
    assert client.get(f"/sign-in/link/{tokens[1][1]}").status_code == 410


def test_nobody_fills_the_mailbox_of_another(client: Client, cleo: User) -> None:
    statuses = [client.post(ADDRESS, {"username": "ann"}).status_code for _ in range(7)]
    assert len(mail.outbox) == 3
    assert statuses[-1] == 429


def test_a_server_without_mail_says_whom_to_ask(client: Client, cleo: User, settings: Settings) -> None:
    settings.EMAIL_HOST = ""
    assert "an administrator has to make you a link" in client.get(ADDRESS).content.decode()
    assert client.post(ADDRESS, {"username": "ann"}).status_code == 200
    assert mail.outbox == []


def test_from_an_open_browser_nobody_has_the_links_of_another_sent_elsewhere(client: Client, cleo: User) -> None:
    client.force_login(cleo)
    wanted = {"hour": "7", "address": "thief@example.org"}
    assert client.post("/account/mails", wanted).status_code == 422
    assert client.post("/account/mails", {**wanted, "password": "a wrong one of theirs"}).status_code == 422
    assert User.objects.get(pk=cleo.pk).email == "ann@example.org"
    client.post("/account/mails", {**wanted, "address": "new@example.org", "password": PASSWORD})
    assert User.objects.get(pk=cleo.pk).email == "new@example.org"
