"""Serves the pages: one process that answers in threads, started again if it dies."""

import sys

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from teachback_server.commands.lifeline import end_with_parent, name_parent
from teachback_server.commands.one_heap import use_one_heap

THREADS = 8  # SQLite lets many read but one write, so more would only wait


def serve_pages(host: str, port: int) -> None:
    """Serve until the process is told to stop. The process itself stays small: only its child loads the product."""
    use_one_heap()  # here, as the child is forked and its threads are there before the product is loaded
    name_parent()
    Server(
        "teachback_server.commands.served:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
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
