"""What one process has of Teachback: its settings, the ways to its servers, the releases that it holds."""

import atexit
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from teachback.configuration import Settings, change_settings, default_settings
from teachback.faults import OnceLog, note_fault
from teachback.known_release import Release, unknown_release
from teachback.recording import Recorder
from teachback.release_keeping import ReleaseKeeper
from teachback.reviewed import DecisionSource
from teachback.wire.delivery import Delivery
from teachback.wire.otlp_spans import encode_resource, redact_value
from teachback.wire.sender import Sender
from teachback.workflows import Workflow


@dataclass(frozen=True, kw_only=True)
class _Connection:
    """A workflow's way to its server; without a sender, to nothing."""

    settings: Settings
    key: str
    recorder: Recorder
    sender: Sender | None
    keeper: ReleaseKeeper | None
    unknown: Release

    def find_release(self) -> Release:
        """The newest release that is known."""
        if self.keeper is None:
            return self.unknown
        self.keeper.start()
        return self.keeper.current

    def load_release(self, timeout_seconds: float) -> bool:
        """Wait for the server's first answer."""
        return self.keeper is not None and self.keeper.wait(timeout_seconds)

    def find_source(self, job_id: str) -> DecisionSource | None:
        """Where the decision on a job can be asked for."""
        if self.sender is None:
            return None
        return DecisionSource(
            base_url=self.settings.base_url,
            key=self.key,
            workflow_name=self.recorder.workflow_name,
            job_id=_redact_id(self.settings, job_id),
            timeout_seconds=self.settings.timeout_seconds,
            hurry=self.sender.hurry,
        )


class Client:
    """The settings of the process and everything that they lead to."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._log = OnceLog()
        self._has_ended = False
        self._settings: Settings | None = None  # not read before it is needed: a program may still set its environment
        self._keys: dict[str, str] = {}
        self._senders: dict[str, Sender] = {}
        self._connections: dict[str, _Connection] = {}

    def configure(self, changes: Mapping[str, object]) -> None:
        """Take new settings. What was recorded under the old ones is sent or put on disk first."""
        settings = change_settings(default_settings(), changes)
        self.close()
        with self._lock:
            self._settings = settings
            self._log.is_well()
            self._senders, self._connections = {}, {}

    def make_workflow(self, name: str, key: str) -> Workflow:
        """A workflow by its name, with a key of its own if it has one."""
        if key:
            with self._lock:
                self._keys[name] = key
                self._connections.pop(name, None)
        return Workflow(name, lambda: self.connect(name))

    def connect(self, name: str) -> _Connection:
        """The way of one workflow; made once."""
        return self._connections.get(name) or self._make_connection(name)

    def say_outcome(self, name: str, job_id: str, content: Mapping[str, bool | float | str]) -> None:
        """Send word about a job that ended earlier."""
        connection = self.connect(name)
        if connection.sender is not None:
            settings = connection.settings
            sent = {name: redact_value(settings.redact, f"outcome.{name}", value) for name, value in content.items()}
            path = f"/api/v1/workflows/{quote(name, safe='')}/jobs/outcome"
            connection.sender.add_outcome(path, {"id": _redact_id(settings, job_id), **sent})

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until the servers have everything."""
        deadline = time.monotonic() + timeout_seconds
        arrived = [sender.flush(max(0.0, deadline - time.monotonic())) for sender in list(self._senders.values())]
        return all(arrived)

    def count(self) -> Delivery:
        """What became of all records so far."""
        counts = [sender.count() for sender in list(self._senders.values())]
        return Delivery(
            sent_spans=sum(one.sent_spans for one in counts),
            waiting_spans=sum(one.waiting_spans for one in counts),
            spooled_parcels=sum(one.spooled_parcels for one in counts),
            refused_spans=sum(one.refused_spans for one in counts),
            dropped_spans=sum(one.dropped_spans for one in counts),
            sent_outcomes=sum(one.sent_outcomes for one in counts),
            refused_outcomes=sum(one.refused_outcomes for one in counts),
            dropped_outcomes=sum(one.dropped_outcomes for one in counts),
            last_problem=next((one.last_problem for one in counts if one.last_problem), ""),
        )

    def close(self) -> None:
        """Stop: send for a moment, put the rest on disk."""
        for connection in list(self._connections.values()):
            if connection.keeper is not None:
                connection.keeper.stop()
        for sender in list(self._senders.values()):
            try:
                sender.close()
            # The outermost edge towards the host, which may be ending.
            except Exception:  # noqa: BLE001
                note_fault("send or keep the last records")

    def end(self) -> None:
        """The program ends: whatever it still records goes to disk."""
        self._has_ended = True
        self.close()

    def begin_in_child(self) -> None:
        """After a fork: threads are gone, locks may be held by nobody, and records belong to the parent."""
        self._lock = threading.RLock()
        self._has_ended = False
        for sender in self._senders.values():
            sender.begin()
        for connection in self._connections.values():
            if connection.keeper is not None:
                connection.keeper.begin()

    def _make_connection(self, name: str) -> _Connection:
        with self._lock:
            if self._settings is None:
                self._settings = default_settings()
            settings = self._settings
            key = self._keys.get(name) or settings.key
            sender = self._find_sender(settings, key)
            connection = _Connection(
                settings=settings,
                key=key,
                recorder=Recorder(name, settings, sender),
                sender=sender,
                keeper=ReleaseKeeper(settings, key, name) if sender is not None else None,
                unknown=unknown_release(name),
            )
            self._connections[name] = connection
            return connection

    def _find_sender(self, settings: Settings, key: str) -> Sender | None:
        if not settings.url or not key:
            missing = " and ".join([*([] if settings.url else ["a url"]), *([] if key else ["a key"])])
            self._log.warn(f"Teachback is off: nothing is sent without {missing}. Set TEACHBACK_URL and TEACHBACK_KEY.")
            return None
        if key not in self._senders:
            self._senders[key] = Sender(settings, key, _describe_process())
            if self._has_ended:
                self._senders[key].close()
        return self._senders[key]


def _describe_process() -> bytes:
    return encode_resource(
        [
            ("service.name", os.environ.get("OTEL_SERVICE_NAME") or "unknown_service:python"),
            ("telemetry.sdk.name", "teachback"),
            ("telemetry.sdk.language", "python"),
            ("process.runtime.version", sys.version.split()[0]),
        ]
    )


def _redact_id(settings: Settings, job_id: str) -> str:
    """The id as the job's own span carries it."""
    made = redact_value(settings.redact, "teachback.job.id", job_id)
    return "" if made is None else str(made)


# The one state of the module, as `logging` has one: a decorator at the top of a file must find it.
CLIENT = Client()
atexit.register(CLIENT.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=CLIENT.begin_in_child)
