"""Fixtures of the SDK: a server that behaves as it is told, and settings that make everything quick."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import teachback
from odd_server import OddServer, start_odd_server

Configure = Callable[..., None]


@pytest.fixture
def odd() -> Iterator[OddServer]:
    """A server that behaves well until it is told otherwise."""
    with start_odd_server() as server:
        yield server


@pytest.fixture
def configure(tmp_path: Path) -> Iterator[Configure]:
    """Configure the SDK for a server, with short times; off again afterwards."""

    def configure_for(server: OddServer, **changes: Any) -> None:
        settings = {
            "url": server.address,
            "key": "tb_key",
            "home": tmp_path / "sdk",
            "batch_seconds": 0.02,
            "timeout_seconds": 0.3,
            "first_rest_seconds": 0.1,
            "release_seconds": 0.05,
            "exit_seconds": 0.3,
        }
        teachback.configure(**{**settings, **changes})

    yield configure_for
    teachback.configure(url="", key="", home=None)
