"""Takes a candidate release through its gate: both releases on the same unspent jobs, then one verdict."""

from collections.abc import Sequence
from dataclasses import asdict, replace

from teachback.vocabulary import GateVerdict, Lever
from teachback_server.agents.open_releases import OpenReleases
from teachback_server.agents.protocol import AgentResult
from teachback_server.evals.check_measure import describe_check, measure_check
from teachback_server.evals.gate_jobs import (
    GateJob,
    list_checked_cases,
    list_gate_jobs,
    outcomes_of,
    pair_results,
    run_over_jobs,
)
from teachback_server.evals.gate_test import (
    Claim,
    PairedCase,
    account_of,
    group_differences,
    judge_change,
    strengthen_claim,
)
from teachback_server.evals.models import Gate
from teachback_server.improvements.candidates import Candidate, Judged
from teachback_server.improvements.evidence import UNSURE, list_family
from teachback_server.improvements.models import LearningState
from teachback_server.releases.models import Release
from teachback_server.releases.queries import LiveState
from teachback_server.statistics.multiplicity import ClaimAccount
from teachback_server.workflows.models import Workflow


def judge_candidate(workflow: Workflow, agents: OpenReleases, live: LiveState, candidate: Candidate) -> Judged:
    """Judge a candidate on every job that may judge it; stores nothing of it, as agents may work for long."""
    state, _ = LearningState.objects.get_or_create(workflow=workflow)
    gate_jobs = list_gate_jobs(workflow, judged_through=state.judged_through)
    jobs = [one.job for one in gate_jobs]
    base = run_over_jobs(agents.open(live.release), jobs)
    after = run_over_jobs(agents.open_bundle(candidate.bundle), jobs)
    runs: list[tuple[Release | None, Sequence[AgentResult]]] = [(live.release, base), (None, after)]
    proven = find_last_proven(live.release)
    proven_cases, strengthened = None, None
    if proven.pk not in list_family(live.release):
        before = run_over_jobs(agents.open(proven), jobs)
        runs.append((proven, before))
        proven_cases = _pair(workflow, gate_jobs, before, after)
        strengthened = strengthen_live_claim(live.release, proven, _pair(workflow, gate_jobs, before, base))
    report = judge_change(
        _pair(workflow, gate_jobs, base, after),
        account=claim_account(workflow),
        proven_cases=proven_cases,
        lowest=workflow.hand_back_cost - 1 if _hands_everything_back(base) else -1.0,
    )
    figures = report.as_json()
    if candidate.lever is Lever.CHECKS:
        measure = measure_check(list_checked_cases(gate_jobs, base, after))
        figures.update(check=measure.as_json(), sentence=describe_check(report.verdict, report.sentence, measure))
    judged_through = max((one.job.number for one in gate_jobs), default=state.judged_through)
    return Judged(
        verdict=report.verdict,
        report={
            **figures,
            "judged_through": judged_through,
            "strengthened": [] if strengthened is None else [asdict(strengthened)],
            "compared_with": [live.release.number] if proven_cases is None else [live.release.number, proven.number],
        },
        spent_case_ids=[one.case.pk for one in gate_jobs if one.case is not None],
        judged_after=state.judged_through,
        judged_through=judged_through,
        candidate_confidences=[
            UNSURE if result.output is None or result.confidence is None else result.confidence for result in after
        ],
        runs=[(release, outcomes_of(gate_jobs, results)) for release, results in runs],
    )


def find_last_proven(release: Release) -> Release:
    """Of a release and those that it was made from, the newest that a gate has shown to be better; else the first.

    Better than the one that was live then, or than the last proven one: either way losses cannot creep in behind it.
    """
    gates = Gate.objects.filter(workflow_id=release.workflow_id).exclude(lever=Lever.APPROVAL)
    proven = {
        candidate_id
        for candidate_id, verdict, report in gates.values_list("candidate_id", "verdict", "report")
        if verdict == GateVerdict.PROVEN or any(claim["is_allowed"] for claim in report["claims"][1:])
    }
    current = release
    while current.pk not in proven and current.parent is not None:
        current = current.parent
    return current


def strengthen_live_claim(live: Release, proven: Release, cases: Sequence[PairedCase]) -> Claim | None:
    """Go on with the claim that the live release is better than the last proven one; None where none was made.

    Whatever a gate judges, its jobs are new to both and were done under both, so that each gate adds to the evidence.
    The results show it; gates themselves decide by what each candidate shows on its own.
    """
    claim = _find_newest_claim(live, proven)
    return None if claim is None or not cases else strengthen_claim(claim, group_differences(cases))


def claim_account(workflow: Workflow) -> ClaimAccount:
    """All claims that the workflow's gates have made so far."""
    reports = (
        Gate.objects.filter(workflow=workflow)
        .exclude(lever=Lever.APPROVAL)
        .order_by("pk")
        .values_list("report", flat=True)
    )
    return account_of([parse_claim(claim) for report in reports for claim in report["claims"]])


def parse_claim(stored: dict[str, object]) -> Claim:
    """Read a claim as a gate's report holds it."""
    claim = Claim(**stored)  # type: ignore[arg-type]
    return replace(claim, tally=tuple((value, count) for value, count in claim.tally))


def _find_newest_claim(live: Release, proven: Release) -> Claim | None:
    gates = Gate.objects.filter(workflow_id=live.workflow_id).exclude(lever=Lever.APPROVAL).order_by("pk")
    made_by = gates.filter(candidate_id__in=list_family(live)).last()
    if made_by is None:
        return None
    numbers = set(Release.objects.filter(pk__in=list_family(proven)).values_list("number", flat=True))
    # A gate without a case compares, and makes no claim.
    compared = zip(made_by.report["claims"], made_by.report["compared_with"], strict=False)
    first = next((claim for claim, number in compared if number in numbers), None)
    if first is None:
        return None
    later = gates.filter(pk__gt=made_by.pk).values_list("report", flat=True)
    grown = [claim for report in later for claim in report.get("strengthened", ())]
    return parse_claim(next((claim for claim in reversed(grown) if claim["number"] == first["number"]), first))


def _pair(
    workflow: Workflow, jobs: Sequence[GateJob], before: Sequence[AgentResult], after: Sequence[AgentResult]
) -> list[PairedCase]:
    return pair_results(jobs, before, after, hand_back_cost=workflow.hand_back_cost)


def _hands_everything_back(results: Sequence[AgentResult]) -> bool:
    return all(result.output is None for result in results)
