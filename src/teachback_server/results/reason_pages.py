"""The page of reasons: an editor renames, merges and splits them, and hears what “Other” hides."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from teachback_server.results.reason_list import list_split_rows, read_reasons
from teachback_server.reviews.reasons import ReasonRefused, make_reason, merge_reason, rename_reason
from teachback_server.workflows.access import Role
from teachback_server.workflows.models import Reason
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

_MOST_DIGITS = 18


@workflow_page(Role.EDITOR)
def show_reasons(request: WorkflowRequest) -> HttpResponse:
    """The reasons with their shares; one of them opened, where the address asks for its split."""
    split = Reason.objects.filter(workflow=request.workflow, code=request.GET.get("split", "")).first()
    context = {
        "reasons": read_reasons(request.workflow),
        "split": split,
        "split_rows": list_split_rows(request.workflow, split) if split else (),
    }
    return render(request, "results/reasons.html", context)


@workflow_page(Role.EDITOR, methods=("POST",))
def rename(request: WorkflowRequest, code: str) -> HttpResponseBase:
    """Give a reason other words."""
    reason = _get_reason(request, code)
    label = request.POST.get("label", "")
    return _answer(request, lambda: rename_reason(request.actor, reason, label), "Renamed. What it counted goes on.")


@workflow_page(Role.EDITOR, methods=("POST",))
def merge(request: WorkflowRequest, code: str) -> HttpResponseBase:
    """Count one reason as another."""
    reason, into = _get_reason(request, code), _get_reason(request, request.POST.get("into", ""))
    return _answer(
        request, lambda: merge_reason(request.actor, reason, into), f"Counted as “{into.label}” from now on."
    )


@workflow_page(Role.EDITOR, methods=("POST",))
def make(request: WorkflowRequest) -> HttpResponseBase:
    """Make a reason from chosen decisions."""
    texts = request.POST.getlist("review")
    ids = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS]
    label = request.POST.get("label", "")
    return _answer(
        request,
        lambda: make_reason(request.actor, request.workflow, label, ids),
        "The reason is on the list of the desk now, as its last one.",
    )


def _answer(request: WorkflowRequest, act: Callable[[], object], done: str) -> HttpResponseBase:
    try:
        act()
    except ReasonRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("results-reasons", workflow_name=request.workflow.name)


def _get_reason(request: WorkflowRequest, code: str) -> Reason:
    reason = Reason.objects.filter(workflow=request.workflow, code=code, is_offered=True).first()
    if reason is None:
        raise Http404("There is no such reason on the list of this workflow.")
    return reason
