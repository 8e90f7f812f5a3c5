"""The address of undo: the desk, or a plain form, takes back its person's last decision."""

from http import HTTPStatus
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import redirect

from teachback_server.results.undoing import undo_last_decision
from teachback_server.reviews.retracting import UndoRefused
from teachback_server.reviews.sessions import count_undone_with
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page


@workflow_page(Role.REVIEWER, methods=("POST",))
def undo(request: WorkflowRequest) -> HttpResponseBase:
    """Take back the last decision and show its job again; for the desk's script, its number and a fresh key."""
    wants_json = request.accepts("application/json") and not request.accepts("text/html")
    try:
        job = undo_last_decision(request.actor, request.workflow)
    except UndoRefused as refusal:
        if wants_json:
            return JsonResponse({"message": str(refusal)}, status=HTTPStatus.CONFLICT)
        messages.warning(request, str(refusal))
        return redirect("review", workflow_name=request.workflow.name)
    jobs = count_undone_with(job)
    message = f"Your decision on job {job.number} is taken back. Decide it again."
    if jobs > 1:
        message = f"What you decided on {jobs} equal jobs is taken back; all of them wait again. This is the first."
    if wants_json:
        return JsonResponse({"message": message, "number": job.number, "key": uuid4().hex, "jobs": jobs})
    messages.success(request, message)
    return redirect("review-job", workflow_name=request.workflow.name, number=job.number)
