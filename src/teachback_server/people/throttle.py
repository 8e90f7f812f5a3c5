"""Slows down whoever guesses passwords: after a few failures for a name or from an address, each try waits longer."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db import transaction
from django.utils import timezone

from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.people.models import FailedTries, User

FREE_TRIES = 5
LONGEST_WAIT = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(hours=24)


class MustWait(PermissionError):
    """Too many tries failed in a row. Wait as long as the message says, or ask an administrator for a link."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"Too many tries failed. Wait {spell_wait(seconds)} and try again, or ask an administrator for a link"
            " to choose a new password."
        )
        self.seconds = seconds


@dataclass(frozen=True, kw_only=True)
class Try:
    """One try to prove who somebody is, which counts as failed until it is said to have succeeded."""

    username: str
    address: str
    count: int  # tries since the last success, this one included; the larger one of name and address


def begin_try(username: str, address: str, *, at: datetime | None = None) -> Try:
    """Count a try before the password is looked at, so that many at once gain nothing. Raises MustWait.

    A name that nobody has is counted like any other, so that a wait gives no name away. A try that has to wait is not
    counted.
    """
    now = at or timezone.now()
    keys = _keys(username, address)
    with transaction.atomic():
        FailedTries.objects.filter(last_at__lt=now - FORGOTTEN_AFTER).delete()
        rows = _lock(keys, now)
        waits = [row.last_at + wait_after(row.count) - now for row in rows]
        if (longest := max(waits)) > timedelta(0):
            raise MustWait(ceil(longest.total_seconds()))
        for row in rows:
            row.count, row.last_at = row.count + 1, now
            row.save(update_fields=["count", "last_at"])
    return Try(username=username, address=address, count=max(row.count for row in rows))


def note_failure(failed: Try) -> None:
    """Put every fifth failure in a row into the trail, with the name only if somebody has it.

    What is typed as a name and belongs to nobody may be a password in the wrong field.
    """
    if failed.count % FREE_TRIES:
        return
    known = User.objects.filter(username__iexact=failed.username).values_list("username", flat=True).first()
    with transaction.atomic():
        record_act(
            Actor(name=f"Somebody at {failed.address or 'an unknown address'}"),
            Act.SIGN_IN_FAILED,
            known or "a name that nobody has",
            details={"failures": failed.count},
        )


def note_success(tried: Try) -> None:
    """Forget the failures of a name and of an address."""
    FailedTries.objects.filter(key__in=_keys(tried.username, tried.address)).delete()


def wait_after(count: int) -> timedelta:
    """How long after so many failures in a row the next try may come: 1 s after the fifth, then twice as long each."""
    if count < FREE_TRIES:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(count - FREE_TRIES, 20)), LONGEST_WAIT)


def spell_wait(seconds: int) -> str:
    """A wait in words: "1 second", "40 seconds", "5 minutes"."""
    number, unit = (seconds, "second") if seconds < 60 else (ceil(seconds / 60), "minute")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _keys(username: str, address: str) -> tuple[str, ...]:
    # Hashed, because people type their password into the field of the name now and then.
    said = [f"name {username.strip().casefold()}", *([f"address {address}"] if address else [])]
    return tuple(sorted(hashlib.sha256(text.encode()).hexdigest() for text in said))


def _lock(keys: Iterable[str], now: datetime) -> list[FailedTries]:
    """The rows of the keys, always in the same order, so that two tries never wait for each other in a circle."""
    rows = []
    for key in keys:
        FailedTries.objects.get_or_create(key=key, defaults={"last_at": now})
        rows.append(FailedTries.objects.select_for_update().get(key=key))
    return rows
