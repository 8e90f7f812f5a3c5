"""What may happen to a workflow: it is made, its boundary is edited, people get and lose roles, programs get keys."""

import hashlib
import re
import secrets
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from teachback.json_types import Json
from teachback_server.people.actor import Actor, PermissionMissing
from teachback_server.people.audit import Act, record_act
from teachback_server.people.models import User
from teachback_server.workflows.access import Role, Scope, require_role
from teachback_server.workflows.boundary import Boundary, ReasonOption
from teachback_server.workflows.models import ApiKey, Membership, Reason, Workflow, WorkflowName
from teachback_server.workflows.schema_check import list_schema_faults
from teachback_server.workflows.turns import take_turn


class WorkflowNameTaken(ValueError):
    """A workflow of this name exists already. Choose another name, or open the one that is there."""


class BoundaryRefused(ValueError):
    """The boundary says something that cannot be. The message says what it may be; `place` names the part."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(message)
        self.place = place  # the name of a field of Boundary, with `input` and `output` for the schemas


class LastOwnerStays(ValueError):
    """A workflow always has an owner. Make somebody else an owner first."""


MOST_NAME_CHARACTERS = 80
MOST_LABEL_CHARACTERS = 60
RESERVED_NAMES = frozenset({"new", "upload"})  # pages beside those of the workflows
_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


def make_workflow(actor: Actor, boundary: Boundary, *, salt: str | None = None) -> Workflow:
    """Make a workflow with its reasons; the actor becomes its owner. `releases.actions.open_workflow` adds release 1.

    `salt` fixes the hashes that split cases and draw audits, so that a backtest can be repeated exactly.
    """
    _refuse_impossible(boundary)
    with transaction.atomic():
        workflow = _insert_workflow(actor, boundary, salt or secrets.token_hex(16))
        _write_reasons(workflow, boundary.reasons)
        if actor.user_id is not None:
            Membership.objects.create(user_id=actor.user_id, workflow=workflow, role=Role.OWNER)
        record_act(actor, Act.WORKFLOW_MADE, boundary.title, workflow_id=workflow.pk)
    return workflow


def edit_boundary(actor: Actor, workflow: Workflow, boundary: Boundary) -> None:
    """Replace what the owner says about the work. Schemas and limits change from the next job on; the name stays.

    A reason that is left out is no longer offered; what was decided with it stays as it is.
    """
    require_role(actor, workflow.pk, Role.OWNER)
    _refuse_impossible(boundary)
    if boundary.name != workflow.name:
        raise BoundaryRefused("name", f"The name '{workflow.name}' stands in addresses and programs, so it stays.")
    before: dict[str, Json] = {name: getattr(workflow, name) for name in _columns(boundary)}
    with transaction.atomic():
        take_turn(workflow.pk)
        for name, value in _columns(boundary).items():
            setattr(workflow, name, value)
        workflow.save()
        _write_reasons(workflow, boundary.reasons)
        record_act(actor, Act.BOUNDARY_EDITED, workflow.title, workflow_id=workflow.pk, details={"before": before})


def give_role(actor: Actor, workflow: Workflow, user: User, role: Role) -> None:
    """Give a person a role in a workflow, in place of the one that they had. Raises LastOwnerStays."""
    require_role(actor, workflow.pk, Role.OWNER)
    with transaction.atomic():
        take_turn(workflow.pk)
        if role is not Role.OWNER:
            _refuse_to_lose_last_owner(workflow, user)
        Membership.objects.update_or_create(user=user, workflow=workflow, defaults={"role": role})
        record_act(actor, Act.ROLE_GIVEN, f"{user.username} is {role}", workflow_id=workflow.pk)


def take_role(actor: Actor, workflow: Workflow, user: User) -> None:
    """Take a person's role in a workflow away; they no longer see it. Raises LastOwnerStays."""
    require_role(actor, workflow.pk, Role.OWNER)
    with transaction.atomic():
        take_turn(workflow.pk)
        _refuse_to_lose_last_owner(workflow, user)
        taken, _ = Membership.objects.filter(user=user, workflow=workflow).delete()
        if taken:
            record_act(actor, Act.ROLE_TAKEN, user.username, workflow_id=workflow.pk)


def name_owner(actor: Actor, workflow: Workflow, user: User) -> None:
    """Say who answers for a workflow. That person gets the role of an owner; the one before keeps theirs."""
    require_role(actor, workflow.pk, Role.OWNER)
    with transaction.atomic():
        Membership.objects.update_or_create(user=user, workflow=workflow, defaults={"role": Role.OWNER})
        workflow.owner = user
        workflow.save(update_fields=["owner"])
        record_act(actor, Act.OWNER_NAMED, user.username, workflow_id=workflow.pk)


def make_key(
    actor: Actor, workflow: Workflow, scope: Scope, *, label: str = "", expires_at: datetime | None = None
) -> str:
    """Make an API key and return it, the only time that it is ever shown: its hash is all that is kept.

    Without `expires_at` it opens its workflow until somebody revokes it.
    """
    require_role(actor, workflow.pk, Role.OWNER)
    return _insert_key(actor, workflow, scope, label, expires_at)


def make_key_for_traces(actor: Actor, *, label: str = "", expires_at: datetime | None = None) -> str:
    """Make a key with which traces of any workflow may be sent, told apart by the names in them; see `make_key`."""
    if not (actor.is_administrator or actor.is_system):
        raise PermissionMissing("A key for the traces of all workflows is made by an administrator. Ask one of them.")
    return _insert_key(actor, None, Scope.TRACES, label, expires_at)


def revoke_key(actor: Actor, key: ApiKey) -> None:
    """Let an API key open nothing any more. Revoking it again changes nothing."""
    if key.workflow_id is not None:
        require_role(actor, key.workflow_id, Role.OWNER)
    elif not (actor.is_administrator or actor.is_system):
        raise PermissionMissing("A key for all workflows is revoked by an administrator. Ask one of them.")
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
            record_act(actor, Act.KEY_REVOKED, f"{key.prefix}… ({key.scope})", workflow_id=key.workflow_id)


def give_name_in_traces(actor: Actor, workflow: Workflow, attribute: str, value: str) -> None:
    """Say that traces with this value in this attribute belong to a workflow, and to no other from now on.

    For administrators: traces that belong to nobody yet may be of any team, and whoever names them can read them.
    """
    if not (actor.is_administrator or actor.is_system):
        raise PermissionMissing("Which traces belong to which workflow is said by an administrator. Ask one of them.")
    with transaction.atomic():
        WorkflowName.objects.update_or_create(attribute=attribute, value=value, defaults={"workflow": workflow})
        record_act(actor, Act.NAME_IN_TRACES_GIVEN, f"{attribute} = {value}", workflow_id=workflow.pk)


def take_name_in_traces(actor: Actor, workflow: Workflow, attribute: str, value: str) -> None:
    """Let traces with this value in this attribute belong to no workflow from now on."""
    require_role(actor, workflow.pk, Role.OWNER)
    with transaction.atomic():
        taken, _ = WorkflowName.objects.filter(workflow=workflow, attribute=attribute, value=value).delete()
        if taken:
            record_act(actor, Act.NAME_IN_TRACES_TAKEN, f"{attribute} = {value}", workflow_id=workflow.pk)


def hash_key(key: str) -> str:
    """SHA-256 of a key in hexadecimal digits. The key is long and random, so no slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def _insert_key(actor: Actor, workflow: Workflow | None, scope: Scope, label: str, expires_at: datetime | None) -> str:
    key = f"tb_{secrets.token_urlsafe(32)}"
    workflow_id = None if workflow is None else workflow.pk
    with transaction.atomic():
        ApiKey.objects.create(
            workflow=workflow,
            scope=scope,
            label=label[:MOST_LABEL_CHARACTERS],
            prefix=key[:10],
            key_hash=hash_key(key),
            created_by=actor.name,
            created_at=timezone.now(),
            expires_at=expires_at,
        )
        details: dict[str, Json] = {
            "label": label,
            "expires_at": expires_at.isoformat(timespec="minutes") if expires_at else None,
        }
        record_act(actor, Act.KEY_MADE, f"{key[:10]}… ({scope})", workflow_id=workflow_id, details=details)
    return key


def _insert_workflow(actor: Actor, boundary: Boundary, salt: str) -> Workflow:
    try:
        with transaction.atomic():
            return Workflow.objects.create(
                name=boundary.name,
                **_columns(boundary),
                owner_id=actor.user_id,
                salt=salt,
                created_at=timezone.now(),
            )
    except IntegrityError as error:
        raise WorkflowNameTaken(f"A workflow named '{boundary.name}' exists already. Choose another name.") from error


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
        "observed_share": boundary.observed_share,
    }


def _refuse_impossible(boundary: Boundary) -> None:
    _refuse_impossible_words(boundary)
    if not 0 < boundary.error_limit < 1:
        raise BoundaryRefused("error_limit", "The limit on errors is a share between 0 and 100 %, for example 5 %.")
    if not 0.5 < boundary.certainty < 1:
        raise BoundaryRefused(
            "certainty", "How sure a certificate must be lies between 50 and 100 %, for example 90 %."
        )
    if not 0 <= boundary.hand_back_cost <= 1:
        raise BoundaryRefused(
            "hand_back_cost", "A hand-back costs between 0 (nothing) and 1 (as much as a wrong answer)."
        )
    if not 0 < boundary.observed_share <= 1:
        raise BoundaryRefused(
            "observed_share", "Of observed jobs a share above 0 % is reviewed, at most 100 %: else nothing is known."
        )
    for place, schema in (("input", boundary.input_schema), ("output", boundary.output_schema)):
        faults = list_schema_faults(schema)
        if faults:
            raise BoundaryRefused(place, " ".join(faults))


def _refuse_impossible_words(boundary: Boundary) -> None:
    if not _NAME.fullmatch(boundary.name) or len(boundary.name) > MOST_NAME_CHARACTERS:
        raise BoundaryRefused("name", "A name has at most 80 small letters, digits and -, for example support-inbox.")
    if boundary.name in RESERVED_NAMES:
        raise BoundaryRefused("name", f"'{boundary.name}' is an address of the product. Choose another name.")
    for place, text in (("title", boundary.title), ("next_step", boundary.next_step)):
        if len(text) > 200:
            raise BoundaryRefused(place, f"This has {len(text)} characters. Use at most 200.")
    if not boundary.title.strip():
        raise BoundaryRefused("title", "The work has no title. Say what people call it.")
    if len({reason.code for reason in boundary.reasons}) < len(boundary.reasons):
        raise BoundaryRefused("reasons", "Two reasons have the same code. Give each a code of its own.")


def _refuse_to_lose_last_owner(workflow: Workflow, user: User) -> None:
    owners = Membership.objects.filter(workflow=workflow, role=Role.OWNER)
    if owners.filter(user=user).exists() and not owners.exclude(user=user).exists():
        raise LastOwnerStays(f"{user.username} is the only owner. Make somebody else an owner first.")


def _write_reasons(workflow: Workflow, reasons: tuple[ReasonOption, ...]) -> None:
    for position, reason in enumerate(reasons, start=1):
        Reason.objects.update_or_create(
            workflow=workflow,
            code=reason.code,
            defaults={"label": reason.label, "position": position, "is_offered": True},
        )
    codes = [reason.code for reason in reasons]
    Reason.objects.filter(workflow=workflow).exclude(code__in=codes).update(is_offered=False)
