"""Ends a child process when the one that started it is gone, however it went: nothing is left holding the port."""

import os
import signal
import sys
import threading

_LOOKS_EVERY_SECONDS = 0.25
_PARENT = "TEACHBACK_SERVER_PID"


def end_with_parent() -> None:
    """Watch standard input, whose other end the parent holds, and stop this process when it closes."""
    threading.Thread(target=_wait_and_stop, daemon=True).start()


def end_when_orphaned() -> None:
    """Stop this process when the server that started it is gone; see `name_parent`. Its standard input is not ours."""
    threading.Thread(target=_watch_parent, args=(int(os.environ[_PARENT]),), daemon=True).start()


def name_parent() -> None:
    """Tell processes that will be started who their parent is: it may be gone before they look."""
    os.environ[_PARENT] = str(os.getpid())


def _watch_parent(parent: int) -> None:
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(_LOOKS_EVERY_SECONDS)
    # It would finish what it answers and then wait for a parent that is gone.
    os.kill(os.getpid(), signal.SIGKILL)


def _wait_and_stop() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
