"""The jobs on the gate's side of the split, what releases make of them, and how two releases compare on each."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from teachback.field_diff import is_same_output
from teachback.json_types import JsonObject
from teachback.vocabulary import JobStatus
from teachback_server.agents.open_releases import OpenRelease
from teachback_server.agents.pipeline import run_release
from teachback_server.agents.protocol import AgentResult, JobInput
from teachback_server.evals.check_measure import CheckedCase
from teachback_server.evals.gate_test import PairedCase, score_of
from teachback_server.evals.models import Case
from teachback_server.jobs.models import Job
from teachback_server.workflows.models import Workflow

MOST_JOBS = 5000  # the newest ones; a gate that needs more has nothing to show


@dataclass(frozen=True, kw_only=True)
class GateJob:
    """A job on the gate's side that no verdict has spent; its case, if a person reviewed it."""

    job: Job
    case: Case | None


@dataclass(frozen=True, kw_only=True)
class CaseOutcome:
    """What one release made of one case."""

    case_id: int
    status: JobStatus
    is_right: bool
    confidence: float | None


def list_gate_jobs(workflow: Workflow, *, judged_through: int) -> list[GateJob]:
    """Jobs on the gate's side after `judged_through` that no verdict has spent, oldest first; at most the newest 5,000.

    Those without a case, because they skipped review, were escalated or were passed over, judge too: on them a
    candidate can show where it differs, though not who is right. Jobs that wait and are newer than all that people have
    decided are left for the next gate, as people have just not come to them yet.
    """
    newest = _gate_side(workflow, judged_through).select_related("case").order_by("-number")[:MOST_JOBS]
    return [GateJob(job=job, case=getattr(job, "case", None)) for job in reversed(newest)]


def count_gate_jobs(workflow: Workflow, *, judged_through: int) -> int:
    """How many jobs `list_gate_jobs` would list."""
    return _gate_side(workflow, judged_through).order_by("-number")[:MOST_JOBS].count()


def _gate_side(workflow: Workflow, judged_through: int) -> QuerySet[Job]:
    jobs = workflow.jobs.filter(is_test_case=True, number__gt=judged_through, case__spent_by__isnull=True)
    decided = jobs.filter(case__isnull=False).order_by("-number").values_list("number", flat=True).first()
    ahead = workflow.jobs.filter(is_test_case=True, is_waiting=True, number__gt=decided or judged_through)
    first_ahead = ahead.order_by("number").values_list("number", flat=True).first()
    if first_ahead is not None:
        jobs = jobs.filter(number__lt=first_ahead)
    return jobs.exclude(status=JobStatus.RUNNING)


def run_over_jobs(opened: OpenRelease, jobs: Sequence[Job]) -> list[AgentResult]:
    """Run a release over past jobs; writes nothing, so that no transaction is open while an agent works."""
    inputs = [JobInput(input=job.input, draft=job.draft, confidence=job.draft_confidence) for job in jobs]
    return run_release(opened.agent, opened.bundle, inputs)


def pair_results(
    jobs: Sequence[GateJob],
    base: Sequence[AgentResult],
    candidate: Sequence[AgentResult],
    *,
    hand_back_cost: float,
) -> list[PairedCase]:
    """Each job under two releases, scored where a person's answer tells."""
    return [
        PairedCase(
            group=one.job.group,
            base_score=_score(one, before, hand_back_cost),
            candidate_score=_score(one, after, hand_back_cost),
            is_same_result=_is_same_result(before, after),
            is_critical=one.case is not None and one.case.is_critical,
        )
        for one, before, after in zip(jobs, base, candidate, strict=True)
    ]


def list_checked_cases(
    jobs: Sequence[GateJob], base: Sequence[AgentResult], candidate: Sequence[AgentResult]
) -> list[CheckedCase]:
    """The reviewed outputs that the base would let pass, and whether the candidate, with the same output, would not."""
    cases = []
    for one, before, after in zip(jobs, base, candidate, strict=True):
        score = None if one.case is None or before.output is None else _score(one, before, hand_back_cost=1.0)
        if one.case is not None and score is not None and not before.wants_review:
            cases.append(
                CheckedCase(
                    group=one.job.group,
                    weight=1 / one.case.review_probability,
                    is_right=score == 1.0,
                    is_held=bool(after.wants_review),
                )
            )
    return cases


def outcomes_of(jobs: Sequence[GateJob], results: Sequence[AgentResult]) -> list[CaseOutcome]:
    """What a release made of those jobs that are cases."""
    return [
        CaseOutcome(
            case_id=one.case.pk,
            status=result.status,
            is_right=is_right(one.case.expected, result),
            confidence=result.confidence,
        )
        for one, result in zip(jobs, results, strict=True)
        if one.case is not None
    ]


def is_right(expected: JsonObject | None, result: AgentResult) -> bool:
    """Finished, and the output that a person stood behind."""
    return (
        result.status is JobStatus.FINISHED
        and result.output is not None
        and expected is not None
        and is_same_output(result.output, expected)
    )


def _is_same_result(before: AgentResult, after: AgentResult) -> bool:
    if before.output is None or after.output is None:
        return before.output is None and after.output is None
    return is_same_output(before.output, after.output)


def _score(one: GateJob, result: AgentResult, hand_back_cost: float) -> float | None:
    if result.status is not JobStatus.FINISHED:
        return score_of(is_finished=False, is_right=False, hand_back_cost=hand_back_cost)
    if one.case is None:
        return None
    if one.case.expected is None:
        # A rejected output is known to be wrong; of any other output nobody knows.
        is_the_rejected = one.job.output is not None and is_same_output(result.output, one.job.output)
        return 0.0 if is_the_rejected else None
    return score_of(is_finished=True, is_right=is_right(one.case.expected, result), hand_back_cost=hand_back_cost)
