"""Where work gets stuck: patterns of corrections with their trend and cause, and what could remove each."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from teachback.vocabulary import Cause, PatternState
from teachback_server.improvements.actions import edit_pattern, propose_change
from teachback_server.improvements.edit_forms import CheckForm, EditForm, InstructionForm, RuleForm
from teachback_server.improvements.edits import EditRefused
from teachback_server.improvements.models import Pattern
from teachback_server.improvements.pattern_forms import PatternForm
from teachback_server.improvements.previews import Preview, preview_check, preview_rule
from teachback_server.improvements.queries import (
    find_newest_correction,
    find_pattern,
    list_past_jobs,
    read_pattern,
    read_pattern_page,
)
from teachback_server.improvements.rule_drafts import draft_rule
from teachback_server.improvements.stuck_places import find_stuck_places
from teachback_server.releases.queries import get_live_state
from teachback_server.workflows.access import Role
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

_FORMS: dict[str, type[EditForm]] = {"instruction": InstructionForm, "rule": RuleForm, "check": CheckForm}
_MAY_PROPOSE = (Role.EDITOR, Role.OWNER)


@workflow_page(Role.VIEWER)
def stuck(request: WorkflowRequest) -> HttpResponse:
    """Where people keep stepping in."""
    wanted = request.GET.get("state", "")
    state = PatternState(wanted) if wanted in set(PatternState) else None
    page = {
        "patterns": read_pattern_page(request.workflow, state=state, page_number=request.GET.get("page", "1")),
        "state": state,
        "places": find_stuck_places(request.workflow),
    }
    return render(request, "improvements/stuck.html", page)


@workflow_page(Role.VIEWER)
def show_pattern(request: WorkflowRequest, pattern_id: int) -> HttpResponse:
    """One pattern with its corrections, and what could remove it."""
    return _show_pattern(request, _get_pattern(request, pattern_id))


@workflow_page(Role.EDITOR, methods=("POST",))
def save_pattern(request: WorkflowRequest, pattern_id: int) -> HttpResponse:
    """Say who looks after a pattern until when, what its cause is, and whether it matters."""
    pattern = _get_pattern(request, pattern_id)
    form = PatternForm(request.POST, workflow=request.workflow)
    if not form.is_valid():
        return _show_pattern(request, pattern, form)
    said = form.cleaned_data
    edit_pattern(
        request.actor,
        pattern,
        owner=said["owner"],
        due_on=said["due_on"],
        cause=Cause(said["cause"]),
        is_ignored=said["is_ignored"],
    )
    messages.success(request, "Saved.")
    return redirect("pattern", workflow_name=request.workflow.name, pattern_id=pattern.pk)


@workflow_page(Role.EDITOR, methods=("GET", "POST"))
def propose(request: WorkflowRequest, pattern_id: int, kind: str) -> HttpResponse:
    """Write an instruction, a rule or a check; try it on past jobs; propose it as a change."""
    pattern = _get_pattern(request, pattern_id)
    if kind not in _FORMS:
        raise Http404("From a pattern one writes an instruction, a rule or a check.")
    form = _open_form(request.workflow, pattern, kind, request.POST if request.method == "POST" else None)
    if not form.is_bound or not form.is_valid():
        return _show_form(request, pattern, kind, form, None)
    if "try" in request.POST:
        return _show_form(request, pattern, kind, form, _preview(request.workflow, form))
    try:
        change = propose_change(
            request.actor,
            request.workflow,
            form.edit,
            title=form.title,
            why=form.cleaned_data["why"],
            patterns=[pattern],
        )
    except EditRefused as refusal:
        form.add_error(None, str(refusal))
        return _show_form(request, pattern, kind, form, None)
    messages.success(request, "Proposed. It is judged on jobs that were kept back for that; nothing changes before.")
    return redirect("change", workflow_name=request.workflow.name, change_id=change.pk)


def _show_pattern(request: WorkflowRequest, pattern: Pattern, form: PatternForm | None = None) -> HttpResponse:
    detail = read_pattern(request.workflow, pattern)
    initial = {
        "owner": pattern.owner_id,
        "due_on": pattern.due_on,
        "cause": pattern.cause,
        "is_ignored": pattern.state == PatternState.IGNORED,
    }
    page = {
        "detail": detail,
        "pattern": pattern,
        "form": form or PatternForm(initial=initial, workflow=request.workflow),
        "may_propose": request.role in _MAY_PROPOSE,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form is not None else HTTPStatus.OK
    return render(request, "improvements/pattern.html", page, status=status)


def _open_form(workflow: Workflow, pattern: Pattern, kind: str, post: QueryDict | None) -> EditForm:
    initial: dict[str, object] = {}
    if kind == "instruction":
        initial = {"instructions": get_live_state(workflow).document.instructions}
    elif kind == "rule":
        initial = _draft_rule(workflow, pattern)
    elif pattern.field and "[" not in pattern.field:
        initial = {"field": pattern.field}
    return _FORMS[kind](post, initial=initial, input_schema=workflow.input_schema, output_schema=workflow.output_schema)


def _draft_rule(workflow: Workflow, pattern: Pattern) -> dict[str, object]:
    newest = find_newest_correction(workflow, pattern)
    if newest is None:
        return {}
    draft = draft_rule(pattern.field, pattern.kind, newest.from_value, newest.to_value)
    return {"when": draft.when, "act": draft.act, "field": draft.field, "value": draft.value} if draft else {}


def _preview(workflow: Workflow, form: EditForm) -> Preview | None:
    if isinstance(form, RuleForm):
        return preview_rule(form.rule, list_past_jobs(workflow))
    if isinstance(form, CheckForm):
        return preview_check(form.check, list_past_jobs(workflow), workflow.output_schema)
    return None


def _show_form(
    request: WorkflowRequest, pattern: Pattern, kind: str, form: EditForm, preview: Preview | None
) -> HttpResponse:
    page = {
        "pattern": pattern,
        "kind": kind,
        "form": form,
        "preview": preview,
        "is_tryable": kind != "instruction",
        "agent": get_live_state(request.workflow).document.agent,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, f"improvements/propose_{kind}.html", page, status=status)


def _get_pattern(request: WorkflowRequest, pattern_id: int) -> Pattern:
    pattern = find_pattern(request.workflow, pattern_id)
    if pattern is None:
        raise Http404("There is no such pattern in this workflow.")
    return pattern
