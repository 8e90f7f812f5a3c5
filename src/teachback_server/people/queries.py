"""What an administrator reads about people."""

from dataclasses import dataclass
from datetime import datetime

from teachback_server.people.models import User


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who may sign in."""

    user_id: int
    username: str
    is_administrator: bool
    last_sign_in_at: datetime | None  # None: not yet


def list_people() -> list[Person]:
    """Everyone who may sign in, by user name."""
    return [
        Person(
            user_id=user.pk,
            username=user.username,
            is_administrator=user.is_administrator,
            last_sign_in_at=user.last_login,
        )
        for user in User.objects.filter(is_active=True).order_by("username")
    ]


def find_person(user_id: int) -> User | None:
    """Somebody who may sign in; None where there is nobody, or they left."""
    return User.objects.filter(pk=user_id, is_active=True).first()
