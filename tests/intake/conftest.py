"""Fixtures of intake tests; lets them import what lies beside the benchmarks."""

import sys
from pathlib import Path

import pytest

from builders import House, make_house

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))


@pytest.fixture
def house(db: None) -> House:
    """Alice, Bob and Charlie with their two workflows."""
    return make_house()
