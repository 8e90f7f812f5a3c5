"""The charts of results as values: what each one shows, in words and in figures, before anything is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from teachback.json_types import Json, JsonObject, content_hash
from teachback.spelled_share import spell_share
from teachback_server.results.counts import UseCount
from teachback_server.results.curve import CurvePart, CurvePoint
from teachback_server.results.measures import Flow
from teachback_server.results.phrases import spell_count, spell_jobs, spell_numbers
from teachback_server.results.queries import Reason, Results
from teachback_server.results.risk import RiskPoint

DRAWING = 1  # the edition of chart_specs.py; the next number draws every chart anew
MOST_REASONS = 8
TELLING_JOBS = 25  # fewer are no share to speak of


class ChartKind(StrEnum):
    """Which question a chart answers."""

    CURVE = "curve"  # is it getting better over jobs
    REASONS = "reasons"  # why do people change it
    FLOW = "flow"  # what happened to the jobs
    EFFORT = "effort"  # how much do people look at, and how much skips review
    RISK = "risk"  # how much may skip review


class Tone(StrEnum):
    """What a part of a chart says about itself; each has a colour in light and in dark."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    ACCENT = "accent"
    QUIET = "quiet"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart. `figures` is everything that its drawing depends on."""

    kind: ChartKind
    title: str
    description: str  # what a person hears who does not see it
    figures: JsonObject

    def as_json(self) -> dict[str, Json]:
        """The chart as plain JSON values, for the process that draws it."""
        return {
            "kind": self.kind,
            "title": self.title,
            "description": self.description,
            "figures": self.figures,
        }

    @property
    def content_hash(self) -> str:
        """The name of exactly this drawing."""
        return content_hash({"drawing": DRAWING, **self.as_json()})


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One part of a bar that shows what happened to jobs."""

    label: str
    jobs: int
    tone: Tone


def list_result_charts(results: Results) -> tuple[Chart, ...]:
    """The charts of the Results page; those that would be empty are left out."""
    if not results.jobs:
        return ()
    charts = [draw_curve_chart(results.curve), draw_flow_chart(results.flow, results.uses)]
    if results.reasons:
        charts.append(draw_reasons_chart(results.reasons))
    return (*charts, draw_effort_chart(results.curve))


def draw_curve_chart(curve: Sequence[CurvePart]) -> Chart:
    """Right over the number of jobs: a line and band for each release since it went live, and a dot for each slice."""
    parts: list[Json] = []
    for part in curve:
        points = [point for point in part.points if point.right_so_far.estimate is not None]
        line: list[Json] = [
            [point.until_job, point.right_so_far.estimate, point.right_so_far.low, point.right_so_far.high]
            for point in points
        ]
        dots: list[Json] = [[(point.from_job + point.until_job) / 2, point.right.estimate] for point in points]
        start = points[0].from_job if points else part.stretch.from_job
        parts.append({"release": part.stretch.release_number, "from_job": start, "line": line, "dots": dots})
    return Chart(
        kind=ChartKind.CURVE,
        title="Right the first time, over jobs",
        description=_describe_curve(curve),
        figures={"parts": parts},
    )


def draw_flow_chart(flow: Flow, uses: Sequence[UseCount]) -> Chart:
    """What happened to the jobs, as four bars of equal scale."""
    rows: list[Json] = [
        {
            "label": label,
            "segments": [{"label": one.label, "jobs": one.jobs, "tone": one.tone} for one in segments if one.jobs],
        }
        for label, segments in flow_rows(flow, uses)
    ]
    return Chart(
        kind=ChartKind.FLOW,
        title=f"What happened to {spell_jobs(flow.started)}",
        description="; ".join(
            f"{label}: " + ", ".join(f"{one.label.lower()} {spell_count(one.jobs)}" for one in segments if one.jobs)
            for label, segments in flow_rows(flow, uses)
        ),
        figures={"total": flow.started, "rows": rows},
    )


def flow_rows(flow: Flow, uses: Sequence[UseCount]) -> tuple[tuple[str, tuple[Segment, ...]], ...]:
    """The four stages of the way of a job, each with its parts. What the next step said covers only what it told us."""
    used = sum(use.jobs for use in uses if use.is_used)
    not_used = sum(use.jobs for use in uses if not use.is_used)
    return (
        ("Started", (Segment(label="Jobs", jobs=flow.started, tone=Tone.QUIET),)),
        (
            "The agent",
            (
                Segment(label="Finished", jobs=flow.finished, tone=Tone.GOOD),
                Segment(label="Handed back", jobs=flow.handed_back, tone=Tone.WARN),
                Segment(label="Failed", jobs=flow.failed, tone=Tone.BAD),
            ),
        ),
        (
            "A person",
            (
                Segment(label="Used without review", jobs=flow.used_without_review, tone=Tone.ACCENT),
                Segment(label="Accepted", jobs=flow.accepted, tone=Tone.GOOD),
                Segment(label="Corrected", jobs=flow.corrected, tone=Tone.WARN),
                Segment(label="Rejected", jobs=flow.rejected, tone=Tone.BAD),
                Segment(label="Escalated", jobs=flow.escalated, tone=Tone.QUIET),
                Segment(label="Waiting", jobs=flow.waiting, tone=Tone.QUIET),
            ),
        ),
        (
            "The next step",
            (
                Segment(label="Used", jobs=used, tone=Tone.GOOD),
                Segment(label="Not used", jobs=not_used, tone=Tone.BAD),
                Segment(label="No word yet", jobs=max(0, flow.started - used - not_used), tone=Tone.QUIET),
            ),
        ),
    )


def draw_reasons_chart(reasons: Sequence[Reason]) -> Chart:
    """Why people change outputs: bars by share, and the running total beside them."""
    shown = reasons[:MOST_REASONS]
    bars: list[Json] = [
        [one.label, one.measured.share, one.measured.running_total, one.measured.count] for one in shown
    ]
    return Chart(
        kind=ChartKind.REASONS,
        title="Why people changed it",
        description=", ".join(f"{one.label} {spell_share(one.measured.share)}" for one in shown),
        figures={"bars": bars},
    )


def draw_effort_chart(curve: Sequence[CurvePart]) -> Chart:
    """The share of each slice of jobs that a person looked at."""
    points = [point for part in curve for point in part.points]
    last = next((point for point in reversed(points) if point.jobs >= TELLING_JOBS), points[-1] if points else None)
    slices: list[Json] = [[point.from_job, point.until_job, point.reviewed / point.jobs] for point in points]
    said = _describe_effort(last) if last else ""
    return Chart(kind=ChartKind.EFFORT, title="How much people look at", description=said, figures={"slices": slices})


def _describe_effort(point: CurvePoint) -> str:
    if point.from_job == point.until_job:
        return f"{'Somebody' if point.reviewed else 'Nobody'} looked at job {spell_count(point.from_job)}."
    which = spell_numbers(point.from_job, point.until_job)
    return f"People looked at {spell_count(point.reviewed)} of {which}."


def _describe_curve(curve: Sequence[CurvePart]) -> str:
    known = (part for part in reversed(curve) if part.points[-1].right_so_far.estimate is not None)
    last = next(known, None)
    share = last.points[-1].right_so_far.estimate if last else None
    if last is None or share is None:
        return "Nothing was reviewed yet, so nobody can tell how many jobs were right."
    now, since = last.points[-1].right_so_far, spell_count(last.stretch.from_job)
    return (
        f"Under release {last.stretch.release_number}, from job {since} on, {spell_share(share)} of jobs were right"
        f" the first time; {spell_share(now.low)} to {spell_share(now.high)} with 95 % confidence."
        " The line is broken wherever another release went live."
    )


def draw_risk_chart(risk: Sequence[RiskPoint], *, limit: float, today: float | None) -> Chart:
    """The share that would skip review against the share of those that would be wrong, with the owner's limit."""
    line: list[Json] = [[one.share, one.error.estimate, one.error.low, one.error.high] for one in risk]
    within = [one.share for one in risk if one.error.high <= limit]
    said = (
        f"On what was seen, the surest {spell_share(max(within))} of jobs stay under your limit of"
        f" {spell_share(limit)}."
        if within
        else f"No share of jobs was seen to stay under your limit of {spell_share(limit)} yet."
    )
    return Chart(
        kind=ChartKind.RISK,
        title="If the surest jobs skipped review",
        description=said,
        figures={"line": line, "limit": limit, "today": today},
    )
