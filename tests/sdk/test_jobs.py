"""Jobs and their steps: what is recorded, and that nothing about the program changes."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import wraps
from typing import Any

import numpy as np
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

import teachback
from odd_server import OddServer, attributes_of
from own_loop import run_alone
from teachback.vocabulary import JobStatus, RoutingKind

TICKET = {"id": "t-1", "text": "Where is my order A1?"}
desk = teachback.workflow("support-desk")


@teachback.tool("find order")
def find_order(number: str) -> dict[str, str]:
    return {"number": number, "state": "shipped"}


def triage(ticket: dict[str, str]) -> dict[str, str]:
    with teachback.step("read", kind="model", input=ticket["text"]) as step:
        step.output = "A1"
        step.model, step.input_tokens, step.output_tokens, step.cost_usd = "small", 12, 3, 0.001
        order = find_order("A1")
    return {"queue": "delivery", "order": order["number"]}


def spans_by_name(odd: OddServer, count: int) -> dict[str, Span]:
    assert teachback.flush(timeout_seconds=20)
    spans = odd.list_spans()
    assert len(spans) == count
    return {span.name: span for span in spans}


def said(span: Span, name: str) -> Any:
    return json.loads(attributes_of(span)[name])


def test_a_job_and_its_steps_arrive_as_one_tree(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd)
    assert desk.job(id=lambda ticket: ticket["id"])(triage)(TICKET) == {"queue": "delivery", "order": "A1"}
    spans = spans_by_name(odd, 3)
    job, step, tool = spans["support-desk"], spans["read"], spans["find order"]
    assert {span.trace_id for span in spans.values()} == {job.trace_id}
    assert (job.parent_span_id, step.parent_span_id, tool.parent_span_id) == (b"", job.span_id, step.span_id)
    assert job.start_time_unix_nano <= step.start_time_unix_nano <= tool.end_time_unix_nano <= job.end_time_unix_nano
    facts = attributes_of(job)
    assert (facts["teachback.workflow"], facts["teachback.job.id"]) == ("support-desk", "t-1")
    assert (facts["teachback.status"], "teachback.routing" in facts) == ("finished", False), "its caller used it"
    assert said(job, "teachback.input") == TICKET
    assert said(job, "teachback.output") == {"queue": "delivery", "order": "A1"}
    facts = attributes_of(step)
    assert (facts["teachback.step.kind"], facts["gen_ai.request.model"]) == ("model", "small")
    assert (facts["gen_ai.usage.input_tokens"], facts["gen_ai.usage.cost"]) == (12, 0.001)
    assert said(tool, "teachback.tool.arguments") == {"number": "A1"}
    assert said(tool, "teachback.tool.result") == {"number": "A1", "state": "shipped"}
    assert attributes_of(tool)["teachback.tool.has_side_effects"] is False


def test_run_says_whether_to_use_the_output_and_records_the_same(
    odd: OddServer, configure: Callable[..., None]
) -> None:
    configure(odd)
    result = desk.run(triage, TICKET, id="t-2", group="customer 7")
    assert (result.status, result.output) == (JobStatus.FINISHED, {"queue": "delivery", "order": "A1"})
    assert (result.routing.kind, result.may_be_used) == (RoutingKind.REVIEW, False)
    assert "No release is known" in result.routing.reason
    facts = attributes_of(spans_by_name(odd, 3)["support-desk"])
    assert facts["teachback.routing"] == "review"
    assert facts["teachback.routing.reason"] == result.routing.reason
    assert facts["teachback.review_probability"] == 1.0
    assert facts["session.id"] == "customer 7"


def test_without_any_settings_everything_runs_and_waits_for_review() -> None:
    teachback.configure(url="", key="", home=None)
    result = desk.run(triage, TICKET)
    assert (result.output, result.routing.kind) == ({"queue": "delivery", "order": "A1"}, RoutingKind.REVIEW)
    assert desk.release.is_known is False
    assert desk.release.instructions == ""
    assert result.wait_for_review(timeout_seconds=5).is_decided is False
    teachback.outcome("support-desk", "t-1", used=True)
    assert teachback.flush(timeout_seconds=5) is True
    assert teachback.delivery() == teachback.Delivery()


def test_a_function_may_say_how_sure_it_is_and_where_its_values_come_from(
    odd: OddServer, configure: Callable[..., None]
) -> None:
    def work(ticket: dict[str, str]) -> dict[str, str]:
        job = teachback.current_job()
        assert job is not None
        job.confidence = 0.75
        job.provenance["order"] = {"document": "mail", "span": [21, 23]}
        return {"order": "A1"}

    configure(odd)
    assert desk.run(work, TICKET).confidence == 0.75
    job = spans_by_name(odd, 1)["support-desk"]
    assert attributes_of(job)["teachback.confidence"] == 0.75
    assert said(job, "teachback.provenance") == {"order": {"document": "mail", "span": [21, 23]}}
    assert desk.run(lambda ticket: ({"order": "A1"}, 0.5), TICKET).confidence == 0.5


@pytest.mark.parametrize("confidence", [1.5, -0.1, float("nan"), "sure", object()])
def test_a_confidence_that_is_none_is_left_out_and_costs_nothing(confidence: object) -> None:
    result = desk.run(lambda ticket: ({"order": "A1"}, confidence), TICKET)
    assert (result.output, result.confidence) == ({"order": "A1"}, None)


def test_a_hand_back_gives_a_result_without_an_output(odd: OddServer, configure: Callable[..., None]) -> None:
    def give_up(ticket: dict[str, str]) -> dict[str, str]:
        with teachback.step("look"):
            teachback.hand_back("There is no order number.")

    configure(odd)
    result = desk.run(give_up, TICKET, id="t-3")
    assert (result.status, result.output, result.hand_back_reason) == (
        JobStatus.HANDED_BACK,
        None,
        "There is no order number.",
    )
    assert (result.routing.kind, result.routing.reason) == (RoutingKind.REVIEW, "The agent handed it back.")
    spans = spans_by_name(odd, 2)
    assert attributes_of(spans["support-desk"])["teachback.hand_back.reason"] == "There is no order number."
    assert attributes_of(spans["look"])["teachback.hand_back.reason"] == "There is no order number."
    assert spans["look"].status.code == Status.STATUS_CODE_UNSET
    with pytest.raises(teachback.HandedBack, match="no order number"):
        desk.job(give_up)(TICKET)


def test_a_hand_back_that_the_program_swallows_still_counts() -> None:
    def stubborn(ticket: dict[str, str]) -> dict[str, str]:
        try:
            teachback.hand_back("No.")
        except teachback.HandedBack:
            return {"queue": "guessed"}

    result = desk.run(stubborn, TICKET)
    assert (result.status, result.output, result.returned) == (JobStatus.HANDED_BACK, None, {"queue": "guessed"})


def test_an_exception_is_recorded_and_goes_on_unchanged(odd: OddServer, configure: Callable[..., None]) -> None:
    problem = KeyError("order")

    def fail(ticket: dict[str, str]) -> None:
        with teachback.step("look"):
            raise problem

    configure(odd)
    for call in (lambda: desk.run(fail, TICKET), lambda: desk.job(fail)(TICKET)):
        with pytest.raises(KeyError) as caught:
            call()
        assert caught.value is problem
    assert teachback.flush(timeout_seconds=20)
    spans = odd.list_spans()
    assert [span.status.code for span in spans] == [Status.STATUS_CODE_ERROR] * 4
    assert attributes_of(spans[1])["teachback.status"] == "failed"
    event = {one.key: one.value.string_value for one in spans[0].events[0].attributes}
    assert event == {"exception.type": "KeyError", "exception.message": "'order'"}


def test_a_block_is_a_job_too(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd)
    with desk.start(TICKET, id="t-4") as job:
        find_order("A1")
        job.output = {"queue": "returns"}
    assert job.get_result().output == {"queue": "returns"}
    with desk.start(TICKET) as handed_back:
        teachback.hand_back("Not mine.")
    assert handed_back.get_result().status is JobStatus.HANDED_BACK
    with desk.start(TICKET) as forgotten:
        pass
    assert forgotten.get_result().status is JobStatus.FAILED
    with desk.start(TICKET) as running, pytest.raises(RuntimeError, match="not ended"):
        running.get_result()
    assert len(odd.wait_for_jobs(4)) == 4


def test_the_first_end_of_a_job_counts(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd)
    with desk.start(TICKET) as job:
        first = job.finish({"queue": "returns"})
        assert job.finish({"queue": "billing"}) is first
    assert job.result is first
    assert teachback.flush(timeout_seconds=20)
    assert len(odd.list_spans()) == 1


def test_an_async_function_stays_one_and_its_tasks_belong_to_its_job(
    odd: OddServer, configure: Callable[..., None]
) -> None:
    @teachback.tool
    async def look_up(number: int) -> int:
        await asyncio.sleep(0)
        return number

    @desk.job
    async def work(ticket: dict[str, str]) -> dict[str, int]:
        return {"sum": sum(await asyncio.gather(*(look_up(number) for number in range(5))))}

    async def main() -> list[dict[str, int]]:
        return list(await asyncio.gather(work(TICKET), work(TICKET)))

    configure(odd)
    assert asyncio.iscoroutinefunction(work)
    assert run_alone(main()) == [{"sum": 10}, {"sum": 10}]
    assert run_alone(desk.run_async(work, TICKET)).output == {"sum": 10}
    assert teachback.flush(timeout_seconds=20)
    jobs = {span.span_id: span.trace_id for span in odd.list_spans() if span.name == "support-desk"}
    tools = [span for span in odd.list_spans() if span.name == "look_up"]
    assert (len(jobs), len(tools)) == (3, 15)
    assert all(jobs[tool.parent_span_id] == tool.trace_id for tool in tools)
    assert len({tool.parent_span_id for tool in tools}) == 3


def test_a_generator_yields_as_before_and_its_caller_is_not_in_its_job(
    odd: OddServer, configure: Callable[..., None]
) -> None:
    @desk.job
    def tell(ticket: dict[str, str]) -> Iterator[str]:
        with teachback.step("write"):
            got = yield "Where "
            find_order("A1")
            yield f"is {got}"

    configure(odd)
    generator = tell(TICKET)
    pieces = [next(generator)]
    assert teachback.current_job() is None
    pieces.append(generator.send("it?"))  # type: ignore[attr-defined]
    assert list(generator) == []
    assert pieces == ["Where ", "is it?"]
    spans = spans_by_name(odd, 3)
    assert said(spans["support-desk"], "teachback.output") == {"text": "Where is it?"}
    assert spans["find order"].parent_span_id == spans["write"].span_id


def test_a_generators_return_value_and_thrown_exceptions_reach_whom_they_should() -> None:
    @desk.job
    def tell(ticket: dict[str, str]) -> Iterator[int]:
        try:
            yield 1
        except ValueError:
            yield 2
        return {"done": True}  # type: ignore[return-value]

    generator: Any = tell(TICKET)
    assert next(generator) == 1
    assert generator.throw(ValueError("no")) == 2
    with pytest.raises(StopIteration) as end:
        next(generator)
    assert end.value.value == {"done": True}


def test_a_generator_that_nobody_reads_to_its_end_is_closed(odd: OddServer, configure: Callable[..., None]) -> None:
    closed = []

    @desk.job
    def tell(ticket: dict[str, str]) -> Iterator[int]:
        try:
            yield 1
        finally:
            closed.append(teachback.current_job() is not None)

    configure(odd)
    generator: Any = tell(TICKET)
    next(generator)
    generator.close()
    assert closed == [True]
    assert attributes_of(spans_by_name(odd, 1)["support-desk"])["teachback.status"] == "failed"


def test_an_async_generator_yields_as_before(odd: OddServer, configure: Callable[..., None]) -> None:
    @desk.job
    async def tell(ticket: dict[str, str]) -> AsyncIterator[dict[str, int]]:
        for number in range(3):
            with teachback.step("write"):
                yield {"number": number}

    async def main() -> list[dict[str, int]]:
        return [piece async for piece in tell(TICKET)]

    configure(odd)
    assert run_alone(main()) == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert teachback.flush(timeout_seconds=20)
    job = next(span for span in odd.list_spans() if span.name == "support-desk")
    assert said(job, "teachback.output") == {"items": [{"number": 0}, {"number": 1}, {"number": 2}]}


def test_threads_see_no_job_unless_it_is_carried_to_them(odd: OddServer, configure: Callable[..., None]) -> None:
    def work(ticket: dict[str, str]) -> dict[str, list[bool]]:
        with ThreadPoolExecutor(4) as pool:
            alone = [pool.submit(lambda: teachback.current_job() is None) for _ in range(4)]
            carried = list(pool.map(teachback.carry_job(find_order), ["A1", "A2", "A3", "A4"]))
        return {"alone": [one.result() for one in alone], "found": [one["state"] == "shipped" for one in carried]}

    configure(odd)
    assert desk.run(work, TICKET).output == {"alone": [True] * 4, "found": [True] * 4}
    assert teachback.flush(timeout_seconds=20)
    assert len({span.trace_id for span in odd.list_spans()}) == 1
    assert len(odd.list_spans()) == 5


def test_many_threads_record_all_their_jobs(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd)

    def work() -> None:
        for _ in range(50):
            desk.run(triage, TICKET)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert teachback.flush(timeout_seconds=20)
    assert (len(odd.list_spans()), len(set(odd.list_job_ids()))) == (1200, 400)
    assert teachback.delivery().sent_spans == 1200


def test_methods_and_any_arguments_are_taken_by_their_names(odd: OddServer, configure: Callable[..., None]) -> None:
    @dataclass
    class Order:
        number: str
        price: Decimal

    class Agent:
        @desk.job
        def work(self, order: Order, *rest: int, quick: bool = False) -> str:
            return order.number

    configure(odd)
    assert Agent().work(Order("A1", Decimal("9.90")), 1, 2, quick=True) == "A1"
    job = spans_by_name(odd, 1)["support-desk"]
    assert said(job, "teachback.input") == {
        "order": {"number": "A1", "price": "9.90"},
        "args": [1, 2],
        "quick": True,
    }
    assert said(job, "teachback.output") == {"text": "A1"}


def test_values_that_json_cannot_carry_are_recorded_as_well_as_they_can_be(
    odd: OddServer, configure: Callable[..., None]
) -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise OSError("no")

    circle: dict[str, Any] = {"half a character": "\ud800", "number": float("inf"), "thing": Unprintable(), 3: {4}}
    circle["again"] = circle
    configure(odd)
    assert desk.job(lambda value: value)(circle) is circle
    value = said(spans_by_name(odd, 1)["support-desk"], "teachback.output")
    assert (value["number"], value["thing"], value["3"]) == (None, "<Unprintable>", [4])
    assert value["again"] == "…"


def test_a_value_in_which_everything_refers_to_everything_is_spelled_at_once() -> None:
    people: list[dict[str, Any]] = [{"name": number} for number in range(12)]
    for person in people:
        person["friends"] = people
    assert desk.run(lambda ticket: {"people": people}, TICKET).output is not None


def test_what_a_job_was_given_is_recorded_as_it_was_then(odd: OddServer, configure: Callable[..., None]) -> None:
    @teachback.tool
    def empty(basket: list[str]) -> int:
        basket.clear()
        return 0

    def work(ticket: dict[str, Any]) -> dict[str, Any]:
        empty(ticket["basket"])
        return ticket

    configure(odd)
    desk.run(work, {"basket": ["apple"]})
    spans = spans_by_name(odd, 2)
    assert said(spans["support-desk"], "teachback.input") == {"basket": ["apple"]}
    assert said(spans["empty"], "teachback.tool.arguments") == {"basket": ["apple"]}


def test_a_value_that_is_too_long_is_cut_and_marked(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd, most_value_characters=100)
    result = desk.run(lambda ticket: {"text": "x" * 1000}, TICKET)
    assert result.output == {"text": "x" * 1000}
    facts = attributes_of(spans_by_name(odd, 1)["support-desk"])
    assert len(facts["teachback.output"]) == 100
    assert facts["teachback.cut"] == "teachback.output"


def test_an_id_that_cannot_be_found_costs_only_the_id(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd)
    assert desk.job(id=lambda ticket: ticket["nothing"])(triage)(TICKET)["queue"] == "delivery"
    assert len(odd.wait_for_jobs(1)[0]) == 32


def test_a_step_of_an_unknown_kind_and_steps_outside_of_jobs_are_no_fault() -> None:
    with teachback.step("think", kind="dream") as step:
        step.output = 1
    assert find_order("A9")["number"] == "A9"
    with pytest.raises(teachback.HandedBack):
        teachback.hand_back("Nowhere to hand back from.")


def test_a_job_says_its_name_to_services_that_go_on_with_it() -> None:
    with desk.start(TICKET) as job:
        job.output = {}
    version, trace_id, span_id, flags = job.trace_parent.split("-")
    assert (version, len(trace_id), len(span_id), flags) == ("00", 32, 16, "01")


def test_run_strips_nothing_but_its_own_decorator(odd: OddServer, configure: Callable[..., None]) -> None:
    def twice(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any) -> Any:
            return [function(*args), function(*args)]

        return call

    class Agent:
        name = "Ann"

        @desk.job
        @twice
        def work(self, ticket: dict[str, str]) -> str:
            return self.name

    configure(odd)
    assert desk.run(twice(triage), TICKET).returned == [triage(TICKET), triage(TICKET)]
    assert desk.run(Agent().work, TICKET).returned == ["Ann", "Ann"]
    assert teachback.flush(timeout_seconds=20)
    assert len(odd.list_job_ids()) == 2, "a decorated function under `run` is one job, not two"


class Cursed(dict[str, Any]):
    """A mapping that raises whatever one does with it, as an object of a closed database session may."""

    def items(self) -> Any:
        raise OSError("closed")

    __iter__ = __len__ = __str__ = __repr__ = items


@dataclass
class HalfCursed:
    """A model whose own export raises."""

    def model_dump(self) -> object:
        raise LookupError("no")


@pytest.mark.parametrize("value", [Cursed(), HalfCursed(), [HalfCursed()], object(), b"bytes", range(3), {1: {2: 3}}])
def test_nothing_that_a_program_works_with_makes_recording_fail(
    value: object, odd: OddServer, configure: Callable[..., None]
) -> None:
    configure(odd)
    assert desk.job(lambda given: given)(value) is value
    with desk.start(value) as job, teachback.step("look", input=value) as step:
        step.output = value
        job.provenance["field"] = value
        job.output = value
    assert desk.run(lambda given: given, value).returned is value
    assert len(odd.wait_for_jobs(3)) == 3


def test_figures_of_a_step_may_be_numbers_of_any_kind(odd: OddServer, configure: Callable[..., None]) -> None:
    cost: Any = Decimal("0.25")
    configure(odd)
    with desk.start(TICKET) as job:
        with teachback.step("read", kind="model") as step:
            step.cost_usd, step.input_tokens = cost, 10**30
        job.output = {}
    facts = attributes_of(spans_by_name(odd, 2)["read"])
    assert (facts["gen_ai.usage.cost"], facts["gen_ai.usage.input_tokens"]) == ("0.25", str(10**30))


def test_ids_need_not_be_texts(odd: OddServer, configure: Callable[..., None]) -> None:
    number: Any = 4711
    configure(odd)
    assert desk.run(triage, TICKET, id=number, group=number).id == "4711"
    assert odd.wait_for_jobs(1) == ["4711"]
    teachback.outcome("support-desk", number, used=True, at="no time", worth_usd=number)  # type: ignore[arg-type]


class _Hostile:
    """What a program may hold: a value that raises as soon as somebody looks at it."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError("not now")

    def __str__(self) -> str:
        raise RuntimeError("not now")

    __repr__ = __str__


def test_a_value_that_raises_when_it_is_looked_at_reaches_nobody_but_the_program(
    odd: OddServer, configure: Callable[..., None]
) -> None:
    configure(odd)
    hostile = _Hostile()
    ran = desk.run(lambda given: hostile, {}, id=hostile)  # type: ignore[arg-type]
    assert ran.returned is hostile
    assert ran.routing.kind is RoutingKind.REVIEW
    assert desk.job(lambda given: given, id=lambda given: hostile)(hostile) is hostile
    assert teachback.flush(timeout_seconds=10)


def test_a_step_that_is_entered_within_itself_is_no_fault() -> None:
    def work(given: object) -> dict[str, bool]:
        step = teachback.step("look")
        with step, step:
            pass
        return {"done": True}

    assert desk.run(work, {}).output == {"done": True}


def test_the_reason_of_a_hand_back_may_be_the_exception_that_was_caught() -> None:
    ran = desk.run(lambda given: teachback.hand_back(ValueError("no order")), {})  # type: ignore[arg-type]
    assert (ran.status, ran.hand_back_reason) == (JobStatus.HANDED_BACK, "no order")


def test_an_id_or_a_group_that_is_none_does_not_make_jobs_alike(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd)
    first, second = (desk.run(lambda given: {}, {}, id=None, group=None) for _ in range(2))  # type: ignore[arg-type]
    assert len({first.id, second.id, "None"}) == 3
    assert teachback.flush(timeout_seconds=10)
    assert not any("session.id" in attributes_of(span) for span in odd.list_spans())


def test_recording_makes_no_call_of_a_stand_in_for_something_far_away() -> None:
    asked: list[str] = []

    class StandIn:
        def __getattr__(self, name: str) -> Callable[[], dict[str, str]]:
            asked.append(name)
            return lambda: {"called": name}

        def __str__(self) -> str:
            return "far away"

    assert desk.run(lambda given: {"from": StandIn()}, {}).output == {"from": "far away"}
    assert asked == []


def test_numbers_and_arrays_of_numpy_stay_numbers_and_lists() -> None:
    output = {"count": np.int64(3), "sure": np.bool_(True), "share": np.float32(0.5), "each": np.arange(3)}
    assert desk.run(lambda given: output, {}).output == {"count": 3, "sure": True, "share": 0.5, "each": [0, 1, 2]}


def test_a_whole_number_that_python_cannot_spell_costs_itself_alone() -> None:
    assert desk.run(lambda given: {"huge": 10**5000, "small": 1}, {}).output == {"huge": "…", "small": 1}


def test_run_says_so_where_the_function_has_to_be_awaited() -> None:
    async def work(given: object) -> dict[str, int]:
        return {}

    with pytest.raises(TypeError, match="run_async"):
        desk.run(work, {})


def test_a_generator_may_be_given_to_both_kinds_of_run() -> None:
    def work(given: object) -> Iterator[str]:
        yield from ("a", "b")

    assert desk.run(work, {}).output == run_alone(desk.run_async(work, {})).output == {"text": "ab"}
