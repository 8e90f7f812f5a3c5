"""Who may see and do what in which workflow: roles, scopes of keys, and the one place where they are checked."""

from enum import StrEnum

from django.db.models import QuerySet

from teachback_server.people.actor import Actor, PermissionMissing
from teachback_server.workflows.models import Membership, Workflow


class Role(StrEnum):
    """Roles of people in a workflow, each with all that the ones before it may do."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    EDITOR = "editor"
    OWNER = "owner"


class Scope(StrEnum):
    """What an API key may do."""

    JOBS = "jobs"  # give and record jobs and outcomes
    REVIEWS = "reviews"  # read what waits, give decisions
    READ = "read"  # read results, releases and lineage
    TRACES = "traces"  # send traces


_RANK = {role: rank for rank, role in enumerate(Role)}


def visible_workflows(actor: Actor) -> QuerySet[Workflow]:
    """The workflows that the actor may see; every query about a workflow starts here."""
    if actor.is_system or actor.is_administrator:
        return Workflow.objects.all()
    if actor.key_workflow_id is not None:
        return Workflow.objects.filter(pk=actor.key_workflow_id)
    if actor.user_id is None:  # else the join would find the workflows that have no members
        return Workflow.objects.none()
    return Workflow.objects.filter(memberships__user_id=actor.user_id)


def find_role(actor: Actor, workflow_id: int) -> Role | None:
    """The actor's role in a workflow; None where they have none."""
    if actor.is_system or actor.is_administrator:
        return Role.OWNER
    if actor.key_workflow_id == workflow_id:
        return Role(actor.key_role)
    if actor.user_id is None:
        return None
    memberships = Membership.objects.filter(user_id=actor.user_id, workflow_id=workflow_id)
    role = memberships.values_list("role", flat=True).first()
    return Role(role) if role else None


def require_role(actor: Actor, workflow_id: int, role: Role) -> None:
    """Raise PermissionMissing unless the actor has this role, or a higher one, in the workflow."""
    held = find_role(actor, workflow_id)
    if held is None or _RANK[held] < _RANK[role]:
        raise PermissionMissing(f"This needs the role {role} in this workflow. Ask one of its owners for it.")
