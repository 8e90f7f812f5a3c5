"""Moves the examples lever: makes a candidate from all practice cases, and takes it through its gate when due."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q

from teachback.split import GATE_SHARE, Split
from teachback.vocabulary import GateVerdict, Lever
from teachback_server.agents.open_releases import OpenReleases
from teachback_server.agents.opening import can_learn
from teachback_server.agents.protocol import Example, ReleaseBundle
from teachback_server.evals.gate_jobs import count_gate_jobs
from teachback_server.evals.models import Case
from teachback_server.improvements.approval_lever import find_certified_share
from teachback_server.improvements.batching import BatchState, has_enough_examples, is_batch_due
from teachback_server.improvements.candidates import (
    Candidate,
    ChangeState,
    Judged,
    require_unmoved,
    store_verdict,
    without_autonomy,
)
from teachback_server.improvements.earning import (
    EarningPlan,
    plan_earning,
    risk_after_growth,
    risk_from_confidences,
    risk_from_results,
)
from teachback_server.improvements.evidence import Evidence, get_evidence
from teachback_server.improvements.judging import judge_candidate
from teachback_server.improvements.models import LearningState, Pattern
from teachback_server.improvements.planning import start_earning
from teachback_server.jobs.actions import next_job_number
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import NewExample, keep_examples, watch_test_cases
from teachback_server.releases.queries import LiveState
from teachback_server.workflows.models import Workflow

# The practice side, and gate cases that a verdict has spent; a case without an answer teaches nothing.
MAY_TEACH = Q(expected__isnull=False) & (Q(split=Split.PRACTICE) | Q(spent_by__isnull=False))
MOST_PATTERNS = 5  # of those that a batch speaks to, the ones named with the change


def practice_cases(workflow: Workflow) -> list[Case]:
    """All cases that a change may be made from: the practice side, and gate cases that a verdict has spent."""
    return list(Case.objects.filter(MAY_TEACH, workflow=workflow).select_related("job").order_by("pk"))


def try_batch_when_due(workflow: Workflow, agents: OpenReleases, live: LiveState, *, now: datetime) -> bool:
    """Make, judge and store a batch of examples if one is due; returns whether it was tried."""
    state = LearningState.objects.get(workflow=workflow)
    if not can_learn(live.document.agent) or state.earning_plan is not None:
        return False
    if not has_enough_examples(state.reviews, state.last_try_examples):
        return False  # not even if every review were an example: so this look need not count a million cases
    evidence = get_evidence(live.release)
    counts = _count(workflow, live, state, evidence)
    if not is_batch_due(counts) or not _is_worth_it(workflow, live, counts, evidence):
        return False
    candidate = make_examples_candidate(workflow, agents, live)
    judged = judge_candidate(workflow, agents, live, candidate)
    with transaction.atomic():
        require_unmoved(live)
        LearningState.objects.filter(workflow=workflow).update(last_try_examples=counts.examples)
        _settle(workflow, live, candidate, judged, now)
    return True


def _settle(workflow: Workflow, live: LiveState, candidate: Candidate, judged: Judged, now: datetime) -> None:
    """Store the verdict. Under autonomy a candidate that passed waits in the shadow, if it is likely to earn more."""
    passed = judged.verdict in (GateVerdict.PROVEN, GateVerdict.NOT_WORSE)
    plan = _plan_shadow(workflow, live, judged) if passed and live.is_autonomy_on else None
    if not passed:
        outcome = ChangeState.NOT_RELEASED
    elif live.is_autonomy_on:
        outcome = ChangeState.PASSED
    else:
        outcome = ChangeState.RELEASED
    change = store_verdict(SYSTEM, workflow, live, candidate, judged, outcome=outcome, now=now)
    if plan is not None and change.candidate is not None:
        watch_test_cases(workflow, change.candidate)
        start_earning(workflow, change.candidate, plan)


def _plan_shadow(workflow: Workflow, live: LiveState, judged: Judged) -> EarningPlan | None:
    return plan_earning(
        risk_from_confidences(judged.candidate_confidences),
        limit=workflow.error_limit,
        certainty=workflow.certainty,
        attempt=1,
        horizon_jobs=next_job_number(workflow) - 1,
        share_now=find_certified_share(live.release),
        pool_share=GATE_SHARE,
    )


def _is_worth_it(workflow: Workflow, live: LiveState, counts: BatchState, evidence: Evidence) -> bool:
    """Without autonomy every batch is. Under autonomy only one that promises to let clearly more jobs skip review."""
    if not live.is_autonomy_on:
        return True
    growth = counts.examples / max(counts.live_examples, 1)
    plan = plan_earning(
        risk_after_growth(risk_from_results(evidence.confidences, evidence.wrong, evidence.weights), growth),
        limit=workflow.error_limit,
        certainty=workflow.certainty,
        attempt=1,
        horizon_jobs=next_job_number(workflow) - 1,
        share_now=find_certified_share(live.release),
        pool_share=GATE_SHARE,
    )
    return plan is not None


def _count(workflow: Workflow, live: LiveState, state: LearningState, evidence: Evidence) -> BatchState:
    return BatchState(
        examples=Case.objects.filter(MAY_TEACH, workflow=workflow).count(),
        live_examples=len(live.document.example_hashes),
        last_try_examples=state.last_try_examples,
        gate_jobs=count_gate_jobs(workflow, judged_through=state.judged_through),
        live_accuracy=evidence.accuracy,
    )


def make_examples_candidate(workflow: Workflow, agents: OpenReleases, live: LiveState) -> Candidate:
    """A candidate that differs from the live release in its examples alone: it has all that may teach."""
    cases = practice_cases(workflow)
    hashes = keep_examples(workflow, [_new_example(case) for case in cases])
    bundle = _bundle_with(agents.open(live.release).bundle, hashes, cases, live)
    known = set(live.document.example_hashes)
    new_ids = [case.pk for case, name in zip(cases, hashes, strict=True) if name not in known]
    return Candidate(
        bundle=bundle,
        lever=Lever.EXAMPLES,
        title=f"{len(set(hashes) - known)} more reviewed jobs as examples, {len(bundle.examples)} in all",
        patterns=_patterns_behind(workflow, new_ids),
        taught_case_ids=[case.pk for case in cases],
    )


def _new_example(case: Case) -> NewExample:
    return NewExample(input=case.job.input, output=case.expected or {}, source_job_id=case.job_id)


def _bundle_with(base: ReleaseBundle, hashes: Sequence[str], cases: Sequence[Case], live: LiveState) -> ReleaseBundle:
    by_hash = {
        name: Example(content_hash=name, input=case.job.input, output=case.expected or {})
        for name, case in zip(hashes, cases, strict=True)
    }
    names = tuple(sorted(by_hash))
    document = replace(without_autonomy(live.document), example_hashes=names)
    return replace(base, document=document, examples=[by_hash[name] for name in names])


def _patterns_behind(workflow: Workflow, case_ids: Sequence[int]) -> list[Pattern]:
    """The patterns with the most corrections among the jobs that are new in a batch."""
    counts: dict[int, int] = {}
    for start in range(0, len(case_ids), 500):
        rows = (
            Pattern.objects.filter(
                workflow=workflow, memberships__correction__job__case__in=case_ids[start : start + 500]
            )
            .annotate(found=Count("memberships"))
            .values_list("pk", "found")
        )
        for pk, found in rows:
            counts[pk] = counts.get(pk, 0) + found
    most = sorted(counts, key=lambda pk: (-counts[pk], pk))[:MOST_PATTERNS]
    return list(Pattern.objects.filter(pk__in=most))
