"""Ends a child process when the one that started it is gone, however it went: nothing is left holding the port."""

import os
import signal
import sys
import threading


def end_with_parent() -> None:
    """Watch standard input, whose other end the parent holds, and stop this process when it closes."""
    threading.Thread(target=_wait_and_stop, daemon=True).start()


def _wait_and_stop() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
