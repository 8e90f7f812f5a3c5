"""What an owner sets about decisions that are made twice, and for which answers they vouch."""

from django.db import transaction
from django.utils import timezone

from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.reviews.models import KnownAnswer, Review, ReviewTerms
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn

MOST_PLANTED = 0.5


class TermsRefused(ValueError):
    """Nothing was changed. The message says why."""


def set_shares(actor: Actor, workflow: Workflow, *, second: float, planted: float) -> None:
    """Say which share of decisions is made twice, and which share of jobs at the desk are known answers; 0 to 1."""
    require_role(actor, workflow.pk, Role.OWNER)
    if not 0 <= second <= 1 or not 0 <= planted <= MOST_PLANTED:
        raise TermsRefused("Give between 0 and 100 % for second reviews, and between 0 and 50 % for known answers.")
    with transaction.atomic():
        shares = {"second_share": second, "planted_share": planted}
        ReviewTerms.objects.update_or_create(workflow=workflow, defaults=shares)
        said = f"{100 * second:.3g} % twice, {100 * planted:.3g} % known answers"
        record_act(actor, Act.REVIEW_TERMS_SET, said, workflow_id=workflow.pk)


def vouch_for(actor: Actor, job: Job) -> None:
    """Say that the decision on a job is right beyond doubt, so that it may be planted. Raises TermsRefused."""
    require_role(actor, job.workflow_id, Role.OWNER)
    with transaction.atomic():
        take_turn(job.workflow_id)
        if not Review.objects.filter(job=job).exists():
            raise TermsRefused("Nobody decided this job yet, so there is no answer to vouch for.")
        KnownAnswer.objects.get_or_create(
            job=job, defaults={"workflow_id": job.workflow_id, "by": actor.name[:200], "at": timezone.now()}
        )
        record_act(actor, Act.ANSWER_VOUCHED_FOR, f"job {job.number}: yes", workflow_id=job.workflow_id)


def stop_vouching(actor: Actor, job: Job) -> None:
    """Take an answer out of those that may be planted."""
    require_role(actor, job.workflow_id, Role.OWNER)
    with transaction.atomic():
        KnownAnswer.objects.filter(job=job).delete()
        record_act(actor, Act.ANSWER_VOUCHED_FOR, f"job {job.number}: no", workflow_id=job.workflow_id)
