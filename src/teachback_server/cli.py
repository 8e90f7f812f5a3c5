"""The `teachback` command: finds the module of the command that was asked for, and ends with the right exit code."""

import importlib
import os
import sys
import traceback
from collections.abc import Sequence

import click

from teachback_server.commands.exit_codes import ExitCode

COMMANDS = ("up", "demo", "backtest", "import", "key", "replay", "web", "worker")
DEBUG_SWITCH = "TEACHBACK_DEBUG"


class CommandsOnDemand(click.Group):
    """Loads only the command that was asked for, so that every command starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; None where there is none, and click then says what there is."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"teachback_server.commands.{cmd_name}_command")
        command: click.Command = module.command
        return command


@click.command(
    cls=CommandsOnDemand,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `teachback up`, or with `teachback demo` to see a sample desk learn.",
)
@click.version_option(package_name="teachback", message="teachback %(version)s")
def teachback() -> None:
    """People teach; the workflow proves that it has learned.

    Every command keeps what it does in one folder: --home DIR, or the variable TEACHBACK_HOME, or ./teachback-home.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit code: 0 fine, 1 refused or failed, 2 usage, 3 unexpected."""
    try:
        code = teachback.main(args=arguments, prog_name="teachback", standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        code = problem.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nStopped. Nothing that was saved is lost; the same command goes on from there.", err=True)
        code = ExitCode.FAILED
    except Exception as surprise:  # noqa: BLE001 — the outermost edge
        code = _explain(surprise)
    sys.exit(int(code or 0))


def _explain(surprise: Exception) -> ExitCode:
    if os.environ.get(DEBUG_SWITCH) == "1":
        traceback.print_exception(surprise)
    else:
        click.echo(
            f"Something unexpected happened: {type(surprise).__name__}: {surprise}\n"
            f"What was saved before is safe. Run it again with {DEBUG_SWITCH}=1 to see where it happened.",
            err=True,
        )
    return ExitCode.UNEXPECTED


if __name__ == "__main__":
    main()
