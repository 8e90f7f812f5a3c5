"""`teachback web`: the pages and the API alone, for more than one machine or a supervisor of your own."""

from pathlib import Path

import click

from teachback_server.commands.options import STORES_HELP, home_option, host_option, name_home, port_option
from teachback_server.commands.ports import refuse_taken_port
from teachback_server.commands.serving import serve_pages
from teachback_server.commands.supervision import prepare_home


@click.command(name="web", short_help="Serve the pages and the API alone.", epilog=STORES_HELP)
@home_option
@host_option
@port_option
def command(home: Path, host: str, port: int) -> int:
    """Serve the pages and the API. Background work needs `teachback worker` beside it.

    \b
    Example:
      teachback web --host 127.0.0.1 --port 8300
    """
    home = name_home(home)
    refuse_taken_port(host, port)
    prepare_home()
    click.echo(f"Pages: http://{host}:{port}   Data: {home}")
    serve_pages(host, port)
    return 0
