"""Lets those who write to one workflow take turns, so that what an act reads still holds when it writes."""

from django.db import DEFAULT_DB_ALIAS, connections

from teachback_server.workflows.models import Workflow


def take_turn(workflow_id: int) -> None:
    """Wait until nobody else writes to a workflow, and keep them waiting until this transaction ends.

    Call it first in a transaction that numbers, counts or decides by what it reads, and in each that adds jobs,
    reviews or outcomes: so the rows of one workflow appear in the order of their ids, and a reader with a cursor
    misses none. Workflows do not wait for each other. SQLite has one writer at a time anyway, and pays nothing here.
    """
    if connections[DEFAULT_DB_ALIAS].features.has_select_for_update:
        # Rows that merely refer to the workflow may be added meanwhile.
        list(Workflow.objects.select_for_update(no_key=True).filter(pk=workflow_id).values_list("pk"))
