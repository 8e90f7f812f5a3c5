"""Ends a child process when the one that started it is gone, however it went: nothing is left holding the port."""

import os
import signal
import sys
import threading

_LOOKS_EVERY_SECONDS = 0.25


def end_with_parent() -> None:
    """Watch standard input, whose other end the parent holds, and stop this process when it closes."""
    threading.Thread(target=_wait_and_stop, daemon=True).start()


def end_when_orphaned() -> None:
    """Watch for the death of the parent, where standard input is not ours to read, and then stop this process."""
    threading.Thread(target=_watch_parent, args=(os.getppid(),), daemon=True).start()


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
