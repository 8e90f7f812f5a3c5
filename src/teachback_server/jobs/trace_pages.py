"""Pages of a job's trace: pieces of the timeline, and what one step was given and gave."""

from django.http import Http404, HttpResponseBase
from django.shortcuts import render

from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import find_job
from teachback_server.jobs.timeline import TOP
from teachback_server.jobs.trace_queries import find_step, find_trace
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

_MOST_DIGITS = 9


@workflow_page(Role.VIEWER)
def show_steps(request: WorkflowRequest, number: int) -> HttpResponseBase:
    """The steps below one step, or those after the ones that are shown: a piece of the timeline."""
    job = _get_job(request, number)
    trace = find_trace(job)
    within = request.GET.get("within", TOP)
    above = trace.timeline.find(within) if trace else None
    if trace is None or (within != TOP and above is None):
        raise Http404("There is no such step in this job.")
    piece = trace.timeline.cut(within=within, start=_count(request.GET.get("from", "")))
    context = {"job": job, "trace": trace, "piece": piece, "above": above}
    return render(request, "jobs/trace_rows.html" if request.htmx else "jobs/trace_piece.html", context)


@workflow_page(Role.VIEWER)
def show_step(request: WorkflowRequest, number: int, span_id: str) -> HttpResponseBase:
    """One step in full: what it was given, what it gave, and what went wrong."""
    job = _get_job(request, number)
    step = find_step(job, span_id, is_whole=request.GET.get("whole") == "yes")
    if step is None:
        raise Http404("There is no such step in this job.")
    return render(request, "jobs/step_content.html" if request.htmx else "jobs/step.html", {"job": job, "step": step})


def _get_job(request: WorkflowRequest, number: int) -> Job:
    job = find_job(request.workflow, number)
    if job is None:
        raise Http404(f"There is no job {number} in this workflow.")
    return job


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else 0
