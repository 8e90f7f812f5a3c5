"""Makes a key for a program, in the name of the administrator, and prints it."""

import click

from teachback_server.commands.acts.named_workflow import get_named_workflow
from teachback_server.commands.acts.prepare import bring_tables_up_to_date
from teachback_server.commands.acts.progress import messages
from teachback_server.people.actions import actor_of, find_or_make_administrator
from teachback_server.people.actor import SYSTEM
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import make_key


def run(workflow_name: str, scope: str) -> None:
    """Make a key of this scope and print it: the key to standard output, what it is for to the error stream."""
    bring_tables_up_to_date()
    workflow = get_named_workflow(workflow_name)
    key = make_key(actor_of(find_or_make_administrator(SYSTEM)), workflow, Scope(scope))
    messages.print(f"A key with the scope '{scope}' for {workflow.title}. Keep it now: it is not shown again.")
    messages.print(f"Send it with every call (Authorization: Bearer {key[:10]}…). Settings can revoke it.")
    click.echo(key)
