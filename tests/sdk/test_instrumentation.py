"""Beside an application's own OpenTelemetry: its traces stay its own, and steps of jobs appear in ours as well."""

from collections.abc import Callable, Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

import teachback
from odd_server import OddServer, attributes_of

desk = teachback.workflow("support-desk")


@pytest.fixture
def theirs() -> Iterator[tuple[TracerProvider, InMemorySpanExporter]]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider, exporter
    provider.shutdown()


Theirs = tuple[TracerProvider, InMemorySpanExporter]


def test_an_applications_own_traces_stay_as_they_are(
    odd: OddServer, configure: Callable[..., None], theirs: Theirs
) -> None:
    provider, exporter = theirs
    tracer = provider.get_tracer("app")
    before = trace.get_tracer_provider()
    configure(odd)
    with tracer.start_as_current_span("request") as request, desk.start({}) as job:
        with teachback.step("think"), tracer.start_as_current_span("call model"):
            assert trace.get_current_span() is not request
        job.output = {}
    assert trace.get_tracer_provider() is before
    call, request_span = exporter.get_finished_spans()
    assert call.parent is not None
    assert call.parent.span_id == request_span.context.span_id
    assert teachback.flush(timeout_seconds=20)
    assert [span.name for span in odd.list_spans()] == ["think", "support-desk"]


def test_instrumented_calls_within_a_job_become_its_steps(
    odd: OddServer, configure: Callable[..., None], theirs: Theirs
) -> None:
    provider, exporter = theirs
    tracer = provider.get_tracer("app")
    teachback.instrument(provider)
    configure(odd)
    with tracer.start_as_current_span("request"), desk.start({}) as job:
        with teachback.step("think"), tracer.start_as_current_span("agent"):
            with tracer.start_as_current_span("call model") as call:
                call.set_attributes({"gen_ai.operation.name": "chat", "tags": ["a", "b"], "counts": [1, 2]})
                call.add_event("gen_ai.choice", {"index": 0})
            with teachback.step("tool"), tracer.start_as_current_span("query"):
                pass
        job.output = {}
    with tracer.start_as_current_span("outside"):
        pass
    assert teachback.flush(timeout_seconds=20)
    spans = {span.name: span for span in odd.list_spans()}
    assert set(spans) == {"support-desk", "think", "agent", "call model", "tool", "query"}
    assert {span.trace_id for span in spans.values()} == {spans["support-desk"].trace_id}
    above = {name: span.parent_span_id for name, span in spans.items()}
    assert above["think"] == spans["support-desk"].span_id
    assert above["agent"] == spans["think"].span_id
    assert above["call model"] == spans["agent"].span_id
    assert above["query"] == spans["tool"].span_id
    facts = attributes_of(spans["call model"])
    assert (facts["gen_ai.operation.name"], facts["teachback.workflow"]) == ("chat", "support-desk")
    assert [value.string_value for value in facts["tags"].values] == ["a", "b"]
    assert facts["counts"] == "[1,2]"
    assert [event.name for event in spans["call model"].events] == ["gen_ai.choice"]
    assert len(exporter.get_finished_spans()) == 5, "their own exporter has all of them, too"


def test_errors_of_instrumented_calls_are_errors_of_the_step(
    odd: OddServer, configure: Callable[..., None], theirs: Theirs
) -> None:
    provider, _ = theirs
    tracer = provider.get_tracer("app")
    teachback.instrument(provider)
    configure(odd)
    with desk.start({}) as job:
        with pytest.raises(TimeoutError), tracer.start_as_current_span("raises"):
            raise TimeoutError("too slow")
        with tracer.start_as_current_span("says so") as span:
            span.set_status(StatusCode.ERROR, "not well")
        job.output = {}
    assert teachback.flush(timeout_seconds=20)
    spans = {span.name: span for span in odd.list_spans()}
    assert (spans["raises"].status.code, spans["raises"].status.message) == (2, "too slow")
    assert [event.name for event in spans["raises"].events] == ["exception"]
    assert (spans["says so"].status.code, spans["says so"].status.message) == (2, "not well")


def test_what_instrumentations_record_is_redacted_as_well(
    odd: OddServer, configure: Callable[..., None], theirs: Theirs
) -> None:
    provider, _ = theirs
    teachback.instrument(provider)
    configure(odd, redact=lambda name, value: "…" if name in ("prompt", "gen_ai.prompt") else value)
    with desk.start({}) as job:
        with provider.get_tracer("app").start_as_current_span("call", attributes={"gen_ai.prompt": "Smith"}) as span:
            span.add_event("said", {"prompt": "Smith"})
        job.output = {}
    assert teachback.flush(timeout_seconds=20)
    assert b"Smith" not in odd.accepted[0].body


def test_a_provider_that_is_instrumented_twice_gives_each_span_once(
    odd: OddServer, configure: Callable[..., None], theirs: Theirs
) -> None:
    provider, _ = theirs
    teachback.instrument(provider)
    teachback.instrument(provider)
    configure(odd)
    with desk.start({}) as job, provider.get_tracer("app").start_as_current_span("query"):
        job.output = {}
    assert teachback.flush(timeout_seconds=20)
    assert sorted(span.name for span in odd.list_spans()) == ["query", "support-desk"]


def test_the_stand_in_for_a_provider_that_was_never_set_up_is_no_fault() -> None:
    teachback.instrument(trace.ProxyTracerProvider())
