"""A small HTTP server on the loopback that behaves as it is told: well, or in one of the ways in which servers fail."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from servers import free_port, wait_until

PROTOBUF = "application/x-protobuf"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call that the server answered well or badly."""

    method: str
    path: str
    headers: Message
    body: bytes
    at: float  # monotonic seconds


@dataclass(kw_only=True)
class OddServer:
    """What it is to do, and what it has got."""

    port: int
    mode: str = "well"  # well, 500, 400, 429, garbage, half, hang, trickle, portal, partial
    answers: dict[str, Any] = field(default_factory=dict)  # path → JSON value, or (status, JSON value)
    etag: str = '"one"'
    calls: list[Call] = field(default_factory=list)
    accepted: list[Call] = field(default_factory=list)  # those of /v1/traces that it answered with 200
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def list_spans(self) -> list[Span]:
        """The spans that it accepted, in the order of arrival."""
        return [span for call in self.accepted for span in read_spans(call.body)]

    def list_job_ids(self) -> list[str]:
        """The jobs that it accepted, in the order of arrival."""
        found = (attributes_of(span).get("teachback.job.id") for span in self.list_spans())
        return [str(job_id) for job_id in found if job_id is not None]

    def wait_for_jobs(self, count: int) -> list[str]:
        """Wait for so many jobs and list them."""
        wait_until(lambda: len(self.list_job_ids()) >= count, f"{count} jobs")
        return self.list_job_ids()


def read_spans(body: bytes) -> list[Span]:
    """The spans of a request."""
    request = ExportTraceServiceRequest.FromString(body)
    return [span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]


def attributes_of(span: Span) -> dict[str, Any]:
    """The attributes of a span as plain values."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


@contextmanager
def start_odd_server(mode: str = "well", *, port: int | None = None) -> Iterator[OddServer]:
    """Run a server until the block is left."""
    odd = OddServer(port=port or free_port(), mode=mode)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "odd"

        def do_GET(self) -> None:
            _answer(odd, self)

        def do_POST(self) -> None:
            _answer(odd, self)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A caller that went away is no news."""

    server = Server(("127.0.0.1", odd.port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield odd
    finally:
        odd.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(odd: OddServer, handler: BaseHTTPRequestHandler) -> None:
    body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    if handler.path == "/v1/traces":  # the product unpacks nothing else
        body = gzip.decompress(body)
    call = Call(method=handler.command, path=handler.path, headers=handler.headers, body=body, at=time.monotonic())
    odd.calls.append(call)
    if odd.mode in _ODD:
        handler.close_connection = True
        _ODD[odd.mode](odd, handler)
    elif handler.path == "/v1/traces":
        odd.accepted.append(call)
        partial = ExportTraceServiceResponse()
        if odd.mode == "partial":
            partial.partial_success.rejected_spans = 1
            partial.partial_success.error_message = "One was too long."
        _send(handler, 200, PROTOBUF, partial.SerializeToString())
    else:
        _answer_json(odd, handler)


def _answer_json(odd: OddServer, handler: BaseHTTPRequestHandler) -> None:
    answer = odd.answers.get(handler.path.partition("?")[0])
    if callable(answer):
        answer = answer(odd.calls[-1])
    status, value = answer if isinstance(answer, tuple) else (200 if answer is not None else 404, answer)
    if status == 200 and handler.headers.get("If-None-Match") == odd.etag:
        _send(handler, 304, "", b"")
        return
    _send(handler, status, "application/json", json.dumps(value).encode(), {"ETag": odd.etag})


def _send(
    handler: BaseHTTPRequestHandler, status: int, kind: str, body: bytes, headers: Mapping[str, str] | None = None
) -> None:
    handler.send_response(status)
    for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def _garbage(odd: OddServer, handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\xffSSH-2.0 what is this\r\n\r\n\x13\x37" * 5)


def _half(odd: OddServer, handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 40\r\n\r\nabc")


def _hang(odd: OddServer, handler: BaseHTTPRequestHandler) -> None:
    odd.let_go.wait(60)


def _trickle(odd: OddServer, handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not odd.let_go.wait(0.05):
        try:
            handler.wfile.write(b"a")
        except OSError:
            return


def _portal(odd: OddServer, handler: BaseHTTPRequestHandler) -> None:
    _send(handler, 200, "text/html", b"<h1>Welcome to the hotel's network</h1>")


def _send_status(status: int, headers: Mapping[str, str] | None = None) -> Any:
    return lambda odd, handler: _send(handler, status, "text/plain", b"No.", headers)


_ODD: dict[str, Any] = {
    "garbage": _garbage,
    "half": _half,
    "hang": _hang,
    "trickle": _trickle,
    "portal": _portal,
    "500": _send_status(500),
    "400": _send_status(400),
    "429": _send_status(429, {"Retry-After": "1"}),
}


def nobody_listens() -> OddServer:
    """A server that is down."""
    port = free_port()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    return OddServer(port=port)
