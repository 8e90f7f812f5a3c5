"""What the home page shows of each workflow that a person may see."""

from dataclasses import dataclass

from django.db.models import Count, Q

from teachback_server.people.actor import Actor
from teachback_server.workflows.access import visible_workflows


@dataclass(frozen=True, kw_only=True)
class WorkflowCard:
    """One workflow as its card on the home page shows it."""

    name: str
    title: str
    waiting: int  # jobs that wait for a person


def list_workflow_cards(actor: Actor) -> tuple[WorkflowCard, ...]:
    """The actor's workflows; those with most work waiting come first."""
    workflows = visible_workflows(actor).annotate(waiting=Count("jobs", filter=Q(jobs__is_waiting=True)))
    return tuple(
        WorkflowCard(name=workflow.name, title=workflow.title, waiting=workflow.waiting)
        for workflow in workflows.order_by("-waiting", "title")
    )
