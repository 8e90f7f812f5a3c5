"""`teachback demo`: a sample desk goes through the whole loop, then the pages come up."""

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from teachback_server.commands.exit_codes import ExitCode
from teachback_server.commands.options import home_option, load_act, port_option
from teachback_server.commands.ports import refuse_taken_port


@click.command(name="demo", short_help="Watch a sample desk learn, then look at it.")
@home_option
@port_option
@click.option("--only-story", is_flag=True, help="Stop after the story; do not start the pages.")
def command(home: Path, port: int, only_story: bool) -> int:
    """Watch a sample support desk learn, then look at it in the browser.

    The messages are sample data that we wrote ourselves. It takes under a minute and leaves a queue for you to decide.

    \b
    Example:
      teachback demo --port 8300
    """
    if not only_story:
        refuse_taken_port("127.0.0.1", port)
    os.environ.setdefault("TEACHBACK_SQLITE_SYNCHRONOUS", "NORMAL")
    load_act(home, "demo").run()
    if not only_story:
        _become_up(home, port)
    return ExitCode.FINE


def _become_up(home: Path, port: int) -> NoReturn:
    """Take the place of this process, so that the memory of the learning is given back."""
    del os.environ["TEACHBACK_SQLITE_SYNCHRONOUS"]
    sys.stdout.flush()
    again = [sys.executable, "-m", "teachback_server.cli", "up", "--home", str(home.resolve()), "--port", str(port)]
    os.execv(sys.executable, again)  # noqa: S606
