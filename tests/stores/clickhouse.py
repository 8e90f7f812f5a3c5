"""Starts a ClickHouse of our own on loopback: the engine as one library, with its HTTP server switched on."""

import ctypes
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STARTS_WITHIN_SECONDS = 60
LIBRARY = Path(sys.prefix) / "clickhouse" / "libchdb.so"
_SERVE = (
    "SYSTEM START LISTEN HTTP; "
    "SELECT sleepEachRow(3) FROM numbers(100000000)"
    " SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0 FORMAT Null"
)


@contextmanager
def start_clickhouse() -> Iterator[str]:
    """Give its address; the server ends, and its folder goes, with the block."""
    folder, port = Path(tempfile.mkdtemp(prefix="teachback-clickhouse-")), _free_port()
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([sys.executable, __file__, str(port), str(folder / "store")], stdout=log, stderr=log)
    try:
        _wait_for(server, port, folder / "log")
        yield f"http://127.0.0.1:{port}/default"
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5):
                return
        except OSError:
            assert server.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _serve(port: str, path: str) -> None:
    arguments = ["clickhouse", "--multiquery", f"--path={path}", f"--query={_SERVE}", "--"]
    arguments += [f"--http_port={port}", "--listen_host=127.0.0.1"]
    library = ctypes.CDLL(str(LIBRARY))
    library.chdb_query_cmdline.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]
    library.chdb_query_cmdline.restype = ctypes.c_void_p
    library.chdb_query_cmdline(len(arguments), (ctypes.c_char_p * len(arguments))(*map(str.encode, arguments)))


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2])
