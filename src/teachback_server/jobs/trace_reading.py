"""Reads whole spans again from the requests that brought them."""

from collections import OrderedDict
from collections.abc import Collection, Iterable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from teachback_server.jobs.intake.inbox import read_message
from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.models import TraceRequest
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.jobs.otlp.request import decode_spans

MOST_MESSAGES_HELD = 16


class RequestReader:
    """Reads requests, and holds the newest ones: traces are mostly spread over requests that follow each other."""

    def __init__(self) -> None:
        self._held: OrderedDict[int, ExportTraceServiceRequest] = OrderedDict()

    def hold(self, request_id: int, message: ExportTraceServiceRequest) -> None:
        """Remember a request that somebody has read already."""
        self._held[request_id] = message
        self._held.move_to_end(request_id)
        while len(self._held) > MOST_MESSAGES_HELD:
            self._held.popitem(last=False)

    def read_traces(self, request_ids: Iterable[int], trace_ids: Collection[str]) -> list[Span]:
        """The spans of some traces in some requests, one for each id: the one that came last."""
        wanted = frozenset(trace_ids)
        ordered = sorted(set(request_ids))
        missing = [request_id for request_id in ordered if request_id not in self._held]
        bodies = dict(TraceRequest.objects.filter(pk__in=missing).values_list("pk", "body"))
        spans: dict[tuple[str, str], Span] = {}
        for request_id in ordered:
            message = self._held.get(request_id)
            if message is None and request_id in bodies:
                message = read_message(bodies[request_id])
                self.hold(request_id, message)
            if message is not None:
                spans.update({(span.trace_id, span.span_id): span for span in decode_spans(message, wanted)})
        return list(spans.values())


def read_spans(workflow_id: int, trace_id: str, span_ids: Collection[str] | None = None) -> list[Span]:
    """The spans of a trace, or some of them, as they came; those whose request is not kept any more are left out."""
    requests = open_trace_store().list_requests(workflow_id, trace_id)
    spans = RequestReader().read_traces(requests, {trace_id})
    return [span for span in spans if span_ids is None or span.span_id in span_ids]
