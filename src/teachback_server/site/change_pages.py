"""The pages of changes: what is proposed, what the evidence says, and what people decide about it."""

from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from teachback_server.improvements.actions import ChangeNotOpen, accept_change, decline_change
from teachback_server.improvements.candidates import ChangeState
from teachback_server.improvements.care import assign_change
from teachback_server.improvements.gate_tasks import test_change_now
from teachback_server.improvements.models import Change
from teachback_server.improvements.pattern_forms import CareForm
from teachback_server.results.queries import read_account
from teachback_server.site.changes_overview import find_change, find_wait, read_change, read_change_page
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page


class DeclineForm(forms.Form):
    """Why a change is closed."""

    why = forms.CharField(
        label="Why not",
        max_length=500,
        help_text="It stands in the history, for whoever proposes it again.",
        error_messages={"required": "Say in a few words why not. It stands in the history."},
    )


@workflow_page(Role.VIEWER)
def list_all(request: WorkflowRequest) -> HttpResponse:
    """Every change with its verdict, and the account of what was claimed."""
    wanted = request.GET.get("state", "")
    state = ChangeState(wanted) if wanted in set(ChangeState) else None
    page = {
        "changes": read_change_page(request.workflow, state=state or "", page_number=request.GET.get("page", "1")),
        "state": state,
        "account": read_account(request.workflow),
    }
    return render(request, "improvements/changes.html", page)


@workflow_page(Role.VIEWER)
def show(request: WorkflowRequest, change_id: int) -> HttpResponse:
    """One change: what is proposed left, the evidence right."""
    return _show(request, _get_change(request, change_id))


@workflow_page(Role.EDITOR, methods=("POST",))
def test(request: WorkflowRequest, change_id: int) -> HttpResponse:
    """Ask for a proposal to be taken through its gate, in the background."""
    change = _get_change(request, change_id)
    waits_for = find_wait(request.workflow)
    if change.state == ChangeState.PROPOSED and waits_for:
        messages.info(request, waits_for)
    elif change.state == ChangeState.PROPOSED and request.actor.user_id is not None:
        test_change_now.enqueue(change.pk, request.actor.user_id)
        messages.info(request, "The test has begun. It runs both releases over the jobs that were kept back.")
    else:
        messages.error(request, "This change has been tested already. What the test said stands below.")
    return redirect("change", workflow_name=request.workflow.name, change_id=change.pk)


@workflow_page(Role.OWNER, methods=("POST",))
def accept(request: WorkflowRequest, change_id: int) -> HttpResponse:
    """Put a change live that its gate found not worse."""
    change = _get_change(request, change_id)
    try:
        accept_change(request.actor, change)
    except ChangeNotOpen as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, "It is live from the next job on. You can return to the release before it at any time."
        )
    return redirect("change", workflow_name=request.workflow.name, change_id=change.pk)


@workflow_page(Role.EDITOR, methods=("POST",))
def decline(request: WorkflowRequest, change_id: int) -> HttpResponse:
    """Close a change that is not live."""
    change = _get_change(request, change_id)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _show(request, change, decline_form=form)
    try:
        decline_change(request.actor, change, why=form.cleaned_data["why"])
    except ChangeNotOpen as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Declined. It stays in the history with your reason.")
    return redirect("change", workflow_name=request.workflow.name, change_id=change.pk)


@workflow_page(Role.EDITOR, methods=("POST",))
def assign(request: WorkflowRequest, change_id: int) -> HttpResponse:
    """Say who looks after a change until when."""
    change = _get_change(request, change_id)
    form = CareForm(request.POST, workflow=request.workflow)
    if not form.is_valid():
        return _show(request, change, care_form=form)
    assign_change(request.actor, change, owner=form.cleaned_data["owner"], due_on=form.cleaned_data["due_on"])
    messages.success(request, "Saved.")
    return redirect("change", workflow_name=request.workflow.name, change_id=change.pk)


def _show(
    request: WorkflowRequest,
    change: Change,
    *,
    decline_form: DeclineForm | None = None,
    care_form: CareForm | None = None,
) -> HttpResponse:
    initial = {"owner": change.owner_id, "due_on": change.due_on}
    page = {
        "detail": read_change(request.workflow, change),
        "change": change,
        "may_edit": request.role in (Role.EDITOR, Role.OWNER),
        "may_accept": request.role is Role.OWNER,
        "decline_form": decline_form or DeclineForm(),
        "care_form": care_form or CareForm(initial=initial, workflow=request.workflow),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if decline_form or care_form else HTTPStatus.OK
    return render(request, "improvements/change.html", page, status=status)


def _get_change(request: WorkflowRequest, change_id: int) -> Change:
    change = find_change(request.workflow, change_id)
    if change is None:
        raise Http404("There is no such change in this workflow.")
    return change
