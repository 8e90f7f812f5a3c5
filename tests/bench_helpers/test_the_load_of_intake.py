"""Shows that the load of the intake benchmarks is what it says: the same each time, complete, late where asked."""

import gzip
from itertools import islice

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from intake_load.batches import (
    Batch,
    LoadPlan,
    compress_batch,
    make_batches,
    make_lanes,
    name_load,
    renew_batch,
    renew_forever,
)

PLAN = LoadPlan(seed=7, batches=6, lanes=1)


def list_spans(batch: Batch) -> list[Span]:
    """The spans of a request, as a server would read them."""
    body = gzip.decompress(batch.body) if batch.is_gzipped else batch.body
    request = ExportTraceServiceRequest.FromString(body)
    return [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def find_late_roots(batches: list[Batch]) -> int:
    """How many traces have a root in a later batch than every one of their children."""
    roots: dict[bytes, int] = {}
    children: dict[bytes, int] = {}
    for place, batch in enumerate(batches):
        for span in list_spans(batch):
            (children if span.parent_span_id else roots)[span.trace_id] = place
    return sum(place > children.get(trace, place) for trace, place in roots.items())


def test_the_same_plan_gives_the_same_bytes_and_another_seed_others() -> None:
    assert make_batches(PLAN) == make_batches(PLAN)
    other = {key for batch in make_batches(LoadPlan(seed=8, batches=6, lanes=1)) for key in batch.keys}
    assert other.isdisjoint(key for batch in make_batches(PLAN) for key in batch.keys)


def test_every_batch_is_full_and_lists_exactly_the_spans_that_it_holds() -> None:
    for batch in make_batches(PLAN):
        assert len(batch.keys) == 500
        assert batch.keys == tuple((span.trace_id, span.span_id) for span in list_spans(batch))


def test_spans_are_as_large_and_traces_as_long_as_the_benchmark_says() -> None:
    batches = make_batches(LoadPlan(seed=1, batches=20, lanes=1))
    keys = [key for batch in batches for key in batch.keys]
    assert len(set(keys)) == len(keys)
    assert 1100 < sum(len(batch.body) for batch in batches) / len(keys) < 1300
    assert 7 < len(keys) / len({trace for trace, _ in keys}) < 9


def test_every_child_names_a_root_of_its_own_trace() -> None:
    spans = [span for batch in make_batches(LoadPlan(seed=1, batches=20, lanes=1)) for span in list_spans(batch)]
    roots = {span.trace_id: span.span_id for span in spans if not span.parent_span_id}
    arrived = [span for span in spans if span.parent_span_id and span.trace_id in roots]
    assert len(arrived) > 7500
    assert all(span.parent_span_id == roots[span.trace_id] for span in arrived)


def test_lanes_share_the_batches_and_no_trace() -> None:
    lanes = make_lanes(LoadPlan(seed=1, batches=10, lanes=4, spans_a_batch=100))
    assert [len(lane) for lane in lanes] == [3, 3, 2, 2]
    traces = [{trace for batch in lane for trace, _ in batch.keys} for lane in lanes]
    assert len(set().union(*traces)) == sum(map(len, traces))


def test_roots_come_late_as_often_as_asked() -> None:
    none = find_late_roots(make_batches(LoadPlan(seed=3, batches=12, lanes=1, late_roots=0)))
    some = find_late_roots(make_batches(LoadPlan(seed=3, batches=12, lanes=1, late_roots=0.5)))
    assert none < 20  # only traces that a border between two batches happens to cut
    assert some > 150


def test_a_shuffled_load_spreads_its_traces_over_batches() -> None:
    in_order, shuffled = (
        make_batches(LoadPlan(seed=3, batches=12, lanes=1, late_roots=0, is_shuffled=is_shuffled))
        for is_shuffled in (False, True)
    )
    traces_of_first = [len({trace for trace, _ in batches[0].keys}) for batches in (in_order, shuffled)]
    assert traces_of_first[1] > 2 * traces_of_first[0]


def test_a_compressed_batch_holds_the_same_spans() -> None:
    plain, compressed = make_batches(PLAN)[0], make_batches(LoadPlan(seed=7, batches=6, lanes=1, is_gzipped=True))[0]
    assert compressed == compress_batch(plain)
    assert list_spans(compressed) == list_spans(plain)


def test_a_renewed_batch_holds_other_traces_and_nothing_else_that_is_new() -> None:
    old = make_batches(PLAN)[0]
    renewed = renew_batch(old, name_load(7), name_load(7, turn=1))
    assert renewed.keys == tuple((span.trace_id, span.span_id) for span in list_spans(renewed))
    assert {trace for trace, _ in renewed.keys}.isdisjoint(trace for trace, _ in old.keys)
    assert [span.attributes for span in list_spans(renewed)] == [span.attributes for span in list_spans(old)]


def test_a_compressed_batch_is_not_renewed() -> None:
    with pytest.raises(ValueError, match="renew first"):
        renew_batch(compress_batch(make_batches(PLAN)[0]), name_load(7), name_load(7, turn=1))


def test_a_load_without_an_end_never_repeats_a_trace() -> None:
    plan = LoadPlan(seed=7, batches=2, lanes=2, spans_a_batch=50)
    keys = [key for lane in renew_forever(plan) for batch in islice(lane, 10) for key in batch.keys]
    assert len(set(keys)) == len(keys) == 2 * 10 * 50
