"""`teachback backtest`: how far would the workflow have come on work that is done already?"""

import os
import re
from pathlib import Path

import click

from teachback_server.commands.columns import file_argument, input_option, output_option
from teachback_server.commands.options import WorkflowName, home_option, load_act

AGENT_PATTERN = re.compile(r"local|recorded|python:[\w.]+:\w+")


class AgentName(click.ParamType[str]):
    """One of the ready-made agents, or a function of the builder's own."""

    name = "agent"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what no agent answers to."""
        if not AGENT_PATTERN.fullmatch(value):
            self.fail(f"'{value}' is no agent. Write local, recorded, or python:MODULE:FUNCTION.")
        return value


@click.command(name="backtest", short_help="How far would finished work of the past have come?")
@file_argument
@click.option("--workflow", type=WorkflowName(), required=True, help="Name for the workflow, such as booking-desk.")
@click.option(
    "--agent",
    type=AgentName(),
    help="local, recorded or python:MODULE:FUNCTION.  [default: recorded if the file has drafts, else local]",
)
@click.option("--seed", type=int, help="Shuffle the jobs by this number; without it the file's order is kept.")
@input_option
@output_option
@click.option(
    "--review",
    type=click.Choice(["all", "policy"]),
    default="policy",
    show_default=True,
    help="all: a person looks at every job. policy: jobs may skip review as far as the evidence allows.",
)
@click.option(
    "--limit",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="Share of wrong results that you accept among jobs that skip review.",
)
@click.option(
    "--certainty",
    type=click.FloatRange(0.5, 1, min_open=True, max_open=True),
    default=0.90,
    show_default=True,
    help="How sure it must be that the limit is kept.",
)
@click.option(
    "--hand-back-cost",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="What a hand-back costs, where a wrong answer costs 1.",
)
@click.option(
    "--json",
    "json_path",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write all figures to this file; - for the screen.",
)
@home_option
def command(home: Path, file: Path, **wishes: object) -> int:
    """Send FILE, finished work of the past, through the very loop that live work goes through.

    FILE is JSONL or CSV with what came in and what was handed over; two columns are enough. Your people's answers play
    the reviewer. Afterwards the pages show it all like live work. Given again, the same command goes on where it was
    stopped. Rows that cannot be used are written beside FILE with their reasons, and the exit code is then 1.

    \b
    Examples:
      teachback backtest tickets.csv --workflow tickets --input message --output queue
      teachback backtest booking.jsonl --workflow booking-desk --review all --json figures.json
    """
    # A backtest may be repeated from its file, so it need not wait for the disk at every step.
    os.environ.setdefault("TEACHBACK_SQLITE_SYNCHRONOUS", "NORMAL")
    code: int = load_act(home, "backtest").run(file, **wishes)
    return code
