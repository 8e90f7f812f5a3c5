"""Sessions in a table of our own that knows whose each one is, on which device, since when, and when it was last used.

Django finds `SessionStore` here by the setting SESSION_ENGINE.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.http import HttpRequest
from django.utils import timezone

from teachback_server.people.device import name_device
from teachback_server.people.models import SignedInSession

SEEN_EVERY = timedelta(minutes=5)
_DEVICE, _STARTED, _SEEN = "device", "started", "seen"


class SessionStore(DatabaseSessionStore):
    """Keeps a session with what its owner wants to know of it."""

    @classmethod
    def get_model_class(cls) -> type[SignedInSession]:
        """The table."""
        return SignedInSession

    def create_model_instance(self, data: dict[str, object]) -> SignedInSession:
        """The row of a session: what Django keeps, and the columns that a person's list of sessions is read from."""
        row = cast(SignedInSession, super().create_model_instance(data))
        row.user_id = int(str(data[SESSION_KEY])) if SESSION_KEY in data else None
        row.device = str(data.get(_DEVICE, ""))
        row.started_at, row.last_seen_at = _time(data.get(_STARTED)), _time(data.get(_SEEN))
        return row


@dataclass(frozen=True, kw_only=True)
class OpenSession:
    """Where somebody is signed in."""

    session_id: str  # stands for the session without opening it
    device: str
    started_at: datetime | None
    last_seen_at: datetime | None
    is_this_one: bool


def note_seen(request: HttpRequest) -> None:
    """Note in the session of somebody who signed in that it is used; it is written at most every five minutes."""
    session, now = request.session, timezone.now()
    seen_at = _time(session.get(_SEEN))
    if seen_at is not None and now - seen_at < SEEN_EVERY:
        return
    session.setdefault(_STARTED, now.timestamp())
    session[_DEVICE] = name_device(request.headers.get("User-Agent", ""))
    session[_SEEN] = now.timestamp()


def list_open_sessions(user_id: int, this_one: SessionBase) -> list[OpenSession]:
    """Where a person is signed in now; first here, then where they were last."""
    rows = SignedInSession.objects.filter(user_id=user_id, expire_date__gt=timezone.now())
    found = [
        OpenSession(
            session_id=_id_of(row.session_key),
            device=row.device,
            started_at=row.started_at,
            last_seen_at=row.last_seen_at,
            is_this_one=row.session_key == this_one.session_key,
        )
        for row in rows.order_by("-last_seen_at")
    ]
    return sorted(found, key=lambda session: not session.is_this_one)


def end_session(user_id: int, session_id: str) -> str | None:
    """End one session of a person and return its device; None where it ended before, or is not theirs."""
    for row in SignedInSession.objects.filter(user_id=user_id):
        if _id_of(row.session_key) == session_id:
            row.delete()
            return row.device
    return None


def end_sessions(user_id: int, *, but: str | None = None) -> int:
    """End all sessions of a person but the one of a key. Returns how many there were."""
    ended, _ = SignedInSession.objects.filter(user_id=user_id).exclude(session_key=but or "").delete()
    return ended


def _id_of(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()[:16]


def _time(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(float(str(seconds)), UTC) if seconds is not None else None
