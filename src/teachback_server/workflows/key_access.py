"""The declared rule of every API route: the scope that a key needs, for the workflow that the address names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from teachback_server.people.actor import Actor
from teachback_server.workflows.access import Role, Scope
from teachback_server.workflows.actions import hash_key
from teachback_server.workflows.models import ApiKey, Workflow

ROLE_OF_SCOPE: Mapping[Scope, Role] = {
    Scope.JOBS: Role.EDITOR,
    Scope.REVIEWS: Role.REVIEWER,
    Scope.READ: Role.VIEWER,
    Scope.TRACES: Role.EDITOR,
}


@dataclass(frozen=True, kw_only=True)
class KeyHolder:
    """What a route finds as `request.auth`: the program as one who acts, and its workflow."""

    actor: Actor
    workflow: Workflow


class KeyAccess(HttpBearer):
    """Lets in a key of a given scope: `@router.post("/workflows/{workflow_name}/jobs", auth=KeyAccess(Scope.JOBS))`.

    A key of another workflow, of another scope, or one that was revoked gets 401, the same answer as no key at all.
    """

    def __init__(self, *scopes: Scope) -> None:
        super().__init__()
        self.scopes = scopes
        self.declared_rule = f"key {' or '.join(scope.value for scope in scopes)}"

    def authenticate(self, request: HttpRequest, token: str) -> KeyHolder | None:
        """Find the key by its hash; it must be of one of the scopes and of the workflow in the address."""
        named = request.resolver_match.kwargs.get("workflow_name") if request.resolver_match else None
        key = find_sent_key(token, self.scopes)
        if key is None or key.workflow is None or key.workflow.name != named:
            return None
        return _holder(key, key.workflow)


def find_sent_key(token: str, scopes: Collection[Scope]) -> ApiKey | None:
    """The key that a program sent, if it is of one of these scopes, and neither revoked nor expired.

    Notes the day on which it was used.
    """
    key = ApiKey.objects.filter(key_hash=hash_key(token), scope__in=scopes, revoked_at=None).select_related("workflow")
    found, now = key.first(), timezone.now()
    if found is None or (found.expires_at is not None and found.expires_at <= now):
        return None
    if found.last_used_on is None or found.last_used_on < now.date():
        # Of many programs at midnight, one writes.
        unused = Q(last_used_on=None) | Q(last_used_on__lt=now.date())
        ApiKey.objects.filter(unused, pk=found.pk).update(last_used_on=now.date())
    return found


def _holder(key: ApiKey, workflow: Workflow) -> KeyHolder:
    actor = Actor(
        name=f"key {key.prefix}…", key_workflow_id=workflow.pk, key_role=ROLE_OF_SCOPE[Scope(key.scope)].value
    )
    return KeyHolder(actor=actor, workflow=workflow)
