"""What every store of traces must do alike, whichever database is behind it."""

from dataclasses import replace
from itertools import count

import pytest

from teachback_server.jobs.trace_store import NameSums, StepRow, TraceStore, TraceSums, add_up_usage

START = 1_772_438_400_000_000_000
_workflows = count(1)
TRACE = "a" * 32
ROW = StepRow(
    workflow_id=0,
    trace_id=TRACE,
    span_id="1" * 16,
    parent_id="",
    request_id=7,
    name="gpt-sized",
    kind="model",
    is_error=False,
    model="gpt-sized",
    started_ns=START,
    duration_ms=1500.25,
    input_tokens=120,
    output_tokens=30,
    cost_usd=0.5,
    convention="gen_ai",
    is_stuck=False,
    detail="",
)


@pytest.fixture
def workflow_id() -> int:
    """One that no other test writes to."""
    return next(_workflows)


def span(number: int) -> str:
    return f"{number:016x}"


def test_a_step_comes_back_as_it_was_written(store: TraceStore, workflow_id: int) -> None:
    row = replace(
        ROW,
        workflow_id=workflow_id,
        is_error=True,
        is_stuck=True,
        detail="Ordnung “müssen” 私\n'; --",
        parent_id=span(2),
    )
    store.write_steps([row])
    assert store.list_steps(workflow_id, TRACE, most=10) == [row]


def test_whole_numbers_are_fine_where_fractions_are_kept(store: TraceStore, workflow_id: int) -> None:
    rows = [
        replace(ROW, workflow_id=workflow_id, span_id=span(number), duration_ms=duration, cost_usd=0)
        for number, duration in ((1, 2), (2, 0.5))
    ]
    store.write_steps(rows)
    assert store.list_steps(workflow_id, TRACE, most=10) == rows


def test_steps_come_in_the_order_of_their_start_and_no_more_than_wanted(store: TraceStore, workflow_id: int) -> None:
    late, first, second = (
        replace(ROW, workflow_id=workflow_id, span_id=span(number), started_ns=START + offset)
        for number, offset in ((1, 5), (2, 0), (3, 0))
    )
    store.write_steps([late, second, first])
    assert store.list_steps(workflow_id, TRACE, most=10) == [first, second, late]
    assert store.list_steps(workflow_id, TRACE, most=2) == [first, second]
    assert store.list_steps(workflow_id, "b" * 32, most=2) == []


def test_a_step_that_comes_again_replaces_the_one_before(store: TraceStore, workflow_id: int) -> None:
    before = replace(ROW, workflow_id=workflow_id)
    store.write_steps([before])
    for after in (replace(before, name="read again"), replace(before, name="newer", request_id=8)):
        store.write_steps([after])
        assert store.list_steps(workflow_id, TRACE, most=10) == [after]


def test_of_two_in_one_write_the_last_counts(store: TraceStore, workflow_id: int) -> None:
    first = replace(ROW, workflow_id=workflow_id, name="first")
    store.write_steps([first, replace(first, name="last")])
    assert [step.name for step in store.list_steps(workflow_id, TRACE, most=10)] == ["last"]


def test_reading_an_old_request_again_changes_nothing(store: TraceStore, workflow_id: int) -> None:
    newer = replace(ROW, workflow_id=workflow_id, request_id=9, name="newer")
    store.write_steps([newer])
    store.write_steps([replace(newer, request_id=3, name="older")])
    assert store.list_steps(workflow_id, TRACE, most=10) == [newer]
    assert store.list_requests(workflow_id, TRACE) == [9]


def test_writing_nothing_is_fine(store: TraceStore, workflow_id: int) -> None:
    store.write_steps([])
    store.delete_traces(workflow_id, [])
    assert store.sum_traces(workflow_id, []) == []
    assert store.sum_names(workflow_id, []) == []


def test_a_trace_sums_up_its_steps_each_once(store: TraceStore, workflow_id: int) -> None:
    rows = [
        replace(ROW, workflow_id=workflow_id),
        replace(ROW, workflow_id=workflow_id, span_id=span(2), started_ns=START + 10, is_error=True, duration_ms=1.0),
    ]
    other = replace(ROW, workflow_id=workflow_id, trace_id="b" * 32)
    store.write_steps([*rows, other])
    store.write_steps(rows)
    sums = {one.trace_id: one for one in store.sum_traces(workflow_id, [TRACE, "b" * 32, "c" * 32, TRACE])}
    assert sums.keys() == {TRACE, "b" * 32}
    assert sums[TRACE] == TraceSums(
        workflow_id=workflow_id,
        trace_id=TRACE,
        steps=2,
        errors=1,
        started_ns=START,
        ended_ns=START + 1_500_250_000,
        input_tokens=240,
        output_tokens=60,
        cost_usd=1.0,
    )


def test_what_an_agent_repeats_of_its_model_calls_is_not_counted_twice(store: TraceStore, workflow_id: int) -> None:
    agent = replace(ROW, workflow_id=workflow_id, kind="other", input_tokens=100, output_tokens=9, cost_usd=0.5)
    calls = [
        replace(agent, kind="model", span_id=span(number), input_tokens=60, output_tokens=4, cost_usd=0.2)
        for number in (2, 3)
    ]
    store.write_steps([agent, *calls])
    (sums,) = store.sum_traces(workflow_id, [TRACE])
    assert (sums.input_tokens, sums.output_tokens, sums.cost_usd) == (120, 9, 0.5)
    usage = add_up_usage([agent, *calls])
    assert (usage.input_tokens, usage.output_tokens, usage.cost_usd) == (120, 9, 0.5)


def test_a_clock_that_is_centuries_ahead_spoils_no_sums(store: TraceStore, workflow_id: int) -> None:
    largest = 2**63 - 1
    rows = [
        replace(ROW, workflow_id=workflow_id, span_id=span(1), started_ns=0, duration_ms=largest / 1e6),
        replace(ROW, workflow_id=workflow_id, span_id=span(2), started_ns=2**62, duration_ms=2**62 / 1e6),
        replace(ROW, workflow_id=workflow_id, span_id=span(3), started_ns=largest, duration_ms=0.0),
    ]
    store.write_steps(rows)
    assert sorted(store.list_steps(workflow_id, TRACE, most=9), key=lambda row: row.span_id) == rows
    (sums,) = store.sum_traces(workflow_id, [TRACE])
    assert (sums.steps, sums.started_ns, sums.ended_ns) == (3, 0, largest)


def test_workflows_do_not_see_each_other(store: TraceStore, workflow_id: int) -> None:
    stranger = next(_workflows)
    store.write_steps([replace(ROW, workflow_id=workflow_id), replace(ROW, workflow_id=stranger, name="stranger")])
    store.delete_traces(workflow_id, [TRACE])
    assert [step.name for step in store.list_steps(stranger, TRACE, most=9)] == ["stranger"]
    assert store.sum_traces(workflow_id, [TRACE]) == []
    assert store.sum_names(workflow_id, [TRACE]) == []
    assert store.list_requests(workflow_id, TRACE) == []


def test_requests_come_oldest_first_and_once_each(store: TraceStore, workflow_id: int) -> None:
    rows = [
        replace(ROW, workflow_id=workflow_id, span_id=span(place), request_id=request_id)
        for place, request_id in enumerate((12, 5, 12))
    ]
    store.write_steps([*rows, replace(ROW, workflow_id=workflow_id, trace_id="b" * 32, request_id=4)])
    assert store.list_requests(workflow_id, TRACE) == [5, 12]
    wanted = [TRACE, "b" * 32, "c" * 32]
    assert store.list_requests_by_trace(workflow_id, wanted) == {TRACE: [5, 12], "b" * 32: [4]}


def test_a_trace_moves_to_another_workflow_and_joins_what_is_there(store: TraceStore, workflow_id: int) -> None:
    home = next(_workflows)
    moved = [replace(ROW, workflow_id=workflow_id, span_id=span(number), name="moved") for number in (1, 2)]
    there = [replace(ROW, workflow_id=home, span_id=span(number), name="there", request_id=3) for number in (2, 3)]
    store.write_steps([*moved, *there])
    for _ in range(2):  # again it changes nothing
        store.move_trace(TRACE, from_workflow_id=workflow_id, to_workflow_id=home)
        assert [step.name for step in store.list_steps(home, TRACE, most=9)] == ["moved", "moved", "there"]
        assert store.list_steps(workflow_id, TRACE, most=9) == []
    store.move_trace(TRACE, from_workflow_id=home, to_workflow_id=home)
    assert len(store.list_steps(home, TRACE, most=9)) == 3


def test_a_trace_that_was_deleted_can_come_again(store: TraceStore, workflow_id: int) -> None:
    row = replace(ROW, workflow_id=workflow_id)
    for _ in range(2):
        store.write_steps([row])
        assert store.list_steps(workflow_id, TRACE, most=9) == [row]
        store.delete_traces(workflow_id, [TRACE, "b" * 32])
        assert store.list_steps(workflow_id, TRACE, most=9) == []


def test_names_sum_up_over_more_traces_than_one_question_takes(store: TraceStore, workflow_id: int) -> None:
    traces = [f"{number:032x}" for number in range(1201)]
    read = [replace(ROW, workflow_id=workflow_id, trace_id=trace, name="Read", duration_ms=2.0) for trace in traces]
    look_up = replace(ROW, workflow_id=workflow_id, name="Look up", kind="tool", started_ns=START + 1, duration_ms=4.0)
    store.write_steps(read)
    store.write_steps([
        replace(look_up, trace_id=traces[0], span_id=span(5), is_error=True),
        replace(look_up, trace_id=traces[0], span_id=span(6), is_stuck=True),
        replace(look_up, trace_id=traces[1], span_id=span(7)),
    ])  # fmt: skip
    sums = sorted(store.sum_names(workflow_id, [*traces, *traces]), key=lambda one: one.name)
    in_all = NameSums(
        name="Read", kind="model", steps=1201, traces=1201, troubled_traces=0, last_in_traces=1199, duration_ms=2402.0
    )
    assert sums == [
        NameSums(name="Look up", kind="tool", steps=3, traces=2, troubled_traces=1, last_in_traces=2, duration_ms=12.0),
        in_all,
    ]
    assert store.find_traces_with_error(workflow_id, traces, "tool") == {traces[0]}
    assert store.find_traces_with_error(workflow_id, traces, "model") == set()
