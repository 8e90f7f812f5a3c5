"""`teachback worker`: the background work alone."""

from pathlib import Path

import click

from teachback_server.commands.one_heap import use_one_heap
from teachback_server.commands.options import STORES_HELP, home_option, load_act


@click.command(name="worker", short_help="Do the background work alone.", epilog=STORES_HELP)
@home_option
@click.option("--until-idle", is_flag=True, help="Stop when nothing is left to do, instead of waiting for more.")
def command(home: Path, until_idle: bool) -> int:
    """Do the work that the pages put off: backtests, tests of changes, imports. Takes over what a killed worker left.

    \b
    Example:
      teachback worker --until-idle
    """
    use_one_heap()
    acts = load_act(home, "worker")
    acts.prepare_and_work(until_idle=until_idle)
    return 0
