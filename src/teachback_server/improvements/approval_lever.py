"""Moves the approval lever: a release earns its autonomy on jobs that it was not made from, or goes without."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from django.db import transaction

from teachback.json_types import Json
from teachback.vocabulary import GateVerdict, JobStatus, Lever
from teachback_server.agents.bundles import get_bundle
from teachback_server.agents.open_releases import OpenReleases
from teachback_server.evals.gate_jobs import CaseOutcome
from teachback_server.improvements.candidates import (
    Candidate,
    ChangeState,
    Judged,
    OvertakenByAnother,
    require_unmoved,
    store_gate_of,
    store_verdict,
)
from teachback_server.improvements.certificate import Certificate, title_of
from teachback_server.improvements.earning import EarningPlan
from teachback_server.improvements.earning_pool import PoolJob, judge_in_shadow, judge_own_jobs, list_pool
from teachback_server.improvements.evidence import UNSURE, count_certifications
from teachback_server.improvements.models import Change, LearningState
from teachback_server.improvements.planning import plan_live, require_same_plan, start_earning, stop_earning
from teachback_server.jobs.actions import next_job_number
from teachback_server.people.actor import SYSTEM
from teachback_server.people.audit import Act, record_act
from teachback_server.releases.actions import put_live
from teachback_server.releases.models import Release
from teachback_server.releases.queries import LiveState
from teachback_server.statistics.thresholds import learn_then_test, spent_delta
from teachback_server.workflows.models import Workflow


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """A certificate that was tried, before anything is stored."""

    release: Release  # that earns
    is_shadow: bool
    certificate: Certificate
    pool: list[PoolJob]
    candidate: Candidate | None  # None: autonomy is not earned


def certify_when_due(workflow: Workflow, agents: OpenReleases, live: LiveState, *, now: datetime) -> bool:
    """Try the certificate once its pool is full; returns whether it was tried."""
    state = LearningState.objects.select_related("earning").get(workflow=workflow)
    if state.earning is None or state.earning_plan is None:
        return False
    plan = EarningPlan(**state.earning_plan)
    is_shadow = state.earning_id != live.release.pk
    jobs = list_pool(
        workflow, state.earning, from_job=state.earning_from_job, count=plan.jobs, only_test_cases=is_shadow
    )
    if jobs is None:
        return False
    pool = judge_in_shadow(agents, state.earning, jobs) if is_shadow else judge_own_jobs(jobs)
    certificate = _certify(workflow, state.earning, plan, pool)
    trial = _Trial(
        release=state.earning,
        is_shadow=is_shadow,
        certificate=certificate,
        pool=pool,
        candidate=_find_candidate(live, state.earning, certificate),
    )
    with transaction.atomic():
        require_unmoved(live)
        require_same_plan(state)
        _settle(workflow, live, trial, now)
    return True


def find_certified_share(release: Release) -> float:
    """The share of jobs that the certificate of a release lets skip review; 0 where it has none."""
    change = Change.objects.filter(candidate=release, lever=Lever.APPROVAL).select_related("gate").first()
    share: Json = change.gate.report.get("share") if change is not None and change.gate is not None else None
    return float(share) if isinstance(share, int | float) else 0.0


def _certify(workflow: Workflow, release: Release, plan: EarningPlan, pool: list[PoolJob]) -> Certificate:
    attempt = count_certifications(release) + 1
    confidences = [one.confidence for one in pool]
    found = learn_then_test(
        confidences,
        [not one.is_right for one in pool],
        confidences,
        workflow.error_limit,
        spent_delta(1 - workflow.certainty, attempt),
        fractions=[share for share in plan.shares if _could_skip(share, confidences)],
    )
    return Certificate(
        limit=workflow.error_limit, certainty=workflow.certainty, attempt=attempt, pool=len(pool), found=found
    )


def _could_skip(share: float, confidences: list[float]) -> bool:
    """Whether the threshold at this share lets no job through that can never skip review."""
    return bool(np.quantile(confidences, 1 - share, method="higher") > UNSURE)


def _find_candidate(live: LiveState, release: Release, certificate: Certificate) -> Candidate | None:
    """The release with its certificate; None where none was given, or one for less than what skips review now."""
    found = certificate.found
    if found is None or (live.is_autonomy_on and found.share <= find_certified_share(live.release)):
        return None
    bundle = get_bundle(release)
    approval = replace(
        bundle.document.approval,
        threshold=found.threshold,
        error_limit=certificate.limit,
        certainty=certificate.certainty,
        certified_from_jobs=found.jobs,
        certified_errors=found.errors,
    )
    return Candidate(
        bundle=replace(bundle, document=replace(bundle.document, approval=approval)),
        lever=Lever.APPROVAL,
        title=title_of(certificate),
    )


def _settle(workflow: Workflow, live: LiveState, trial: _Trial, now: datetime) -> None:
    """Store the verdict, move the live pointer if it is allowed to move, and plan what comes next."""
    stop_earning(workflow)
    judged = _judged(trial.certificate, trial.pool)
    if trial.candidate is None:
        store_gate_of(trial.release, trial.release, Lever.APPROVAL, judged, now)
        details: dict[str, Json] = {"verdict": judged.verdict, "release": trial.release.number}
        title = title_of(trial.certificate)
        record_act(SYSTEM, Act.CHANGE_JUDGED, title, workflow_id=workflow.pk, details=details, at=now)
        if not trial.is_shadow:
            start_earning(workflow, trial.release, plan_live(workflow, trial.release))
        return
    if trial.is_shadow:
        _end_shadow(workflow, trial.release, now)
    base = replace(live, release=trial.release)
    store_verdict(SYSTEM, workflow, base, trial.candidate, judged, outcome=ChangeState.RELEASED, now=now)


def _judged(certificate: Certificate, pool: list[PoolJob]) -> Judged:
    outcomes = [
        CaseOutcome(
            case_id=one.case_id,
            status=JobStatus.HANDED_BACK if one.confidence == UNSURE else JobStatus.FINISHED,
            is_right=one.is_right,
            confidence=None if one.confidence == UNSURE else one.confidence,
        )
        for one in pool
        if one.case_id is not None
    ]
    return Judged(
        verdict=certificate.verdict,
        report=certificate.as_json(),
        spent_case_ids=[outcome.case_id for outcome in outcomes],
        judged_through=0,
        candidate_confidences=[one.confidence for one in pool],
        runs=[(None, outcomes)],
    )


def _end_shadow(workflow: Workflow, release: Release, now: datetime) -> None:
    """Put a candidate live that waited in the shadow, and that nobody has declined meanwhile."""
    change = Change.objects.select_related("gate").get(candidate=release)
    if not Change.objects.filter(pk=change.pk, state=ChangeState.PASSED).update(state=ChangeState.RELEASED):
        raise OvertakenByAnother("A person decided about the change that waited in the shadow.")
    why = f"{change.title}: {change.gate.verdict if change.gate else GateVerdict.NOT_WORSE}, and autonomy earned"
    put_live(SYSTEM, release, from_job=next_job_number(workflow), why=why, at=now)
