"""`teachback replay`: an agent's function on recorded jobs, under any release, with recorded tools."""

from pathlib import Path

import click

from teachback_server.commands.options import WorkflowName, home_option, load_act

MOST_JOBS = 100


@click.command(name="replay", short_help="Run your agent again on recorded jobs.")
@click.argument("function", metavar="MODULE:FUNCTION")
@click.option("--workflow", type=WorkflowName(), required=True, help="Whose jobs to run again.")
@click.option("--release", "number", type=click.IntRange(min=1), help="Under which release; the live one if left out.")
@click.option("--last", type=click.IntRange(min=1), default=MOST_JOBS, show_default=True, help="So many of the newest.")
@click.option(
    "--json",
    "json_path",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write what became of every job to this file; - for the screen.",
)
@home_option
def command(home: Path, function: str, workflow: str, number: int | None, last: int, json_path: Path | None) -> int:
    """Run MODULE:FUNCTION again on jobs whose traces are here, and compare with what came of them then.

    Tools under @teachback.tool answer from the recording and never run. A call that was never recorded, or of a tool
    with side effects, stops that job as diverged. Nothing is sent and nothing is stored. The exit code is 1 where a job
    diverged or your function raised.

    \b
    Example:
      teachback replay my_agent:triage --workflow support-desk --release 4
    """
    code: int = load_act(home, "replay").run(function, workflow, number=number, last=last, json_path=json_path)
    return code
