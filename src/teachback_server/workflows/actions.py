"""What may happen to a workflow: it is made, its boundary is edited, a person gets a role, a program gets a key."""

import hashlib
import secrets
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from teachback.json_types import Json
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.people.models import User
from teachback_server.workflows.access import Role, Scope, require_role
from teachback_server.workflows.boundary import Boundary, ReasonOption
from teachback_server.workflows.models import ApiKey, Membership, Reason, Workflow


class WorkflowNameTaken(ValueError):
    """A workflow of this name exists already. Choose another name, or open the one that is there."""


class BoundaryRefused(ValueError):
    """The boundary says something that cannot be. The message names the field and what it may be."""


def make_workflow(actor: Actor, boundary: Boundary, *, salt: str | None = None) -> Workflow:
    """Make a workflow with its reasons; the actor becomes its owner. `releases.actions.open_workflow` adds release 1.

    `salt` fixes the hashes that split cases and draw audits, so that a backtest can be repeated exactly.
    """
    _refuse_impossible(boundary)
    with transaction.atomic():
        if Workflow.objects.filter(name=boundary.name).exists():
            raise WorkflowNameTaken(f"A workflow named '{boundary.name}' exists already. Choose another name.")
        workflow = Workflow.objects.create(
            name=boundary.name,
            **_columns(boundary),
            owner_id=actor.user_id,
            salt=salt or secrets.token_hex(16),
            created_at=timezone.now(),
        )
        _write_reasons(workflow, boundary.reasons)
        if actor.user_id is not None:
            Membership.objects.create(user_id=actor.user_id, workflow=workflow, role=Role.OWNER)
        record_act(actor, Act.WORKFLOW_MADE, boundary.title, workflow_id=workflow.pk)
    return workflow


def edit_boundary(actor: Actor, workflow: Workflow, boundary: Boundary) -> None:
    """Replace what the owner says about the work. Schemas and limits change from the next job on."""
    require_role(actor, workflow.pk, Role.OWNER)
    _refuse_impossible(boundary)
    before: dict[str, Json] = {name: getattr(workflow, name) for name in _columns(boundary)}
    with transaction.atomic():
        for name, value in _columns(boundary).items():
            setattr(workflow, name, value)
        workflow.save()
        _write_reasons(workflow, boundary.reasons)
        record_act(actor, Act.BOUNDARY_EDITED, workflow.title, workflow_id=workflow.pk, details={"before": before})


def give_role(actor: Actor, workflow: Workflow, user: User, role: Role) -> None:
    """Give a person a role in a workflow, in place of the one that they had."""
    require_role(actor, workflow.pk, Role.OWNER)
    with transaction.atomic():
        Membership.objects.update_or_create(user=user, workflow=workflow, defaults={"role": role})
        record_act(actor, Act.ROLE_GIVEN, f"{user.username} is {role}", workflow_id=workflow.pk)


def make_key(actor: Actor, workflow: Workflow, scope: Scope) -> str:
    """Make an API key and return it, the only time that it is ever shown: its hash is all that is kept."""
    require_role(actor, workflow.pk, Role.OWNER)
    key = f"tb_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        ApiKey.objects.create(
            workflow=workflow,
            scope=scope,
            prefix=key[:10],
            key_hash=hash_key(key),
            created_by=actor.name,
            created_at=timezone.now(),
        )
        record_act(actor, Act.KEY_MADE, f"{key[:10]}… ({scope})", workflow_id=workflow.pk)
    return key


def hash_key(key: str) -> str:
    """SHA-256 of a key in hexadecimal digits. The key is long and random, so no slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def _columns(boundary: Boundary) -> dict[str, object]:
    return {
        "title": boundary.title,
        "input_schema": boundary.input_schema,
        "output_schema": boundary.output_schema,
        "finished_means": boundary.finished_means,
        "hands_back_when": boundary.hands_back_when,
        "next_step": boundary.next_step,
        "error_limit": boundary.error_limit,
        "certainty": boundary.certainty,
        "hand_back_cost": boundary.hand_back_cost,
    }


def _refuse_impossible(boundary: Boundary) -> None:
    if not 0 < boundary.error_limit < 1:
        raise BoundaryRefused("The limit on errors is a share between 0 and 100 %, for example 5 %.")
    if not 0.5 < boundary.certainty < 1:
        raise BoundaryRefused("How sure a certificate must be lies between 50 and 100 %, for example 90 %.")
    if not 0 <= boundary.hand_back_cost <= 1:
        raise BoundaryRefused("A hand-back costs between 0 (nothing) and 1 (as much as a wrong answer).")
    if not boundary.output_schema.get("properties"):
        raise BoundaryRefused("The output has no fields. Name at least one field that a finished job hands over.")


def _write_reasons(workflow: Workflow, reasons: tuple[ReasonOption, ...]) -> None:
    for position, reason in enumerate(reasons, start=1):
        Reason.objects.update_or_create(
            workflow=workflow, code=reason.code, defaults={"label": reason.label, "position": position}
        )
