"""The few numbers by which a workflow's card on the home page says how it does and what needs a decision."""

from collections.abc import Sequence
from dataclasses import dataclass

from teachback_server.improvements.candidates import ChangeState
from teachback_server.improvements.models import Change
from teachback_server.releases.actions import ReleaseEventKind
from teachback_server.releases.models import ReleaseEvent
from teachback_server.results.counts import count_stretch
from teachback_server.results.imported import find_imported
from teachback_server.results.measures import measure_right, share_skipped
from teachback_server.results.queries import RECENT_JOBS, find_current_stretch, last_job_number, list_stretches
from teachback_server.statistics.selection import RateEstimate
from teachback_server.workflows.models import Workflow


@dataclass(frozen=True, kw_only=True)
class WorkflowSummary:
    """How a workflow does now, and what waits for a person."""

    name: str
    title: str
    jobs: int
    label: str  # which jobs `right` is about
    of_jobs: int  # how many those are
    right: RateEstimate  # the first time; weighted by the probability of review
    skipped: float | None  # of the newest 250 jobs, the share that did not wait for a person
    waiting: int  # jobs that wait for a decision
    decisions: tuple[str, ...]  # in words, what else needs a decision; empty: nothing


def summarize_workflow(workflow: Workflow) -> WorkflowSummary:
    """The summary of one workflow that the caller may see."""
    jobs = last_job_number(workflow)
    current = find_current_stretch(workflow, list_stretches(workflow), jobs, find_imported(workflow))
    return WorkflowSummary(
        name=workflow.name,
        title=workflow.title,
        jobs=jobs,
        label=current.label,
        of_jobs=current.last_job - current.first_job + 1,
        right=measure_right(count_stretch(workflow, current.first_job, current.last_job)),
        skipped=share_skipped(count_stretch(workflow, max(1, jobs - RECENT_JOBS + 1), jobs)),
        waiting=workflow.jobs.filter(is_waiting=True).count(),
        decisions=tuple(_list_decisions(workflow)),
    )


def _list_decisions(workflow: Workflow) -> Sequence[str]:
    decisions = []
    passed = Change.objects.filter(workflow=workflow, state=ChangeState.PASSED).count()
    if passed:
        decisions.append(f"{passed} {'change' if passed == 1 else 'changes'} passed the test: accept or decline")
    last = ReleaseEvent.objects.filter(workflow=workflow).order_by("-pk").first()
    if last is not None and last.kind == ReleaseEventKind.AUTONOMY_OFF:
        decisions.append(f"Autonomy was taken back: {last.why}")
    return decisions
