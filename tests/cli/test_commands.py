"""Every command explains itself, and says by its exit code how it ended."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from servers import run_teachback
from teachback_server.cli import COMMANDS, main, teachback
from teachback_server.commands import options


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches_with_an_example_and_touches_nothing(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TEACHBACK_HOME")
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"  teachback {name}" in said
    assert "--home" in said
    assert list(tmp_path.iterdir()) == []


def test_the_list_of_commands_says_what_each_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    for name in COMMANDS:
        assert f"  {name} " in said


@pytest.mark.parametrize("arguments", [["nonsense"], ["up", "--port", "none"], ["backtest"], ["web", "--nonsense"]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "Usage:" in capsys.readouterr().err


def run_failing(problem: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    def fail(*args: object, **kwargs: object) -> None:
        raise problem

    monkeypatch.setattr(teachback, "main", fail)
    with pytest.raises(SystemExit) as ended:
        main([])
    return int(str(ended.value.code))


@pytest.mark.parametrize(
    ("problem", "code"), [(click.ClickException("no"), 1), (KeyboardInterrupt(), 1), (RuntimeError("odd"), 3)]
)
def test_a_failure_ends_with_1_and_a_surprise_with_3(
    problem: BaseException, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_failing(problem, monkeypatch) == code


def test_a_surprise_is_told_in_plain_words_and_shows_where_only_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_failing(RuntimeError("odd"), monkeypatch)
    plain = capsys.readouterr().err
    assert "RuntimeError: odd" in plain
    assert "TEACHBACK_DEBUG=1" in plain
    assert "Traceback" not in plain
    monkeypatch.setenv("TEACHBACK_DEBUG", "1")
    run_failing(RuntimeError("odd"), monkeypatch)
    assert "Traceback" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text("")
    with pytest.raises(click.ClickException, match="Name one that you may write to with --home"):
        options.name_home(file / "home")


@pytest.mark.parametrize("name", ["Booking Desk", "../up", "", "-x", "a" * 81])
def test_a_workflow_name_that_cannot_stand_in_an_address_is_refused(name: str) -> None:
    with pytest.raises(click.BadParameter, match="Use small letters"):
        options.WorkflowName().convert(name, None, None)


def test_starting_the_command_loads_neither_django_settings_nor_science() -> None:
    heavy = "django.conf django.db numpy scipy sklearn altair rich pydantic"
    script = (
        "import sys; from teachback_server.cli import main\n"
        "try: main(['up', '--help'])\n"
        f"except SystemExit: print([name for name in '{heavy}'.split() if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"


def test_a_worker_with_nothing_to_do_ends_when_asked_to(tmp_path: Path) -> None:
    done = run_teachback("worker", "--until-idle", home=tmp_path / "home")
    assert (done.returncode, done.stderr) == (0, "")
