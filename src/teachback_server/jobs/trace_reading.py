"""Reads whole spans again from the requests that brought them."""

import logging
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence

from google.protobuf.message import DecodeError
from zstandard import ZstdError

from teachback_server.jobs.intake.inbox import read_message
from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.models import TraceRequest
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.jobs.otlp.request import PackedSpan, unpack_spans

MOST_REQUESTS_HELD = 6  # a megabyte or two each
_log = logging.getLogger(__name__)

SpansByTrace = Mapping[str, Sequence[PackedSpan]]  # of one request


class RequestReader:
    """Reads requests, and holds the newest ones: traces are mostly spread over requests that follow each other."""

    def __init__(self) -> None:
        self._held: OrderedDict[int, SpansByTrace] = OrderedDict()

    def read(self, request: TraceRequest) -> SpansByTrace:
        """The spans of a request by their trace, not decoded yet."""
        spans: dict[str, list[PackedSpan]] = {}
        try:
            for packed in unpack_spans(read_message(request.body)):
                spans.setdefault(packed.span.trace_id.hex(), []).append(packed)
        except (DecodeError, ZstdError):
            # The disk may have damaged it; the others that wait must not wait for ever.
            _log.exception("The request %s can no longer be read.", request.pk)
        self._held[request.pk] = spans
        self._held.move_to_end(request.pk)
        while len(self._held) > MOST_REQUESTS_HELD:
            self._held.popitem(last=False)
        return spans

    def read_traces(self, requests_by_trace: Mapping[str, Sequence[int]]) -> dict[str, list[Span]]:
        """The spans of some traces, each from its requests; one for each id, the one that came last."""
        wanted = {request_id for requests in requests_by_trace.values() for request_id in requests}
        held = {request_id: self._held[request_id] for request_id in wanted if request_id in self._held}
        for request in TraceRequest.objects.filter(pk__in=wanted - held.keys()).order_by("pk").iterator(chunk_size=1):
            spans = self.read(request)
            held[request.pk] = {trace_id: spans[trace_id] for trace_id in requests_by_trace.keys() & spans.keys()}
        return {trace_id: _decode(trace_id, requests, held) for trace_id, requests in requests_by_trace.items()}


def read_spans(workflow_id: int, trace_id: str, span_ids: Collection[str] | None = None) -> list[Span]:
    """The spans of a trace, or some of them, as they came; those whose request is not kept any more are left out."""
    requests = open_trace_store().list_requests(workflow_id, trace_id)
    spans = RequestReader().read_traces({trace_id: requests})[trace_id]
    return [span for span in spans if span_ids is None or span.span_id in span_ids]


def _decode(trace_id: str, requests: Sequence[int], held: Mapping[int, SpansByTrace]) -> list[Span]:
    found: dict[bytes, PackedSpan] = {}
    for request_id in sorted(requests):
        for packed in held.get(request_id, {}).get(trace_id, ()):
            found[packed.span.span_id] = packed
    return [packed.decode() for packed in found.values()]
