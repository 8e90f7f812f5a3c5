"""Moves the approval lever: a release earns its autonomy on jobs that it was not made from, or goes without."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime

from django.db import transaction

from teachback.json_types import Json
from teachback.release_document import Approval
from teachback.vocabulary import GateVerdict, JobStatus, Lever, ReviewVerdict
from teachback_server.agents.open_releases import OpenReleases
from teachback_server.agents.protocol import ReleaseBundle
from teachback_server.evals.gate_jobs import CaseOutcome, is_right, run_over_jobs
from teachback_server.improvements.candidates import Candidate, ChangeState, Judged, store_gate_of, store_verdict
from teachback_server.improvements.certificate import Certificate, title_of
from teachback_server.improvements.earning import POOL_SIZES, EarningPlan, fewest_share, plan_earning, risk_from_results
from teachback_server.improvements.evidence import UNSURE, count_certifications, get_evidence
from teachback_server.improvements.models import Change, LearningState
from teachback_server.jobs.actions import next_job_number
from teachback_server.jobs.models import Job
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import put_live, watch_test_cases
from teachback_server.releases.models import Release
from teachback_server.releases.queries import LiveState
from teachback_server.statistics.thresholds import CertifiedThreshold, learn_then_test, spent_delta
from teachback_server.workflows.models import Workflow

PLAN_AGAIN_AFTER = 1.5  # times the jobs that there were
FEWEST_JOBS_AHEAD = 1000  # recurring work recurs: so many more jobs are expected even of a young workflow


@dataclass(frozen=True, kw_only=True)
class PoolJob:
    """A decided job that may judge the autonomy of a release."""

    job: Job
    case_id: int | None  # None: a person escalated it
    confidence: float
    is_right: bool


def plan_when_due(workflow: Workflow, live: LiveState) -> bool:
    """Where nothing skips review, plan how the live release earns autonomy; returns whether anything was planned."""
    state = LearningState.objects.get(workflow=workflow)
    if live.is_autonomy_on or (state.earning_id == live.release.pk and not _is_worth_another_plan(workflow, state)):
        return False
    start_earning(workflow, live.release, _plan_live(workflow, live.release))
    return True


def _is_worth_another_plan(workflow: Workflow, state: LearningState) -> bool:
    """Whether there was no plan, and so much more work has come since that a larger pool is affordable."""
    return state.earning_plan is None and next_job_number(workflow) >= PLAN_AGAIN_AFTER * state.earning_from_job


def start_earning(workflow: Workflow, release: Release, plan: EarningPlan | None) -> None:
    """Remember which release earns autonomy from the next job on, and by which plan."""
    LearningState.objects.filter(workflow=workflow).update(
        earning=release,
        earning_from_job=next_job_number(workflow),
        earning_plan=None if plan is None else asdict(plan),
    )


def certify_when_due(workflow: Workflow, agents: OpenReleases, live: LiveState, *, now: datetime) -> bool:
    """Try the certificate once its pool is full; returns whether it was tried."""
    state = LearningState.objects.select_related("earning").get(workflow=workflow)
    if state.earning is None or state.earning_plan is None:
        return False
    plan = EarningPlan(**state.earning_plan)
    is_shadow = state.earning_id != live.release.pk
    jobs = _list_pool(workflow, state.earning_from_job, plan.jobs, only_test_cases=is_shadow)
    if jobs is None:
        return False
    pool = _rerun_pool(agents, state.earning, jobs) if is_shadow else [_pool_job(job) for job in jobs]
    certificate = _certify(workflow, state.earning, plan, pool)
    with transaction.atomic():
        _settle(workflow, agents, live, state.earning, certificate, pool, is_shadow=is_shadow, now=now)
    return True


def find_certified_share(release: Release) -> float:
    """The share of jobs that the certificate of a release lets skip review; 0 where it has none."""
    change = Change.objects.filter(candidate=release, lever=Lever.APPROVAL).select_related("gate").first()
    share: Json = change.gate.report.get("share") if change is not None and change.gate is not None else None
    return float(share) if isinstance(share, int | float) else 0.0


def _plan_live(workflow: Workflow, release: Release) -> EarningPlan | None:
    evidence = get_evidence(release)
    if not evidence.wrong:
        return None
    jobs_so_far = next_job_number(workflow) - 1
    return plan_earning(
        risk_from_results(evidence.confidences, evidence.wrong),
        limit=workflow.error_limit,
        certainty=workflow.certainty,
        attempt=count_certifications(release) + 1,
        horizon_jobs=max(FEWEST_JOBS_AHEAD, jobs_so_far),
        least_share=fewest_share(jobs_so_far),
        most_jobs=max(POOL_SIZES[0], jobs_so_far / 2),
    )


def _list_pool(workflow: Workflow, from_job: int, count: int, *, only_test_cases: bool) -> list[Job] | None:
    """The first so many jobs since the plan was made; None until all of them are decided.

    Taking them in order of arrival, and none before all are decided, keeps out whatever order people decide in.
    """
    jobs = workflow.jobs.filter(number__gte=from_job).exclude(status=JobStatus.RUNNING)
    if only_test_cases:
        jobs = jobs.filter(is_test_case=True)
    last = jobs.order_by("number").values_list("number", flat=True)[count - 1 : count]
    if not last or jobs.filter(number__lte=last[0], review=None).exists():
        return None
    return list(jobs.filter(number__lte=last[0]).select_related("review", "case").order_by("number"))


def _pool_job(job: Job) -> PoolJob:
    return PoolJob(
        job=job,
        case_id=job.case.pk if hasattr(job, "case") else None,
        confidence=_sureness(job.status, job.confidence),
        is_right=job.review.verdict == ReviewVerdict.ACCEPTED,
    )


def _rerun_pool(agents: OpenReleases, release: Release, jobs: list[Job]) -> list[PoolJob]:
    results = run_over_jobs(agents.open(release), jobs)
    return [
        PoolJob(
            job=job,
            case_id=job.case.pk if hasattr(job, "case") else None,
            confidence=_sureness(result.status, result.confidence),
            is_right=hasattr(job, "case") and is_right(job.case.expected, result),
        )
        for job, result in zip(jobs, results, strict=True)
    ]


def _sureness(status: str, confidence: float | None) -> float:
    return confidence if status == JobStatus.FINISHED and confidence is not None else UNSURE


def _certify(workflow: Workflow, release: Release, plan: EarningPlan, pool: list[PoolJob]) -> Certificate:
    attempt = count_certifications(release) + 1
    confidences = [one.confidence for one in pool]
    delta = spent_delta(1 - workflow.certainty, attempt)
    found = learn_then_test(
        confidences,
        [not one.is_right for one in pool],
        confidences,
        workflow.error_limit,
        delta,
        fractions=plan.shares,
    )
    if found is not None and found.threshold <= UNSURE:
        found = None
    return Certificate(
        limit=workflow.error_limit, certainty=workflow.certainty, attempt=attempt, pool=len(pool), found=found
    )


def _settle(
    workflow: Workflow,
    agents: OpenReleases,
    live: LiveState,
    release: Release,
    certificate: Certificate,
    pool: list[PoolJob],
    *,
    is_shadow: bool,
    now: datetime,
) -> None:
    """Store the verdict, move the live pointer if it is allowed to move, and plan what comes next."""
    is_better = certificate.found is not None and certificate.found.share > (
        find_certified_share(live.release) if live.is_autonomy_on else 0.0
    )
    if is_shadow:
        _end_shadow(workflow, release, certificate, is_released=is_better, now=now)
    found = certificate.found
    if found is None or not is_better:
        _store_refusal(workflow, release, certificate, pool, now)
        plan = None if is_shadow else _plan_live(workflow, release)
        start_earning(workflow, live.release if live.is_autonomy_on else release, plan)
        return
    base = replace(live, release=release)
    candidate = Candidate(
        bundle=_certified_bundle(agents.open(release).bundle, certificate, found),
        lever=Lever.APPROVAL,
        title=title_of(certificate),
    )
    store_verdict(SYSTEM, workflow, base, candidate, _judged(certificate, pool), outcome=ChangeState.RELEASED, now=now)
    LearningState.objects.filter(workflow=workflow).update(earning=None, earning_plan=None)


def _certified_bundle(bundle: ReleaseBundle, certificate: Certificate, found: CertifiedThreshold) -> ReleaseBundle:
    approval: Approval = replace(
        bundle.document.approval,
        threshold=found.threshold,
        error_limit=certificate.limit,
        certainty=certificate.certainty,
        certified_from_jobs=found.jobs,
        certified_errors=found.errors,
    )
    return replace(bundle, document=replace(bundle.document, approval=approval))


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


def _store_refusal(
    workflow: Workflow, release: Release, certificate: Certificate, pool: list[PoolJob], now: datetime
) -> None:
    """Keep the verdict of a certificate that was not given; its cases are spent all the same."""
    store_gate_of(release, release, Lever.APPROVAL, _judged(certificate, pool), now)


def _end_shadow(
    workflow: Workflow, release: Release, certificate: Certificate, *, is_released: bool, now: datetime
) -> None:
    """A candidate that waited in the shadow goes live with its certificate, or stays what it was."""
    change = Change.objects.get(candidate=release)
    watch_test_cases(workflow, None)
    if is_released:
        change.state = ChangeState.RELEASED
        why = f"{change.title}: {change.gate.verdict if change.gate else GateVerdict.NOT_WORSE}, and autonomy earned"
        put_live(SYSTEM, release, from_job=next_job_number(workflow), why=why, at=now)
    change.save(update_fields=["state"])
