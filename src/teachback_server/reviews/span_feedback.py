"""Takes decisions that came as spans: what a person said in an application becomes a review of the job."""

import json

from teachback.json_types import JsonObject
from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.intake.outcomes import find_job_of
from teachback_server.jobs.models import SpanFeedback
from teachback_server.people.actor import SYSTEM
from teachback_server.reviews.actions import (
    Decision,
    DecisionRefused,
    JobAlreadyDecided,
    JobClaimedByAnother,
    decide_review,
)
from teachback_server.workflows.models import Workflow

MOST_AT_ONCE = 500
OTHER = "other"


def take_verdicts() -> int:
    """Store what waits and can be stored; returns how many reviews.

    A job that was not offered for review keeps what was said as feedback: decisions on jobs that people picked would
    bend every rate. Feedback on a job that has not come yet waits for it.
    """
    waiting = SpanFeedback.objects.filter(is_taken=False, annotator="person", workflow_id__gt=0).exclude(verdict="")
    taken = 0
    for feedback in waiting.order_by("pk")[:MOST_AT_ONCE]:
        job = find_job_of(feedback)
        if job is None:
            continue
        decision = Decision(
            job=job,
            verdict=ReviewVerdict(feedback.verdict),
            idempotency_key=f"span {feedback.trace_id} {feedback.span_id} {feedback.position}",
            output=_read_output(feedback),
            reason_code=_find_reason(job.workflow, feedback),
            note=feedback.explanation or feedback.label,
            decided_at=feedback.at,
            decided_by="Somebody in the application",
        )
        try:
            decide_review(SYSTEM, decision)
            taken += 1
        except JobClaimedByAnother:
            continue
        except (DecisionRefused, JobAlreadyDecided):
            pass  # it stays feedback, and is shown with the job
        SpanFeedback.objects.filter(pk=feedback.pk).update(is_taken=True)
    return taken


def _read_output(feedback: SpanFeedback) -> JsonObject | None:
    if feedback.verdict != ReviewVerdict.CORRECTED:
        return None
    try:
        said = json.loads(feedback.explanation)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _find_reason(workflow: Workflow, feedback: SpanFeedback) -> str:
    """The reason that the words name; else “other”, where the workflow has it."""
    said = {feedback.label.casefold(), feedback.explanation.casefold(), feedback.name.casefold()}
    reasons = list(workflow.reasons.all())
    named = [reason for reason in reasons if {reason.code.casefold(), reason.label.casefold()} & said]
    others = [reason for reason in reasons if reason.code == OTHER]
    return (named or others)[0].code if named or others else ""
