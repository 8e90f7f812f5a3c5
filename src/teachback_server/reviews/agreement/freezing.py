"""Learning pauses while the people who teach do not agree enough, and goes on when they do or an owner says so."""

from django.db import transaction
from django.utils import timezone

from teachback_server.people.actor import SYSTEM, Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.reviews.agreement.figures import list_pairs, measure_pairs
from teachback_server.reviews.models import LearningFreeze, SecondReview
from teachback_server.statistics.agreement import Agreement
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn

LOWEST_ALPHA = 0.667  # Krippendorff's own limit for tentative conclusions
FEWEST_PAIRS = 50  # with fewer, the low end is low for want of jobs, not of agreement
_NEWEST_PAIRS = 200
_LONGEST_WHY = 120


class FreezeRefused(ValueError):
    """Learning goes on as it did. The message says why."""


def find_freeze(workflow: Workflow) -> LearningFreeze | None:
    """The pause that lasts; None while learning goes on."""
    return LearningFreeze.objects.filter(workflow=workflow, ended_at=None).first()


def see_to_freezes() -> None:
    """Pause or resume learning in every workflow in which jobs were decided twice."""
    asked = SecondReview.objects.filter(is_waiting=False).values("workflow_id")
    for workflow in Workflow.objects.filter(pk__in=asked):
        see_to_freeze(workflow)


def see_to_freeze(workflow: Workflow) -> LearningFreeze | None:
    """Pause learning where the lower bound of alpha is below the limit, resume it where it no longer is."""
    lasting = find_freeze(workflow)
    found = measure_lately(workflow)
    is_low = found is not None and found.units >= FEWEST_PAIRS and found.interval.low < LOWEST_ALPHA
    if found is None or (lasting is not None) == is_low:
        return lasting
    with transaction.atomic():
        take_turn(workflow.pk)
        if lasting is not None:
            _end(lasting, by="", why="agreement is high enough again")
            return None
        freeze = LearningFreeze.objects.create(
            workflow=workflow,
            began_at=timezone.now(),
            alpha=found.alpha,
            low=found.interval.low,
            jobs=found.units,
        )
        said = f"alpha {found.alpha:.2f}, at least {found.interval.low:.2f}, over {found.units} jobs decided twice"
        record_act(SYSTEM, Act.LEARNING_FROZEN, said, workflow_id=workflow.pk)
    return freeze


def measure_lately(workflow: Workflow) -> Agreement | None:
    """Agreement in the newest jobs that were decided twice since an owner last let learning go on."""
    resumed = LearningFreeze.objects.filter(workflow=workflow, ended_at__isnull=False).exclude(ended_by="")
    since = resumed.order_by("-ended_at").values_list("ended_at", flat=True).first()
    after_id = 0
    if since is not None:
        before = SecondReview.objects.filter(workflow=workflow, decided_at__lte=since).order_by("-pk")
        after_id = before.values_list("pk", flat=True).first() or 0
    return measure_pairs(list_pairs(workflow, newest=_NEWEST_PAIRS, after_id=after_id))


def resume_learning(actor: Actor, workflow: Workflow, *, why: str) -> None:
    """Let learning go on although people did not agree. From then on only newer jobs count. Raises FreezeRefused."""
    require_role(actor, workflow.pk, Role.OWNER)
    if not why.strip():
        raise FreezeRefused("Say what was done about it, such as which rule was agreed on.")
    with transaction.atomic():
        take_turn(workflow.pk)
        lasting = find_freeze(workflow)
        if lasting is None:
            raise FreezeRefused("Learning goes on already.")
        _end(lasting, by=actor.name, why=why.strip()[:_LONGEST_WHY], actor=actor)


def _end(freeze: LearningFreeze, *, by: str, why: str, actor: Actor = SYSTEM) -> None:
    freeze.ended_at = timezone.now()
    freeze.ended_by = by[:200]
    freeze.save(update_fields=["ended_at", "ended_by"])
    record_act(actor, Act.LEARNING_RESUMED, why, workflow_id=freeze.workflow_id)
