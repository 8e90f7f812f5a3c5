"""Takes outcomes from feedback that came as spans: whether the next step could use a job's output."""

from django.db import transaction

from teachback_server.jobs.actions import OutcomeWord, record_outcomes
from teachback_server.jobs.models import Job, SpanFeedback
from teachback_server.people.actor import SYSTEM

MOST_AT_ONCE = 500


def take_outcomes() -> int:
    """Record what waits, for jobs that are there by now; returns how many outcomes. Each is recorded once."""
    waiting = list(
        SpanFeedback.objects.filter(is_taken=False, is_used__isnull=False, workflow_id__gt=0).order_by("pk")[
            :MOST_AT_ONCE
        ]
    )
    taken = 0
    for feedback in waiting:
        job = find_job_of(feedback)
        if job is None:
            continue
        word = OutcomeWord(
            job=job, is_used=bool(feedback.is_used), note=feedback.explanation or feedback.label, at=feedback.at
        )
        with transaction.atomic():
            if not job.outcomes.filter(at=feedback.at, is_used=word.is_used, note=word.note[:500]).exists():
                record_outcomes(SYSTEM, job.workflow, [word])
                taken += 1
        SpanFeedback.objects.filter(pk=feedback.pk).update(is_taken=True)
    return taken


def find_job_of(feedback: SpanFeedback) -> Job | None:
    """The job that a piece of feedback is about: the one of that span, else the only one of its trace."""
    jobs = list(
        Job.objects.filter(workflow_id=feedback.workflow_id, trace_id=feedback.about_trace_id).select_related(
            "workflow"
        )
    )
    of_span = [job for job in jobs if job.span_id == feedback.about_span_id]
    return of_span[0] if of_span else jobs[0] if len(jobs) == 1 else None
