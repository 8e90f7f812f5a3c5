"""`teachback backtest` and `import`: figures for programs, words for people, and refusals that say what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import make_house
from teachback_server.backtest.models import BacktestRun
from teachback_server.jobs.models import Job
from teachback_server.reviews.models import Review
from teachback_server.workflows.models import Workflow

pytestmark = pytest.mark.django_db(databases=["default", "traces"])

Run = Callable[..., Any]  # see conftest.run_command
WORDS = {"billing": "my invoice shows a wrong amount", "delivery": "where is my parcel", "returns": "I send it back"}


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Ninety jobs that are easy to learn."""
    rows = [
        {"id": f"job-{number}", "input": {"text": f"Hello, {WORDS[queue]} {number}"}, "output": {"queue": queue}}
        for number, queue in enumerate(list(WORDS) * 30)
    ]
    path = tmp_path / "inbox.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_backtest_goes_through_the_file_and_writes_its_figures(run_command: Run, history: Path) -> None:
    figures = history.with_name("figures.json")
    ended = run_command("backtest", str(history), "--workflow", "inbox", "--review", "all", "--json", str(figures))
    assert (ended.code, ended.out) == (0, "")
    assert "90 of 90 jobs" in ended.err
    written = json.loads(figures.read_text())
    assert (written["jobs"], written["reviewed"]) == (90, 90)
    assert Job.objects.filter(workflow__name="inbox").count() == 90


def test_the_same_backtest_again_gives_the_same_figures_on_the_screen(run_command: Run, history: Path) -> None:
    command = ("backtest", str(history), "--workflow", "inbox", "--json", "-")
    first, again = run_command(*command), run_command(*command)
    assert json.loads(first.out) == json.loads(again.out)
    assert "has gone through this file already" in again.err
    assert BacktestRun.objects.count() == 1


def test_rows_that_cannot_be_used_are_named_with_line_and_remedy_and_the_others_kept(
    run_command: Run, history: Path
) -> None:
    with history.open("a") as file:
        file.write('{"id": "job-1", "input": {"text": "again"}, "output": {"queue": "billing"}}\n{"broken\n')
    ended = run_command("backtest", str(history), "--workflow", "inbox")
    assert ended.code == 1
    assert "inbox.jsonl:91:" in ended.err
    assert "inbox.jsonl:92:" in ended.err
    assert "inbox.refused.jsonl" in ended.err
    assert Job.objects.filter(workflow__name="inbox").count() == 90


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (("--workflow", "support-inbox"), "exists already"),
        (("--agent", "python:nowhere_at_all:act"), "cannot import"),
        (("--json", "/nowhere/at/all/out.json"), "There is no folder"),
        (("--input", "colour"), "colour"),
    ],
)
def test_a_backtest_that_cannot_start_says_why_and_leaves_nothing_behind(
    run_command: Run, history: Path, changed: tuple[str, str], words: str
) -> None:
    make_house()
    before = Workflow.objects.count()
    ended = run_command("backtest", str(history), "--workflow", "inbox", *changed)
    assert ended.code == 1
    assert words in ended.err
    assert Workflow.objects.count() == before


def test_an_empty_file_is_refused_with_what_to_give_instead(run_command: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    ended = run_command("backtest", str(empty), "--workflow", "inbox")
    assert ended.code == 1
    assert "empty" in ended.err
    assert not Workflow.objects.exists()


@pytest.mark.parametrize("name", ["gpt", "python:", "python:module", "openai:model"])
def test_an_agent_that_is_none_is_wrong_usage(run_command: Run, history: Path, name: str) -> None:
    assert run_command("backtest", str(history), "--workflow", "inbox", "--agent", name).code == 2


def test_an_import_brings_work_into_a_workflow_once(run_command: Run, tmp_path: Path) -> None:
    make_house()
    file = tmp_path / "march.csv"
    file.write_text("text,queue\nwhere is my parcel,delivery\nmy money back,billing\nwhere is it,nowhere\n")
    for imported, known in ((2, 0), (0, 2)):
        ended = run_command("import", str(file), "--workflow", "support-inbox", "--json", "-")
        report = json.loads(ended.out)
        assert (ended.code, report["imported"], report["already_here"], report["refused"]) == (1, imported, known, 1)
        assert "march.csv:4:" in ended.err
        assert "choose one of" in ended.err
    assert Review.objects.count() == 2


def test_an_import_into_a_workflow_that_is_not_there_names_those_that_are(run_command: Run, history: Path) -> None:
    assert "Make it in the browser first" in run_command("import", str(history), "--workflow", "inbox").err
    make_house()
    ended = run_command("import", str(history), "--workflow", "inbox")
    assert ended.code == 1
    assert "elsewhere, support-inbox" in ended.err


def test_the_demo_tells_what_was_learned_and_leaves_a_queue(run_command: Run) -> None:
    ended = run_command("demo", "--only-story")
    assert ended.code == 0
    assert "went through the loop" in ended.err
    assert Job.objects.filter(is_waiting=True).count() > 0
    again = run_command("demo", "--only-story")
    assert again.err.splitlines()[-1] == ended.err.splitlines()[-1]
