"""Runs an import in the foreground: shows the progress, and says what was brought in and what was refused."""

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import click

from teachback_server.commands.acts.named_workflow import get_named_workflow
from teachback_server.commands.acts.prepare import bring_tables_up_to_date
from teachback_server.commands.acts.progress import (
    REFUSED_SHOWN,
    messages,
    refuse_missing_folder,
    say_count,
    say_refused,
    watch_rows,
    write_json,
)
from teachback_server.commands.exit_codes import ExitCode
from teachback_server.jobs.history_row import ColumnMapping, HistoryFileError, RefusedRow
from teachback_server.people.actions import actor_of, find_or_make_administrator
from teachback_server.people.actor import SYSTEM
from teachback_server.reviews.import_actions import ImportRefused, ImportReport, import_history


def run(
    file: Path,
    workflow: str,
    *,
    input_columns: tuple[str, ...],
    output_columns: tuple[str, ...],
    json_path: Path | None,
) -> ExitCode:
    """Import a file; 1 where rows were refused."""
    refuse_missing_folder(json_path)
    bring_tables_up_to_date()
    mapping = ColumnMapping(input_columns=input_columns, output_columns=output_columns)
    actor = actor_of(find_or_make_administrator(SYSTEM))
    try:
        with watch_rows() as on_progress:
            report = import_history(actor, get_named_workflow(workflow), file, mapping, on_progress=on_progress)
    except (HistoryFileError, ImportRefused) as refusal:
        raise click.ClickException(str(refusal)) from refusal
    _say(file, report)
    if json_path is not None:
        write_json(json_path, json.dumps(asdict(report), default=str, indent=2))
    return ExitCode.FAILED if report.refused else ExitCode.FINE


def read_refused_rows(path: Path) -> Iterator[RefusedRow]:
    """The rows that an import left out, from the file that it wrote them to."""
    with path.open(encoding="utf-8", newline="") as file:
        cells = map(json.loads, file) if path.suffix == ".jsonl" else csv.DictReader(file)
        for row in cells:
            yield RefusedRow(line=int(row["line"]), raw=row["raw"], reason=row["reason"], remedy=row["remedy"])


def _say(file: Path, report: ImportReport) -> None:
    messages.print(
        f"{file.name}: {say_count(report.imported, 'job')} imported, {report.with_drafts} of them with a draft."
    )
    if report.already_here:
        messages.print(f"Here already, and left as they are: {say_count(report.already_here, 'row')}.")
    if report.refused_path is not None:
        say_refused(file, list(islice(read_refused_rows(report.refused_path), REFUSED_SHOWN)), report.refused)
