"""`teachback key`: keys with which programs reach a workflow."""

from pathlib import Path

import click

from teachback_server.commands.options import WorkflowName, home_option, load_act

SCOPES = (
    "jobs",
    "reviews",
    "read",
    "traces",
)  # of workflows.access.Scope, whose module can be loaded only once a data folder is open

_LONGEST_NAME = 60


@click.group(name="key", short_help="Make a key for a program.")
def command() -> None:
    """Keys for programs that give jobs to a workflow or read its results. Settings lists and revokes them.

    \b
    Example:
      teachback key create --workflow booking-desk --scope jobs --home ~/teachback
    """


@command.command(name="create", short_help="Make a key and print it, the only time that it is shown.")
@click.option(
    "--workflow",
    type=WorkflowName(),
    help="The workflow that the key opens; no other. Without it, a key for the traces of all workflows.",
)
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    required=True,
    help="jobs: give and record jobs, say whether they were used. reviews: read what waits, give decisions. read: read "
    "results, releases and their lineage. traces: send traces.",
)
@click.option("--name", default="", help="What the key is called in Settings, for example the program that has it.")
@click.option("--days", type=click.IntRange(1, 3650), help="After so many days it opens nothing any more.")
@home_option
def create(home: Path, workflow: str | None, scope: str, name: str, days: int | None) -> int:
    """Make a key and print it, the only time that it is shown.

    The key alone goes to standard output, so that it can be kept without being seen.

    \b
    Example:
      teachback key create --workflow booking-desk --scope jobs --name shop --days 90 > key.txt
    """
    if not workflow and scope != "traces":
        raise click.UsageError("Name the workflow with --workflow: only a key with the scope traces can do without.")
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise click.UsageError(f"A name has at most {_LONGEST_NAME} letters, on one line. Shorten it.")
    load_act(home, "keys").run(workflow or "", scope, name=name.strip(), days=days)
    return 0
