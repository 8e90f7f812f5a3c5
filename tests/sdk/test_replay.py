"""Replay: the same work under another release, with tools that answer from the recording and never touch the world."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import teachback
from odd_server import OddServer, attributes_of
from teachback.release_document import ReleaseDocument, Rule
from teachback.testing import (
    RecordedJob,
    RecordedTool,
    RecordedToolError,
    ReplayStatus,
    make_release,
    replay,
    replay_job,
)
from teachback.vocabulary import JobStatus, RoutingKind

desk = teachback.workflow("support-desk")
touched: list[str] = []


@teachback.tool("find order")
def find_order(number: str, *, deep: bool = False) -> dict[str, Any]:
    touched.append(number)
    return {}


@teachback.tool("send mail", has_side_effects=True)
def send_mail(to: str) -> None:
    touched.append(to)


@desk.job
def triage(ticket: dict[str, Any]) -> dict[str, Any]:
    order = find_order(ticket["number"])
    return {"queue": "returns" if order["state"] == "lost" else "delivery", "told": desk.release.instructions}


def recorded(*tools: RecordedTool) -> RecordedJob:
    return RecordedJob(id="t-1", input={"number": "A1"}, tools=tools)


FOUND = RecordedTool(name="find order", arguments={"number": "A1"}, result={"state": "lost"})


def test_tools_answer_from_the_recording_under_the_release_that_is_tried() -> None:
    document = ReleaseDocument(
        workflow="support-desk",
        instructions="Be kind.",
        rules=(Rule(name="returns", when="output.queue == 'returns'", action="review", reason="a return"),),
    )
    (replayed,) = replay(triage, [recorded(FOUND)], release=make_release(document))
    assert replayed.status is ReplayStatus.DONE
    assert replayed.result is not None
    assert replayed.result.output == {"queue": "returns", "told": "Be kind."}
    assert (replayed.result.routing.kind, "a return" in replayed.result.routing.reason) == (RoutingKind.REVIEW, True)
    assert touched == []


def test_a_call_that_was_never_recorded_stops_the_replay() -> None:
    other = RecordedTool(name="find order", arguments={"number": "A2"}, result={})
    for tools, why in (
        ((), "never called in the recording"),
        ((other,), "arguments that were never recorded"),
    ):
        replayed = replay_job(triage, recorded(*tools))
        assert (replayed.status, replayed.result) == (ReplayStatus.DIVERGED, None)
        assert why in replayed.why
        assert "find order" in replayed.why
    assert touched == []


def test_the_same_call_answers_in_the_order_of_the_recording_and_no_more_often() -> None:
    def ask_twice(ticket: dict[str, Any]) -> dict[str, Any]:
        return {"states": [find_order("A1")["state"] for _ in range(ticket["times"])]}

    tools = (FOUND, RecordedTool(name="find order", arguments={"number": "A1"}, result={"state": "found"}))
    twice, thrice = replay(
        ask_twice, [RecordedJob(id=str(times), input={"times": times}, tools=tools) for times in (2, 3)]
    )
    assert twice.result is not None
    assert twice.result.output == {"states": ["lost", "found"]}
    assert thrice.status is ReplayStatus.DIVERGED
    assert "once more" in thrice.why


def test_a_tool_with_side_effects_stops_the_replay_even_if_it_was_recorded() -> None:
    def tell(ticket: dict[str, Any]) -> dict[str, Any]:
        send_mail("ann@example.org")
        return {}

    sent = RecordedTool(name="send mail", arguments={"to": "ann@example.org"}, has_side_effects=True)
    replayed = replay_job(tell, recorded(sent))
    assert replayed.status is ReplayStatus.DIVERGED
    assert "side effects" in replayed.why
    once_harmful = RecordedTool(
        name="find order", arguments={"number": "A1"}, result={"state": "lost"}, has_side_effects=True
    )
    assert replay_job(triage, recorded(once_harmful)).status is ReplayStatus.DIVERGED
    assert touched == []


def test_an_agent_that_catches_everything_cannot_go_past_the_recording() -> None:
    def stubborn(ticket: dict[str, Any]) -> dict[str, Any]:
        for call in (lambda: find_order("A9"), lambda: find_order("A1"), lambda: send_mail("x")):
            with suppress(BaseException):
                call()
        return {"queue": "guessed"}

    replayed = replay_job(stubborn, recorded(FOUND))
    assert (replayed.status, replayed.result) == (ReplayStatus.DIVERGED, None)
    assert touched == []


def test_what_a_tool_raised_is_raised_again() -> None:
    def careful(ticket: dict[str, Any]) -> dict[str, Any]:
        try:
            find_order("A1")
        except RecordedToolError as problem:
            return {"problem": str(problem)}
        return {}

    failed = RecordedTool(name="find order", arguments={"number": "A1"}, error="TimeoutError: too slow")
    replayed = replay_job(careful, recorded(failed))
    assert replayed.result is not None
    assert replayed.result.output == {"problem": "TimeoutError: too slow"}


def test_an_exception_or_a_hand_back_of_the_function_ends_its_job_alone() -> None:
    def work(ticket: dict[str, Any]) -> dict[str, Any]:
        if ticket["number"] == "A1":
            raise KeyError("no")
        if ticket["number"] == "A2":
            teachback.hand_back("Not mine.")
        return ticket

    results = replay(work, [RecordedJob(id=number, input={"number": number}) for number in ("A1", "A2", "A3")])
    assert [one.status for one in results] == [ReplayStatus.RAISED, ReplayStatus.DONE, ReplayStatus.DONE]
    assert results[0].why == "KeyError: 'no'"
    assert results[1].result is not None
    assert results[1].result.status is JobStatus.HANDED_BACK


def test_async_functions_and_generators_are_replayed_too() -> None:
    @teachback.tool
    async def look(number: str) -> dict[str, Any]:
        touched.append(number)
        return {}

    async def work(ticket: dict[str, Any]) -> dict[str, Any]:
        first, second = await asyncio.gather(look("A1"), look("A2"))
        return {"states": [first["state"], second["state"]]}

    async def stream(ticket: dict[str, Any]) -> AsyncIterator[str]:
        yield (await look("A1"))["state"]
        yield "."

    tools = [
        RecordedTool(name="look", arguments={"number": number}, result={"state": state})
        for number, state in (("A1", "lost"), ("A2", "found"))
    ]
    for function, output in ((work, {"states": ["lost", "found"]}), (stream, {"text": "lost."})):
        replayed = replay_job(function, recorded(*tools))
        assert replayed.result is not None
        assert replayed.result.output == output
    assert replay_job(work, recorded(tools[0])).status is ReplayStatus.DIVERGED
    assert touched == []


def test_a_tool_makes_of_the_recorded_json_what_it_returns_itself() -> None:
    @dataclass
    class Order:
        state: str

    @teachback.tool("find", read_result=lambda result: Order(**result))  # type: ignore[arg-type]
    def find(number: str) -> Order:
        raise AssertionError

    tool = RecordedTool(name="find", arguments={"number": "A1"}, result={"state": "lost"})
    replayed = replay_job(lambda ticket: {"state": find("A1").state}, recorded(tool))
    assert replayed.result is not None
    assert replayed.result.output == {"state": "lost"}


def test_arguments_of_any_kind_are_found_again_in_the_form_in_which_they_were_recorded() -> None:
    @dataclass
    class Order:
        number: str
        lines: tuple[int, ...]

    @teachback.tool
    def price(order: Order, day: date, rates: dict[int, float]) -> float:
        raise AssertionError

    recorded_arguments = {
        "order": {"number": "A1", "lines": [1, 2]},
        "day": "2026-03-02",
        "rates": {"1": None, "2": 0.5},
    }
    tool = RecordedTool(name="price", arguments=recorded_arguments, result=12.5)
    given = (Order("A1", (1, 2)), date(2026, 3, 2), {2: 0.5, 1: float("nan")})
    replayed = replay_job(lambda ticket: {"price": price(*given)}, recorded(tool))
    assert replayed.result is not None, replayed.why
    assert replayed.result.output == {"price": 12.5}


def test_a_tool_in_a_thread_that_the_replay_cannot_follow_stops_it_and_never_runs() -> None:
    touched: list[int] = []

    @teachback.tool("send")
    def send(number: int) -> int:
        touched.append(number)
        return number

    def work(given: dict[str, Any], carry: bool) -> dict[str, Any]:
        with ThreadPoolExecutor(1) as pool:
            return {"sent": pool.submit(teachback.carry_job(send) if carry else send, 1).result()}

    recorded = RecordedJob(id="1", input={}, tools=[RecordedTool(name="send", arguments={"number": 1}, result=7)])
    (lost,) = replay(lambda given: work(given, False), [recorded])
    (carried,) = replay(lambda given: work(given, True), [recorded])
    assert (lost.status, touched) == (ReplayStatus.DIVERGED, [])
    assert "carry_job" in lost.why
    assert carried.result is not None
    assert carried.result.output == {"sent": 7}
    assert send(2) == 2  # no replay runs any more
    assert touched == [2]


def test_a_job_of_another_thread_goes_on_while_a_replay_runs() -> None:
    @teachback.tool("look")
    def look() -> str:
        return "really"

    def live(given: dict[str, Any]) -> dict[str, Any]:
        return {"said": look()}

    def work(given: dict[str, Any]) -> dict[str, Any]:
        with ThreadPoolExecutor(1) as pool:
            return {"live": pool.submit(teachback.workflow("other").run, live, {}).result().output}

    (replayed,) = replay(work, [RecordedJob(id="1", input={})])
    assert replayed.result is not None
    assert replayed.result.output == {"live": {"said": "really"}}


def test_nothing_that_a_replayed_function_does_with_teachback_reaches_the_server(
    odd: OddServer, configure: Callable[..., None]
) -> None:
    configure(odd, release_seconds=60)
    desk = teachback.workflow("desk")

    def work(given: dict[str, Any]) -> dict[str, Any]:
        teachback.outcome("desk", "1", used=True)
        inner = desk.run(lambda inside: {"told": desk.release.instructions}, {"inner": True})
        return {"inner": inner.output}

    release = make_release(ReleaseDocument(workflow="desk", instructions="Be kind."))
    (replayed,) = replay(work, [RecordedJob(id="1", input={})], release=release)
    assert replayed.result is not None
    assert replayed.result.output == {"inner": {"told": "Be kind."}}
    assert teachback.flush(timeout_seconds=5)
    assert odd.calls == []


def test_a_function_that_would_end_the_program_ends_its_replay_alone() -> None:
    def leave(given: dict[str, Any]) -> None:
        sys.exit("enough")

    replayed = replay(leave, [RecordedJob(id="1", input={}), RecordedJob(id="2", input={})])
    assert [(one.status, one.why) for one in replayed] == [(ReplayStatus.RAISED, "SystemExit: enough")] * 2


def test_a_tool_that_yields_is_recorded_without_a_result_and_stops_the_replay(
    odd: OddServer, configure: Callable[..., None]
) -> None:
    @teachback.tool("read pages")
    def read_pages() -> Iterator[str]:
        yield from ("one", "two")

    def work(given: dict[str, Any]) -> dict[str, Any]:
        return {"pages": list(read_pages())}

    configure(odd)
    assert teachback.workflow("desk").run(work, {}).output == {"pages": ["one", "two"]}
    assert teachback.flush(timeout_seconds=10)
    (call,) = [attributes_of(span) for span in odd.list_spans() if span.name == "read pages"]
    assert "teachback.tool.result" not in call
    gap = RecordedTool(name="read pages", arguments={}, gap="its result was not recorded.")
    (replayed,) = replay(work, [RecordedJob(id="1", input={}, tools=[gap])])
    assert (replayed.status, "was not recorded" in replayed.why) == (ReplayStatus.DIVERGED, True)
