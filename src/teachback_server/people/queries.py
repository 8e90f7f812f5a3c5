"""Reads of people: who may sign in, and where mails to them go."""

from dataclasses import dataclass
from datetime import datetime

from teachback_server.people.models import User


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who may sign in, or could until they were deactivated."""

    user_id: int
    username: str
    is_administrator: bool
    last_sign_in_at: datetime | None  # None: not yet


def list_people() -> list[Person]:
    """Everyone who may sign in, by user name."""
    return _list(is_active=True)


def list_former_people() -> list[Person]:
    """Everyone who was deactivated, by user name."""
    return _list(is_active=False)


def find_former_person(user_id: int) -> User | None:
    """Somebody who was deactivated; None where there is nobody, or they may sign in."""
    return User.objects.filter(pk=user_id, is_active=False).first()


def find_person(user_id: int) -> User | None:
    """Somebody who may sign in; None where there is nobody, or they left."""
    return User.objects.filter(pk=user_id, is_active=True).first()


def _list(*, is_active: bool) -> list[Person]:
    return [
        Person(
            user_id=user.pk,
            username=user.username,
            is_administrator=user.is_administrator,
            last_sign_in_at=user.last_login,
        )
        for user in User.objects.filter(is_active=is_active).order_by("username")
    ]


def find_mail_address(user: User) -> str:
    """Where mails to a person go: the address that they gave, or a user name that is one; empty where there is none."""
    return user.email or (user.username if "@" in user.username else "")
