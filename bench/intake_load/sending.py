"""Sends prepared requests over several connections and keeps exactly what was acknowledged."""

import http.client
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from intake_load.batches import Batch, SpanKey
from intake_load.traces import TraceId

_TRY_AGAIN_STATUSES = (429, 502, 503, 504)  # those that OTLP calls retryable
_TRY_AGAIN_AFTER_SECONDS = 0.1
_ANSWER_WITHIN_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where requests go, and what every one of them must carry."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """A request that got a 2xx."""

    batch: Batch
    latency_seconds: float  # of the try that was answered
    at: float  # on the monotonic clock
    refused_spans: int  # of the partial success


@dataclass(kw_only=True)
class Sender:
    """Sends until the batches are used up or it is told to stop. A request without an answer is sent again."""

    endpoint: Endpoint
    acknowledged: list[Acknowledged] = field(default_factory=list)
    refusals: dict[int, int] = field(default_factory=dict)  # by status; 0 where no answer came
    _is_over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, lanes: Sequence[Iterable[Batch]], *, batches_a_second: float = 0) -> None:
        """Begin to send, each lane over a connection of its own; at a rate in all, or as fast as answers come."""
        pause = len(lanes) / batches_a_second if batches_a_second else 0.0
        self._threads = [
            threading.Thread(target=self._send_lane, args=(lane, pause, place * pause / len(lanes)), daemon=True)
            for place, lane in enumerate(lanes)
        ]
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Wait until all is sent."""
        for thread in self._threads:
            thread.join()

    def stop(self) -> None:
        """Send nothing more; what is under way still counts when its answer comes."""
        self._is_over.set()
        self.wait()

    def list_acknowledged_keys(self) -> set[SpanKey]:
        """Every span of which the server said that it has it."""
        return {key for one in self.acknowledged for key in one.batch.keys}

    def list_acknowledged_roots(self) -> set[TraceId]:
        """Every trace whose root was acknowledged."""
        return {trace for one in self.acknowledged for trace in one.batch.roots}

    def _send_lane(self, lane: Iterable[Batch], pause_seconds: float, first_after_seconds: float) -> None:
        connection = _connect(self.endpoint.url)
        next_at = time.monotonic() + first_after_seconds
        for batch in lane:
            if self._is_over.wait(max(0.0, next_at - time.monotonic())):
                break
            next_at += pause_seconds
            self._send(connection, batch)
        connection.close()

    def _send(self, connection: http.client.HTTPConnection, batch: Batch) -> None:
        while True:
            began = time.monotonic()
            status, body, wait_seconds = self._try_to_send(connection, batch)
            if 200 <= status < 300:
                self._keep(batch, began, body)
                return
            with self._lock:
                self.refusals[status] = self.refusals.get(status, 0) + 1
            if status and status not in _TRY_AGAIN_STATUSES:
                return
            if self._is_over.wait(wait_seconds):
                return

    def _try_to_send(self, connection: http.client.HTTPConnection, batch: Batch) -> tuple[int, bytes, float]:
        headers = {"Content-Type": "application/x-protobuf", **self.endpoint.headers}
        if batch.is_gzipped:
            headers["Content-Encoding"] = "gzip"
        try:
            connection.request("POST", urlsplit(self.endpoint.url).path, batch.body, headers)
            answer = connection.getresponse()
            wait = answer.headers.get("Retry-After", "")
            return answer.status, answer.read(), float(wait) if wait.isdigit() else _TRY_AGAIN_AFTER_SECONDS
        except (OSError, http.client.HTTPException):
            connection.close()
            return 0, b"", _TRY_AGAIN_AFTER_SECONDS

    def _keep(self, batch: Batch, began: float, body: bytes) -> None:
        now = time.monotonic()
        refused = _read_refused_spans(body)
        with self._lock:
            self.acknowledged.append(
                Acknowledged(batch=batch, latency_seconds=now - began, at=now, refused_spans=refused)
            )


def _connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=_ANSWER_WITHIN_SECONDS)


def _read_refused_spans(body: bytes) -> int:
    answer = ExportTraceServiceResponse()
    with suppress(DecodeError):
        answer.ParseFromString(body)
    return answer.partial_success.rejected_spans
