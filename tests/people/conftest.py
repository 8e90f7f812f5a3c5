"""People to sign in as."""

import pytest
from django.test import Client

from teachback_server.people.actions import make_user
from teachback_server.people.actor import SYSTEM
from teachback_server.people.models import User

PASSWORD = "four words in a row"


@pytest.fixture
def ann(db: None) -> User:
    """An administrator with a password."""
    return make_user(SYSTEM, "ann", password=PASSWORD, is_administrator=True)


@pytest.fixture
def bob(db: None) -> User:
    """Somebody without a password, who signs in by link."""
    return make_user(SYSTEM, "bob")


@pytest.fixture
def strict_client() -> Client:
    """A browser that has to send the CSRF token, as a real one does."""
    return Client(enforce_csrf_checks=True)
