"""The figures of a gate's report as an owner reads them, and on what ground a change was released. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from teachback.json_types import Json, JsonObject
from teachback.split import GATE_SHARE
from teachback.vocabulary import GateVerdict, Lever

FEW_CASES = 50  # with fewer, only a large effect can be seen


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of a report with what it means."""

    label: str
    words: str


def list_figures(report: JsonObject, lever: str) -> tuple[Figure, ...]:
    """What a gate's report says, line by line; a report without figures gives none."""
    if lever == Lever.APPROVAL:
        return _list_certificate_figures(report)
    if "fixed" not in report:
        return ()
    check = report.get("check")
    if isinstance(check, Mapping):
        return _list_check_figures(report, check)
    lines = [
        ("Judged on", _judged_on(report)),
        ("Before and after", _before_and_after(report)),
        ("Difference", _difference(report)),
        ("Against the last proven release", _against_proven(report)),
        ("A loss that is tolerated", _points(_number(report, "margin"))),
        ("Chance alone", _chance(report)),
        ("The claim that it is better", _claim(report)),
        ("What more jobs could show", _outlook(report)),
    ]
    return tuple(Figure(label=label, words=words) for label, words in lines if words)


def describe_ground(verdict: str, lever: str, *, is_released: bool, accepted_by: str = "") -> str:
    """On what ground a change was or was not released, said plainly."""
    if not is_released:
        return {
            GateVerdict.PROVEN: "It is proven better and was not released.",
            GateVerdict.NOT_WORSE: "It is not worse. That it is better was not shown, so a person decides.",
            GateVerdict.CANNOT_TELL: "It was not released: the jobs at hand could not tell whether it is worse.",
            GateVerdict.HARMFUL: "It was not released: it does harm.",
        }.get(GateVerdict(verdict), "")
    if lever == Lever.APPROVAL:
        return "Released because the limit on errors is certified for what skips review."
    if verdict == GateVerdict.PROVEN:
        return "Released because it is proven better."
    if accepted_by:
        return f"Released because {accepted_by} accepted it. Shown was that it is not worse; that it is better was not."
    return (
        "Released because it is not worse, which is enough for examples: they keep coming, and many small steps add up."
        " That it is better was not shown."
    )


def describe_wait(undecided: int) -> str:
    """What a change waits for that no reviewed job can judge yet; `undecided` jobs could, once people decide them."""
    more = round(FEW_CASES / GATE_SHARE, -1)
    words = f"No reviewed test case yet: about {more:.0f} more jobs give the {FEW_CASES} with which a test can begin."
    if not undecided:
        return words
    waits = "waits" if undecided == 1 else "wait"
    return f"{words} {_jobs(undecided)} that could judge it {waits} for a decision on the desk."


def _list_check_figures(report: JsonObject, check: Mapping[str, Json]) -> tuple[Figure, ...]:
    return (
        Figure(label="Judged on", words=_judged_on(report)),
        Figure(label="Wrong outputs that it would have caught", words=_held(check, "of_wrong")),
        Figure(label="Right outputs that it would have held back", words=_held(check, "of_right")),
        Figure(
            label="Which outputs",
            words="reviewed ones that nothing else held back, each standing for all with its chance of review",
        ),
    )


def _held(check: Mapping[str, Json], name: str) -> str:
    held = check.get(name)
    if not isinstance(held, Mapping) or held.get("share") is None:
        return "cannot tell yet: there was no such output"
    counts = f"{_number(held, 'held'):,.0f} of {_number(held, 'cases'):,.0f}"
    return f"{counts}: {_percent(held, 'share')}, between {_percent(held, 'low')} and {_percent(held, 'high')}"


def _list_certificate_figures(report: JsonObject) -> tuple[Figure, ...]:
    if "pool" not in report:
        return ()
    lines = [
        ("Judged on", f"{_jobs(_number(report, 'pool'))} that the release was not made from, in order of arrival"),
        ("Limit", f"{_percent(report, 'limit')} wrong, with {_percent(report, 'certainty')} certainty"),
        ("Attempt", f"number {_number(report, 'attempt'):.0f} of this release; each one must show more than the last"),
    ]
    if "threshold" in report:
        errors = _number(report, "errors")
        lines += [
            (
                "Sure enough",
                f"{_percent(report, 'threshold')} or more, which is about {_percent(report, 'share')} of the work",
            ),
            ("Of those", f"{errors:.0f} of {_number(report, 'jobs'):.0f} {'was' if errors == 1 else 'were'} wrong"),
        ]
    return tuple(Figure(label=label, words=words) for label, words in lines)


def _judged_on(report: JsonObject) -> str:
    cases, groups = _number(report, "cases"), _number(report, "groups")
    apart = f", {groups:,.0f} of them independent of each other" if groups != cases else ""
    return f"{_jobs(cases)} that it was not made from{apart}"


def _before_and_after(report: JsonObject) -> str:
    fixed, broken, same = (_number(report, name) for name in ("fixed", "broken", "unchanged"))
    assumed = _number(report, "assumed_broken")
    counted = "it counts" if assumed == 1 else "they count"
    note = f" ({assumed:,.0f} of these nobody reviewed, so {counted} as broken)" if assumed else ""
    return f"{fixed:,.0f} fixed, {broken:,.0f} broken{note}, {same:,.0f} the same"


def _difference(report: JsonObject) -> str:
    low, high = _number(report, "lower_bound"), _number(report, "upper_bound")
    middle = _points(_number(report, "difference"), signed=True)
    return f"{middle}, between {_signed(low)} and {_points(high, signed=True)}"


def _against_proven(report: JsonObject) -> str:
    low = report.get("proven_lower_bound")
    return "" if low is None else f"at least {_points(float(cast(float, low)), signed=True)}"


def _chance(report: JsonObject) -> str:
    """Counts cases and not what they weigh, so it says nothing where a hand-back weighs less than a wrong answer."""
    net = _number(report, "fixed") - _number(report, "broken")
    if abs(_number(report, "difference") * _number(report, "cases") - net) > 0.5:
        return ""
    return f"would do as well in {_number(report, 'mid_p'):.1%} of tries".replace("%", "\u00a0%")


def _claim(report: JsonObject) -> str:
    claims = report.get("claims")
    if not isinstance(claims, list | tuple) or not claims or not isinstance(claims[0], Mapping):
        return ""
    claim = claims[0]
    needed = 1 / _number(claim, "level")
    word = "passed" if claim.get("is_allowed") else "not passed"
    evidence = f"evidence {_number(claim, 'e_value'):,.1f} of {needed:,.0f} needed"
    return f"number {_number(claim, 'number'):.0f} of this workflow, {word}: {evidence}"


def _outlook(report: JsonObject) -> str:
    parts = []
    for name, words in (
        ("more_cases_for_not_worse", "about {:,} more that it is not worse"),
        ("more_cases_for_proven", "about {:,} more that it is better"),
    ):
        more = report.get(name)
        if isinstance(more, int) and (name == "more_cases_for_not_worse" or _number(report, "difference") > 0):
            parts.append(words.format(more))
    return "; ".join(parts) + (", if the rates stay as they are" if parts else "")


def _number(values: Mapping[str, Json], name: str) -> float:
    found = values.get(name)
    return float(found) if isinstance(found, int | float) else 0.0


def _jobs(number: float) -> str:
    return f"{number:,.0f} job{'' if number == 1 else 's'}"


def _percent(values: Mapping[str, Json], name: str) -> str:
    return f"{round(100 * _number(values, name), 1):g}\u00a0%"


def _points(share: float, *, signed: bool = False) -> str:
    number = _signed(share) if signed else f"{round(100 * share, 1):g}"
    return f"{number} point{'' if number in ('1', '+1', '−1') else 's'}"


def _signed(share: float) -> str:
    points = round(100 * share, 1)
    return f"{points:+g}".replace("-", "−") if points else "0"
