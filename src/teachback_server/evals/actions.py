"""What may happen to cases: reviewed jobs are kept as cases, releases are run over them, a verdict spends them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from teachback.json_types import JsonObject
from teachback.split import Split, split_of
from teachback.vocabulary import Lever, ReviewVerdict
from teachback_server.evals.gate_jobs import CaseOutcome
from teachback_server.evals.models import Case, CaseResult, EvalRun, Gate
from teachback_server.releases.models import Release
from teachback_server.reviews.models import Review


def keep_cases(reviews: Sequence[Review]) -> list[Case]:
    """Keep reviewed jobs of one workflow as cases, once each; call it inside the transaction that moves the cursor.

    Jobs that were escalated stay out: nobody has decided yet what would have been right.
    """
    decided = [review for review in reviews if review.verdict != ReviewVerdict.ESCALATED]
    return Case.objects.bulk_create([_case_of(review) for review in decided], batch_size=200)


def _case_of(review: Review) -> Case:
    job = review.job
    return Case(
        workflow_id=review.workflow_id,
        job=job,
        split=split_of(job.group, job.workflow.salt),
        group=job.group,
        expected=None if review.verdict == ReviewVerdict.REJECTED else review.output,
        was_right=review.verdict == ReviewVerdict.ACCEPTED,
        review_probability=job.review_probability or 1.0,
    )


def store_gate(
    *, base: Release, candidate: Release, lever: Lever, verdict: str, report: JsonObject, cases: int, at: datetime
) -> Gate:
    """Append the verdict of a gate."""
    return Gate.objects.create(
        workflow_id=candidate.workflow_id,
        base=base,
        candidate=candidate,
        lever=lever,
        verdict=verdict,
        cases=cases,
        report=report,
        judged_at=at,
    )


def store_run(release: Release, gate: Gate, outcomes: Sequence[CaseOutcome], at: datetime) -> EvalRun:
    """Store what a release made of the cases of a gate."""
    run = EvalRun.objects.create(workflow_id=release.workflow_id, release=release, gate=gate, at=at)
    CaseResult.objects.bulk_create(
        [
            CaseResult(
                run=run,
                case_id=outcome.case_id,
                status=outcome.status,
                is_right=outcome.is_right,
                confidence=outcome.confidence,
            )
            for outcome in outcomes
        ],
        batch_size=500,
    )
    return run


def spend_cases(gate: Gate, case_ids: Sequence[int]) -> int:
    """Mark cases as spent by a verdict: they are practice from now on, and never judge again.

    Returns how many were: fewer than were given, if another verdict spent some of them first.
    """
    spent = 0
    for start in range(0, len(case_ids), 500):
        spent += Case.objects.filter(pk__in=case_ids[start : start + 500], spent_by=None).update(spent_by=gate)
    return spent


def spend_late_cases(workflow_id: int, *, judged_through: int) -> int:
    """Spend cases of jobs that a gate looked at before people had decided them, so that no job judges twice.

    `judged_through` is the number of the last job that any gate has looked at. Returns how many cases were spent.
    """
    late = Case.objects.filter(
        workflow_id=workflow_id, split=Split.GATE, spent_by=None, job__number__lte=judged_through
    ).values_list("pk", "job__number")
    case_ids: dict[Gate, list[int]] = defaultdict(list)
    gates: list[Gate] = []
    for case_id, number in late:
        gates = gates or list(Gate.objects.filter(workflow_id=workflow_id).exclude(lever=Lever.APPROVAL).order_by("pk"))
        looked = (gate for gate in gates if gate.report.get("judged_through", 0) >= number)
        case_ids[next(looked, gates[-1])].append(case_id)
    return sum(spend_cases(gate, ids) for gate, ids in case_ids.items())


def mark_taught(release: Release, case_ids: Sequence[int]) -> None:
    """Remember the first release that was made from each case."""
    for start in range(0, len(case_ids), 500):
        Case.objects.filter(pk__in=case_ids[start : start + 500], taught=None).update(taught=release)
