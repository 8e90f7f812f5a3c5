"""The declared rule of every API route: the scope that a key needs, for the workflow that the address names."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest
from ninja.security import HttpBearer

from teachback_server.people.actor import Actor
from teachback_server.workflows.access import Role, Scope
from teachback_server.workflows.actions import hash_key
from teachback_server.workflows.models import ApiKey, Workflow

ROLE_OF_SCOPE: Mapping[Scope, Role] = {Scope.JOBS: Role.EDITOR, Scope.READ: Role.VIEWER}


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
        keys = ApiKey.objects.filter(
            key_hash=hash_key(token), scope__in=self.scopes, revoked_at=None, workflow__name=named
        ).select_related("workflow")
        return _holder(key) if (key := keys.first()) else None


def _holder(key: ApiKey) -> KeyHolder:
    actor = Actor(
        name=f"key {key.prefix}…", key_workflow_id=key.workflow_id, key_role=ROLE_OF_SCOPE[Scope(key.scope)].value
    )
    return KeyHolder(actor=actor, workflow=key.workflow)
