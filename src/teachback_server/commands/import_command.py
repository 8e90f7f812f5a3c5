"""`teachback import`: finished work of the past into a workflow that exists."""

import os
from pathlib import Path

import click

from teachback_server.commands.columns import file_argument, input_option, output_option
from teachback_server.commands.options import WorkflowName, home_option, load_act


@click.command(name="import", short_help="Bring finished work into a workflow that exists.")
@file_argument
@click.option("--workflow", type=WorkflowName(), required=True, help="The workflow that the work belongs to.")
@input_option
@output_option
@click.option(
    "--json",
    "json_path",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write what was done to this file; - for the screen.",
)
@home_option
def command(
    home: Path,
    file: Path,
    workflow: str,
    input_columns: tuple[str, ...],
    output_columns: tuple[str, ...],
    json_path: Path | None,
) -> int:
    """Bring FILE, finished work of the past, into a workflow, so that it can learn from it.

    FILE is JSONL or CSV with what came in and what was handed over; where it also has what a machine proposed (draft),
    the difference is kept as a correction. Rows that are there already are left as they are, so the same file can be
    given again. Rows that cannot be used are written beside FILE with their reasons, and the exit code is then 1.

    \b
    Example:
      teachback import march.csv --workflow tickets --input message --output queue
    """
    # An import may be repeated from its file, so it need not wait for the disk at every step.
    os.environ.setdefault("TEACHBACK_SQLITE_SYNCHRONOUS", "NORMAL")
    columns = {"input_columns": input_columns, "output_columns": output_columns}
    code: int = load_act(home, "import_rows").run(file, workflow, **columns, json_path=json_path)
    return code
