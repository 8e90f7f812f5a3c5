"""A decision at the desk, whichever it is of its job: the first one, or one more that was asked for."""

from django.db import transaction
from django.utils import timezone

from teachback.json_types import Json
from teachback.vocabulary import ReviewVerdict
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.reviews.actions import (
    Decision,
    JobAlreadyDecided,
    decide_review,
    find_changes,
    refuse_foreign_claims,
)
from teachback_server.reviews.agreement.asking import SecondKind, follow_up_second
from teachback_server.reviews.agreement.waiting import find_second_for
from teachback_server.reviews.models import Claim, Review, SecondReview
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.turns import take_turn


def decide_at_desk(actor: Actor, decision: Decision) -> Review | SecondReview:
    """Store what a person decided about the job that the desk gave them; raises what `decide_review` raises.

    The same idempotency key again returns what is stored and changes nothing.
    """
    require_role(actor, decision.job.workflow_id, Role.REVIEWER)
    stored = SecondReview.objects.filter(idempotency_key=decision.idempotency_key, job=decision.job).first()
    if stored is not None:
        return stored
    if decision.job.is_waiting or find_second_for(decision.job, actor.user_id or 0) is None:
        return decide_review(actor, decision)
    return decide_second_review(actor, decision)


def decide_second_review(actor: Actor, decision: Decision) -> SecondReview:
    """Store one more decision on a job. The job and its first decision stay as they are.

    Where the second differs from the first, a third is asked for. Where they agree, the answer is known from now on.
    """
    workflow = decision.job.workflow
    reasons = {reason.code: reason for reason in workflow.reasons.all()}
    changes = find_changes(decision, workflow, reasons)
    now = timezone.now()
    with transaction.atomic():
        take_turn(workflow.pk)
        second = find_second_for(decision.job, actor.user_id or 0)
        if second is None:
            raise JobAlreadyDecided("This job was decided before. Nothing was changed; go on with the next one.")
        refuse_foreign_claims(actor, [decision.job], now)
        is_accepted = decision.verdict is ReviewVerdict.ACCEPTED
        is_corrected = decision.verdict is ReviewVerdict.CORRECTED
        corrections: list[Json] = [
            {"field": one.field, "kind": one.kind, "from": one.from_value, "to": one.to_value} for one in changes
        ]
        second.is_waiting = False
        second.verdict = decision.verdict
        second.reason = reasons.get(decision.reason_code)
        second.note = decision.note[:1000]
        second.output = decision.job.output if is_accepted else decision.output if is_corrected else None
        second.corrections = corrections
        second.would_recur = decision.would_recur
        second.stuck_step = decision.stuck_step[:200]
        second.seconds = decision.seconds
        second.reviewer_name = actor.name[:200]
        second.reviewer_id = actor.user_id
        second.decided_at = now
        second.idempotency_key = decision.idempotency_key
        second.save()
        Claim.objects.filter(job=decision.job).delete()
        record_act(
            actor, Act.SECOND_REVIEW_DECIDED, f"job {decision.job.number}: {decision.verdict}", workflow_id=workflow.pk
        )
        if second.kind == SecondKind.SECOND:
            follow_up_second(second)
    return second
