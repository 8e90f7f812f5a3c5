"""Shows that the soak sees growth where there is some, and none in noise or while caches fill."""

import pytest

from crash import name_part
from soak import fit_slope

MINUTES = [place / 12 for place in range(120)]


def test_what_grows_by_two_a_minute_has_the_slope_two() -> None:
    assert fit_slope(MINUTES, [100 + 2 * minute for minute in MINUTES]) == pytest.approx(2)


def test_what_is_taken_up_in_the_first_half_is_no_growth() -> None:
    assert fit_slope(MINUTES, [min(minute, 3.0) * 20 for minute in MINUTES]) == pytest.approx(0)


def test_one_look_is_too_little_to_see_growth() -> None:
    assert fit_slope([0.1], [5.0]) == 0


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("python -m teachback_server.cli up --port 8300", "up"),
        ("python -m teachback_server.commands.serving 127.0.0.1 8300", "web"),
        ("python -m teachback_server.commands.child worker", "worker"),
        ("python -m teachback_server.commands.child digest", "digest"),
    ],
)
def test_parts_are_told_apart_by_their_commands(command: str, part: str) -> None:
    assert name_part(command) == part
