"""What a command says while it works: messages, a bar for jobs on their way, and figures at the end."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from teachback_server.jobs.history_row import RefusedRow
from teachback_server.jobs.refused_rows import describe_refused_row, refused_path

LINE_EVERY_SECONDS = 10.0
REFUSED_SHOWN = 5

# On the error stream, so that figures on the screen (--json -) stand alone.
messages = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


@contextmanager
def watch_jobs() -> Iterator[Callable[[int, int], None]]:
    """Give a function that takes how many jobs are done, of how many, and shows it."""
    if not messages.is_terminal:
        lines = _Lines()
        yield lambda done, total: lines.show(f"{done} of {total} jobs", is_last=done == total)
        return
    left = (TextColumn("left"), TimeRemainingColumn())
    with Progress(
        TextColumn("Jobs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), *left, console=messages
    ) as bar:
        task = bar.add_task("jobs", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def watch_rows() -> Iterator[Callable[[int], None]]:
    """Give a function that takes how many rows of a file are read; how many there are is not known."""
    if not messages.is_terminal:
        lines = _Lines()
        yield lambda rows: lines.show(f"{rows} rows")
        return
    with Progress(TextColumn("{task.completed} rows"), BarColumn(), TimeElapsedColumn(), console=messages) as bar:
        task = bar.add_task("rows", total=None)
        yield lambda rows: bar.update(task, completed=rows)


def say_refused(file: Path, first: Sequence[RefusedRow], refused: int) -> None:
    """Say which rows of a file are left out, why, and where they all stand."""
    for row in first:
        messages.print(f"  {describe_refused_row(file, row)}")
    where = refused_path(file)
    messages.print(f"Refused: {say_count(refused, 'row')}. They stand with their reasons in {where}")


def say_count(number: int, what: str) -> str:
    """A number with its noun: "1 row", "2 rows"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def write_json(path: Path, text: str) -> None:
    """Write figures to a file, or to the screen for the path "-"."""
    if str(path) == "-":
        click.echo(text)
    else:
        path.write_text(f"{text}\n", encoding="utf-8")
        messages.print(f"All figures: {path}")


def refuse_missing_folder(path: Path | None) -> None:
    """Say before the work begins that its figures could not be written."""
    if path is not None and str(path) != "-" and not path.absolute().parent.is_dir():
        raise click.ClickException(f"There is no folder {path.parent} to write {path.name} to. Make it first.")


class _Lines:
    """A line now and then, for a screen that cannot show a bar."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def show(self, line: str, *, is_last: bool = False) -> None:
        """Print the line if the one before is long ago."""
        if is_last or time.monotonic() - self._last >= LINE_EVERY_SECONDS:
            self._last = time.monotonic()
            messages.print(line)
