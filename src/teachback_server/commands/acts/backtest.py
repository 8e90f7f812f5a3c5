"""Runs a backtest in the foreground: reads the file, says what was refused, shows the progress, tells what came out."""

import json
from pathlib import Path

import click
from rich.console import Console

from teachback.json_types import Json
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
from teachback_server.commands.acts.progress import watch_jobs
from teachback_server.commands.exit_codes import ExitCode
from teachback_server.improvements.models import Pattern
from teachback_server.jobs.history_row import HistoryFileError
from teachback_server.jobs.refused_rows import describe_refused_row, refused_path
from teachback_server.people.actions import actor_of, find_or_make_administrator
from teachback_server.people.actor import SYSTEM
from teachback_server.workflows.actions import BoundaryRefused

REFUSED_SHOWN = 5

messages = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


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
    if json_path is not None:
        _refuse_missing_folder(json_path)
    bring_tables_up_to_date()
    try:
        prepared = prepare_file(file, wanted.mapping)
        say_refused(prepared)
        finished = _go_through(prepared, wanted)
    except (HistoryFileError, BacktestRefused, BoundaryRefused) as refusal:
        raise click.ClickException(str(refusal)) from refusal
    _report(finished, json_path)
    return ExitCode.FAILED if prepared.refused else ExitCode.FINE


def say_refused(prepared: PreparedFile) -> None:
    """Say which rows are left out, why, and where they all stand."""
    messages.print(f"{prepared.path.name}: {len(prepared.rows)} rows can be used.")
    if not prepared.refused:
        return
    for row in prepared.refused[:REFUSED_SHOWN]:
        messages.print(f"  {describe_refused_row(prepared.path, row)}")
    where = refused_path(prepared.path)
    messages.print(f"{len(prepared.refused)} rows were refused. All of them, with their reasons: {where}")


def tell(run: BacktestRun, figures: dict[str, Json]) -> None:
    """Say in words what a run has learned."""
    titles = Pattern.objects.filter(workflow=run.workflow).order_by("-count", "id").values_list("title", flat=True)
    for sentence in tell_story(figures, list(titles[:3])):
        messages.print(sentence)


def _go_through(prepared: PreparedFile, wanted: BacktestSettings) -> BacktestRun:
    actor = actor_of(find_or_make_administrator(SYSTEM))
    started = start_backtest(actor, prepared, wanted)
    if started.state == "done":
        messages.print(f"'{wanted.workflow}' has gone through this file already; these are its figures.")
        return started
    with watch_jobs(messages) as on_progress:
        continue_backtest(actor, started, prepared, on_progress)
    return started


def _report(run: BacktestRun, json_path: Path | None) -> None:
    figures = get_figures(run)
    tell(run, figures)
    if json_path is None:
        messages.print("Look at it: teachback up")
        return
    text = json.dumps(figures, ensure_ascii=False, indent=2) + "\n"
    if str(json_path) == "-":
        click.echo(text, nl=False)
    else:
        json_path.write_text(text, encoding="utf-8")
        messages.print(f"All figures: {json_path}")


def _refuse_missing_folder(json_path: Path) -> None:
    if str(json_path) != "-" and not json_path.absolute().parent.is_dir():
        raise click.ClickException(
            f"There is no folder {json_path.parent} to write {json_path.name} to. Make it first."
        )
