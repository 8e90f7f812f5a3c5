"""Takes back the tasks of workers that were killed: each worker holds a lock for as long as it lives."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files import locks
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

MOST_ATTEMPTS = 5  # a task that keeps killing its worker is given up, or it would stop all the others
OLD_AFTER_SECONDS = 3600.0

logger = logging.getLogger("teachback.worker")


class WorkerKilledByTask(RuntimeError):
    """The task was begun several times and its worker was killed each time. See what it does and start it again."""


@contextmanager
def hold_worker_lock(folder: Path, worker_id: str) -> Iterator[None]:
    """Hold the lock that says that this worker lives; the system lets go of it however the process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / worker_id
    with path.open("w") as file:
        locks.lock(file, locks.LOCK_EX)
        yield
    path.unlink(missing_ok=True)


def take_back_lost_tasks(folder: Path) -> int:
    """Put every task whose worker is gone back into the queue. Returns how many were taken back."""
    _remove_old_locks(folder)
    taken_back = 0
    for task in DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING):
        if task.worker_ids and _is_alive(folder / task.worker_ids[-1]):
            continue
        taken_back += _take_back(task)
    return taken_back


def _remove_old_locks(folder: Path) -> None:
    """Of workers long gone; a fresh file may belong to one that is just about to lock it."""
    long_ago = time.time() - OLD_AFTER_SECONDS
    for path in folder.iterdir():
        if path.stat().st_mtime < long_ago and not _is_alive(path):
            path.unlink(missing_ok=True)


def _take_back(task: "DBTaskResult[..., object]") -> int:
    if len(task.worker_ids) >= MOST_ATTEMPTS:
        task.set_failed(WorkerKilledByTask(f"{task.task_path} was begun {len(task.worker_ids)} times."))
        logger.error("%s was given up: its worker was killed %d times.", task.task_path, len(task.worker_ids))
        return 0
    # Whoever takes a task notes when, so that one who took it since then keeps it.
    running = DBTaskResult.objects.filter(pk=task.pk, status=TaskResultStatus.RUNNING, started_at=task.started_at)
    return running.update(status=TaskResultStatus.READY, started_at=None)


def _is_alive(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("r") as file:
        return not locks.lock(file, locks.LOCK_EX | locks.LOCK_NB)
