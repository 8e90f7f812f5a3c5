"""What the SDK sends, read by the server's own tables: the two must agree on every name."""

from collections.abc import Callable

import pytest

import teachback
from odd_server import OddServer
from teachback.vocabulary import JobStatus, RoutingKind, StepKind
from teachback_server.jobs.meaning.job_content import names_of_workflow, read_job
from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.meaning.step_content import read_content
from teachback_server.jobs.meaning.step_facts import read_facts
from teachback_server.jobs.otlp.request import take_request, unpack_spans

desk = teachback.workflow("support-desk")


@teachback.tool("find order", has_side_effects=True)
def find_order(number: str) -> dict[str, str]:
    return {"state": "shipped"}


def triage(ticket: dict[str, str]) -> tuple[dict[str, str], float]:
    with teachback.step("read", kind="model", input="Where is A1?") as step:
        step.model, step.input_tokens, step.output_tokens, step.cost_usd = "small", 120, 30, 0.002
        step.output = "A1"
    find_order("A1")
    job = teachback.current_job()
    assert job is not None
    job.provenance["order"] = {"span": [9, 11]}
    return {"order": "A1"}, 0.75


def receive(odd: OddServer) -> dict[str, Span]:
    """The spans as the server takes and decodes them."""
    assert teachback.flush(timeout_seconds=20)
    taken = [take_request(call.body, is_json=False) for call in odd.accepted]
    assert not any(one.refused or one.cut for one in taken)
    spans = [packed.decode() for one in taken for packed in unpack_spans(one.message)]
    return {span.name: span for span in spans}


def test_the_server_reads_of_a_job_all_that_the_sdk_said(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd)
    result = desk.run(triage, {"text": "Where is A1?"}, id="t-1", group="customer 7")
    spans = receive(odd)
    root = spans["support-desk"]
    assert names_of_workflow(root)[0] == ("teachback.workflow", "support-desk")
    job = read_job(root, list(spans.values()))
    assert (job.external_id, job.session, job.status) == ("t-1", "customer 7", JobStatus.FINISHED)
    assert (job.input, job.output, job.confidence) == ({"text": "Where is A1?"}, {"order": "A1"}, 0.75)
    assert job.provenance == {"order": {"span": [9, 11]}}
    assert job.routing is not None
    assert (job.routing.kind, job.routing.reason) == (RoutingKind.REVIEW, result.routing.reason)
    assert job.routing.probability == 1.0


def test_the_server_reads_of_a_step_all_that_the_sdk_said(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd)
    desk.run(triage, {"text": "Where is A1?"})
    spans = receive(odd)
    model = read_facts(spans["read"])
    assert (model.kind, model.model) == (StepKind.MODEL, "small")
    assert (model.input_tokens, model.output_tokens, model.cost_usd) == (120, 30, 0.002)
    content = read_content(spans["read"])
    assert (content.input, content.output) == ("Where is A1?", "A1")
    assert read_facts(spans["find order"]).kind is StepKind.TOOL
    tool = read_content(spans["find order"]).tool
    assert tool is not None
    assert (tool.name, tool.arguments, tool.result) == ("find order", {"number": "A1"}, {"state": "shipped"})
    assert [read_facts(span).unread for span in spans.values()] == [()] * 3


@pytest.mark.parametrize("kind", StepKind)
def test_the_server_knows_every_kind_of_step(kind: StepKind, odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd)
    with desk.start({}) as job:
        with teachback.step("a step", kind=kind):
            pass
        job.output = {}
    assert read_facts(receive(odd)["a step"]).kind is kind


def test_the_server_sees_hand_backs_and_failures(odd: OddServer, configure: Callable[..., None]) -> None:
    def give_up(ticket: object) -> None:
        with teachback.step("look"):
            teachback.hand_back("Not mine.")

    def fail(ticket: object) -> None:
        raise KeyError("order")

    configure(odd)
    desk.run(give_up, {})
    spans = receive(odd)
    job = read_job(spans["support-desk"], list(spans.values()))
    assert (job.status, job.hand_back_reason, job.output) == (JobStatus.HANDED_BACK, "Not mine.", None)
    odd.accepted.clear()
    with pytest.raises(KeyError):
        desk.run(fail, {})
    spans = receive(odd)
    job = read_job(spans["support-desk"], list(spans.values()))
    assert (job.status, job.error) == (JobStatus.FAILED, "KeyError: 'order'")


def test_a_call_that_was_used_at_once_leaves_the_routing_to_the_server(
    odd: OddServer, configure: Callable[..., None]
) -> None:
    configure(odd)
    desk.job(lambda ticket: {"queue": "returns"})({})
    spans = receive(odd)
    assert read_job(spans["support-desk"], list(spans.values())).routing is None


@pytest.mark.parametrize(
    "given",
    [{"text": "Where is A1?"}, {"text": "Ann", "n": [1, 2]}, "Where is A1?", ["A1", "B2"], 7, "", '{"a": 1}', "7", {}],
    ids=str,
)
@pytest.mark.parametrize("hides", ["nothing", "Ann", "everything", "all of it"])
def test_both_sides_hash_the_same_input_and_group(
    given: object, hides: str, odd: OddServer, configure: Callable[..., None]
) -> None:
    def redact(name: str, value: object) -> object:
        if hides == "everything":
            return None
        if hides == "all of it":
            return "[hidden]"
        return value.replace("Ann", "…") if isinstance(value, str) and hides == "Ann" else value

    configure(odd, redact=None if hides == "nothing" else redact)
    with desk.start(given, group="Ann 7") as job:
        job.output = {}
    spans = list(receive(odd).values())
    seen = read_job(spans[0], spans)
    assert (job.group_as_sent, job.input_as_sent) == (seen.session, seen.input or {})
