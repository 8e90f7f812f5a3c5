"""One's own account: the password, and where one is signed in."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from teachback_server.people.actions import LinkNotValid, make_one_time_link, use_one_time_link
from teachback_server.people.actor import SYSTEM
from teachback_server.people.audit import Act
from teachback_server.people.device import name_device
from teachback_server.people.models import AuditEvent, SignedInSession, User
from teachback_server.people.sessions import SEEN_EVERY

OLD, NEW = "four words in a row", "some quite long words"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML) Version/18 Mobile Safari/604"


def browser(user: User, user_agent: str = FIREFOX) -> Client:
    client = Client(headers={"User-Agent": user_agent})
    client.force_login(user)
    assert client.get("/account").status_code == 200
    return client


def buttons_to_end(page: str) -> list[str]:
    return re.findall(r'action="(/account/sessions/[0-9a-f]{16}/end)"', page)


def test_a_person_without_a_password_chooses_one_and_stays_signed_in(bob: User) -> None:
    client = browser(bob)
    assert "Password until now" not in client.get("/account").content.decode()
    assert client.post("/account", {"password": "short"}).status_code == 422
    assert client.post("/account", {"password": NEW}).status_code == 302
    assert client.get("/account").status_code == 200
    assert Client().post("/sign-in", {"username": "bob", "password": NEW}).status_code == 302


@pytest.mark.parametrize("current", ["", "not the one", NEW])
def test_a_password_changes_only_for_whom_knows_the_old_one(ann: User, current: str) -> None:
    client = browser(ann)
    assert client.post("/account", {"current": current, "password": NEW}).status_code == 422
    ann.refresh_from_db()
    assert ann.check_password(OLD)
    assert client.post("/account", {"current": OLD, "password": NEW}).status_code == 302
    ann.refresh_from_db()
    assert ann.check_password(NEW)


def test_the_old_password_cannot_be_guessed_from_an_open_browser(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client, now = browser(ann), timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    for _ in range(5):
        client.post("/account", {"current": "a guess", "password": NEW})
    page = client.post("/account", {"current": OLD, "password": NEW}).content.decode()
    assert "Too many tries failed. Wait 1 second" in page


def test_a_new_password_ends_every_other_session_and_every_unused_link(ann: User) -> None:
    here, there = browser(ann), browser(ann)
    token = make_one_time_link(SYSTEM, ann)
    here.post("/account", {"current": OLD, "password": NEW})
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302
    assert SignedInSession.objects.filter(user_id=ann.pk).count() == 1
    with pytest.raises(LinkNotValid):
        use_one_time_link(token)


def test_a_link_to_choose_a_password_ends_what_was_open_with_the_old_one(ann: User) -> None:
    somebody_else = browser(ann)
    address = f"/sign-in/link/{make_one_time_link(SYSTEM, ann, chooses_password=True)}"
    client = Client()
    assert client.post(address, {"password": "short"}).status_code == 422
    assert client.post(address, {"password": NEW})["Location"] == "/"
    assert client.get("/account").status_code == 200
    assert somebody_else.get("/account").status_code == 302
    assert Client().post("/sign-in", {"username": "ann", "password": OLD}).status_code == 422
    trail = list(AuditEvent.objects.order_by("id").values_list("kind", flat=True))
    assert trail[-2:] == [Act.PASSWORD_CHOSEN, Act.SIGNED_IN]


def test_a_link_to_choose_a_password_signs_nobody_in_without_one(ann: User) -> None:
    address = f"/sign-in/link/{make_one_time_link(SYSTEM, ann, chooses_password=True)}"
    client = Client()
    assert client.post(address).status_code == 422
    assert client.get("/account").status_code == 302


def test_everyone_sees_where_they_are_signed_in_and_signs_out_there(ann: User, bob: User) -> None:
    here, phone, other = browser(ann), browser(ann, IPHONE), browser(bob)
    page = here.get("/account").content.decode()
    assert "Firefox on Linux · this one" in page
    assert "Safari on an iPhone" in page
    [address] = buttons_to_end(page)
    other.post(address)
    assert phone.get("/account").status_code == 200
    assert "You are signed out there." in here.post(address, follow=True).content.decode()
    assert phone.get("/account").status_code == 302
    assert "That session had ended before." in here.post(address, follow=True).content.decode()
    assert other.get("/account").status_code == 200


def test_all_other_sessions_end_by_one_press(ann: User) -> None:
    here, *others = (browser(ann) for _ in range(3))
    assert len(buttons_to_end(here.get("/account").content.decode())) == 2
    here.post("/account/sessions/others/end")
    assert here.get("/account").status_code == 200
    assert [other.get("/account").status_code for other in others] == [302, 302]
    assert AuditEvent.objects.get(kind=Act.SESSION_ENDED).details == {"sessions": 2}


def test_no_page_shows_what_would_open_a_session(ann: User) -> None:
    here, other = browser(ann), browser(ann)
    page = here.get("/account").content.decode()
    for client in (here, other):
        assert str(client.session.session_key) not in page


def test_when_a_session_was_seen_is_written_once_in_five_minutes(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client, started = browser(ann), timezone.now()
    seen = []
    for minutes in (1, 4, 6):
        monkeypatch.setattr(timezone, "now", lambda at=started + timedelta(minutes=minutes): at)
        client.get("/account")
        seen.append(SignedInSession.objects.get().last_seen_at)
    assert timedelta(minutes=4) < SEEN_EVERY < timedelta(minutes=6)
    assert seen[0] == seen[1] < started < seen[2]
    row = SignedInSession.objects.get()
    assert row.started_at is not None and row.started_at < started


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (IPHONE, "Safari on an iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140.0 Safari/537 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537 Chrome/140.0 Mobile Safari/537", "Chrome on Android"),
        ("<script>", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_device_is_named_as_its_owner_would(user_agent: str, name: str) -> None:
    assert name_device(user_agent) == name
