"""Whoever guesses passwords is slowed down, and learns nothing from it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from teachback_server.people.audit import Act
from teachback_server.people.models import AuditEvent, FailedTries, User
from teachback_server.people.throttle import (
    FORGOTTEN_AFTER,
    FREE_TRIES,
    LONGEST_WAIT,
    MustWait,
    begin_try,
    note_success,
    spell_wait,
    wait_after,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RIGHT = {"username": "ann", "password": "four words in a row"}
WRONG = {"username": "ann", "password": "no"}


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stands still, or a slow machine would wait long enough by itself."""
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def fail(username: str = "ann", address: str = "192.0.2.1", times: int = FREE_TRIES) -> None:
    for _ in range(times):
        begin_try(username, address, at=NOON)


def test_the_wait_doubles_from_one_second_to_five_minutes() -> None:
    seconds = [wait_after(count).total_seconds() for count in range(4, 16)]
    assert seconds == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert wait_after(1_000_000) == LONGEST_WAIT


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 second"), (32, "32 seconds"), (60, "1 minute"), (256, "5 minutes")]
)
def test_a_wait_is_told_in_words(seconds: int, words: str) -> None:
    assert spell_wait(seconds) == words


def test_after_five_failures_for_a_name_the_next_try_waits_wherever_it_comes_from(db: None) -> None:
    fail()
    with pytest.raises(MustWait, match="Wait 1 second and try again"):
        begin_try(" Ann", "198.51.100.7", at=at(0.5))
    begin_try("ann", "198.51.100.7", at=at(1))
    with pytest.raises(MustWait, match="Wait 2 seconds"):
        begin_try("ann", "198.51.100.7", at=at(1))


def test_after_five_failures_from_an_address_every_name_waits_there(db: None) -> None:
    for name in ("ann", "bob", "carl", "dora", "eve"):
        begin_try(name, "192.0.2.1", at=NOON)
    with pytest.raises(MustWait):
        begin_try("frank", "192.0.2.1", at=NOON)
    begin_try("frank", "192.0.2.2", at=NOON)


def test_without_a_known_address_the_name_alone_counts(db: None) -> None:
    for number in range(FREE_TRIES + 1):
        begin_try(f"name-{number}", "", at=NOON)
    assert FailedTries.objects.count() == FREE_TRIES + 1


def test_a_try_that_has_to_wait_does_not_make_the_wait_longer(db: None) -> None:
    fail()
    for _ in range(10):
        with pytest.raises(MustWait, match="Wait 1 second "):
            begin_try("ann", "192.0.2.1", at=NOON)


def test_success_clears_the_failures_of_name_and_address(db: None) -> None:
    fail(times=FREE_TRIES - 1)
    note_success(begin_try("ann", "192.0.2.1", at=NOON))
    assert not FailedTries.objects.exists()


def test_failures_are_forgotten_after_a_day(db: None) -> None:
    fail()
    begin_try("somebody else", "192.0.2.9", at=NOON + FORGOTTEN_AFTER + timedelta(seconds=1))
    assert FailedTries.objects.count() == 2


def test_neither_name_nor_address_is_kept_in_the_clear(db: None) -> None:
    fail()
    kept = str(list(FailedTries.objects.values()))
    assert "ann" not in kept
    assert "192.0.2.1" not in kept


@pytest.mark.usefixtures("stopped_clock")
@pytest.mark.parametrize("username", ["ann", "nobody-has-this"])
def test_a_page_tells_how_long_to_wait_whether_or_not_the_name_exists(client: Client, ann: User, username: str) -> None:
    answers = [client.post("/sign-in", {**WRONG, "username": username}) for _ in range(FREE_TRIES + 1)]
    assert [answer.status_code for answer in answers] == [422] * FREE_TRIES + [429]
    assert "Too many tries failed. Wait 1 second and try again" in answers[-1].content.decode()
    assert answers[-1]["Retry-After"] == "1"


@pytest.mark.usefixtures("stopped_clock")
def test_who_has_to_wait_is_not_let_in_with_the_right_password_either(client: Client, ann: User) -> None:
    for _ in range(FREE_TRIES):
        client.post("/sign-in", WRONG)
    assert client.post("/sign-in", RIGHT).status_code == 429
    assert client.get("/").status_code == 302
    FailedTries.objects.update(last_at=NOON)
    assert client.post("/sign-in", RIGHT).status_code == 302
    assert not FailedTries.objects.exists()


@pytest.mark.usefixtures("stopped_clock")
def test_repeated_failure_stands_in_the_trail_once_for_five(client: Client, ann: User) -> None:
    for _ in range(FREE_TRIES + 3):
        client.post("/sign-in", {**WRONG, "username": "Ann"})
    event = AuditEvent.objects.get(kind=Act.SIGN_IN_FAILED)
    assert (event.actor_name, event.subject, event.details) == ("Somebody at 127.0.0.1", "ann", {"failures": 5})


@pytest.mark.usefixtures("stopped_clock")
def test_what_was_typed_as_a_name_that_nobody_has_is_not_put_into_the_trail(client: Client, ann: User) -> None:
    for _ in range(FREE_TRIES):
        client.post("/sign-in", {**WRONG, "username": "my secret password"})
    assert AuditEvent.objects.get(kind=Act.SIGN_IN_FAILED).subject == "a name that nobody has"
