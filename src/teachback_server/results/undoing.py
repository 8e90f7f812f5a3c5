"""Undo at the desk: a person takes back their own last decision, in every table that had counted it."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from teachback_server.improvements.forgetting import forget_review
from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor
from teachback_server.results.counts import TALLIED_SLICE_JOBS, find_horizon, group_reasons, group_reviews
from teachback_server.results.models import ReasonTally, ReviewTally
from teachback_server.reviews.actions import JobAlreadyDecided, SkillMissing, claim_job
from teachback_server.reviews.agreement.taking_back import find_newest_second, take_back_second
from teachback_server.reviews.models import Review
from teachback_server.reviews.retracting import UndoRefused, move_to_retraction
from teachback_server.reviews.sessions import UNDONE_AT_MOST, find_undoable, list_undone_with
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn


def undo_last_decision(actor: Actor, workflow: Workflow) -> Job:
    """Take back the newest decision of a person's session, and give them its job to decide again.

    Equal jobs that were accepted together are taken back together, all or none; the first of them is given.
    Raises UndoRefused, and changes nothing, where there is none to take back or something was made from it.
    """
    require_role(actor, workflow.pk, Role.REVIEWER)
    now = timezone.now()
    with transaction.atomic():
        take_turn(workflow.pk)
        review = find_undoable(actor, workflow, now=now)
        second = find_newest_second(actor, workflow, since=review.decided_at if review else None)
        if second is not None:
            job = take_back_second(actor, second, now=now)
            _claim_again(actor, job, now)
            return job
        if review is None:
            raise UndoRefused(
                f"There is nothing to undo: only the last {UNDONE_AT_MOST} decisions that you made without a break of "
                "half an hour can be taken back."
            )
        undone = list_undone_with(review)
        for one in undone:
            take_out(actor, one, now=now)
        _claim_again(actor, undone[0].job, now)
    return Job.objects.get(pk=undone[0].job_id)


def _claim_again(actor: Actor, job: Job, now: datetime) -> None:
    """Whoever could not decide a job anew may not take back what they decided. Raises UndoRefused."""
    try:
        claim_job(actor, job, now=now)
    except (SkillMissing, JobAlreadyDecided) as refusal:
        raise UndoRefused(
            f"Your decision on job {job.number} stands: you lack a skill by now that it takes to decide it anew."
        ) from refusal


def take_out(actor: Actor, review: Review, *, now: datetime) -> None:
    """Move a decision to the retractions and take it out of everything that had counted it; within the turn.

    Raises UndoRefused where something was made from it that stays.
    """
    forget_review(review)
    _uncount(review.workflow, review)
    move_to_retraction(actor, review, now=now)


def _uncount(workflow: Workflow, review: Review) -> None:
    """Take a decision out of the tallies, if they had read as far."""
    if review.pk > find_horizon(workflow).review_id:
        return
    only = Review.objects.filter(pk=review.pk)
    for in_slice, release_id, month, status, routing, probability, verdict, jobs, seconds, timed in group_reviews(
        only, TALLIED_SLICE_JOBS
    ):
        alike = ReviewTally.objects.filter(
            workflow=workflow,
            until_id__gte=review.pk,
            slice=in_slice,
            release_id=release_id,
            month=month,
            status=status,
            routing=routing,
            probability=probability,
            verdict=verdict,
        ).order_by("until_id")
        counted = ReviewTally.objects.filter(pk__in=list(alike.values_list("pk", flat=True)[:1]))
        counted.update(jobs=F("jobs") - jobs, seconds=F("seconds") - seconds, timed=F("timed") - timed)
        counted.filter(jobs=0).delete()
    for status, routing, probability, reason_code, jobs in group_reasons(only):
        same = ReasonTally.objects.filter(
            workflow=workflow,
            until_id__gte=review.pk,
            status=status,
            routing=routing,
            probability=probability,
            reason_code=reason_code,
        ).order_by("until_id")
        given = ReasonTally.objects.filter(pk__in=list(same.values_list("pk", flat=True)[:1]))
        given.update(jobs=F("jobs") - jobs)
        given.filter(jobs=0).delete()
