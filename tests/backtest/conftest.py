"""Fixtures of the backtest room: a data folder of its own for each test, and what the workers would do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from builders import House, make_house


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """Uploads, fitted models and locks of one test."""
    settings.HOME = tmp_path / "home"
    settings.UPLOADS_FOLDER = settings.HOME / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR = settings.UPLOADS_FOLDER
    settings.MODELS_FOLDER = settings.HOME / "models"
    settings.UPLOADS_FOLDER.mkdir(parents=True)
    yield settings.HOME


@pytest.fixture
def house(db: None) -> House:
    """Alice, Bob and Charlie with their two workflows."""
    return make_house()
