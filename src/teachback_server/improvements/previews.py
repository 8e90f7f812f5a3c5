"""Tries a rule or a check on past jobs before anybody proposes it: how often it acts, and how often rightly. Pure."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from teachback.checks import run_checks
from teachback.field_diff import diff_fields
from teachback.json_types import JsonObject
from teachback.release_document import Check, Rule
from teachback.rules import apply_rules

PATIENCE_SECONDS = 2.0  # a person waits for it; what was looked at by then is what it says


@dataclass(frozen=True, kw_only=True)
class PastJob:
    """A finished job that a person reviewed; `expected` is None where they rejected it without an answer."""

    number: int
    input: JsonObject
    output: JsonObject
    confidence: float | None
    expected: JsonObject | None
    was_right: bool


class Effect(StrEnum):
    """What acting on one job would have done."""

    RIGHTLY = "rightly"  # fewer fields would have been wrong, or a wrong result would have gone to a person
    WRONGLY = "wrongly"  # more fields would have been wrong, or a right result would have been held up
    NEITHER = "neither"


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a rule or check would have done to past jobs."""

    looked_at: int
    acted: int
    rightly: int
    wrongly: int
    acted_on: tuple[int, ...]  # the numbers of the first jobs on which it acted
    notes: tuple[str, ...]  # why it could not be computed, where that happened
    is_cut_short: bool


def preview_rule(rule: Rule, jobs: Iterable[PastJob], *, patience_seconds: float = PATIENCE_SECONDS) -> Preview:
    """What a rule, alone, would have done to the outputs of past jobs."""

    def act(job: PastJob) -> tuple[Effect | None, tuple[str, ...]]:
        outcome = apply_rules([rule], input=job.input, output=job.output, confidence=job.confidence)
        if not outcome.applied:
            return None, outcome.notes
        if outcome.hand_back_reason or outcome.review_reason:
            return _stopping(job), outcome.notes
        return _changing(job, outcome.output), outcome.notes

    return _look(jobs, act, patience_seconds)


def preview_check(
    check: Check, jobs: Iterable[PastJob], output_schema: JsonObject, *, patience_seconds: float = PATIENCE_SECONDS
) -> Preview:
    """Which outputs of past jobs a check would have sent to a person."""

    def act(job: PastJob) -> tuple[Effect | None, tuple[str, ...]]:
        failures = run_checks([check], input=job.input, output=job.output, output_schema=output_schema)
        return (_stopping(job) if failures else None), ()

    return _look(jobs, act, patience_seconds)


def _look(
    jobs: Iterable[PastJob],
    act: Callable[[PastJob], tuple[Effect | None, tuple[str, ...]]],
    patience_seconds: float,
) -> Preview:
    until = time.monotonic() + patience_seconds
    effects: list[tuple[int, Effect]] = []
    notes: dict[str, None] = {}
    looked_at, is_cut_short = 0, False
    for job in jobs:
        if time.monotonic() > until:
            is_cut_short = True
            break
        effect, said = act(job)
        looked_at += 1
        notes.update(dict.fromkeys(said))
        if effect is not None:
            effects.append((job.number, effect))
    return Preview(
        looked_at=looked_at,
        acted=len(effects),
        rightly=sum(effect is Effect.RIGHTLY for _, effect in effects),
        wrongly=sum(effect is Effect.WRONGLY for _, effect in effects),
        acted_on=tuple(number for number, _ in effects[:10]),
        notes=tuple(notes)[:3],
        is_cut_short=is_cut_short,
    )


def _stopping(job: PastJob) -> Effect:
    return Effect.WRONGLY if job.was_right else Effect.RIGHTLY


def _changing(job: PastJob, output: JsonObject) -> Effect:
    if job.expected is None:
        return Effect.NEITHER
    before, after = len(diff_fields(job.output, job.expected)), len(diff_fields(output, job.expected))
    if before == after:
        return Effect.NEITHER
    return Effect.RIGHTLY if after < before else Effect.WRONGLY
