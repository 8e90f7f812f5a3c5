"""Shows that the sender of the benchmarks keeps exactly what was acknowledged, and tries again what was not."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from intake_load.batches import LoadPlan, make_batches, make_lanes
from intake_load.sending import Endpoint, Sender

PLAN = LoadPlan(seed=7, batches=6, lanes=2, spans_a_batch=20)


@contextmanager
def answer_with(answers: list[tuple[int, bytes]]) -> Iterator[Endpoint]:
    """A server that gives these answers in turn, and 200 when they are used up."""
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                status, body = answers.pop(0) if answers else (200, b"")
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Endpoint(url=f"http://127.0.0.1:{server.server_port}/v1/traces")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send_all(endpoint: Endpoint) -> Sender:
    """Send the plan to its end."""
    sender = Sender(endpoint=endpoint)
    sender.start(make_lanes(PLAN))
    sender.wait()
    return sender


def test_everything_counts_where_everything_is_acknowledged() -> None:
    with answer_with([]) as endpoint:
        sender = send_all(endpoint)
    assert sender.list_acknowledged_keys() == {key for batch in make_batches(PLAN) for key in batch.keys}
    assert sender.refusals == {}


def test_a_request_that_may_be_sent_again_is_sent_again() -> None:
    with answer_with([(503, b""), (429, b"")]) as endpoint:
        sender = send_all(endpoint)
    assert len(sender.acknowledged) == 6
    assert sender.refusals == {503: 1, 429: 1}


def test_a_request_that_was_refused_for_good_does_not_count_as_acknowledged() -> None:
    with answer_with([(400, b"")]) as endpoint:
        sender = send_all(endpoint)
    assert len(sender.list_acknowledged_keys()) == 100
    assert sender.refusals == {400: 1}


def test_spans_that_a_partial_success_refuses_are_counted() -> None:
    partly = ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(rejected_spans=3))
    with answer_with([(200, partly.SerializeToString())]) as endpoint:
        sender = send_all(endpoint)
    assert sum(one.refused_spans for one in sender.acknowledged) == 3


def test_sending_stops_when_it_is_told_to_although_nobody_answers() -> None:
    sender = Sender(endpoint=Endpoint(url="http://127.0.0.1:9/v1/traces"))
    sender.start(make_lanes(PLAN))
    sender.stop()
    assert sender.acknowledged == []
