"""A progress bar for jobs on their way; on a screen that cannot show one, a line now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LINE_EVERY_SECONDS = 10.0


@contextmanager
def watch_jobs(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Give a function that takes how many jobs are done, of how many, and shows it."""
    if not console.is_terminal:
        yield _Lines(console).show
        return
    columns = (
        TextColumn("Jobs"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("jobs", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = time.monotonic()

    def show(self, done: int, total: int) -> None:
        if time.monotonic() - self._last < LINE_EVERY_SECONDS and done < total:
            return
        self._last = time.monotonic()
        self._console.print(f"{done} of {total} jobs")
