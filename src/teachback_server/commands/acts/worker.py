"""Does background work until it is told to stop, and takes over what killed workers left."""

import logging
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.db import close_old_connections, connections
from django.db.utils import OperationalError
from django_tasks_db.management.commands.db_worker import Worker

from teachback_server.commands.acts.digest import digest_all
from teachback_server.commands.acts.lost_tasks import hold_worker_lock, take_back_lost_tasks
from teachback_server.commands.acts.prepare import bring_tables_up_to_date
from teachback_server.commands.acts.upkeep import see_to_everything
from teachback_server.commands.lifeline import end_with_parent
from teachback_server.commands.supervision import CHILD
from teachback_server.reviews.outside.mails import see_to_mails
from teachback_server.reviews.outside.messages import see_to_messages

LOOKS_EVERY_SECONDS = 0.5
SWEEPS_EVERY_SECONDS = 20.0
SENDS_EVERY_SECONDS = 2.0
DIGESTS_AGAIN_AFTER_SECONDS = 1.0
MAILS_EVERY_SECONDS = 60.0
AFTER_TROUBLE_SECONDS = 2.0

logger = logging.getLogger("teachback.worker")


class CarefulWorker(Worker):
    """A worker that, when it cannot wait for its task, leaves it unfinished: the next sweep takes it back."""

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        """Finish the current task and stop; asked a second time, stop at once."""
        if not self.running:
            os._exit(1)
        self.running = False
        if not self.running_task:
            sys.exit(0)


def run() -> None:
    """Work as a part of `teachback up`, for as long as it lives."""
    end_with_parent()
    work()


def prepare_and_work(*, until_idle: bool) -> None:
    """Bring the tables up to date, then work: until told to stop, or until nothing is left. Traces are digested too."""
    bring_tables_up_to_date()
    if until_idle:
        digest_all()
    else:
        threading.Thread(target=_keep_digesting, daemon=True).start()
    work(until_idle=until_idle)


def work(*, until_idle: bool = False) -> None:
    """Run tasks one after the other. A database that goes away is waited for, unless this is to end by itself."""
    folder: Path = settings.HOME / "workers"
    # Each in a thread of its own, as a receiver or a mail server may keep it waiting.
    for act, every_seconds in (
        (partial(see_to_everything, folder), SWEEPS_EVERY_SECONDS),
        (see_to_messages, SENDS_EVERY_SECONDS),
        (see_to_mails, MAILS_EVERY_SECONDS),
    ):
        threading.Thread(target=_repeat_for_ever, args=(act, every_seconds), daemon=True).start()
    while True:
        try:
            _work_while_it_goes(folder, until_idle=until_idle)
        except OperationalError as problem:
            if until_idle:
                raise
            logger.error("The database does not answer; the work goes on when it does. %s", problem)
            connections.close_all()
            time.sleep(AFTER_TROUBLE_SECONDS)
        else:
            return


def _work_while_it_goes(folder: Path, *, until_idle: bool) -> None:
    """Under a name of its own each time, so that what was left unfinished counts as lost and is taken back."""
    worker_id = f"{os.getpid()}-{secrets.token_hex(6)}"
    with hold_worker_lock(folder, worker_id):
        take_back_lost_tasks(folder)
        worker = CarefulWorker(
            queue_names=["default"],
            interval=LOOKS_EVERY_SECONDS,
            batch=until_idle,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=worker_id,
            excluded_queue_names=[],
        )
        worker.configure_signals()
        worker.run()


def _keep_digesting() -> None:
    """Digest in a process of its own, as a task may keep this one busy for minutes; it ends with this one."""
    while True:
        digest = subprocess.Popen([sys.executable, "-m", CHILD, "digest"], stdin=subprocess.PIPE)  # noqa: S603
        digest.wait()
        time.sleep(DIGESTS_AGAIN_AFTER_SECONDS)


def _repeat_for_ever(act: Callable[[], object], every_seconds: float) -> None:
    pause = threading.Event()
    while not pause.wait(every_seconds):
        try:
            act()
        except OperationalError:
            continue  # the database is busy; the next round comes soon
        finally:
            close_old_connections()
