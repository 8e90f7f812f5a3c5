"""Options that several commands share, and opening the data folder that they name."""

import importlib
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import click
import django
from django.core.exceptions import ImproperlyConfigured

from teachback_server.project.databases import read_clickhouse_url, read_databases
from teachback_server.project.home import open_home
from teachback_server.project.incoming import read_trusted_proxies
from teachback_server.project.outgoing import check_outgoing

SETTINGS = "teachback_server.project.settings"

home_option = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="TEACHBACK_HOME",
    default=Path("teachback-home"),
    show_default="./teachback-home",
    help="The folder with all of Teachback's data; made if it is not there.  [env: TEACHBACK_HOME]",
)
port_option = click.option(
    "--port", type=click.IntRange(1, 65535), default=8300, show_default=True, help="Port of the pages."
)
host_option = click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. The default lets in this machine alone.",
)


STORES_HELP = """Everything is kept in files in the data folder, unless these variables name something else:

\b
  TEACHBACK_DATABASE_URL  postgres://user:password@host:5432/database
                          for more than one machine: everything goes there
  TEACHBACK_TRACES_URL    http://user:password@host:8123/database of a
                          ClickHouse, for the steps of very many traces;
                          or another postgres:// for all that traces bring
"""


class WorkflowName(click.ParamType[str]):
    """The name of a workflow as it stands in addresses."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what could not stand in an address."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,79}", value):
            self.fail(
                f"'{value}' cannot stand in an address. Use small letters, digits and hyphens, such as 'booking-desk'."
            )
        return value


def load_act(home: Path, act: str) -> ModuleType:
    """Open the data folder and return the module of what a command does there.

    Tables can be imported only now: Django's settings read the folder when they are first used.
    """
    name_home(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    django.setup()
    here = str(Path.cwd())
    if here not in sys.path:  # so that python:MODULE:FUNCTION may lie in the folder where the command is given
        sys.path.append(here)
    return importlib.import_module(f"teachback_server.commands.acts.{act}")


def name_home(home: Path) -> Path:
    """Make the data folder and name it to this process and all that it starts."""
    home = home.resolve()
    try:
        open_home(home)
    except OSError as problem:
        raise click.ClickException(
            f"The folder {home} cannot be used: {problem.strerror}. Name one that you may write to with --home."
        ) from problem
    os.environ["TEACHBACK_HOME"] = str(home)
    try:
        read_databases(os.environ, home)
        read_clickhouse_url(os.environ)
        check_outgoing(os.environ)
        read_trusted_proxies(os.environ)
    except ImproperlyConfigured as problem:
        raise click.ClickException(str(problem)) from problem
    return home
