"""The jobs on which a release earns its autonomy: the first since its plan in order of arrival, once decided."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from teachback.vocabulary import JobStatus, ReviewVerdict, RoutingKind
from teachback_server.agents.open_releases import OpenReleases
from teachback_server.agents.protocol import AgentResult
from teachback_server.evals.gate_jobs import is_right, run_over_jobs
from teachback_server.improvements.evidence import UNSURE, list_family, sureness_of
from teachback_server.jobs.models import Job
from teachback_server.releases.models import Release
from teachback_server.reviews.models import BulkMember
from teachback_server.workflows.models import Workflow


@dataclass(frozen=True, kw_only=True)
class PoolJob:
    """A job that may judge the autonomy of a release."""

    job: Job
    case_id: int | None  # None: it was escalated or passed over, which counts as wrong
    confidence: float
    is_right: bool


def list_pool(
    workflow: Workflow, release: Release, *, from_job: int, count: int, only_test_cases: bool
) -> list[Job] | None:
    """The first so many jobs from `from_job` on that may judge the release; None until people have decided them.

    Taking them in order of arrival, and none before all are decided, keeps out whatever order people decide in. A job
    that they pass over holds the others up until as many later ones are decided; then it counts as wrong.
    `only_test_cases` is for a release in the shadow, all others are judged by what they did themselves. Of jobs that a
    person accepted as equal to one that they looked at, only that one counts here: the others are no evidence of
    their own, and to leave out what was right cannot make a release look better.
    """
    jobs = _eligible(workflow, release, from_job, only_test_cases=only_test_cases).order_by("number")
    rows = list(jobs.values_list("pk", "case__pk", "review__verdict")[: 2 * count])
    is_decided = [case_id is not None or verdict == ReviewVerdict.ESCALATED for _, case_id, verdict in rows]
    if len(rows) < count or (not all(is_decided[:count]) and sum(is_decided[count:]) < count):
        return None
    first = [job_id for job_id, _, _ in rows[:count]]
    return list(Job.objects.filter(pk__in=first).select_related("case").order_by("number"))


def judge_own_jobs(jobs: list[Job]) -> list[PoolJob]:
    """What the live release made of the jobs when they came."""
    return [
        PoolJob(
            job=job,
            case_id=_case_id(job),
            confidence=sureness_of(job.status, job.confidence, job.routing_reason),
            is_right=hasattr(job, "case") and job.case.was_right,
        )
        for job in jobs
    ]


def judge_in_shadow(agents: OpenReleases, release: Release, jobs: list[Job]) -> list[PoolJob]:
    """What a release that is not live makes of the jobs now."""
    results = run_over_jobs(agents.open(release), jobs)
    return [
        PoolJob(
            job=job,
            case_id=_case_id(job),
            confidence=_sureness_now(result),
            is_right=hasattr(job, "case") and is_right(job.case.expected, result),
        )
        for job, result in zip(jobs, results, strict=True)
    ]


def _eligible(workflow: Workflow, release: Release, from_job: int, *, only_test_cases: bool) -> QuerySet[Job]:
    # What was used before we saw it was done by somebody else, and says nothing about any release of ours.
    jobs = workflow.jobs.filter(number__gte=from_job).exclude(status=JobStatus.RUNNING)
    jobs = jobs.exclude(routing=RoutingKind.OBSERVED)
    if only_test_cases:
        # Below 1: recorded by somebody who had not read yet that test cases are reviewed now; nobody will decide those.
        return jobs.filter(is_test_case=True, review_probability=1.0)
    accepted_as_equal = BulkMember.objects.filter(review_id=OuterRef("review__pk"))
    return jobs.filter(~Exists(accepted_as_equal), release_id__in=list_family(release))


def _case_id(job: Job) -> int | None:
    return job.case.pk if hasattr(job, "case") else None


def _sureness_now(result: AgentResult) -> float:
    if result.status is not JobStatus.FINISHED or result.confidence is None or result.wants_review:
        return UNSURE
    return result.confidence
