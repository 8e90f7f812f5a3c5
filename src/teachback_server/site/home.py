"""What the home page shows of each workflow that a person may see: how it does, and what waits for them."""

from dataclasses import dataclass

from teachback_server.people.actor import Actor
from teachback_server.results.summary import WorkflowSummary, summarize_workflow
from teachback_server.reviews.agreement.freezing import find_freeze
from teachback_server.workflows.access import Role, find_role, visible_workflows


@dataclass(frozen=True, kw_only=True)
class WorkflowCard:
    """One workflow as its card on the home page shows it."""

    summary: WorkflowSummary
    may_review: bool  # whether this person decides jobs there
    is_frozen: bool  # whether learning is paused, as people do not agree enough


def list_workflow_cards(actor: Actor) -> tuple[WorkflowCard, ...]:
    """The actor's workflows: first those that need a decision, then those with most work waiting."""
    cards = [
        WorkflowCard(
            summary=summarize_workflow(workflow),
            may_review=find_role(actor, workflow.pk) not in (None, Role.VIEWER),
            is_frozen=find_freeze(workflow) is not None,
        )
        for workflow in visible_workflows(actor).order_by("title")
    ]
    return tuple(sorted(cards, key=lambda card: (not card.summary.decisions, -card.summary.waiting)))
