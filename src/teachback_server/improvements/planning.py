"""Keeps the plan by which a release earns its autonomy: made, started again, and dropped when the world moved on."""

from dataclasses import asdict

from django.db import transaction

from teachback.json_types import content_hash
from teachback_server.agents.opening import can_learn
from teachback_server.improvements.candidates import ChangeState, OvertakenByAnother
from teachback_server.improvements.earning import POOL_SIZES, EarningPlan, fewest_share, plan_earning, risk_from_results
from teachback_server.improvements.evidence import (
    Evidence,
    count_certifications,
    get_evidence,
    get_watched_evidence,
    list_family,
)
from teachback_server.improvements.models import Change, LearningState
from teachback_server.jobs.actions import next_job_number
from teachback_server.releases.actions import watch_test_cases
from teachback_server.releases.models import Release
from teachback_server.releases.queries import LiveState
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn

PLAN_AGAIN_AFTER = 1.5  # times the jobs that there were
FEWEST_JOBS_AHEAD = 1000  # recurring work recurs: so many more jobs are expected even of a young workflow


def plan_when_due(workflow: Workflow, live: LiveState) -> bool:
    """Where nothing skips review, plan how the live release earns autonomy; returns whether anything was planned."""
    state = LearningState.objects.get(workflow=workflow)
    if live.is_autonomy_on or (state.earning_id == live.release.pk and not _is_worth_another_plan(workflow, state)):
        return False
    start_earning(workflow, live.release, plan_live(workflow, live.release))
    return True


def plan_live(workflow: Workflow, release: Release) -> EarningPlan | None:
    """How the live release could earn autonomy; None while nothing is likely to pass."""
    evidence = _known_of(release)
    if not evidence.wrong:
        return None
    jobs_so_far = next_job_number(workflow) - 1
    return plan_earning(
        risk_from_results(evidence.confidences, evidence.wrong, evidence.weights),
        limit=workflow.error_limit,
        certainty=workflow.certainty,
        attempt=count_certifications(release) + 1,
        horizon_jobs=max(FEWEST_JOBS_AHEAD, jobs_so_far),
        least_share=fewest_share(jobs_so_far),
        most_jobs=max(POOL_SIZES[0], jobs_so_far / 2),
    )


def start_earning(workflow: Workflow, release: Release, plan: EarningPlan | None) -> None:
    """Remember which release earns autonomy from the next job on, and by which plan."""
    LearningState.objects.filter(workflow=workflow).update(
        earning=release,
        earning_from_job=next_job_number(workflow),
        earning_plan=None if plan is None else asdict(plan),
        earning_terms=terms_of(workflow),
    )


def stop_earning(workflow: Workflow) -> None:
    """Forget the plan; the loop makes another one when it is due. What waited in the shadow waits no more."""
    watch_test_cases(workflow, None)
    LearningState.objects.filter(workflow=workflow).update(earning=None, earning_plan=None)


def start_pool_again(workflow: Workflow, *, judged_through: int) -> None:
    """Let the pool of a plan begin with the next job, if another verdict has spent jobs that were in it."""
    touched = LearningState.objects.filter(
        workflow=workflow, earning_plan__isnull=False, earning_from_job__lte=judged_through
    )
    touched.update(earning_from_job=next_job_number(workflow))


def drop_stale_plan(workflow: Workflow, live: LiveState) -> bool:
    """Drop a plan that no longer fits what is live, what people decided, or the boundary; returns whether one was."""
    state = LearningState.objects.select_related("earning").get(workflow=workflow)
    if state.earning is None or state.earning_plan is None or not _is_stale(workflow, live, state, state.earning):
        return False
    with transaction.atomic():
        take_turn(workflow.pk)
        stop_earning(workflow)
    return True


def require_same_plan(state: LearningState) -> None:
    """Raise OvertakenByAnother unless the plan is still as it was read; call it in the transaction that acts on it."""
    now = LearningState.objects.select_for_update().select_related("workflow").get(pk=state.pk)
    read = (state.earning_id, state.earning_from_job, state.earning_plan, terms_of(now.workflow))
    if (now.earning_id, now.earning_from_job, now.earning_plan, now.earning_terms) != read:
        raise OvertakenByAnother("The plan by which a release earns autonomy changed while this was at work.")


def terms_of(workflow: Workflow) -> str:
    """A name for all that a certificate is about: it says nothing of other work or of other limits."""
    return content_hash([workflow.input_schema, workflow.output_schema, workflow.error_limit, workflow.certainty])


def _is_worth_another_plan(workflow: Workflow, state: LearningState) -> bool:
    """Whether there was no plan, and so much more work has come since that a larger pool is affordable."""
    return state.earning_plan is None and next_job_number(workflow) >= PLAN_AGAIN_AFTER * state.earning_from_job


def _is_stale(workflow: Workflow, live: LiveState, state: LearningState, release: Release) -> bool:
    if state.earning_terms != terms_of(workflow):
        return True
    if release.pk == live.release.pk:
        return live.is_autonomy_on
    is_watched = live.is_autonomy_on and live.earning is not None and live.earning.pk == release.pk
    is_wanted = Change.objects.filter(candidate=release, state=ChangeState.PASSED).exists()
    return not (is_watched and is_wanted and release.parent_id in list_family(live.release))


def _known_of(release: Release) -> Evidence:
    """What gates have shown; of an agent that never learns, and so meets few gates, what people said of its work."""
    if not can_learn(release.document["agent"]):
        watched = get_watched_evidence(release)
        if len(watched.wrong) >= POOL_SIZES[0]:
            return watched
    return get_evidence(release)
