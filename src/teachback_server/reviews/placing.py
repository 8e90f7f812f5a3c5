"""What an owner may do to the queue: say how urgent waiting jobs are, until when and by whom they are to be decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.people.models import User
from teachback_server.reviews.models import QueuePlace, ReviewTerms
from teachback_server.reviews.queue_order import Priority
from teachback_server.reviews.skill_queries import list_decider_ids
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn

LONGEST_HOURS = 24 * 366


class PlaceRefused(ValueError):
    """The jobs stay where they are. The message says why."""


@dataclass(frozen=True, kw_only=True)
class Placing:
    """What is said about jobs of the queue. All of it replaces what was said before."""

    priority: Priority = Priority.NORMAL
    due_at: datetime | None = None
    assignee: User | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether the jobs are to be as if nobody had said anything about them."""
        return self == Placing()


@dataclass(frozen=True, kw_only=True)
class PassOn:
    """To whom jobs go once they are overdue by some hours; 0: as soon as they are overdue."""

    after_hours: int
    to: User


def list_deciders(workflow: Workflow) -> list[User]:
    """The people who may decide jobs of a workflow."""
    return list(User.objects.filter(pk__in=list_decider_ids(workflow.pk)).order_by("username"))


def place_jobs(actor: Actor, workflow: Workflow, numbers: Sequence[int], placing: Placing) -> int:
    """Say of waiting jobs how urgent they are, until when and for whom; returns of how many.

    Jobs that were decided meanwhile are left out. What is said stands also for jobs that were passed on as overdue:
    they are not passed on a second time. Raises PlaceRefused where the person may not decide here.
    """
    require_role(actor, workflow.pk, Role.OWNER)
    if placing.assignee is not None and placing.assignee not in list_deciders(workflow):
        raise PlaceRefused(f"{placing.assignee} may not decide jobs here. Give them the role of a reviewer first.")
    with transaction.atomic():
        take_turn(workflow.pk)
        waiting = Job.objects.filter(workflow=workflow, is_waiting=True, number__in=numbers)
        job_ids = list(waiting.values_list("pk", flat=True))
        places = QueuePlace.objects.filter(job_id__in=job_ids)
        passed_on = dict(places.filter(escalated_at__isnull=False).values_list("job_id", "escalated_at"))
        places.delete()
        remembered = passed_on if placing.says_nothing else job_ids
        if remembered:
            QueuePlace.objects.bulk_create(
                QueuePlace(
                    job_id=job_id,
                    workflow=workflow,
                    priority=placing.priority,
                    due_at=placing.due_at,
                    assignee=placing.assignee,
                    escalated_at=passed_on.get(job_id),
                )
                for job_id in remembered
            )
        record_act(actor, Act.QUEUE_PLACED, _subject(len(job_ids), placing), workflow_id=workflow.pk)
    return len(job_ids)


def set_terms(
    actor: Actor, workflow: Workflow, *, decide_within_hours: int | None, pass_on: PassOn | None = None
) -> None:
    """Say within how many hours jobs are to be decided, and who gets those that are overdue; None takes it back."""
    require_role(actor, workflow.pk, Role.OWNER)
    if decide_within_hours is not None and not 1 <= decide_within_hours <= LONGEST_HOURS:
        raise PlaceRefused(f"Give between 1 and {LONGEST_HOURS} hours, or leave it empty.")
    if pass_on is not None and not 0 <= pass_on.after_hours <= LONGEST_HOURS:
        raise PlaceRefused(f"Give between 0 and {LONGEST_HOURS} hours after which overdue jobs are passed on.")
    if pass_on is not None and pass_on.to not in list_deciders(workflow):
        raise PlaceRefused(f"{pass_on.to} may not decide jobs here. Give them the role of a reviewer first.")
    with transaction.atomic():
        said = {
            "decide_within_hours": decide_within_hours,
            "escalate_after_hours": pass_on.after_hours if pass_on else None,
            "escalate_to": pass_on.to if pass_on else None,
        }
        ReviewTerms.objects.update_or_create(workflow=workflow, defaults=said)
        record_act(actor, Act.REVIEW_TERMS_SET, _spell(decide_within_hours, pass_on), workflow_id=workflow.pk)


def _spell(decide_within_hours: int | None, pass_on: PassOn | None) -> str:
    within = "whenever" if decide_within_hours is None else f"within {decide_within_hours} hours"
    return within if pass_on is None else f"{within}, and when overdue by {pass_on.after_hours} hours by {pass_on.to}"


def _subject(jobs: int, placing: Placing) -> str:
    whom = f"{placing.assignee}" if placing.assignee else "anybody"
    return f"{jobs} jobs: {placing.priority.name.lower()}, for {whom}"
