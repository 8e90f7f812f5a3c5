"""Turns the steps of a trace into a tree with bars on one time scale, and cuts it into pieces that a page can show.

Pure. Steps come late, twice, or without their parent, and clocks differ: a step whose parent is not there stands at the
top, a ring of parents is cut open, and a child that seems to begin before its parent is drawn where it says.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from teachback_server.jobs.trace_store import StepRow

BAR_WIDTH = 1000  # units of the whole time scale
THINNEST_BAR = 3.0
MOST_ROWS = 300  # that one piece of a page shows
DEEPEST = 8  # levels within one piece; what lies deeper opens when asked for
TOP = ""  # stands for the span id of the whole trace


@dataclass(frozen=True, kw_only=True)
class Bar:
    """Where a step lies on the time scale of its trace, in units of BAR_WIDTH."""

    x: float
    width: float


@dataclass(frozen=True, kw_only=True)
class Within:
    """What the steps below one step add up to."""

    steps: int
    errors: int
    stuck: int


@dataclass(frozen=True, kw_only=True)
class TimelineRow:
    """One step with the rows below it; `is_closed` where those are there but are shown only when asked for."""

    step: StepRow
    bar: Bar
    starts_seconds: float  # after the start of the trace
    within: Within
    rows: "tuple[TimelineRow, ...]" = ()
    rest: "Rest | None" = None
    is_closed: bool = False
    is_adrift: bool = False  # its parent is not there

    @property
    def duration_seconds(self) -> float:
        """How long the step took."""
        return self.step.duration_ms / 1000

    @property
    def tokens(self) -> int:
        """What the model read and wrote."""
        return self.step.input_tokens + self.step.output_tokens


@dataclass(frozen=True, kw_only=True)
class Rest:
    """The steps next to those that are shown, which are not shown yet."""

    within: str  # span id of the step that they are below, or TOP
    start: int  # how many are shown already
    steps: int


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of the timeline that a page shows at once."""

    rows: tuple[TimelineRow, ...]
    rest: Rest | None


class Timeline:
    """The steps of one trace, in a tree and on one time scale."""

    def __init__(self, steps: Sequence[StepRow], *, top: str = TOP) -> None:
        """Take the steps of one trace in the order of their start; `top` is the step that all of them belong to."""
        self._top = top
        self._steps = {step.span_id: step for step in steps}
        self._children = _list_children(self._steps)
        self._within = _sum_within(self._steps, self._children)
        self._start_ns = min((step.started_ns for step in steps), default=0)
        self._length_ns = max((_end_ns(step) for step in steps), default=0) - self._start_ns

    @property
    def length_seconds(self) -> float:
        """From the start of the first step to the end of the last."""
        return self._length_ns / 1e9

    @property
    def count(self) -> int:
        """How many steps there are."""
        return len(self._steps)

    @property
    def sums(self) -> Within:
        """What all steps add up to."""
        return self._within[TOP]

    def find(self, span_id: str) -> StepRow | None:
        """One step; None where it is not there."""
        return self._steps.get(span_id)

    def starts_seconds(self, step: StepRow) -> float:
        """When a step started, counted from the start of the trace."""
        return (step.started_ns - self._start_ns) / 1e9

    def list_troubled(self, *, most: int) -> list[StepRow]:
        """The first steps that failed or got stuck, each at its root: a step that only passes it on is left out."""
        troubled = [step for step in self._steps.values() if step.is_error or step.is_stuck]
        above = {step.parent_id for step in troubled}
        return [step for step in troubled if step.span_id not in above][:most]

    def cut(self, *, within: str = TOP, start: int = 0, most: int = MOST_ROWS) -> Piece:
        """The steps below one step, from the given one on: whole branches, as long as there is room for them."""
        rows, rest, _ = self._cut(within, start, most, depth=1)
        return Piece(rows=rows, rest=rest)

    def _cut(self, within: str, start: int, room: int, depth: int) -> tuple[tuple[TimelineRow, ...], Rest | None, int]:
        children = self._children.get(within, [])
        shown = children[start : start + room]
        room -= len(shown)
        rows = []
        for step in shown:
            inner: tuple[TimelineRow, ...] = ()
            inner_rest, is_closed = None, False
            below = len(self._children.get(step.span_id, ()))
            is_alone = len(shown) == 1  # then nothing beside it needs the room
            if below and depth < DEEPEST and room and (below <= room or is_alone):
                inner, inner_rest, room = self._cut(step.span_id, 0, room, depth + 1)
            else:
                is_closed = below > 0
            rows.append(self._row(step, within, inner, inner_rest, is_closed))
        left = len(children) - start - len(shown)
        rest = Rest(within=within, start=start + len(shown), steps=left) if left > 0 else None
        return tuple(rows), rest, room

    def _row(
        self, step: StepRow, within: str, rows: tuple[TimelineRow, ...], rest: Rest | None, is_closed: bool
    ) -> TimelineRow:
        return TimelineRow(
            step=step,
            bar=self._bar(step),
            starts_seconds=self.starts_seconds(step),
            within=self._within[step.span_id],
            rows=rows,
            rest=rest,
            is_closed=is_closed,
            is_adrift=step.span_id != self._top and step.parent_id != "" and step.parent_id not in self._steps,
        )

    def _bar(self, step: StepRow) -> Bar:
        length = max(self._length_ns, 1)
        width = max(THINNEST_BAR, (_end_ns(step) - step.started_ns) / length * BAR_WIDTH)
        x = (step.started_ns - self._start_ns) / length * BAR_WIDTH
        return Bar(x=round(min(x, BAR_WIDTH - THINNEST_BAR), 2), width=round(min(width, BAR_WIDTH), 2))


def keep_branch(steps: Sequence[StepRow], span_id: str) -> list[StepRow]:
    """The step with all below it, where it lies below another step; all steps, where it is the top or is not there."""
    by_id = {step.span_id: step for step in steps}
    top = by_id.get(span_id)
    if top is None or top.parent_id not in by_id:
        return list(steps)
    children = _list_children(by_id)
    kept = {span_id, *(step.span_id for step in _walk(children, span_id))}
    return [step for step in steps if step.span_id in kept]


def choose_telling(steps: Sequence[StepRow], *, most: int) -> list[StepRow]:
    """The steps that tell most about a job, in their own order: those that went wrong, then the highest levels."""
    if len(steps) <= most:
        return list(steps)
    troubled = Timeline(steps).list_troubled(most=most // 2)
    by_id = {step.span_id: step for step in steps}
    chosen = {step.span_id for step in troubled}
    for step in _walk_by_level(_list_children(by_id)):
        if len(chosen) == most:
            break
        chosen.add(step.span_id)
    return [step for step in steps if step.span_id in chosen]


def _end_ns(step: StepRow) -> int:
    return step.started_ns + max(0, round(step.duration_ms * 1e6))


def _list_children(steps: Mapping[str, StepRow]) -> dict[str, list[StepRow]]:
    """Steps by the one that they are below, in the order of their start."""
    children: dict[str, list[StepRow]] = {}
    for step in steps.values():
        children.setdefault(step.parent_id if step.parent_id in steps else TOP, []).append(step)
    _open_rings(steps, children)
    return children


def _open_rings(steps: Mapping[str, StepRow], children: dict[str, list[StepRow]]) -> None:
    """Lift to the top the first step of every ring of parents, which nothing would reach otherwise."""
    reached = {step.span_id for step in _walk(children, TOP)}
    for step in steps.values():
        if step.span_id not in reached:
            children[step.parent_id] = [other for other in children[step.parent_id] if other is not step]
            children.setdefault(TOP, []).append(step)
            reached.update((step.span_id, *(other.span_id for other in _walk(children, step.span_id))))


def _walk(children: Mapping[str, Sequence[StepRow]], top: str) -> Iterator[StepRow]:
    """Everything below one step, each step before those below it."""
    waiting = list(reversed(children.get(top, ())))
    while waiting:
        step = waiting.pop()
        yield step
        waiting.extend(reversed(children.get(step.span_id, ())))


def _walk_by_level(children: Mapping[str, Sequence[StepRow]]) -> Iterator[StepRow]:
    """Everything, those at the top first, then those right below them, and so on."""
    here = list(children.get(TOP, ()))
    while here:
        yield from here
        here = [below for step in here for below in children.get(step.span_id, ())]


def _sum_within(steps: Mapping[str, StepRow], children: Mapping[str, Sequence[StepRow]]) -> dict[str, Within]:
    sums = {span_id: [0, 0, 0] for span_id in (*steps, TOP)}
    parents = {step.span_id: parent for parent, below in children.items() for step in below}
    for step in reversed(list(_walk(children, TOP))):  # those below come first, so that each is complete when passed on
        of_step, of_parent = sums[step.span_id], sums[parents[step.span_id]]
        of_parent[0] += of_step[0] + 1
        of_parent[1] += of_step[1] + step.is_error
        of_parent[2] += of_step[2] + step.is_stuck
    return {
        span_id: Within(steps=count, errors=errors, stuck=stuck) for span_id, (count, errors, stuck) in sums.items()
    }
