"""The page of one job: the five answers, what came in and out, what a person made of it, and what it led to."""

from dataclasses import asdict

from django.http import Http404, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from teachback_server.jobs.models import Job
from teachback_server.jobs.provenance import read_provenance
from teachback_server.jobs.queries import find_job, list_outcomes
from teachback_server.jobs.shown_documents import list_shown_documents
from teachback_server.jobs.shown_values import list_shown_values
from teachback_server.jobs.source_marks import list_sourced_values
from teachback_server.jobs.trace_queries import find_trace
from teachback_server.reviews.agreement.waiting import find_second_for
from teachback_server.reviews.claims import list_holders
from teachback_server.reviews.queries import find_known_answer, find_review, list_later_decisions
from teachback_server.site.five_answers import JobStory, answer_five
from teachback_server.site.job_lineage import JobLineage, find_job_lineage
from teachback_server.workflows.access import Role
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page


@workflow_page(Role.VIEWER)
def show_job(request: WorkflowRequest, number: int) -> HttpResponseBase:
    """One job with everything that is known about it."""
    job = _get_job(request, number)
    story = _tell_story_to(request, job)
    trace = find_trace(job)
    workflow = request.workflow
    places = read_provenance(job.provenance)
    context = {
        "job": job,
        "answers": answer_five(story),
        "review": story.review,
        "outcomes": story.outcomes,
        "lineage": story.lineage,
        "trace": trace,
        "piece": trace.timeline.cut() if trace else None,
        "input": list_shown_values(job.input, workflow.input_schema),
        "sources": list_sourced_values(job.output, workflow.output_schema, places),
        "documents": list_shown_documents(job, places),
        "output": None if job.output is None else list_shown_values(job.output, workflow.output_schema),
        "final": _final_values(story, workflow),
        "may_decide": request.role != Role.VIEWER,
        "is_blind": is_blind(request.role, job),
        "holder": _find_other_holder(request, job),
        "is_owner": request.role is Role.OWNER,
        "known": find_known_answer(job),
        "again": list_later_decisions(job, workflow) if request.role in (Role.OWNER, Role.EDITOR) else (),
    }
    return render(request, "site/job.html", context)


@workflow_page(Role.VIEWER)
def show_lineage(request: WorkflowRequest, number: int) -> HttpResponseBase:
    """The same five answers and the same lineage, for programs."""
    return JsonResponse(story_as_json(_tell_story_to(request, _get_job(request, number))))


def story_as_json(story: JobStory) -> dict[str, object]:
    """What the page of a job says about it and about what it led to, as plain values."""
    return {
        "job": story.job.number,
        "id": story.job.external_id,
        "answers": [asdict(answer) for answer in answer_five(story)],
        "lineage": asdict(story.lineage),
    }


def tell_story(job: Job, workflow: Workflow) -> JobStory:
    """All that is known about a job of a workflow that the caller may see."""
    return JobStory(
        job=job,
        review=find_review(job, workflow.output_schema),
        outcomes=list_outcomes(job),
        lineage=find_job_lineage(job),
    )


def _tell_story_to(request: WorkflowRequest, job: Job) -> JobStory:
    """The story of a job, to somebody who may have to decide it again, blind, as if nobody had decided it yet."""
    if request.role is not Role.REVIEWER or find_second_for(job, request.actor.user_id or 0) is None:
        return tell_story(job, request.workflow)
    job.is_waiting = True  # on this page only: nothing here is saved
    nothing = JobLineage(corrections=(), case=None, later_tries=())
    return JobStory(job=job, review=None, outcomes=list_outcomes(job), lineage=nothing)


def _find_other_holder(request: WorkflowRequest, job: Job) -> str:
    """The name of somebody else who has the job on screen at their desk now; empty where nobody has."""
    holders = list_holders([job], now=timezone.now()) if job.is_waiting else ()
    return next((holder.name for holder in holders if holder.user_id != request.actor.user_id), "")


def is_blind(role: Role, job: Job) -> bool:
    """Whether somebody who may have to decide a job must not see yet how sure the agent was and why the job waits."""
    return role is Role.REVIEWER and job.is_waiting


def _get_job(request: WorkflowRequest, number: int) -> Job:
    job = find_job(request.workflow, number)
    if job is None:
        raise Http404(f"There is no job {number} in this workflow.")
    return job


def _final_values(story: JobStory, workflow: Workflow) -> object:
    """What a person stood behind, where it differs from what the agent gave."""
    review = story.review
    if review is None or review.output is None or review.output == story.job.output:
        return None
    return list_shown_values(review.output, workflow.output_schema)
