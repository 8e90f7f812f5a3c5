"""Says in words what a run has learned, with the figures that stand behind each sentence. Pure."""

from collections.abc import Sequence

from teachback.json_types import Json, JsonObject
from teachback.vocabulary import GateVerdict, Lever


def tell_story(figures: JsonObject, pattern_titles: Sequence[str]) -> list[str]:
    """A few plain sentences from the figures of `backtest.queries.get_figures`."""
    first, last = _object(figures["first"]), _object(figures["last"])
    story = [
        f"{_count(figures['jobs'])} jobs went through the loop; people decided {_count(figures['reviewed'])} of them.",
        f"The first {_count(first['jobs'])} jobs: {_rate(first)}. The last {_count(last['jobs'])}: {_rate(last)}.",
    ]
    if pattern_titles:
        story.append(f"What people corrected most: {'; '.join(pattern_titles[:3])}.")
    story.extend(_release_sentence(_object(row)) for row in _rows(figures["releases"]) if _object(row)["lever"])
    story.append(_auto_sentence(figures))
    return story


def _release_sentence(release: JsonObject) -> str:
    lever = {Lever.EXAMPLES.value: "It learned", Lever.APPROVAL.value: "It earned autonomy"}.get(
        str(release["lever"]), f"A change to its {release['lever']}"
    )
    is_certified = (release["lever"], release["verdict"]) == (Lever.APPROVAL.value, GateVerdict.PROVEN.value)
    judged = (
        f"certified on {_count(release['evidence_jobs'])} jobs"
        if is_certified
        else f"{release['verdict']}, judged on {_count(release['evidence_jobs'])} cases"
    )
    return (
        f"Release {release['number']}, from job {_count(release['from_job'])} on. {lever}: {release['changes']} "
        f"({judged} that it was not made from)."
    )


def _auto_sentence(figures: JsonObject) -> str:
    auto, error = figures["auto"], _object(figures["auto_error"])
    if not auto:
        return "No job has skipped review yet."
    sentence = f"{_count(auto)} jobs skipped review."
    if error["audited"]:
        upper = error["upper"]
        bound = f", so at most {_percent(upper, 1)} with 95 % certainty" if isinstance(upper, float) else ""
        sentence += f" {_count(error['audited'])} of them were audited and {error['errors']} were wrong{bound}."
    return sentence


def _rate(rate: JsonObject) -> str:
    right, low, high, handed_back = (float(str(rate[name])) for name in ("right", "low", "high", "handed_back"))
    handed = f", {_percent(handed_back)} handed back" if handed_back >= 0.005 else ""
    return f"{_percent(right)} right ({100 * low:.0f} to {_percent(high)}){handed}"


def _count(number: Json) -> str:
    return f"{number:,}".replace(",", "\u00a0") if isinstance(number, int) else str(number)


def _percent(share: float, decimals: int = 0) -> str:
    return f"{100 * share:.{decimals}f}\u00a0%"


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _rows(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else []
