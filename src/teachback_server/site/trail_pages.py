"""The audit trail to read: of one workflow for its owners, of the whole installation for administrators."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from types import MappingProxyType

from django import forms
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from teachback.json_types import Json
from teachback_server.people.audit import Act
from teachback_server.people.page_access import Access, PageRequest, page
from teachback_server.people.queries import list_people
from teachback_server.people.trail import ActEntry, TrailPage, Wanted, read_trail, spell_act
from teachback_server.workflows.access import Role, visible_workflows
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page
from teachback_server.workflows.queries import list_members

_NUMBERED = re.compile(r"(?P<kind>release|job) (?P<number>\d+)")
_PAGE_OF_ACT: Mapping[Act, str] = MappingProxyType(
    {
        Act.WORKFLOW_MADE: "settings",
        Act.BOUNDARY_EDITED: "settings",
        Act.OWNER_NAMED: "settings",
        Act.ROLE_GIVEN: "settings",
        Act.ROLE_TAKEN: "settings",
        Act.PERSON_INVITED: "settings",
        Act.INVITATION_WITHDRAWN: "settings",
        Act.KEY_MADE: "settings",
        Act.KEY_REVOKED: "settings",
        Act.NAME_IN_TRACES_GIVEN: "workflow-intake",
        Act.NAME_IN_TRACES_TAKEN: "workflow-intake",
        Act.JOBS_RECORDED: "jobs",
        Act.OUTCOME_RECORDED: "jobs",
        Act.REVIEWS_DECIDED: "jobs",
        Act.JOBS_PASSED_ON: "jobs",
        Act.SKILL_ADDED: "settings-skills",
        Act.SKILL_GIVEN: "settings-skills",
        Act.SKILL_REMOVED: "settings-skills",
        Act.CHANGE_PROPOSED: "changes",
        Act.CHANGE_JUDGED: "changes",
        Act.CHANGE_DECLINED: "changes",
        Act.CHANGE_ASSIGNED: "changes",
        Act.PATTERN_EDITED: "stuck",
        Act.BACKTEST_STARTED: "backtest",
        Act.BACKTEST_FINISHED: "backtest",
    }
)


class TrailForm(forms.Form):
    """Which acts to show."""

    person = forms.CharField(
        label="Who", max_length=200, required=False, widget=forms.TextInput({"list": "people-who-act"})
    )
    act = forms.ChoiceField(
        label="What", required=False, choices=[("", "Everything"), *((act.value, spell_act(act)) for act in Act)]
    )
    day = forms.DateField(
        label="Day (UTC)",
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write the day as 2026-03-31."},
    )

    def wanted(self) -> Wanted:
        """What was asked for, as far as it can be understood."""
        self.full_clean()
        said = self.cleaned_data
        act = said.get("act")
        return Wanted(person=said.get("person", "").strip(), act=Act(act) if act else None, day=said.get("day"))


@workflow_page(Role.OWNER)
def workflow_trail(request: WorkflowRequest) -> HttpResponse:
    """What happened in one workflow."""
    names = [member.username for member in list_members(request.workflow)]
    return _show(request, request.workflow, names)


@workflow_page(Role.OWNER)
def workflow_trail_json(request: WorkflowRequest) -> HttpResponse:
    """The page of a workflow's trail that is shown, for other programs."""
    return _send(request, request.workflow)


@page(Access.ADMINISTRATOR)
def whole_trail(request: PageRequest) -> HttpResponse:
    """What happened in all workflows and outside of them."""
    return _show(request, None, [person.username for person in list_people()])


@page(Access.ADMINISTRATOR)
def whole_trail_json(request: PageRequest) -> HttpResponse:
    """The page of the whole trail that is shown, for other programs."""
    return _send(request, None)


def find_address_of_subject(entry: ActEntry, workflow_name: str | None) -> str | None:
    """The page that an act is about: the job or release that it names, else the page where such things are."""
    if workflow_name is None:
        return reverse("people") if entry.kind.startswith("user_") else None
    if numbered := _NUMBERED.fullmatch(entry.subject):
        return reverse(numbered["kind"], args=[workflow_name, int(numbered["number"])])
    name = _PAGE_OF_ACT.get(Act(entry.kind)) if entry.kind in set(Act) else None
    return reverse(name, args=[workflow_name]) if name else None


def _show(request: PageRequest, workflow: Workflow | None, names: list[str]) -> HttpResponse:
    form, trail = _read(request.GET, workflow)
    workflows = _find_workflows(request, workflow, trail.entries)
    rows = []
    for entry in trail.entries:
        where = workflows.get(entry.workflow_id or 0)
        rows.append((entry, where, find_address_of_subject(entry, where.name if where else None)))
    shown = {
        "form": form,
        "rows": rows,
        "older": trail.older,
        "is_narrowed": form.wanted() != Wanted(),
        "is_first_page": _before(request.GET) is None,
        "names": names,
        "here": reverse("workflow-trail", args=[workflow.name]) if workflow else reverse("trail"),
        "as_json": reverse("workflow-trail-json", args=[workflow.name]) if workflow else reverse("trail-json"),
        "is_whole": workflow is None,
    }
    status = HTTPStatus.OK if form.is_valid() else HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "site/trail.html", shown, status=status)


def _send(request: PageRequest, workflow: Workflow | None) -> HttpResponse:
    form, trail = _read(request.GET, workflow)
    if not form.is_valid():
        return JsonResponse({"problems": form.errors}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    workflows = _find_workflows(request, workflow, trail.entries)
    acts = [_as_json(entry, workflows.get(entry.workflow_id or 0)) for entry in trail.entries]
    response = JsonResponse({"acts": acts, "older": trail.older}, json_dumps_params={"indent": 1})
    response["Content-Disposition"] = 'attachment; filename="trail.json"'
    return response


def _as_json(entry: ActEntry, workflow: Workflow | None) -> dict[str, Json]:
    return {
        "id": entry.entry_id,
        "at": entry.at.isoformat(),
        "who": entry.who,
        "kind": entry.kind,
        "sentence": entry.sentence,
        "subject": entry.subject,
        "workflow": workflow.name if workflow else None,
        "details": entry.details,
    }


def _read(sent: QueryDict, workflow: Workflow | None) -> tuple[TrailForm, TrailPage]:
    form = TrailForm(sent)
    wanted = form.wanted()
    return form, read_trail(wanted, workflow_id=workflow.pk if workflow else None, before=_before(sent))


def _before(sent: QueryDict) -> int | None:
    text = sent.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _find_workflows(
    request: PageRequest, workflow: Workflow | None, entries: Iterable[ActEntry]
) -> Mapping[int, Workflow]:
    if workflow is not None:
        return {workflow.pk: workflow}
    ids = {entry.workflow_id for entry in entries if entry.workflow_id is not None}
    return visible_workflows(request.actor).in_bulk(ids)
