"""Finds the workflow that a command names."""

import click

from teachback_server.workflows.models import Workflow


def get_named_workflow(name: str) -> Workflow:
    """The workflow of this name. Raises ClickException with the names that there are."""
    found = Workflow.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(Workflow.objects.order_by("name").values_list("name", flat=True)[:20])
        raise click.ClickException(
            f"There is no workflow '{name}' here. "
            + (f"There are: {known}." if known else "Make it in the browser first: teachback up, then Start here.")
        )
    return found
