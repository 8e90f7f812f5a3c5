"""Starts the parts of `teachback up` as processes, waits until the pages answer, and stops them together."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import click

from teachback_server.commands.ports import refuse_taken_port

STARTS_WITHIN_SECONDS = 60
STOPS_WITHIN_SECONDS = 6
LOOKS_EVERY_SECONDS = 0.05
_HTTP = b"HTTP/1."  # how every answer begins, whatever it says
_PYTHON = (sys.executable, "-m")
CHILD = "teachback_server.commands.child"
MOST_STARTS_AGAIN = 20  # a part that something keeps killing is not started for ever
CALM_SECONDS = 600.0  # after so long without a crash, the count begins anew


def bring_up(home: Path, host: str, port: int) -> int:
    """Start web and worker, print where they are, and stay until Ctrl-C. Returns the exit code."""
    refuse_taken_port(host, port)
    signal.signal(signal.SIGTERM, _stop)
    parts = Parts()
    try:
        parts.start("web", "teachback_server.commands.serving", host, str(port))
        token = prepare_home("link")
        parts.start("digest", CHILD, "digest")
        parts.start("worker", CHILD, "worker")
        _wait_for_pages(parts, host, port)
        _say_where(home, host, port, token)
        return parts.watch()
    except KeyboardInterrupt:
        click.echo("\nStopping. Everything is saved; `teachback up` finds it again.")
        return 0
    finally:
        parts.stop()


def prepare_home(*wishes: str) -> str:
    """Bring the tables up to date in a process of its own; with the wish `link`, return a one-time token."""
    # Migrations can be run again after a power cut, so they need not wait for the disk at each of their many steps.
    hurried = {**os.environ, "TEACHBACK_SQLITE_SYNCHRONOUS": "NORMAL"}
    done = subprocess.run(  # noqa: S603
        [*_PYTHON, CHILD, "prepare", *wishes], env=hurried, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise click.ClickException("The data folder could not be prepared; the lines above say why.")
    return done.stdout.strip()


@dataclass(kw_only=True)
class Parts:
    """The processes that make up the product, by name."""

    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    commands: dict[str, list[str]] = field(default_factory=dict)
    starts_again: int = 0
    crashed_at: float = 0.0  # by the monotonic clock

    def start(self, name: str, *arguments: str) -> None:
        """Start one part. It holds one end of a pipe to us and ends when we are gone."""
        self.commands[name] = [*_PYTHON, *arguments]
        self._spawn(name)

    def require_running(self) -> None:
        """Raise a plain message where a part has ended by itself."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise click.ClickException(
                    f"The {name} process ended by itself (code {process.returncode}). See the lines above."
                )

    def watch(self) -> int:
        """Wait for ever; a part that dies is started again and takes up what it had begun."""
        while True:
            time.sleep(0.5)
            for name, process in list(self.running.items()):
                if process.poll() is not None and self._may_start_again():
                    click.echo(f"The {name} ended by itself (code {process.returncode}). Starting it again.", err=True)
                    self._spawn(name)
            self.require_running()

    def _may_start_again(self) -> bool:
        now = time.monotonic()
        if now - self.crashed_at > CALM_SECONDS:
            self.starts_again = 0
        self.crashed_at = now
        self.starts_again += 1
        return self.starts_again <= MOST_STARTS_AGAIN

    def _spawn(self, name: str) -> None:
        """In a session of its own: Ctrl-C in the terminal is for us, and we then end the parts in good order."""
        self.running[name] = subprocess.Popen(  # noqa: S603
            self.commands[name], stdin=subprocess.PIPE, start_new_session=True
        )

    def stop(self) -> None:
        """Ask every part to end, and end those that do not: what they were doing is taken up at the next start."""
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + STOPS_WITHIN_SECONDS
        for process in self.running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for_pages(parts: Parts, host: str, port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while not _is_answering(host, port):
        parts.require_running()
        if time.monotonic() > deadline:
            raise click.ClickException(
                f"The pages did not answer within {STARTS_WITHIN_SECONDS} s. Is the machine very busy? Try again."
            )
        time.sleep(LOOKS_EVERY_SECONDS)


def _is_answering(host: str, port: int) -> bool:
    """Whether anything speaks HTTP there. By hand: a library for it costs four megabytes as long as this runs."""
    named = _address(host, port).removeprefix("http://")
    try:
        with socket.create_connection((_reachable(host), port), timeout=5) as line:
            line.sendall(f"GET /sign-in HTTP/1.0\r\nHost: {named}\r\n\r\n".encode())
            return line.recv(len(_HTTP), socket.MSG_WAITALL) == _HTTP
    except OSError:
        return False


def _say_where(home: Path, host: str, port: int, token: str) -> None:
    address = _address(host, port)
    click.echo("")
    click.echo(f"  Teachback is running on {address}")
    click.echo(f"  Sign in     {address}/sign-in/link/{token}")
    click.echo("              works once, within a day; the next start prints a new one")
    click.echo(f"  Data        {home}")
    click.echo("  Stop        Ctrl-C")
    click.echo("", nl=True)
    sys.stdout.flush()


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 — asked, not bound


def _address(host: str, port: int) -> str:
    shown = _reachable(host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt
