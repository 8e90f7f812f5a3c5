"""The page on which a person looks at the jobs that equal one they accepted, and accepts them, too, if they want."""

from http import HTTPStatus
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import find_job
from teachback_server.jobs.shown_documents import list_shown_documents
from teachback_server.jobs.shown_values import list_shown_values
from teachback_server.reviews.actions import JobAlreadyDecided, JobClaimedByAnother
from teachback_server.reviews.equal_jobs.accepting import WHY_NOT, BulkRefused, accept_equal_jobs
from teachback_server.reviews.equal_jobs.finding import MOST_AT_ONCE, find_equal_jobs
from teachback_server.reviews.equal_jobs.offering import describe_accepted
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

_MOST_DIGITS = 10


@workflow_page(Role.REVIEWER, methods=("GET", "POST"))
def equal_jobs(request: WorkflowRequest, number: int) -> HttpResponseBase:
    """The waiting jobs that equal one which this person accepted: looked at, or accepted."""
    job = find_job(request.workflow, number)
    if job is None:
        raise Http404(f"There is no job {number} in this workflow.")
    return _accept(request, job) if request.method == "POST" else _show(request, job)


def _accept(request: WorkflowRequest, job: Job) -> HttpResponseBase:
    texts = request.POST.getlist("job")[:MOST_AT_ONCE]
    numbers = {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS}
    try:
        bulk = accept_equal_jobs(request.actor, job, numbers, key=request.POST.get("key", "") or uuid4().hex)
    except (BulkRefused, JobAlreadyDecided, JobClaimedByAnother) as refusal:
        return _show(request, job, problem=str(refusal))
    messages.success(request, describe_accepted(bulk))
    return redirect("review", workflow_name=request.workflow.name)


def _show(request: WorkflowRequest, job: Job, *, problem: str = "") -> HttpResponseBase:
    equal = find_equal_jobs(request.actor, job, now=timezone.now())
    workflow = request.workflow
    context = {
        "job": job,
        "equal": equal,
        "why_not": WHY_NOT[equal.hindrance] if equal.hindrance else "",
        "input": list_shown_values(job.input, workflow.input_schema),
        "output": list_shown_values(job.output, workflow.output_schema) if job.output is not None else (),
        "documents": list_shown_documents(job, ()),
        "key": uuid4().hex,
        "problem": problem,
    }
    status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
    return render(request, "reviews/equal_jobs.html", context, status=status)
