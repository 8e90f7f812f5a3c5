"""Measures what a check is worth: the wrong outputs that it would catch, and the right ones that it would hold."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import cast

from teachback.json_types import Json
from teachback.spelled_share import spell_share
from teachback.vocabulary import GateVerdict
from teachback_server.statistics.intervals import wilson_interval


@dataclass(frozen=True, kw_only=True)
class CheckedCase:
    """A reviewed output that nothing held back so far, and whether the check would hold it back for a person."""

    group: str  # cases of one group are not independent
    weight: float  # how many jobs it stands for: one over its probability of review
    is_right: bool
    is_held: bool


@dataclass(frozen=True, kw_only=True)
class HeldShare:
    """Which share of all such outputs, reviewed or not, the check would hold back."""

    held: int  # cases
    cases: int
    share: float | None  # None: there was no case
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class CheckMeasure:
    """What a check is worth: it should hold back many wrong outputs and few right ones."""

    of_wrong: HeldShare
    of_right: HeldShare

    def as_json(self) -> dict[str, Json]:
        """The measure as plain JSON values."""
        return cast(dict[str, Json], asdict(self))


def measure_check(cases: Sequence[CheckedCase], alpha: float = 0.05) -> CheckMeasure:
    """Estimate both shares over all outputs that nothing else holds back.

    Formula: Σ w h / Σ w over the cases, h 1 where the check holds the output back; the interval is Wilson's for
    (Σ W)² / Σ W² cases, W the weight of a group of cases (Kish's effective sample size; a group counts as one).
    Assumes that the recorded probabilities of review are the true ones, and one look, as at a gate.
    Source: Wilson (1927); Kish (1965).
    """
    return CheckMeasure(
        of_wrong=_measure([case for case in cases if not case.is_right], alpha),
        of_right=_measure([case for case in cases if case.is_right], alpha),
    )


def describe_check(verdict: GateVerdict, sentence: str, measure: CheckMeasure) -> str:
    """The verdict on a check in words for an owner; `sentence` is what the gate says of any change."""
    opening = "Not worse, as a check changes no output." if verdict is GateVerdict.NOT_WORSE else sentence
    return f"{opening} {_describe_catch(measure.of_wrong)} {_describe_cost(measure.of_right)}"


def _describe_catch(wrong: HeldShare) -> str:
    if wrong.share is None:
        return "What it would catch cannot be told: no output was wrong that nothing else held back."
    return f"It would have caught {_spell_inside(wrong)} of the wrong outputs that nothing else held back."


def _describe_cost(right: HeldShare) -> str:
    if right.share is None:
        return "No output was right that nothing else held back."
    return f"It would have sent {_spell_inside(right)} of the right ones to a person."


def _spell_inside(held: HeldShare) -> str:
    seen = f"{held.held:,} of {held.cases:,} that people saw"
    return f"{spell_share(held.share or 0.0)} ({seen}; between {spell_share(held.low)} and {spell_share(held.high)})"


def _measure(cases: Sequence[CheckedCase], alpha: float) -> HeldShare:
    if not cases:
        return HeldShare(held=0, cases=0, share=None, low=0.0, high=1.0)
    groups: dict[str, float] = defaultdict(float)
    for case in cases:
        groups[case.group] += case.weight
    total = sum(groups.values())
    share = sum(case.weight for case in cases if case.is_held) / total
    worth = total**2 / sum(weight**2 for weight in groups.values())
    interval = wilson_interval(share * worth, worth, alpha)
    held = sum(case.is_held for case in cases)
    return HeldShare(held=held, cases=len(cases), share=share, low=interval.low, high=interval.high)
