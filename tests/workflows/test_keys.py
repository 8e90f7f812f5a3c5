"""API keys have a name and an end, and the day of their last use is known."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from builders import House, make_person
from teachback_server.people.actions import actor_of
from teachback_server.people.audit import Act
from teachback_server.people.models import AuditEvent, User
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import hash_key, make_key, make_key_for_traces
from teachback_server.workflows.key_access import find_sent_key
from teachback_server.workflows.models import ApiKey
from teachback_server.workflows.queries import EXPIRES_SOON, list_keys

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
SETTINGS = "/workflows/support-inbox/settings"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    """A clock that the test sets."""
    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    return clock


class Clock:
    now = NOON


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_key_opens_until_its_end_and_nothing_after(house: House, clock: Clock) -> None:
    key = make_key(house.owner, house.workflow, Scope.READ, expires_at=NOON + timedelta(days=30))
    clock.now = NOON + timedelta(days=30) - timedelta(seconds=1)
    assert find_sent_key(key, [Scope.READ]) is not None
    clock.now = NOON + timedelta(days=30)
    assert find_sent_key(key, [Scope.READ]) is None


def test_a_key_without_an_end_opens_until_it_is_revoked(house: House, clock: Clock) -> None:
    key = make_key(house.owner, house.workflow, Scope.READ)
    clock.now = NOON + timedelta(days=10_000)
    assert find_sent_key(key, [Scope.READ]) is not None


def test_the_last_use_is_written_once_a_day(house: House, clock: Clock) -> None:
    key = make_key(house.owner, house.workflow, Scope.READ)
    assert ApiKey.objects.get().last_used_on is None
    writes = []
    for hours in (0, 1, 11, 13, 14):
        clock.now = NOON + timedelta(hours=hours)
        with CaptureQueriesContext(connection) as queries:
            find_sent_key(key, [Scope.READ])
        writes.append(sum(query["sql"].startswith("UPDATE") for query in queries))
    assert writes == [1, 0, 0, 1, 0]
    assert ApiKey.objects.get().last_used_on == (NOON + timedelta(days=1)).date()


def test_a_key_of_the_wrong_scope_counts_as_not_used(house: House) -> None:
    key = make_key(house.owner, house.workflow, Scope.READ)
    assert find_sent_key(key, [Scope.JOBS]) is None
    assert ApiKey.objects.get().last_used_on is None


def test_a_list_of_keys_tells_which_end_soon_and_puts_those_that_open_nothing_last(house: House, clock: Clock) -> None:
    for label, days in (("ended", 1), ("soon", 12), ("later", 90), ("never", None)):
        expires_at = NOON + timedelta(days=days) if days else None
        make_key(house.owner, house.workflow, Scope.READ, label=label, expires_at=expires_at)
    clock.now = NOON + timedelta(days=2)
    shown = [(key.label, key.opens_something, key.expires_soon) for key in list_keys(house.workflow)]
    assert shown == [("never", True, False), ("later", True, False), ("soon", True, True), ("ended", False, False)]
    assert timedelta(days=30) > EXPIRES_SOON  # else the shortest would be marked from the start


@pytest.mark.parametrize(("lasts", "days"), [("30", 30), ("90", 90), ("365", 365), ("", None)])
def test_an_owner_names_a_key_and_says_how_long_it_lasts(
    house: House, clock: Clock, lasts: str, days: int | None
) -> None:
    sent = {"scope": "jobs", "label": "the <b>mail</b> robot", "lasts_days": lasts}
    client = browser(house.alice)
    page = client.post(f"{SETTINGS}/keys", sent).content.decode()
    key = ApiKey.objects.get()
    assert key.expires_at == (NOON + timedelta(days=days) if days else None)
    assert (f"It ends on {key.expires_at:%Y-%m-%d}" in page) if key.expires_at else ("It ends on" not in page)
    settings = client.get(SETTINGS).content.decode()
    assert "the &lt;b&gt;mail&lt;/b&gt; robot" in settings
    assert "never used" in settings
    details = AuditEvent.objects.get(kind=Act.KEY_MADE).details
    assert (details["label"], bool(details["expires_at"])) == ("the <b>mail</b> robot", bool(days))


@pytest.mark.parametrize("wrong", [{"lasts_days": "7000"}, {"label": "x" * 61}, {"scope": "everything"}])
def test_a_key_that_cannot_be_is_refused_at_its_field_and_none_is_made(house: House, wrong: dict[str, str]) -> None:
    answer = browser(house.alice).post(f"{SETTINGS}/keys", {"scope": "jobs", "lasts_days": "30", **wrong})
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_an_expired_key_is_marked_and_cannot_be_revoked_again(house: House) -> None:
    ended = timezone.now() - timedelta(days=1)
    make_key(house.owner, house.workflow, Scope.READ, label="old robot", expires_at=ended)
    page = browser(house.alice).get(SETTINGS).content.decode()
    assert "Expired" in page
    assert f"ended on {ended:%Y-%m-%d}" in page
    assert "Revoke the key" not in page


def test_an_administrator_makes_keys_for_all_workflows_with_a_name_and_an_end(house: House) -> None:
    dana = make_person("dana", is_administrator=True)
    client = browser(dana)
    page = client.post("/intake/keys", {"label": "collector", "lasts_days": "90"}).content.decode()
    key = ApiKey.objects.get(workflow=None)
    assert key.label == "collector"
    assert key.expires_at is not None and f"It ends on {key.expires_at:%Y-%m-%d}" in page
    assert "collector" in client.get("/intake").content.decode()
    assert "at most 60 characters" in client.post("/intake/keys", {"label": "x" * 61}, follow=True).content.decode()
    assert ApiKey.objects.count() == 1


def test_a_key_for_all_workflows_ends_as_well(house: House, clock: Clock) -> None:
    dana = actor_of(make_person("dana", is_administrator=True))
    key = make_key_for_traces(dana, expires_at=NOON + timedelta(days=30))
    assert ApiKey.objects.get(key_hash=hash_key(key)).workflow is None
    clock.now = NOON + timedelta(days=31)
    assert find_sent_key(key, [Scope.TRACES]) is None
