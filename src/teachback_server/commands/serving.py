"""Serves the pages: one process that answers in threads, started again if it dies."""

import sys

from teachback_server.commands.one_heap import use_one_heap

use_one_heap()  # first of all: the server reads at its loading how it is to allocate

from granian.constants import Interfaces  # noqa: E402
from granian.log import LogLevels  # noqa: E402
from granian.server import Server  # noqa: E402

from teachback_server.commands.lifeline import end_with_parent, name_parent  # noqa: E402

THREADS = 8  # SQLite lets many read but one write, so more would only wait
_LONGEST_IDLE_SECONDS = 600  # that the server takes: a thread that ends leaves holes in the heap of all


def serve_pages(host: str, port: int) -> None:
    """Serve until the process is told to stop. The process itself stays small: only its child loads the product."""
    name_parent()
    Server(
        "teachback_server.commands.served:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        blocking_threads_idle_timeout=_LONGEST_IDLE_SECONDS,
        backpressure=THREADS * 16,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=5,
        log_level=LogLevels.error,
        websockets=False,
    ).serve()


if __name__ == "__main__":
    end_with_parent()
    serve_pages(sys.argv[1], int(sys.argv[2]))
