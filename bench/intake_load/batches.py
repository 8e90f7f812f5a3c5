"""Puts sample traces into export requests, once and beforehand, so that sending them costs the client little."""

import gzip
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from random import Random

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from intake_load.traces import SampleTrace, TraceId, list_key_values, make_trace

SpanKey = tuple[TraceId, bytes]  # trace id, span id

_HALF_ID_BYTES = 8  # the first half of a trace id names the load, the second half the trace in it
_TRACE_TAKES_NS = 9_000_000_000  # on average
_LATE_BY_SPANS = 1200  # two or three batches of 500


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """What load to make; the same plan always gives the same bytes."""

    seed: int
    batches: int  # in all lanes
    lanes: int = 4  # processes with an exporter each: the batches of one are sent in their order
    agents_at_once: int = 20  # in each of them, so many traces grow side by side
    spans_a_batch: int = 500
    late_roots: float = 0.1  # share of traces whose root comes some batches after its children
    is_shuffled: bool = False  # spans of a trace in any order, spread over batches
    is_gzipped: bool = False
    started_ns: int = 1_780_000_000_000_000_000


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One export request, ready to be sent, and what it holds."""

    body: bytes
    keys: tuple[SpanKey, ...]
    roots: tuple[TraceId, ...]  # the traces whose root is among its spans
    is_gzipped: bool = False


def make_lanes(plan: LoadPlan) -> list[list[Batch]]:
    """The requests of a plan, every one full: the last traces of each lane are cut where the plan ends."""
    return [_make_lane(plan, lane) for lane in range(plan.lanes)]


def make_batches(plan: LoadPlan) -> list[Batch]:
    """The requests of a plan in one list, lane after lane."""
    return [batch for lane in make_lanes(plan) for batch in lane]


def _make_lane(plan: LoadPlan, lane: int) -> list[Batch]:
    """Where lanes do not share the batches evenly, the first ones have one more."""
    batches = plan.batches // plan.lanes + (lane < plan.batches % plan.lanes)
    wanted = batches * plan.spans_a_batch
    spans = arrange_spans(_make_traces_of(plan, lane, wanted), plan)[:wanted]
    return [_make_batch(part, plan.is_gzipped) for part in _cut(spans, plan.spans_a_batch)]


def arrange_spans(traces: Sequence[SampleTrace], plan: LoadPlan) -> list[Span]:
    """All spans in the order in which an exporter would send them: as they ended, some roots late, or shuffled."""
    draws = Random(f"order {plan.seed}")
    spans = [span for trace in traces for span in trace.spans]
    if plan.is_shuffled:
        draws.shuffle(spans)
        return spans
    spans.sort(key=lambda span: span.end_time_unix_nano)
    places = {id(span): float(place) for place, span in enumerate(spans)}
    for trace in traces:
        if draws.random() < plan.late_roots:
            places[id(trace.spans[-1])] += _LATE_BY_SPANS
    return sorted(spans, key=lambda span: places[id(span)])


def name_load(seed: int, *, lane: int = 0, turn: int = 0) -> bytes:
    """The first half of the trace ids of a lane: eight bytes that occur nowhere else in it."""
    return hashlib.sha256(f"load {seed} {lane} {turn}".encode()).digest()[:_HALF_ID_BYTES]


def renew_batch(batch: Batch, old_load: bytes, new_load: bytes) -> Batch:
    """The same request with other trace ids, for loads too long to be made beforehand. The body must be plain."""
    if batch.is_gzipped:
        raise ValueError("Only a plain body can be renewed: renew first, compress after.")
    return replace(
        batch,
        body=batch.body.replace(old_load, new_load),
        keys=tuple((new_load + trace_id[_HALF_ID_BYTES:], span_id) for trace_id, span_id in batch.keys),
        roots=tuple(new_load + trace_id[_HALF_ID_BYTES:] for trace_id in batch.roots),
    )


def compress_batch(batch: Batch) -> Batch:
    """The same request, gzipped as an exporter does it."""
    return replace(batch, body=gzip.compress(batch.body, compresslevel=6, mtime=0), is_gzipped=True)


def _make_traces_of(plan: LoadPlan, lane: int, wanted: int) -> list[SampleTrace]:
    load, made = name_load(plan.seed, lane=lane), 0
    traces: list[SampleTrace] = []
    while made < wanted + 2 * _LATE_BY_SPANS:
        place = len(traces)
        trace_id = load + hashlib.sha256(f"trace {place}".encode()).digest()[:_HALF_ID_BYTES]
        started_ns = plan.started_ns + place * _TRACE_TAKES_NS // plan.agents_at_once
        traces.append(make_trace(trace_id, started_ns, Random(f"{plan.seed} {lane} {place}")))
        made += len(traces[-1].spans)
    return traces


def _cut(spans: Sequence[Span], size: int) -> Iterator[tuple[Span, ...]]:
    return (tuple(spans[at : at + size]) for at in range(0, len(spans), size))


def _make_batch(spans: Sequence[Span], is_gzipped: bool) -> Batch:
    resource = Resource(
        attributes=list_key_values(
            {
                "service.name": "front-desk",
                "service.version": "4.1.0",
                "telemetry.sdk.language": "python",
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.version": "1.40.0",
            }
        )
    )
    scope = ScopeSpans(scope=InstrumentationScope(name="sample.agents", version="1.0.0"), spans=spans)
    request = ExportTraceServiceRequest(resource_spans=[ResourceSpans(resource=resource, scope_spans=[scope])])
    batch = Batch(
        body=request.SerializeToString(deterministic=True),
        keys=tuple((span.trace_id, span.span_id) for span in spans),
        roots=tuple(span.trace_id for span in spans if not span.parent_span_id),
    )
    return compress_batch(batch) if is_gzipped else batch


def renew_forever(plan: LoadPlan) -> list[Iterator[Batch]]:
    """The lanes of a plan again and again, each time as other traces: a load without an end, prepared at once."""
    lanes = make_lanes(replace(plan, is_gzipped=False))
    return [_renew_each_turn(batches, plan, lane) for lane, batches in enumerate(lanes)]


def _renew_each_turn(plain: Sequence[Batch], plan: LoadPlan, lane: int) -> Iterator[Batch]:
    old_load = name_load(plan.seed, lane=lane)
    for turn in count(1):
        for batch in plain:
            renewed = renew_batch(batch, old_load, name_load(plan.seed, lane=lane, turn=turn))
            yield compress_batch(renewed) if plan.is_gzipped else renewed
