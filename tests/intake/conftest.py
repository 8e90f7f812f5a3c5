"""Fixtures of intake tests."""

import pytest

from builders import House, make_house


@pytest.fixture
def house(db: None) -> House:
    """Alice, Bob and Charlie with their two workflows."""
    return make_house()
