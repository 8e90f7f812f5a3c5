"""What the answer key knows about a run: right, handed back and wrong, before and after, field by field. Pure."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from teachback.json_types import JsonObject
from teachback.schema_fields import list_field_names
from teachback_server.statistics.intervals import wilson_interval

FIRST_JOBS = 500
LAST_JOBS = 1000
CURVE_POINTS = 20
FEWEST_CURVE_JOBS = 25
MOST_CURVE_JOBS = 250


class KeyedOutcome(StrEnum):
    """How a job ended, measured with the answer key."""

    RIGHT = "right"
    WRONG = "wrong"
    HANDED_BACK = "handed_back"


@dataclass(frozen=True, kw_only=True)
class KeyedResult:
    """One job as the answer key sees it; `fields` counts [found, proposed wrongly, missed] for each field."""

    number: int
    outcome: KeyedOutcome
    is_reviewed: bool
    is_auto: bool  # auto or audit: used without waiting
    release: int
    fields: Mapping[str, Sequence[int]]


def count_fields(output: JsonObject | None, key: JsonObject, output_schema: JsonObject) -> dict[str, list[int]]:
    """Count per field whether its value was found, proposed wrongly, or missed; a wrong value is both of the latter."""
    counts = {}
    for name in list_field_names(output_schema):
        proposed, wanted = _value_at(output or {}, name), _value_at(key, name)
        found = int(wanted is not None and proposed == wanted)
        triple = [found, int(proposed is not None) - found, int(wanted is not None) - found]
        if any(triple):
            counts[name] = triple
    return counts


def rate_of(results: Sequence[KeyedResult]) -> dict[str, float | int]:
    """Right, handed back and wrong as shares of jobs, with the Wilson interval (95 %) of right."""
    jobs = len(results)
    counts = Counter(result.outcome for result in results)
    interval = wilson_interval(counts[KeyedOutcome.RIGHT], jobs) if jobs else None
    return {
        "jobs": jobs,
        "right": counts[KeyedOutcome.RIGHT] / jobs if jobs else 0.0,
        "handed_back": counts[KeyedOutcome.HANDED_BACK] / jobs if jobs else 0.0,
        "wrong": counts[KeyedOutcome.WRONG] / jobs if jobs else 0.0,
        "low": interval.low if interval else 0.0,
        "high": interval.high if interval else 1.0,
    }


def last_slice(results: Sequence[KeyedResult]) -> Sequence[KeyedResult]:
    """The last 1,000 jobs, or the last quarter of a run that has fewer than 4,000."""
    return results[-min(LAST_JOBS, max(1, len(results) // 4)) :]


def curve_of(results: Sequence[KeyedResult]) -> list[dict[str, float | int]]:
    """Twenty points or more, equally many jobs apart (at most 250), each covering the jobs since the one before it."""
    points = []
    step = min(MOST_CURVE_JOBS, max(FEWEST_CURVE_JOBS, len(results) // CURVE_POINTS))
    count = math.ceil(len(results) / step)
    for position in range(count):
        start, end = len(results) * position // count, len(results) * (position + 1) // count
        part = results[start:end]
        rate = rate_of(part)
        points.append(
            {
                "jobs": start + len(part),
                "right": rate["right"],
                "low": rate["low"],
                "high": rate["high"],
                "handed_back": rate["handed_back"],
                "reviewed_share": sum(result.is_reviewed for result in part) / len(part),
            }
        )
    return points


def field_scores(results: Sequence[KeyedResult]) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 of each field, and over all fields together under the name `*`."""
    totals: dict[str, list[int]] = {}
    for result in results:
        for name, counts in result.fields.items():
            for total_name in (name, "*"):
                into = totals.setdefault(total_name, [0, 0, 0])
                for place, count in enumerate(counts):
                    into[place] += count
    return {name: _scores(*counts) for name, counts in sorted(totals.items())}


def true_auto_error(results: Sequence[KeyedResult]) -> dict[str, int]:
    """Errors among the jobs that were used without waiting; only the answer key can know this."""
    auto = [result for result in results if result.is_auto]
    return {"errors": sum(result.outcome is not KeyedOutcome.RIGHT for result in auto), "jobs": len(auto)}


def _scores(found: int, wrong: int, missed: int) -> dict[str, float]:
    precision = found / (found + wrong) if found + wrong else 0.0
    recall = found / (found + missed) if found + missed else 0.0
    f1 = 2 * found / (2 * found + wrong + missed) if found else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}


def _value_at(output: JsonObject, path: str) -> object:
    value: object = output
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value.strip() if isinstance(value, str) else value
