"""Options that several commands share, and opening the data folder that they name."""

import importlib
import os
import re
from pathlib import Path
from types import ModuleType

import click
import django

from teachback_server.project.home import open_home

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
    return home
