"""Starts the real product as its own processes on a folder and a port of their own, and stops it again."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WAIT_SECONDS = 120  # generous: a busy machine is no failure


@dataclass(frozen=True, kw_only=True)
class RunningServer:
    """A server that answers."""

    address: str
    process: subprocess.Popen[str]
    said: str  # what it had printed by then

    @property
    def link(self) -> str:
        """The one-time link that `up` printed."""
        found = re.search(r"http\S+/sign-in/link/\S+", self.said)
        assert found, self.said
        return found[0]

    def list_parts(self) -> list[int]:
        """Process ids of everything that it started."""
        return list(_descendants(self.process.pid))


def run_teachback(*arguments: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "teachback_server.cli", *arguments],
        env=environment(home, **variables),
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
    )


@contextmanager
def start_server(command: str, home: Path, port: int | None = None, **variables: str) -> Iterator[RunningServer]:
    """Run `up` or `web` until the block is left; then stop it if it still runs."""
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "teachback_server.cli", command, "--port", str(port)],
        env=environment(home, **variables),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = _read_until(process, "Ctrl-C" if command == "up" else "Pages:")
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(address), f"{address} to answer")
        yield RunningServer(address=address, process=process, said=said)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT_SECONDS)


def environment(home: Path, **variables: str) -> dict[str, str]:
    """The variables of a process that works on a folder of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TEACHBACK_", "PYTEST_"))}
    return {**kept, "TEACHBACK_HOME": str(home), "PYTHONUNBUFFERED": "1", **variables}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def seed_home(home: Path, script: str, *arguments: str) -> None:
    """Make a data folder with its tables, and fill it by a script of the tests."""
    run_teachback("worker", "--until-idle", home=home)
    tests = Path(__file__).parent
    settings = {"PYTHONPATH": str(tests), "DJANGO_SETTINGS_MODULE": "teachback_server.project.settings"}
    subprocess.run([sys.executable, str(tests / script), *arguments], env=environment(home, **settings), check=True)


def answers(address: str) -> bool:
    """Whether the pages are up."""
    try:
        with urllib.request.urlopen(f"{address}/sign-in", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def is_running(pid: int) -> bool:
    """Whether a process is there and has not merely been left unburied."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something to become true; fails after a generous time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"Waited {WAIT_SECONDS} s for {what}."
        time.sleep(0.05)


def _read_until(process: subprocess.Popen[str], word: str) -> str:
    said = ""
    assert process.stdout
    for line in process.stdout:
        said += line
        if word in line:
            return said
    raise AssertionError(f"It ended with code {process.wait()} and said: {said}")


def _descendants(pid: int) -> Iterator[int]:
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield int(child)
        yield from _descendants(int(child))
