"""Fixtures of the results room."""

import pytest

from builders import House, make_house
from partly_reviewed import PartlyReviewed, make_partly_reviewed


@pytest.fixture
def house(db: None) -> House:
    """Alice, Bob and Charlie with their two workflows."""
    return make_house()


@pytest.fixture
def partly_reviewed(house: House) -> PartlyReviewed:
    """Work of which some skips review."""
    return make_partly_reviewed(house)
