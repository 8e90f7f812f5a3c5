"""The timeline of a trace: nested by parent, on one time scale, cut into pieces, whatever gaps it comes with."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teachback_server.jobs.timeline import (
    BAR_WIDTH,
    DEEPEST,
    MOST_ROWS,
    Piece,
    Timeline,
    TimelineRow,
    choose_telling,
    keep_branch,
)
from teachback_server.jobs.trace_store import StepRow

SECOND = 1_000_000_000


def step(span_id: str, parent_id: str = "", *, start: float = 0, seconds: float = 1, **more: bool) -> StepRow:
    return StepRow(
        workflow_id=1,
        trace_id="t",
        span_id=span_id,
        parent_id=parent_id,
        request_id=1,
        name=f"step {span_id}",
        kind="other",
        is_error=more.get("is_error", False),
        is_stuck=more.get("is_stuck", False),
        model="",
        started_ns=round((100 + start) * SECOND),
        duration_ms=seconds * 1000,
        input_tokens=0,
        output_tokens=0,
        cost_usd=0.0,
        convention="",
    )


def outline(rows: tuple[TimelineRow, ...]) -> list[object]:
    return [row.step.span_id if not row.rows else (row.step.span_id, outline(row.rows)) for row in rows]


def all_rows(rows: tuple[TimelineRow, ...]) -> list[TimelineRow]:
    return [found for row in rows for found in (row, *all_rows(row.rows))]


def depth_of(rows: tuple[TimelineRow, ...]) -> int:
    return 1 + max((depth_of(row.rows) for row in rows), default=0) if rows else 0


def open_everything(timeline: Timeline) -> list[str]:
    """Span ids in the order in which somebody who opens all that is closed comes upon them."""
    seen: list[str] = []

    def read(piece: Piece) -> None:
        read_rows(piece.rows)
        if piece.rest:
            read(timeline.cut(within=piece.rest.within, start=piece.rest.start))

    def read_rows(rows: tuple[TimelineRow, ...]) -> None:
        for row in rows:
            seen.append(row.step.span_id)
            read_rows(row.rows)
            if row.rest:
                read(timeline.cut(within=row.rest.within, start=row.rest.start))
            if row.is_closed:
                read(timeline.cut(within=row.step.span_id))

    read(timeline.cut())
    return seen


def test_steps_stand_below_their_parents_in_the_order_of_their_start() -> None:
    timeline = Timeline([step("a"), step("b", "a"), step("d", "b"), step("c", "a", start=0.5)])
    assert outline(timeline.cut().rows) == [("a", [("b", ["d"]), "c"])]


def test_a_bar_lies_where_its_step_was_and_even_the_shortest_can_be_seen() -> None:
    timeline = Timeline(
        [step("a", seconds=10), step("b", "a", start=5, seconds=2.5), step("c", "a", start=10, seconds=0)]
    )
    bars = {row.step.span_id: row.bar for row in all_rows(timeline.cut().rows)}
    assert (bars["b"].x, bars["b"].width) == (BAR_WIDTH / 2, BAR_WIDTH / 4)
    assert bars["c"].width > 0
    assert bars["c"].x + bars["c"].width <= BAR_WIDTH
    assert timeline.length_seconds == 10


def test_a_step_whose_parent_is_not_there_stands_at_the_top_and_says_so() -> None:
    rows = Timeline([step("a"), step("b", "not-there")]).cut().rows
    assert [(row.step.span_id, row.is_adrift) for row in rows] == [("a", False), ("b", True)]


def test_the_step_that_is_the_job_is_not_adrift_though_its_caller_sent_us_nothing() -> None:
    rows = Timeline([step("job", "caller"), step("b", "job")], top="job").cut().rows
    assert [row.is_adrift for row in all_rows(rows)] == [False, False]


def test_steps_that_are_each_others_parents_are_all_shown() -> None:
    timeline = Timeline([step("a", "c"), step("b", "a"), step("c", "b"), step("d", "d"), step("e")])
    assert sorted(open_everything(timeline)) == ["a", "b", "c", "d", "e"]
    assert timeline.sums.steps == 5


def test_what_lies_below_a_step_is_added_up() -> None:
    rows = Timeline([step("a"), step("b", "a", is_error=True), step("c", "b", is_stuck=True)]).cut().rows
    assert (rows[0].within.steps, rows[0].within.errors, rows[0].within.stuck) == (2, 1, 1)


def test_a_failure_is_named_where_it_began_not_where_it_was_passed_on() -> None:
    timeline = Timeline([step("a", is_error=True), step("b", "a", is_error=True), step("c", "a")])
    assert [found.span_id for found in timeline.list_troubled(most=5)] == ["b"]


def test_many_steps_side_by_side_come_in_pieces() -> None:
    timeline = Timeline([step("top"), *(step(f"s{n}", "top", start=n) for n in range(2000))])
    piece = timeline.cut()
    assert len(all_rows(piece.rows)) == MOST_ROWS
    assert piece.rows[0].rest is not None
    assert piece.rows[0].rest.steps == 2001 - MOST_ROWS
    assert open_everything(timeline) == ["top", *(f"s{n}" for n in range(2000))]


def test_a_very_deep_trace_opens_a_few_levels_at_a_time() -> None:
    timeline = Timeline([step("s0"), *(step(f"s{n}", f"s{n - 1}") for n in range(1, 2000))])
    assert depth_of(timeline.cut().rows) == DEEPEST
    assert len(timeline.cut(within="s7").rows) == 1
    assert timeline.cut().rows[0].within.steps == 1999


def test_a_job_within_a_larger_trace_shows_its_own_steps_alone() -> None:
    steps = [step("batch"), step("job1", "batch"), step("x", "job1"), step("job2", "batch"), step("y", "job2")]
    assert [row.span_id for row in keep_branch(steps, "job2")] == ["job2", "y"]
    assert keep_branch(steps, "batch") == steps
    assert keep_branch(steps, "") == steps


def test_no_steps_are_an_empty_timeline() -> None:
    assert Timeline([]).cut() == Piece(rows=(), rest=None)


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 700), seed=st.integers(0, 10_000), reach=st.sampled_from([1, 3, 50, 1000]))
def test_whatever_the_parents_are_every_step_is_reached_once(count: int, seed: int, reach: int) -> None:
    chance = random.Random(seed)
    parents = [f"s{chance.randint(max(0, n - reach), min(count + 2, n + reach))}" for n in range(count)]
    timeline = Timeline([step(f"s{n}", parent, start=n / 7) for n, parent in enumerate(parents)])
    assert sorted(open_everything(timeline)) == sorted(f"s{n}" for n in range(count))
    assert len(all_rows(timeline.cut().rows)) <= MOST_ROWS


@pytest.mark.parametrize("start", [0, 5, 10**9])
def test_a_piece_from_beyond_the_end_is_empty_and_not_an_error(start: int) -> None:
    piece = Timeline([step("a")]).cut(start=start)
    assert len(piece.rows) == (1 if start == 0 else 0)
    assert piece.rest is None


def test_of_many_steps_those_that_went_wrong_and_the_highest_tell_most() -> None:
    steps = [step("top"), *(step(f"a{n}", "top", start=n) for n in range(3))]
    steps += [step(f"b{n}", "a0", start=n, is_error=n == 40) for n in range(50)]
    chosen = [found.span_id for found in choose_telling(steps, most=6)]
    assert chosen == ["top", "a0", "a1", "a2", "b0", "b40"]
    assert choose_telling(steps[:4], most=6) == steps[:4]


def test_of_many_failures_there_is_room_for_what_led_to_them() -> None:
    steps = [step("top"), *(step(f"a{n}", "top", start=n, is_error=n > 4) for n in range(40))]
    chosen = [found.span_id for found in choose_telling(steps, most=6)]
    assert chosen == ["top", "a0", "a1", "a5", "a6", "a7"]
