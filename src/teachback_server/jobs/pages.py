"""What a person says about a job after it was used: the next step could use it, or not."""

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect

from teachback_server.jobs.actions import record_outcome
from teachback_server.jobs.queries import find_job
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

_WORDS = {"used": True, "not_used": False}


@workflow_page(Role.REVIEWER, methods=("POST",))
def say_used(request: WorkflowRequest, number: int) -> HttpResponseBase:
    """Record with one click whether the next step could use the output."""
    job = find_job(request.workflow, number)
    if job is None:
        raise Http404(f"There is no job {number} in this workflow.")
    said = request.POST.get("outcome", "")
    if said in _WORDS:
        note = request.POST.get("note", "").strip()
        record_outcome(request.actor, job, is_used=_WORDS[said], note=note)
        messages.success(request, f"Noted: job {number} was {'used' if _WORDS[said] else 'not used'} in the next step.")
    else:
        messages.warning(request, "Nothing was noted. Press Used or Not used.")
    return redirect("job", workflow_name=request.workflow.name, number=number)
