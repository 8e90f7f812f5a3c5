"""`teachback up`: the whole product on this machine."""

from pathlib import Path

import click

from teachback_server.commands.options import STORES_HELP, home_option, host_option, name_home, port_option
from teachback_server.commands.supervision import bring_up


@click.command(name="up", short_help="Start everything on this machine.", epilog=STORES_HELP)
@home_option
@host_option
@port_option
def command(home: Path, host: str, port: int) -> int:
    """Start everything on this machine: the pages, the work in the background, and the data in one folder.

    Prints a link that signs you in once. Ctrl-C stops it; the next start finds everything again.

    \b
    Example:
      teachback up --home ~/teachback --port 8300
    """
    return bring_up(name_home(home), host, port)
