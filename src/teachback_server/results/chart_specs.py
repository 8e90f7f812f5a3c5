"""How each chart is drawn: Altair specifications from figures. Only the process that draws imports this."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, cast

import altair as alt

from teachback.json_types import Json, JsonObject
from teachback.spelled_share import spell_share
from teachback_server.results.chart_colours import (
    ACCENT,
    BAD,
    CONTROL,
    INK,
    LINE,
    MUTED,
    ON_COLOUR,
    SURFACE,
    colour_of,
)
from teachback_server.results.phrases import HARD_SPACE, spell_count

Drawing: TypeAlias = alt.LayerChart | alt.FacetChart  # what `alt.layer` gives

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_SHARE = alt.Axis(format="%", tickCount=5, title=None, domain=False, ticks=False)
_LABEL_ROOM = 0.05  # of the width: closer release marks share one label
_TEXT_ROOM = 0.09  # of the width: a narrower part of a bar has no number in it
_ROW = 52  # pixels


def draw(kind: str, figures: JsonObject, width: int) -> dict[str, Json]:
    """The Vega-Lite specification of one chart at a width in pixels. Raises KeyError for an unknown kind."""
    drawn = _DRAWINGS[kind](figures, width)
    return cast(
        dict[str, Json],
        drawn.configure(
            background=SURFACE,
            font=FONT,
            padding={"left": 10, "right": 6, "top": 4, "bottom": 4},
            locale={"number": {"decimal": ".", "thousands": HARD_SPACE, "grouping": [3], "currency": ["", ""]}},
        )
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=MUTED,
            titleColor=MUTED,
            gridColor=LINE,
            domainColor=LINE,
            tickColor=LINE,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
        )
        .to_dict(),
    )


def _draw_curve(figures: JsonObject, width: int) -> Drawing:
    parts = _objects(figures["parts"])
    rows = [row for part in parts for row in _curve_rows(part)]
    dots = [{"job": dot[0], "right": dot[1]} for part in parts for dot in _lists(part["dots"])]
    last_job = max((cast(float, row["job"]) for row in rows), default=1.0)
    x = alt.X(
        "job:Q", title="Jobs done so far", scale=alt.Scale(domain=[0, last_job], nice=False), axis=_jobs_axis(width)
    )
    y = alt.Y("right:Q", axis=_SHARE, scale=alt.Scale(domain=[0, 1]))
    base = _chart(rows).encode(x=x, detail="part:N")
    layers = [
        base.mark_area(color=ACCENT, opacity=0.18).encode(y=alt.Y("low:Q", axis=_SHARE), y2="high:Q"),
        base.mark_line(color=ACCENT, strokeWidth=2.5).encode(y=y),
        _chart(dots).mark_circle(color=ACCENT, size=22, opacity=0.55).encode(x=x, y=y),
        *_release_marks(parts, last_job, x),
    ]
    if rows:
        layers.append(_label_of_now(rows[-1], x))
    return alt.layer(*layers).properties(width=width, height=280 if width > 500 else 240)


def _curve_rows(part: JsonObject) -> list[dict[str, Json]]:
    """One row per point, and one at the start of the release, so that a single point is a line, too."""
    line = _lists(part["line"])
    if not line:
        return []
    start = [part["from_job"], *line[0][1:]]
    return [
        {"part": part["release"], "job": job, "right": right, "low": low, "high": high}
        for job, right, low, high in [start, *line]
    ]


def _release_marks(parts: Sequence[JsonObject], last_job: float, x: alt.X) -> list[alt.Chart]:
    marks, labelled_at = [], -last_job
    for part in parts[1:]:
        job = cast(float, part["from_job"])
        has_room = job - labelled_at >= _LABEL_ROOM * last_job
        labelled_at = job if has_room else labelled_at
        marks.append({"job": job, "label": f"R{part['release']}" if has_room else ""})
    of_marks = _chart(marks).encode(x=x)
    return [
        of_marks.mark_rule(color=CONTROL, strokeDash=[3, 3]),
        of_marks.mark_text(color=MUTED, dy=-8, baseline="bottom", fontSize=11).encode(text="label:N", y=alt.value(0)),
    ]


def _label_of_now(row: Mapping[str, Json], x: alt.X) -> alt.Chart:
    """Beside the band, where no line crosses it: above, or below if there is no room above."""
    high, low = cast(float, row["high"]), cast(float, row["low"])
    is_above = high < 0.9 or low < 0.1
    now = {
        "job": row["job"],
        "right": high if is_above else low,
        "label": f"{spell_share(cast(float, row['right']))} now",
    }
    label: alt.Chart = (
        _chart([now])
        .mark_text(color=INK, align="right", dy=-10 if is_above else 14, fontSize=13, fontWeight="bold")
        .encode(x=x, y=alt.Y("right:Q", axis=_SHARE, scale=alt.Scale(domain=[0, 1])), text="label:N")
    )
    return label


def _draw_effort(figures: JsonObject, width: int) -> Drawing:
    rows = [{"from": start, "to": end, "share": share, "none": 0} for start, end, share in _lists(figures["slices"])]
    last_job = max((cast(float, row["to"]) for row in rows), default=1.0)
    x = alt.X(
        "from:Q", title="Jobs done so far", scale=alt.Scale(domain=[0, last_job], nice=False), axis=_jobs_axis(width)
    )
    y = alt.Y("share:Q", axis=_SHARE, scale=alt.Scale(domain=[0, 1]))
    bars = _chart(rows).encode(x=x, x2="to:Q", y=y, y2="none:Q")
    return alt.layer(bars.mark_rect(color=ACCENT, opacity=0.75, stroke=SURFACE, strokeWidth=0.5)).properties(
        width=width, height=220
    )


def _draw_reasons(figures: JsonObject, width: int) -> Drawing:
    bars = cast(list[tuple[str, float, float, int]], _lists(figures["bars"]))
    widest = max((share for _, share, _, _ in bars), default=1.0)
    rows = [
        {
            "top": place * _ROW,
            "reason": label,
            "none": 0,
            "share": share,
            "text": spell_share(share),
            "total": spell_share(total),
        }
        for place, (label, share, total, _) in enumerate(bars)
    ]
    top = _top_of(len(rows))
    scale = alt.Scale(domain=[0, widest * 1.5], nice=False)
    x, from_none = alt.X("share:Q", axis=None, scale=scale), alt.X("none:Q", axis=None, scale=scale)
    base = _chart(rows).encode(y=top)
    heading = _chart([{"text": "Running total"}])
    return alt.layer(
        base.mark_text(color=INK, align="left", baseline="top", fontSize=13).encode(x=alt.value(0), text="reason:N"),
        base.mark_bar(color=ACCENT, height=18, yOffset=29, cornerRadius=2).encode(x=from_none, x2="share:Q"),
        base.mark_text(color=INK, align="left", dx=6, yOffset=29, fontSize=13, fontWeight="bold").encode(
            x=x, text="text:N"
        ),
        base.mark_text(color=MUTED, align="right", yOffset=29, fontSize=13).encode(
            x=alt.value("width"), text="total:N"
        ),
        heading.mark_text(color=MUTED, align="right", fontSize=12, baseline="top").encode(
            x=alt.value("width"), y=alt.value(0), text="text:N"
        ),
    ).properties(width=width, height=_ROW * len(rows))


def _draw_flow(figures: JsonObject, width: int) -> Drawing:
    total = cast(float, figures["total"])
    parts, captions = [], []
    for place, row in enumerate(_objects(figures["rows"])):
        so_far = 0.0
        for segment in _objects(row["segments"]):
            jobs = cast(int, segment["jobs"])
            text = spell_count(jobs) if jobs >= _TEXT_ROOM * total else ""
            parts.append(
                {
                    "top": place * _ROW,
                    "from": so_far,
                    "to": so_far + jobs,
                    "colour": colour_of(cast(str, segment["tone"])),
                    "text": text,
                }
            )
            so_far += jobs
        captions.append({"top": place * _ROW, "stage": row["label"]})
    x = alt.X("from:Q", axis=None, scale=alt.Scale(domain=[0, total], nice=False))
    top = _top_of(len(captions))
    base = _chart(parts).encode(x=x, y=top)
    colour = alt.Color("colour:N", scale=None)
    stages = _chart(captions).encode(y=top, x=alt.value(0), text="stage:N")
    return alt.layer(
        base.mark_bar(height=24, yOffset=30, stroke=SURFACE, strokeWidth=1).encode(x2="to:Q", color=colour),
        base.mark_text(color=ON_COLOUR, align="left", dx=6, yOffset=30, fontSize=12, fontWeight="bold").encode(
            text="text:N"
        ),
        stages.mark_text(color=INK, align="left", baseline="top", fontSize=12, fontWeight="bold"),
    ).properties(width=width, height=_ROW * len(captions))


def _draw_risk(figures: JsonObject, width: int) -> Drawing:
    rows = [
        {"share": share, "error": error, "low": low, "high": high}
        for share, error, low, high in _lists(figures["line"])
    ]
    limit = cast(float, figures["limit"])
    top = min(1.0, max([limit * 2, *(cast(float, row["error"]) * 1.2 for row in rows)]))
    x = alt.X(
        "share:Q",
        title="Share of jobs that would skip review, the surest first"
        if width > 500
        else "Share that would skip review",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format="%", grid=False, tickCount=5),
    )
    y = alt.Y("error:Q", axis=_SHARE, scale=alt.Scale(domain=[0, top], clamp=True))
    base = _chart(rows).encode(x=x)
    line = [{"limit": limit, "text": f"Your limit {spell_share(limit)}"}]
    of_limit = _chart(line).encode(y=alt.Y("limit:Q", axis=_SHARE))
    layers = [
        base.mark_area(color=ACCENT, opacity=0.18, clip=True).encode(y=alt.Y("low:Q", axis=_SHARE), y2="high:Q"),
        base.mark_line(color=ACCENT, strokeWidth=2.5, clip=True).encode(y=y),
        of_limit.mark_rule(color=BAD, strokeDash=[5, 3]),
        of_limit.mark_text(color=BAD, align="left", dx=4, dy=-8, fontSize=12, fontWeight="bold").encode(
            x=alt.value(0), text="text:N"
        ),
    ]
    today = figures["today"]
    if today is not None:
        marked = [{"share": today, "text": f"Today {spell_share(cast(float, today))}"}]
        of_today = _chart(marked).encode(x=x)
        layers += [
            of_today.mark_rule(color=INK, strokeDash=[2, 3]),
            of_today.mark_text(
                color=INK,
                align="right" if cast(float, today) > 0.7 else "left",
                dx=-6 if cast(float, today) > 0.7 else 6,
                dy=10,
                fontSize=12,
                fontWeight="bold",
            ).encode(y=alt.value(0), text="text:N"),
        ]
    return alt.layer(*layers).properties(width=width, height=260)


def _chart(rows: Sequence[Mapping[str, object]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=[dict(row) for row in rows]))


def _top_of(rows: int) -> alt.Y:
    """Pixels from the top, for charts whose rows carry their words above their bars."""
    return alt.Y("top:Q", axis=None, scale=alt.Scale(domain=[0, _ROW * rows], reverse=True, nice=False))


def _jobs_axis(width: int) -> alt.Axis:
    return alt.Axis(grid=False, tickCount=8 if width > 500 else 4, format=",d")


def _objects(value: Json) -> list[JsonObject]:
    return cast(list[JsonObject], value)


def _lists(value: Json) -> list[list[Json]]:
    return cast(list[list[Json]], value)


_DRAWINGS: Mapping[str, Callable[[JsonObject, int], Drawing]] = {
    "curve": _draw_curve,
    "reasons": _draw_reasons,
    "flow": _draw_flow,
    "effort": _draw_effort,
    "risk": _draw_risk,
}
