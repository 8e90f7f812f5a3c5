"""Digests what comes in, for as long as the process lives: requests with traces become steps and jobs."""

import fcntl
import gc
import logging
import signal
import threading
from types import FrameType

from django.conf import settings
from django.db import connections
from django.db.utils import DatabaseError, OperationalError
from django.utils import timezone

from teachback_server.commands.lifeline import end_with_parent
from teachback_server.jobs.intake.digest import Digester
from teachback_server.jobs.intake.outcomes import take_outcomes
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.jobs.trace_store import TRACES

LOOKS_EVERY_SECONDS = 0.2
TIDIES_EVERY = 10  # looks that found nothing
AFTER_TROUBLE_SECONDS = 2.0
_OBJECTS_BETWEEN_LOOKS = (20_000, 20, 50)
_DIGESTING = 7_340_502  # any number that nothing else locks in the same database
_log = logging.getLogger(__name__)


def run() -> None:
    """Digest as a part of something that runs longer, and end with it."""
    end_with_parent()
    _look_for_circles_rarely()
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    with (settings.HOME / "digesting.lock").open("w") as file:
        while not stop.is_set():
            try:
                if _is_mine(file.fileno()):
                    digest_until(stop)
            except DatabaseError as problem:
                is_strange = not isinstance(problem, OperationalError)
                _log.error("Traces could not be digested; it is tried again. %s", problem, exc_info=is_strange)
                connections.close_all()  # with them goes the lock, if it was in the database
            stop.wait(AFTER_TROUBLE_SECONDS)


def _look_for_circles_rarely() -> None:
    """Spare a tenth of the processor time: spans are many objects at once, and hold no circles to be freed."""
    gc.collect()
    gc.freeze()  # what was loaded by now stays
    gc.set_threshold(*_OBJECTS_BETWEEN_LOOKS)


def digest_until(stop: threading.Event) -> None:
    """Digest until told to stop. Raises DatabaseError; nothing is lost by it, whatever waits is only done later."""
    digester = Digester(open_trace_store())
    idle = 0
    while not stop.is_set():
        if digester.digest_some():
            idle = 0
            continue
        idle += 1
        if idle % TIDIES_EVERY == 1:
            digester.take_rootless(timezone.now())
            take_outcomes()
        stop.wait(LOOKS_EVERY_SECONDS)


def digest_all() -> None:
    """Digest until nothing waits."""
    digester = Digester(open_trace_store())
    while digester.digest_some():
        pass
    take_outcomes()


def _is_mine(file: int) -> bool:
    """Whether no other process digests: of this folder, and on PostgreSQL of all machines that share the database."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    connection = connections[TRACES]
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_DIGESTING])
        return bool(cursor.fetchone()[0])
