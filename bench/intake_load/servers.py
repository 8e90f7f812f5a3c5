"""Starts the servers that are measured, each on a port and a folder of its own, and says where they take spans."""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from intake_load.process_tree import kill_tree, stop_tree
from intake_load.readable import QueriedSpans, SpanTable, read_sqlite
from intake_load.sending import Endpoint

STARTS_WITHIN_SECONDS = 180
_LOOKS_EVERY_SECONDS = 0.05
_LINES_OF_LOG = 15


@dataclass(kw_only=True)
class Server:
    """A server that can be started, killed and started again on the same data."""

    name: str
    command: tuple[str, ...]
    variables: Mapping[str, str]
    port: int
    is_up_path: str
    headers: Mapping[str, str]
    spans: SpanTable
    log_path: Path
    start_seconds: float = 0.0
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def endpoint(self) -> Endpoint:
        """Where it takes spans."""
        return Endpoint(url=f"http://127.0.0.1:{self.port}/v1/traces", headers=self.headers)

    @property
    def pid(self) -> int:
        """The process at the head of its tree."""
        if self.process is None:
            raise RuntimeError(f"{self.name} has not been started.")
        return self.process.pid

    def start(self) -> None:
        """Start it and wait until it answers; how long that took is kept."""
        if answers(self.port, self.is_up_path):
            raise RuntimeError(f"Something else answers on port {self.port} already; it must end first.")
        began = time.monotonic()
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env={**_plain_environment(), **self.variables}, stdout=log, stderr=log
            )
        wait_until(self._is_up, f"{self.name} to answer (see {self.log_path})")
        self.start_seconds = time.monotonic() - began

    def _is_up(self) -> bool:
        """Whether it answers; raises where it has ended instead."""
        if not self.is_running():
            said = self.log_path.read_text(errors="replace").splitlines()[-_LINES_OF_LOG:]
            raise RuntimeError(f"{self.name} has ended by itself. It said:\n" + "\n".join(said))
        return answers(self.port, self.is_up_path)

    def is_running(self) -> bool:
        """Whether the process at the head of its tree lives."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End all its processes at once, as a power cut would."""
        if self.process is not None:
            kill_tree(self.process)

    def stop(self) -> None:
        """End it in good order."""
        if self.process is not None and self.is_running():
            stop_tree(self.process)


def make_phoenix(rivals: Path, folder: Path) -> Server:
    """Arize Phoenix as `phoenix serve` starts it, on SQLite."""
    port = find_free_port()
    return Server(
        name="phoenix",
        command=(str(rivals / "phoenix" / "bin" / "phoenix"), "serve"),
        variables={
            "PHOENIX_WORKING_DIR": str(folder),
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(port),
            "PHOENIX_GRPC_PORT": str(find_free_port()),
            "PHOENIX_TELEMETRY_ENABLED": "false",
        },
        port=port,
        is_up_path="/healthz",
        headers={},
        spans=QueriedSpans(
            read=read_sqlite(folder / "phoenix.db"),
            count_sql="SELECT count(*) FROM spans",
            keys_sql="SELECT t.trace_id, s.span_id FROM spans s JOIN traces t ON t.id = s.trace_rowid",
        ),
        log_path=folder / "server.log",
    )


def make_mlflow(rivals: Path, folder: Path) -> Server:
    """MLflow as `mlflow server` starts it, on SQLite."""
    port = find_free_port()
    return Server(
        name="mlflow",
        command=(
            *(str(rivals / "mlflow" / "bin" / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port)),
            *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
            *("--default-artifact-root", str(folder / "artifacts")),
        ),
        variables={"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
        port=port,
        is_up_path="/health",
        headers={"x-mlflow-experiment-id": "0"},
        spans=QueriedSpans(
            read=read_sqlite(folder / "mlflow.db"),
            count_sql="SELECT count(*) FROM spans",
            keys_sql="SELECT replace(trace_id, 'tr-', ''), span_id FROM spans",
        ),
        log_path=folder / "server.log",
    )


def find_free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, path: str) -> bool:
    """Whether a server on this machine answers with something better than an error."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", path)
        return connection.getresponse().status < 400
    return False


def wait_until(is_so: Callable[[], bool], what: str, *, within_seconds: float = STARTS_WITHIN_SECONDS) -> None:
    """Wait for something to become true; raises where it does not in time."""
    deadline = time.monotonic() + within_seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {within_seconds:.0f} s for {what}.")
        time.sleep(_LOOKS_EVERY_SECONDS)


def _plain_environment() -> dict[str, str]:
    """Our own variables without those that would make a server work on other data."""
    foreign = ("TEACHBACK_", "PHOENIX_", "MLFLOW_", "OTEL_", "DJANGO_", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "PYTHONUNBUFFERED": "1"}
