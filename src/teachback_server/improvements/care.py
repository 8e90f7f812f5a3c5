"""What may happen to the care of a change: somebody looks after it until a day."""

from datetime import date

from django.db import transaction

from teachback_server.improvements.models import Change
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.people.models import User
from teachback_server.workflows.access import Role, require_role


def assign_change(actor: Actor, change: Change, *, owner: User | None, due_on: date | None) -> None:
    """Say who looks after a change, and until when; where the change stands is left as it is."""
    require_role(actor, change.workflow_id, Role.EDITOR)
    with transaction.atomic():
        change.owner, change.due_on = owner, due_on
        change.save(update_fields=["owner", "due_on"])
        record_act(actor, Act.CHANGE_ASSIGNED, change.title, workflow_id=change.workflow_id)
