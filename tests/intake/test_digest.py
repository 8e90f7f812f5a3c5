"""Requests become steps and jobs, in whatever order, pieces and repetitions their spans come."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import DataError
from django.utils import timezone
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from builders import House
from otlp_requests import Value, asked, make_request, make_span, span_id_of, trace_id_of
from teachback.vocabulary import JobStatus, RoutingKind, StepKind
from teachback_server.jobs.intake import digest as digest_module
from teachback_server.jobs.intake.digest import Digester, digest_again, digest_homeless_again
from teachback_server.jobs.intake.inbox import find_lag, keep_request
from teachback_server.jobs.intake.outcomes import take_outcomes
from teachback_server.jobs.meaning.what_spans_say import StepFacts
from teachback_server.jobs.models import (
    IntakeTally,
    Job,
    Outcome,
    QuarantinedSpan,
    RootToCome,
    SpanFeedback,
    Step,
    TraceRequest,
)
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.jobs.otlp.request import take_request
from teachback_server.jobs.trace_reading import read_spans
from teachback_server.people.actor import SYSTEM, PermissionMissing
from teachback_server.workflows.actions import give_name_in_traces, take_name_in_traces

pytestmark = pytest.mark.django_db(databases=["default", "traces"])

TRACE = trace_id_of(1).hex()
ROOT = make_span(1, 1, name="desk", seconds=3, attributes=asked("Where is it?", '{"queue": "delivery"}'))
MODEL_CALL: dict[str, Value] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "small-1",
    "gen_ai.usage.input_tokens": 30,
    "gen_ai.usage.output_tokens": 12,
}
CALL = make_span(1, 2, parent=1, name="chat", start_seconds=1, attributes=MODEL_CALL)
LOOK_UP = make_span(1, 3, parent=1, name="look up", start_seconds=2, attributes={"openinference.span.kind": "TOOL"})


def receive(house: House, *spans: Span, service: str = "", to: int | None = None) -> int:
    """One request comes in with a key of the house's workflow, or with one for all (`to` 0)."""
    body = make_request(spans, service=service).SerializeToString()
    workflow_id = house.workflow.pk if to is None else to
    return keep_request(workflow_id, "tb_test", body, take_request(body, is_json=False))


def digest() -> None:
    """Digest all that waits."""
    digester = Digester(open_trace_store())
    while digester.digest_some():
        pass


def snapshot() -> list[list[tuple[Any, ...]]]:
    """Everything that a digest writes, but for the marks on the requests."""
    return [
        list(Job.objects.order_by("workflow_id", "external_id").values_list()),
        list(Step.objects.order_by("pk").values_list()),
        list(RootToCome.objects.order_by("pk").values_list()),
        list(SpanFeedback.objects.order_by("trace_id", "position").values_list("trace_id", "verdict", "label")),
        list(QuarantinedSpan.objects.order_by("pk").values_list()),
        list(IntakeTally.objects.order_by("pk").values_list()),
    ]


def test_a_trace_becomes_a_job_with_its_steps(house: House) -> None:
    receive(house, CALL, LOOK_UP, ROOT)
    digest()
    job = Job.objects.get()
    assert (job.external_id, job.trace_id, job.span_id) == (TRACE, TRACE, span_id_of(1).hex())
    assert (job.input, job.output) == ({"text": "Where is it?"}, {"queue": "delivery"})
    assert (job.status, job.tokens, job.duration_ms, job.source) == ("finished", 42, 3000, "traces")
    assert (job.routing, job.review_probability, job.is_waiting) == (RoutingKind.OBSERVED, 1.0, True)
    steps = open_trace_store().list_steps(house.workflow.pk, TRACE, most=10)
    assert [(step.name, step.kind) for step in steps] == [("desk", "other"), ("small-1", "model"), ("look up", "tool")]


@pytest.mark.parametrize(
    "order", list(permutations([ROOT, CALL, LOOK_UP])), ids=lambda spans: "-".join(s.name for s in spans)
)
def test_spans_may_come_one_by_one_in_any_order(house: House, order: Sequence[Span]) -> None:
    for span in order:
        receive(house, span)
        digest()
    job = Job.objects.get()
    assert (job.input, job.tokens, Step.objects.count()) == ({"text": "Where is it?"}, 42, 3)
    assert not RootToCome.objects.exists()


def test_spans_that_come_again_change_nothing(house: House) -> None:
    receive(house, ROOT, CALL, CALL)
    digest()
    before = snapshot()[:2]
    receive(house, ROOT)
    receive(house, CALL)
    digest()
    jobs, steps = snapshot()[:2]
    assert jobs == before[0]
    assert len(steps) == len(before[1])


def test_a_digest_can_be_run_again_with_the_same_result(house: House) -> None:
    feedback = make_span(9, 1, name="feedback", attributes={"annotations.0.annotation.name": "note"})
    feedback.links.add(trace_id=trace_id_of(1), span_id=span_id_of(1))
    for spans in ([CALL], [ROOT, make_span(2, 1, parent=7)], [LOOK_UP, feedback]):
        receive(house, *spans)
    digest()
    before = snapshot()
    assert digest_again(TraceRequest.objects.values_list("pk", flat=True)) == 3
    digest()
    assert snapshot() == before


def test_a_root_without_content_takes_it_from_the_steps_below(house: House) -> None:
    bare = make_span(1, 1, name="desk", seconds=3)
    receive(house, make_span(1, 2, parent=1, start_seconds=1, attributes={**MODEL_CALL, **asked("Where?", "There.")}))
    digest()
    receive(house, bare)
    digest()
    job = Job.objects.get()
    assert (job.input, job.output) == ({"text": "Where?"}, {"text": "There."})


def test_a_trace_whose_root_never_comes_becomes_a_job_after_a_while(house: House) -> None:
    receive(house, make_span(1, 2, parent=99, name="orphan", attributes=asked("Alone")), CALL)
    digest()
    assert not Job.objects.exists()
    digester = Digester(open_trace_store())
    assert digester.take_rootless(timezone.now()) == 0
    assert digester.take_rootless(timezone.now() + timedelta(minutes=2)) == 1
    assert Job.objects.get().trace_id == TRACE
    assert not RootToCome.objects.exists()


def test_a_root_that_comes_after_all_takes_the_job_over(house: House) -> None:
    receive(house, CALL)
    digest()
    Digester(open_trace_store()).take_rootless(timezone.now() + timedelta(minutes=2))
    receive(house, ROOT)
    digest()
    job = Job.objects.get()
    assert (job.span_id, job.input) == (span_id_of(1).hex(), {"text": "Where is it?"})


def test_a_root_that_has_not_ended_is_a_job_that_runs(house: House) -> None:
    receive(house, make_span(1, 1, seconds=None, attributes=asked("Where is it?")))
    digest()
    job = Job.objects.get()
    assert (job.status, job.routing, job.review_probability, job.finished_at) == (JobStatus.RUNNING, "", None, None)
    receive(house, ROOT)
    digest()
    job.refresh_from_db()
    assert (job.status, job.routing, job.is_waiting) == (JobStatus.FINISHED, RoutingKind.OBSERVED, True)


def marked(span: int, job_id: str, **more: Value) -> Span:
    attributes: dict[str, Value] = {
        "teachback.job.id": job_id,
        "teachback.input": '{"text": "Hello"}',
        "teachback.output": '{"queue": "billing"}',
        **{f"teachback.{name}": value for name, value in more.items()},
    }
    return make_span(1, span, parent=1, name=job_id, start_seconds=span, attributes=attributes)


def test_spans_that_say_that_they_are_jobs_are_jobs_whatever_is_above_them(house: House) -> None:
    below = make_span(1, 5, parent=3, attributes=MODEL_CALL)
    receive(house, make_span(1, 1, name="POST /ask", seconds=9), marked(2, "first"), marked(3, "second"), below)
    digest()
    jobs = {job.external_id: job for job in Job.objects.all()}
    assert set(jobs) == {"first", "second"}
    assert (jobs["first"].tokens, jobs["second"].tokens) == (0, 42)


def test_how_the_sender_routed_a_job_is_taken_over(house: House) -> None:
    said = {"routing": "auto", "routing.reason": "Sure enough.", "review_probability": 0.05, "confidence": 0.97}
    receive(house, marked(2, "sure", release=house.release.content_hash, **said))
    digest()
    job = Job.objects.get()
    assert (job.routing, job.routing_reason, job.review_probability) == ("auto", "Sure enough.", 0.05)
    assert (job.confidence, job.is_waiting, job.release) == (0.97, False, house.release)


@pytest.mark.parametrize("probability", [0.0, 1.5, -1.0])
def test_a_routing_without_a_real_chance_of_review_is_not_believed(house: House, probability: float) -> None:
    said = {"routing": "auto", "routing.reason": "Sure enough.", "review_probability": probability}
    receive(house, marked(2, "sure", **said))
    digest()
    assert (Job.objects.get().routing, Job.objects.get().review_probability) == (RoutingKind.OBSERVED, 1.0)


def test_of_much_observed_work_a_share_is_offered_for_review(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teachback_server.jobs.intake.traced_jobs.ALL_OBSERVED", 10)
    receive(house, *(make_span(trace, 1, attributes=asked(f"Job {trace}")) for trace in range(1, 201)))
    failed = make_span(300, 1, attributes=asked("Oh"))
    failed.status.code = 2  # type: ignore[assignment]
    receive(house, failed)
    digest()
    jobs = list(Job.objects.order_by("number"))
    assert all(job.is_waiting and job.review_probability == 1.0 for job in jobs[:10])
    rest = jobs[10:200]
    assert {job.review_probability for job in rest} == {0.10}
    assert 5 <= sum(job.is_waiting for job in rest) <= 40
    assert (jobs[-1].status, jobs[-1].is_waiting, jobs[-1].review_probability) == ("failed", True, 1.0)


def test_a_clock_that_is_years_ahead_is_not_believed(house: House) -> None:
    ahead = make_span(1, 1, start_seconds=400_000_000, attributes=asked("Soon"))
    receive(house, ahead, make_span(2, 1, start_seconds=-1_700_000_000, attributes=asked("Long ago")))
    digest()
    now = timezone.now()
    assert all(abs(job.started_at - now) < timedelta(hours=1) for job in Job.objects.all())


def test_a_span_that_ends_before_it_starts_took_no_time(house: House) -> None:
    receive(house, make_span(1, 1, seconds=-5, attributes=asked("Back")))
    digest()
    job = Job.objects.get()
    assert (job.duration_ms, job.finished_at) == (0, job.started_at)


def test_null_characters_which_postgresql_cannot_store_are_replaced(house: House) -> None:
    receive(house, make_span(1, 1, name="de\x00sk", attributes=asked("Wh\x00ere", '{"a\\u0000": "b\\u0000"}')))
    digest()
    job = Job.objects.get()
    assert "\x00" not in str(job.input) + str(job.output)
    assert Step.objects.get().name == "de\ufffdsk"


def test_a_span_that_cannot_be_read_goes_to_quarantine_and_its_neighbours_do_not(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_facts = digest_module.read_facts

    def read_or_fail(span: Any, told: Any) -> Any:
        if span.name == "chat":
            raise RecursionError("too deep")
        return read_facts(span, told)

    monkeypatch.setattr(digest_module, "read_facts", read_or_fail)
    receive(house, ROOT, CALL, LOOK_UP)
    digest()
    assert (Job.objects.count(), Step.objects.count()) == (1, 2)
    apart = QuarantinedSpan.objects.get()
    assert (apart.name, apart.reason) == ("chat", "it could not be read: RecursionError: too deep")
    assert find_lag(timezone.now()) == timedelta(0)
    digest_again(TraceRequest.objects.values_list("pk", flat=True))
    digest()
    assert QuarantinedSpan.objects.count() == 1


def test_a_request_that_no_database_takes_stops_none_of_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = digest_module.store_traced_jobs

    def store_or_fail(workflow: Any, traced: Sequence[Any]) -> None:
        if any(one.span.name == "cursed" for one in traced):
            raise DataError("integer out of range")
        store(workflow, traced)

    monkeypatch.setattr(digest_module, "store_traced_jobs", store_or_fail)
    receive(house, ROOT)
    receive(house, make_span(2, 1, name="cursed", attributes=asked("Oh")))
    receive(house, make_span(3, 1, attributes=asked("After")))
    digest()
    assert {job.trace_id for job in Job.objects.all()} == {TRACE, trace_id_of(3).hex()}
    assert find_lag(timezone.now()) == timedelta(0)
    assert "integer out of range" in QuarantinedSpan.objects.get().reason


def test_a_crash_in_the_middle_only_repeats_work(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    receive(house, ROOT, CALL)
    with monkeypatch.context() as patched:
        patched.setattr(digest_module, "_finish", lambda batch: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            digest()
    assert find_lag(timezone.now()) > timedelta(0)
    digest()
    assert (Job.objects.count(), Step.objects.count()) == (1, 2)


def test_a_key_for_all_workflows_needs_a_name_that_the_owner_has_given(house: House) -> None:
    receive(house, ROOT, CALL, service="desk-agent", to=0)
    digest()
    assert not Job.objects.exists()
    assert Step.objects.filter(workflow_id=0).count() == 2
    assert IntakeTally.objects.get(kind="homeless").name == "service.name=desk-agent"
    with pytest.raises(PermissionMissing):
        give_name_in_traces(house.owner, house.workflow, "service.name", "desk-agent")
    give_name_in_traces(SYSTEM, house.workflow, "service.name", "desk-agent")
    assert digest_homeless_again() == 1
    digest()
    assert Job.objects.get().workflow == house.workflow
    assert Step.objects.filter(workflow_id=house.workflow.pk).count() == 2
    assert not Step.objects.filter(workflow_id=0).exists()
    take_name_in_traces(house.owner, house.workflow, "service.name", "desk-agent")
    receive(house, LOOK_UP, service="desk-agent", to=0)
    digest()
    assert Step.objects.filter(workflow_id=house.workflow.pk).count() == 3, "a late span follows its trace"


def test_our_own_name_of_a_workflow_needs_no_mapping(house: House) -> None:
    named = make_span(1, 1, attributes={**asked("Hi"), "teachback.workflow": house.elsewhere.name})
    receive(house, named, to=0)
    digest()
    assert Job.objects.get().workflow == house.elsewhere


def test_a_key_of_one_workflow_reaches_no_other(house: House) -> None:
    named = make_span(1, 1, attributes={**asked("Hi"), "teachback.workflow": house.elsewhere.name})
    receive(house, named)
    digest()
    assert Job.objects.get().workflow == house.workflow


def feedback_on(trace: int, label: str) -> Span:
    attributes: dict[str, Value] = {
        "annotations.0.annotation.name": "use",
        "annotations.0.annotation.label": label,
        "annotations.0.annotation.annotator_kind": "HUMAN",
    }
    span = make_span(50, 1, name="feedback", attributes=attributes)
    span.links.add(trace_id=trace_id_of(trace), span_id=span_id_of(1))
    return span


def test_feedback_that_comes_as_a_span_is_no_job_and_becomes_an_outcome(house: House) -> None:
    receive(house, feedback_on(1, "not used"))
    digest()
    assert take_outcomes() == 0, "the job has not come yet"
    receive(house, ROOT)
    digest()
    assert take_outcomes() == 1
    assert take_outcomes() == 0
    assert Job.objects.count() == 1
    outcome = Outcome.objects.get()
    assert (outcome.job, outcome.is_used) == (Job.objects.get(), False)


def test_whole_spans_can_be_read_again_from_their_requests(house: House) -> None:
    receive(house, ROOT)
    receive(house, CALL)
    digest()
    assert {span.name for span in read_spans(house.workflow.pk, TRACE)} == {"desk", "chat"}
    (call,) = read_spans(house.workflow.pk, TRACE, [span_id_of(2).hex()])
    assert call.attributes["gen_ai.usage.output_tokens"] == 12
    assert read_spans(house.elsewhere.pk, TRACE) == []


def test_attributes_that_may_carry_messages_and_that_nobody_knows_are_counted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_facts(span: Any, told: Any) -> StepFacts:
        return StepFacts(name=span.name, kind=StepKind.OTHER, is_error=False, unread=("acme.scroll",))

    monkeypatch.setattr(digest_module, "read_facts", read_facts)
    receive(house, ROOT, CALL)
    digest()
    assert [(row.name, row.count) for row in IntakeTally.objects.filter(kind="unread")] == [("acme.scroll", 2)]
