"""Locks that live exactly as long as the process that holds them: who works on a run, and whether any worker lives."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.files import locks


@contextmanager
def hold_run(run_id: int) -> Iterator[bool]:
    """Hold a run for this process. Gives False, without waiting, where another process holds it."""
    folder = settings.HOME / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{run_id}.lock").open("w") as file:
        yield locks.lock(file, locks.LOCK_EX | locks.LOCK_NB)


def is_worker_alive() -> bool:
    """Whether a worker runs on this machine: each holds the lock of its own file in the folder `workers`."""
    folder = settings.HOME / "workers"
    if not folder.is_dir():
        return False
    for path in folder.iterdir():
        try:
            with path.open("rb") as file:
                # Shared, so that two pages that look at the same time do not take each other for a worker.
                if not locks.lock(file, locks.LOCK_SH | locks.LOCK_NB):
                    return True
        except FileNotFoundError:  # it just ended
            continue
    return False
