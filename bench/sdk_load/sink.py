"""A server in a process of its own that takes traces well or in one of the ways in which servers fail."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

MODES = ("up", "down", "hanging", "500", "garbage")
_ANSWERS = {
    "up": b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "500": b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "garbage": b"\x00\xffwhat is this\r\n\r\n" * 20,
}


@contextmanager
def start_sink(mode: str) -> Iterator[str]:
    """Yield the address of a server of this mode while the block runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    if mode == "down":
        yield address
        return
    process = subprocess.Popen([sys.executable, __file__, mode, str(port)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        process.stdout.readline()
        yield address
    finally:
        process.kill()
        process.communicate()


def serve(mode: str, port: int) -> None:
    """Answer until killed."""
    with socket.create_server(("127.0.0.1", port), backlog=100) as listener:
        print("ready", flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(connection, mode), daemon=True).start()


def _answer(connection: socket.socket, mode: str) -> None:
    with connection:
        try:
            _read_request(connection)
            if mode == "hanging":
                time.sleep(3600)
            connection.sendall(_ANSWERS[mode])
        except OSError:
            return


def _read_request(connection: socket.socket) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536) or b"\r\n\r\n"
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    missing = (int(lengths[0]) if lengths else 0) - len(body)
    while missing > 0:
        piece = connection.recv(65536)
        missing = missing - len(piece) if piece else 0


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
