"""Places the curve of a run on a drawing: right results and the share reviewed over jobs, with release marks. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from teachback.json_types import Json, JsonObject

HEIGHT = 260
LEFT, RIGHT, TOP, BOTTOM = 48, 24, 26, 30
MARK_GAP = 26  # release numbers closer than this would run into each other
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One point with its interval."""

    x: float
    y: float
    low_y: float
    high_y: float


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The moment at which a release went live; without a label where there is no room for one."""

    x: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A value on an axis."""

    place: float
    label: str


@dataclass(frozen=True, kw_only=True)
class CurveDrawing:
    """Everything that the template draws, in units of the drawing."""

    width: int
    height: int
    left: int
    right_end: int
    top: int
    floor: int
    dots: Sequence[Dot]
    right_line: str  # the points of a polyline
    reviewed_line: str
    marks: Sequence[Mark]
    y_ticks: Sequence[Tick]
    x_ticks: Sequence[Tick]


def draw_curve(figures: JsonObject, width: int) -> CurveDrawing:
    """Draw the curve of `figures.measure_run` on a sheet of this width."""
    points = _rows(figures["curve"])
    total = max((_number(point, "jobs") for point in points), default=1.0)

    def x(jobs: float) -> float:
        return round(LEFT + (width - LEFT - RIGHT) * jobs / total, 1)

    middles = [x((start + _number(point, "jobs")) / 2) for start, point in zip(_starts(points), points, strict=True)]
    pairs = list(zip(middles, points, strict=True))
    return CurveDrawing(
        width=width,
        height=HEIGHT,
        left=LEFT,
        right_end=width - RIGHT,
        top=TOP,
        floor=HEIGHT - BOTTOM,
        dots=[
            Dot(x=at, y=_y(_number(point, "right")), low_y=_y(_number(point, "low")), high_y=_y(_number(point, "high")))
            for at, point in pairs
        ],
        right_line=_line([(at, _y(_number(point, "right"))) for at, point in pairs]),
        reviewed_line=_line([(at, _y(_number(point, "reviewed_share"))) for at, point in pairs]),
        marks=_place_marks([row for row in _rows(figures["releases"]) if row["lever"]], x),
        y_ticks=[Tick(place=_y(share), label=f"{100 * share:.0f}\u00a0%") for share in TICKS],
        x_ticks=[
            Tick(place=x(jobs), label=f"{jobs:,.0f}".replace(",", "\u00a0")) for jobs in _round_steps(total, width)
        ],
    )


def _place_marks(releases: Sequence[JsonObject], x: Callable[[float], float]) -> list[Mark]:
    marks: list[Mark] = []
    last_labelled = -float(MARK_GAP)
    for release in releases:
        at = x(_number(release, "from_job"))
        has_room = at - last_labelled >= MARK_GAP
        marks.append(Mark(x=at, label=str(release["number"]) if has_room else ""))
        last_labelled = at if has_room else last_labelled
    return marks


def _round_steps(total: float, width: int) -> list[float]:
    """A few round numbers of jobs from 0 on, as many as have room."""
    most = max(2, width // 110)
    step = next(step * 10**power for power in range(12) for step in (1, 2, 5) if total / (step * 10**power) <= most)
    return [float(step * place) for place in range(int(total // step) + 1)]


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share, 1)


def _starts(points: Sequence[JsonObject]) -> list[float]:
    return [0.0, *(_number(point, "jobs") for point in points)][: len(points)]


def _line(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in places)


def _number(row: JsonObject, name: str) -> float:
    value = row[name]
    return float(value) if isinstance(value, int | float) else 0.0


def _rows(value: Json) -> list[JsonObject]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
