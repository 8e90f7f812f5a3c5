"""Says in one or two sentences what a gate has shown, what it has not, and what more cases could show."""

from dataclasses import dataclass

from teachback.vocabulary import GateVerdict


@dataclass(frozen=True, kw_only=True)
class GateFigures:
    """The figures that the sentence speaks of."""

    verdict: GateVerdict
    cases: int
    fixed: int
    broken: int
    assumed_broken: int
    broken_critical: int
    lower_bound: float
    proven_lower_bound: float | None
    margin: float
    more_cases_for_not_worse: int | None
    more_cases_for_proven: int | None


def describe_verdict(figures: GateFigures) -> str:
    """The verdict in words for an owner."""
    if figures.cases == 0:
        return "Cannot tell yet: there was no case to judge by."
    return f"{_opening(figures)} {_counts(figures)}{_outlook(figures)}"


def _opening(figures: GateFigures) -> str:
    if figures.verdict is GateVerdict.PROVEN:
        return "Proven better."
    if figures.verdict is GateVerdict.NOT_WORSE:
        lost = max(0.0, -figures.lower_bound)
        if lost == 0:
            return "Not worse."
        return f"Not worse: at most {_points(lost)} could be lost, and {_points(figures.margin)} are tolerated."
    if figures.verdict is GateVerdict.CANNOT_TELL:
        return "Cannot tell yet."
    if figures.broken_critical:
        return f"Harmful: it breaks {_count(figures.broken_critical, 'critical case')}."
    return "Harmful: it breaks more than it fixes."


def _counts(figures: GateFigures) -> str:
    text = f"Of {_count(figures.cases, 'case')} it fixed {figures.fixed} and broke {figures.broken}"
    if figures.assumed_broken:
        unknown = "was not reviewed and is" if figures.assumed_broken == 1 else "were not reviewed and are"
        text += f" ({figures.assumed_broken} of these {unknown} taken for broken)"
    return text + "."


def _outlook(figures: GateFigures) -> str:
    if figures.verdict is GateVerdict.PROVEN or figures.verdict is GateVerdict.HARMFUL:
        return ""
    if figures.verdict is GateVerdict.CANNOT_TELL:
        if figures.lower_bound > -figures.margin:
            return " It may be worse than the last release that was proven."
        if figures.more_cases_for_not_worse is None:
            return f" Nothing suggests that more cases would show a loss of less than {_points(figures.margin)}."
        return f" About {_count(figures.more_cases_for_not_worse, 'more case')} could show that it is not worse."
    if figures.more_cases_for_proven is None:
        return " Whether it is better cannot be told."
    return (
        f" Whether it is better cannot be told yet; about {_count(figures.more_cases_for_proven, 'more case')} could."
    )


def _points(share: float) -> str:
    number = f"{share * 100:.1f}".removesuffix(".0")
    return f"{number} point" if number == "1" else f"{number} points"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
