"""The Settings page of a workflow: its boundary to read, the people in it, and its API keys."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from teachback_server.people.actions import LINK_LASTS, UserNameTaken
from teachback_server.people.models import User
from teachback_server.people.public_address import spell_address
from teachback_server.workflows.access import Role, Scope
from teachback_server.workflows.actions import LastOwnerStays, make_key, name_owner, revoke_key, take_role
from teachback_server.workflows.field_editor import FieldRow, rows_of_schema
from teachback_server.workflows.invitations import (
    AlreadyHere,
    Invitation,
    NobodyOfThisName,
    invite_person,
    withdraw_invitation,
)
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page
from teachback_server.workflows.queries import find_key, find_member, get_boundary, list_keys, list_members
from teachback_server.workflows.schema_form import KIND_WORDS, spell_schema
from teachback_server.workflows.settings_forms import ROLE_CHOICES, KeyForm, RoleForm


@workflow_page(Role.VIEWER)
def settings(request: WorkflowRequest) -> HttpResponse:
    """What the owner said about the work; for owners also people and keys."""
    return _show_settings(request, RoleForm())


@workflow_page(Role.OWNER, methods=("POST",))
def give(request: WorkflowRequest) -> HttpResponse:
    """Give a person a role; for somebody new, show the link that lets them in, the only time that anybody sees it."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _show_settings(request, form)
    username, role = form.cleaned_data["username"], Role(form.cleaned_data["role"])
    try:
        invitation = invite_person(request.actor, request.workflow, username, role)
    except LastOwnerStays as refusal:
        form.add_error("role", str(refusal))
    except (NobodyOfThisName, UserNameTaken) as refusal:
        form.add_error("username", str(refusal))
    else:
        return _show_invitation(request, invitation, role)
    return _show_settings(request, form)


@workflow_page(Role.OWNER, methods=("POST",))
def withdraw(request: WorkflowRequest, user_id: int) -> HttpResponse:
    """Take back the invitation of somebody who has not been here yet."""
    user = _get_member(request, user_id)
    try:
        withdraw_invitation(request.actor, request.workflow, user)
    except (AlreadyHere, LastOwnerStays) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{user.username} is no longer invited.")
    return _to_settings(request)


@workflow_page(Role.OWNER, methods=("POST",))
def take(request: WorkflowRequest, user_id: int) -> HttpResponse:
    """Take a person's role away."""
    user = _get_member(request, user_id)
    try:
        take_role(request.actor, request.workflow, user)
    except LastOwnerStays as refusal:
        messages.error(request, str(refusal))
        return _to_settings(request)
    messages.success(request, f"{user.username} no longer sees this workflow.")
    return redirect("home") if user_id == request.actor.user_id else _to_settings(request)


@workflow_page(Role.OWNER, methods=("POST",))
def answer_for(request: WorkflowRequest, user_id: int) -> HttpResponse:
    """Say who answers for the work."""
    user = _get_member(request, user_id)
    name_owner(request.actor, request.workflow, user)
    messages.success(request, f"{user.username} answers for this work now.")
    return _to_settings(request)


@workflow_page(Role.OWNER, methods=("POST",))
def make(request: WorkflowRequest) -> HttpResponse:
    """Make a key and show it, the only time that anybody sees it."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _show_settings(request, RoleForm(), form)
    scope, expires_at = Scope(form.cleaned_data["scope"]), form.expires_at(timezone.now())
    key = make_key(request.actor, request.workflow, scope, label=form.cleaned_data["label"], expires_at=expires_at)
    return render(request, "workflows/new_key.html", {"key": key, "scope": scope, "expires_at": expires_at})


@workflow_page(Role.OWNER, methods=("POST",))
def revoke(request: WorkflowRequest, key_id: int) -> HttpResponse:
    """Let a key open nothing any more."""
    key = find_key(request.workflow, key_id)
    if key is None:
        raise Http404("There is no such key in this workflow.")
    revoke_key(request.actor, key)
    messages.success(request, f"The key {key.prefix}… opens nothing any more.")
    return _to_settings(request)


def _show_invitation(request: WorkflowRequest, invitation: Invitation, role: Role) -> HttpResponse:
    if invitation.token is None:
        messages.success(request, f"{invitation.user.username} is {role} now.")
        return _to_settings(request)
    shown = {
        "whom": invitation.user,
        "role": role,
        "address": spell_address(request, reverse("sign-in-link", args=[invitation.token])),
        "sign_in": spell_address(request, reverse("sign-in")),
        "hours": int(LINK_LASTS.total_seconds() // 3600),
    }
    return render(request, "workflows/invitation.html", shown)


def _show_settings(request: WorkflowRequest, role_form: RoleForm, key_form: KeyForm | None = None) -> HttpResponse:
    boundary = get_boundary(request.workflow)
    is_owner = request.role is Role.OWNER
    page = {
        "boundary": boundary,
        "sides": [
            ("What comes in", _shown_rows(boundary.input_schema), spell_schema(boundary.input_schema)),
            (
                "What a finished job hands over",
                _shown_rows(boundary.output_schema),
                spell_schema(boundary.output_schema),
            ),
        ],
        "is_owner": is_owner,
        "members": list_members(request.workflow),
        "role_words": {value: words.split(":")[0] for value, words in ROLE_CHOICES},
        "role_form": role_form,
        "keys": list_keys(request.workflow) if is_owner else (),
        "key_form": key_form or KeyForm(),
    }
    is_refused = role_form.errors or (key_form is not None and key_form.errors)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
    return render(request, "workflows/settings.html", page, status=status)


def _shown_rows(schema: object) -> list[tuple[FieldRow, str]]:
    rows = rows_of_schema(schema if isinstance(schema, dict) else {})
    return [(row, KIND_WORDS[row.kind]) for row in rows]


def _get_member(request: WorkflowRequest, user_id: int) -> User:
    user = find_member(request.workflow, user_id)
    if user is None:
        raise Http404("This person has no role in this workflow any more.")
    return user


def _to_settings(request: WorkflowRequest) -> HttpResponse:
    return redirect("settings", workflow_name=request.workflow.name)
