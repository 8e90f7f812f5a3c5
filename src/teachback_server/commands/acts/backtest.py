"""Runs a backtest in the foreground: reads the file, says what was refused, shows the progress, tells what came out."""

import json
from pathlib import Path

import click

from teachback.json_types import Json
from teachback_server.agents.python_callable import CallableNotFound, find_callable
from teachback_server.backtest.actions import (
    BacktestRefused,
    BacktestSettings,
    PreparedFile,
    prepare_file,
    start_backtest,
)
from teachback_server.backtest.models import BacktestRun
from teachback_server.backtest.queries import get_figures
from teachback_server.backtest.running import continue_backtest
from teachback_server.backtest.story import tell_story
from teachback_server.commands.acts.prepare import bring_tables_up_to_date
from teachback_server.commands.acts.progress import (
    REFUSED_SHOWN,
    messages,
    refuse_missing_folder,
    say_count,
    say_refused,
    watch_jobs,
    write_json,
)
from teachback_server.commands.exit_codes import ExitCode
from teachback_server.improvements.models import Pattern
from teachback_server.jobs.history_row import HistoryFileError
from teachback_server.people.actions import actor_of, find_or_make_administrator
from teachback_server.people.actor import SYSTEM
from teachback_server.workflows.actions import BoundaryRefused

PYTHON_AGENT = "python:"


def run(
    file: Path,
    *,
    workflow: str,
    agent: str | None,
    seed: int | None,
    input_columns: tuple[str, ...],
    output_columns: tuple[str, ...],
    review: str,
    limit: float,
    certainty: float,
    hand_back_cost: float,
    json_path: Path | None,
) -> ExitCode:
    """Go through a file to its end, or from where it was stopped; 1 where rows were refused."""
    wanted = BacktestSettings(
        workflow=workflow,
        agent=agent or "",
        seed=seed,
        review=review,
        input_columns=input_columns,
        output_columns=output_columns,
        error_limit=limit,
        certainty=certainty,
        hand_back_cost=hand_back_cost,
    )
    refuse_missing_folder(json_path)
    bring_tables_up_to_date()
    try:
        if wanted.agent.startswith(PYTHON_AGENT):
            find_callable(wanted.agent.removeprefix(PYTHON_AGENT))
        prepared = prepare_file(file, wanted.mapping)
        _say_rows(prepared)
        finished = _go_through(prepared, wanted)
    except (HistoryFileError, BacktestRefused, BoundaryRefused, CallableNotFound) as refusal:
        raise click.ClickException(str(refusal)) from refusal
    _report(finished, json_path)
    return ExitCode.FAILED if prepared.refused else ExitCode.FINE


def tell(run: BacktestRun, figures: dict[str, Json]) -> None:
    """Say in words what a run has learned."""
    titles = Pattern.objects.filter(workflow=run.workflow).order_by("-count", "id").values_list("title", flat=True)
    for sentence in tell_story(figures, list(titles[:3])):
        messages.print(sentence)


def _say_rows(prepared: PreparedFile) -> None:
    messages.print(f"{prepared.path.name}: {say_count(len(prepared.rows), 'row')} can be used.")
    if prepared.refused:
        say_refused(prepared.path, prepared.refused[:REFUSED_SHOWN], len(prepared.refused))


def _go_through(prepared: PreparedFile, wanted: BacktestSettings) -> BacktestRun:
    actor = actor_of(find_or_make_administrator(SYSTEM))
    started = start_backtest(actor, prepared, wanted)
    if started.state == "done":
        messages.print(f"'{wanted.workflow}' has gone through this file already; these are its figures.")
        return started
    with watch_jobs() as on_progress:
        continue_backtest(actor, started, prepared, on_progress)
    return started


def _report(run: BacktestRun, json_path: Path | None) -> None:
    figures = get_figures(run)
    tell(run, figures)
    if json_path is None:
        messages.print("Look at it: teachback up")
    else:
        write_json(json_path, json.dumps(figures, ensure_ascii=False, indent=2))
