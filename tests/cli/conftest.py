"""Commands run within the test process, on its tables and its data folder."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.conf import settings

from teachback_server.cli import main


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended and what it said: `out` is for programs, `err` for people."""

    code: int
    out: str
    err: str


@pytest.fixture
def run_command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run a command as the terminal would."""
    monkeypatch.setenv("TEACHBACK_HOME", str(settings.HOME))
    monkeypatch.setenv("TEACHBACK_SQLITE_SYNCHRONOUS", "NORMAL")
    monkeypatch.setattr("sys.path", list(sys.path))

    def run(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capfd.readouterr()
        return Ended(code=int(str(ended.value.code)), out=said.out, err=said.err)

    return run
