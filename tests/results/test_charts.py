"""Charts are drawn once, by another process, and say in words what they show."""

import xml.etree.ElementTree as Tree
from dataclasses import replace
from pathlib import Path

import pytest

from teachback_server.results import chart_files
from teachback_server.results.chart_colours import ACCENT, colour_of, dark_style
from teachback_server.results.chart_files import ChartNotDrawn, Width, find_picture, get_picture
from teachback_server.results.charts import (
    Chart,
    ChartKind,
    Tone,
    draw_curve_chart,
    draw_effort_chart,
    draw_flow_chart,
    draw_reasons_chart,
    draw_risk_chart,
    flow_rows,
)
from teachback_server.results.counts import UseCount
from teachback_server.results.curve import CurvePart, CurvePoint, Stretch
from teachback_server.results.measures import Flow, ReasonShare
from teachback_server.results.queries import Reason
from teachback_server.results.risk import RiskPoint
from teachback_server.statistics.selection import RateEstimate

HOSTILE = "<script>alert('&')</script> \" ' 料金"
FLOW = Flow(
    started=100,
    finished=90,
    handed_back=9,
    failed=1,
    accepted=40,
    corrected=10,
    rejected=0,
    escalated=0,
    used_without_review=40,
    waiting=0,
)
USES = (
    UseCount(routing="auto", is_used=True, jobs=30, worth_usd=0.0),
    UseCount(routing="auto", is_used=False, jobs=2, worth_usd=0.0),
)


def estimate(share: float | None) -> RateEstimate:
    if share is None:
        return RateEstimate(estimate=None, low=0.0, high=1.0, reviewed=0, jobs=50)
    return RateEstimate(estimate=share, low=max(0, share - 0.1), high=min(1, share + 0.1), reviewed=40, jobs=50)


def parse(picture: Path) -> Tree.Element:
    return Tree.fromstring(picture.read_text())  # noqa: S314 — our own drawing


def part(release: int, from_job: int, *shares: float | None) -> CurvePart:
    return CurvePart(
        stretch=Stretch(
            release_id=release,
            release_number=release,
            change=HOSTILE,
            is_return=False,
            from_job=from_job,
        ),
        points=tuple(
            CurvePoint(
                from_job=from_job + 50 * place,
                until_job=from_job + 50 * place + 49,
                jobs=50,
                reviewed=40,
                right=estimate(share),
                right_so_far=estimate(share),
                skipped=0.2,
            )
            for place, share in enumerate(shares)
        ),
    )


CURVE = [part(1, 1, 0.4, 0.5), part(2, 101, None), part(3, 151, 0.8)]
REASONS = [Reason(label=HOSTILE, measured=ReasonShare(code="x", count=7, share=1.0, running_total=1.0))]
RISK = [RiskPoint(share=share, threshold=0.9, error=estimate(share / 10)) for share in (0.2, 0.5, 1.0)]
CHARTS = (
    draw_curve_chart(CURVE),
    draw_flow_chart(FLOW, USES),
    draw_reasons_chart(REASONS),
    draw_effort_chart(CURVE),
    draw_risk_chart(RISK, limit=0.05, today=0.6),
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[ChartKind, Path]:
    folder = tmp_path_factory.mktemp("charts") / "7"
    drawn = {chart.kind: get_picture(folder, CHARTS, chart.kind, Width.WIDE) for chart in CHARTS}
    return {kind: path for kind, path in drawn.items() if path is not None}


def test_every_kind_of_chart_is_drawn(pictures: dict[ChartKind, Path]) -> None:
    assert set(pictures) == set(ChartKind)


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.kind)
def test_a_picture_carries_its_title_its_description_and_its_dark_colours(
    pictures: dict[ChartKind, Path], chart: Chart
) -> None:
    root = parse(pictures[chart.kind])
    space = "{http://www.w3.org/2000/svg}"
    said = {name: root.findtext(f"{space}{name}") for name in ("title", "desc", "style")}
    assert said == {"title": chart.title, "desc": chart.description, "style": dark_style()}
    assert root.get("role") == "img"


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.kind)
def test_a_picture_holds_neither_scripts_nor_links_nor_colours_without_a_dark_twin(
    pictures: dict[ChartKind, Path], chart: Chart
) -> None:
    elements = list(parse(pictures[chart.kind]).iter())
    assert not any(element.tag.endswith(("script", "image", "foreignObject", "}a")) for element in elements)
    assert not any(name.startswith("on") or name == "style" for element in elements for name in element.attrib)
    used = {element.get(name) for element in elements for name in ("fill", "stroke")}
    colours = {colour for colour in used if colour and colour.startswith("#")}
    assert colours
    assert all(f'"{colour}"' in dark_style() for colour in colours), colours


def test_a_picture_is_found_again_and_not_drawn_again(
    pictures: dict[ChartKind, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pictures[ChartKind.CURVE]
    monkeypatch.setattr(chart_files, "_PROCESS", ("false",))
    assert get_picture(path.parent, CHARTS, ChartKind.CURVE, Width.WIDE) == path
    assert find_picture(path.parent, CHARTS[0].content_hash, Width.WIDE) == path
    assert find_picture(path.parent, CHARTS[0].content_hash, Width.NARROW) is None


def test_a_name_that_is_no_hash_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret-wide.svg").write_text("x")
    (tmp_path / "charts").mkdir()
    assert find_picture(tmp_path / "charts", "../secret", Width.WIDE) is None


def test_a_process_that_fails_leaves_no_half_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart_files, "_PROCESS", ("false",))
    with pytest.raises(ChartNotDrawn, match="Drawing failed"):
        get_picture(tmp_path, CHARTS, ChartKind.FLOW, Width.WIDE)
    assert list(tmp_path.glob("*.svg")) == []


def test_a_chart_that_the_page_does_not_have_is_not_drawn(tmp_path: Path) -> None:
    assert get_picture(tmp_path, CHARTS[:1], ChartKind.RISK, Width.WIDE) is None


def test_a_folder_keeps_the_newest_pictures_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        (tmp_path / f"{number}-wide.svg").write_text("old")
    monkeypatch.setattr(chart_files, "KEPT_PICTURES", 3)
    monkeypatch.setattr(chart_files, "_run_process", lambda wishes: dict.fromkeys(wishes, "<svg/>"))
    path = get_picture(tmp_path, CHARTS[:1], ChartKind.CURVE, Width.WIDE)
    assert path is not None
    assert path.read_text() == "<svg/>"
    assert len(list(tmp_path.glob("*.svg"))) == 3


def test_equal_figures_have_equal_names_and_others_have_others() -> None:
    assert draw_curve_chart(CURVE).content_hash == CHARTS[0].content_hash
    assert draw_curve_chart(CURVE[:1]).content_hash != CHARTS[0].content_hash


def test_the_curve_says_in_words_what_it_shows() -> None:
    assert "Under release 3, from job 151 on, 80\xa0% of jobs were right" in CHARTS[0].description
    assert "Nothing was reviewed yet" in draw_curve_chart([part(1, 1, None)]).description


def test_a_slice_of_one_job_is_told_as_one_job() -> None:
    whole = part(1, 7, 0.4)
    for reviewed, said in ((0, "Nobody looked at job 7."), (1, "Somebody looked at job 7.")):
        one = replace(whole, points=(replace(whole.points[0], until_job=7, jobs=1, reviewed=reviewed),))
        assert draw_effort_chart([one]).description == said


def test_what_happened_is_told_stage_by_stage() -> None:
    rows = dict(flow_rows(FLOW, USES))
    assert [(one.label, one.jobs) for one in rows["The next step"]] == [
        ("Used", 30),
        ("Not used", 2),
        ("No word yet", 68),
    ]
    assert "handed back 9" in CHARTS[1].description
    assert "escalated" not in CHARTS[1].description


def test_risk_is_not_called_safe_before_its_range_is_under_the_limit() -> None:
    assert "No share of jobs was seen to stay under" in CHARTS[4].description
    safe = [
        RiskPoint(share=0.4, threshold=0.9, error=RateEstimate(estimate=0.0, low=0.0, high=0.03, reviewed=99, jobs=99))
    ]
    assert "the surest 40\xa0% of jobs stay under" in draw_risk_chart(safe, limit=0.05, today=None).description


def test_every_tone_has_a_colour() -> None:
    assert len({colour_of(tone) for tone in Tone}) == len(Tone)
    assert colour_of(Tone.ACCENT) == ACCENT
