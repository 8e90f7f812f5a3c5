"""Makes a key for a program, in the name of the administrator, and prints it."""

from datetime import timedelta

import click
from django.utils import timezone

from teachback_server.commands.acts.named_workflow import get_named_workflow
from teachback_server.commands.acts.prepare import bring_tables_up_to_date
from teachback_server.commands.acts.progress import messages
from teachback_server.people.actions import actor_of, find_or_make_administrator
from teachback_server.people.actor import SYSTEM
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import make_key, make_key_for_traces


def run(workflow_name: str, scope: str, *, name: str = "", days: int | None = None) -> None:
    """Make a key of this scope and print it: the key to standard output, what it is for to the error stream.

    An empty name stands for the traces of all workflows.
    """
    bring_tables_up_to_date()
    actor = actor_of(find_or_make_administrator(SYSTEM))
    expires_at = None if days is None else timezone.now() + timedelta(days=days)
    if workflow_name:
        workflow = get_named_workflow(workflow_name)
        key, opens = make_key(actor, workflow, Scope(scope), label=name, expires_at=expires_at), workflow.title
    else:
        key, opens = make_key_for_traces(actor, label=name, expires_at=expires_at), "the traces of all workflows"
    messages.print(f"A key with the scope '{scope}' for {opens}. Keep it now: it is not shown again.")
    messages.print(f"Send it with every call (Authorization: Bearer {key[:10]}…). Settings can revoke it.")
    click.echo(key)
