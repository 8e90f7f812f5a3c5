"""Reads of the jobs that are to be decided again: which of them a person may get."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from teachback_server.jobs.models import Job
from teachback_server.reviews.models import Claim, Review, SecondReview, Skip
from teachback_server.reviews.skill_queries import able, list_lacking
from teachback_server.workflows.models import Workflow


def find_second_to_give(workflow: Workflow, person_id: int, *, besides: Sequence[int], now: datetime) -> Job | None:
    """The first job to be decided again that this person may get: one that they hold already, or that nobody holds."""
    held_by_others = Claim.objects.filter(job=OuterRef("job_id"), expires_at__gt=now).exclude(user_id=person_id)
    skipped = Skip.objects.filter(job=OuterRef("job_id"), user_id=person_id)
    rows = _for_person(workflow.pk, person_id).filter(~Exists(held_by_others), ~Exists(skipped))
    row = rows.exclude(job__number__in=besides).order_by("pk").select_related("job").first()
    return None if row is None else row.job


def find_held_second(workflow: Workflow, person_id: int, *, besides: Sequence[int], now: datetime) -> Job | None:
    """The first job to be decided again that this person has on screen, or on the way there."""
    held = Claim.objects.filter(user_id=person_id, expires_at__gt=now).order_by("expires_at")
    job_ids = list(held.values_list("job_id", flat=True))
    if not job_ids:
        return None
    rows = _for_person(workflow.pk, person_id).filter(job__in=job_ids).exclude(job__number__in=besides)
    return min((row.job for row in rows.select_related("job")), key=lambda job: job_ids.index(job.pk), default=None)


def find_second_for(job: Job, person_id: int) -> SecondReview | None:
    """What a person is to decide again about a job; None where nothing is asked of them."""
    return _for_person(job.workflow_id, person_id).filter(job=job).order_by("pk").first()


def seconds_for(workflow: Workflow, person_id: int) -> QuerySet[SecondReview]:
    """What a person may be given to decide again in a workflow: of these jobs they must not see the first decision."""
    return _for_person(workflow.pk, person_id)


def count_seconds_for(workflow: Workflow, person_id: int) -> int:
    """How many jobs of a workflow a person is to decide again, without knowing which."""
    return _for_person(workflow.pk, person_id).count()


def decided_again(job: OuterRef, person_id: int) -> Exists:
    """Whether a person made one more decision on a job."""
    # The sum keeps SQLite from the index of persons: it would go through all decisions of one for every job.
    by = SecondReview.objects.filter(job=job).annotate(by=F("reviewer_id") + 0)
    return Exists(by.filter(by=person_id))


def _for_person(workflow_id: int, person_id: int) -> QuerySet[SecondReview]:
    """What waits for somebody who has not decided the job before, in whatever role, and lacks no skill for it."""
    decided = Review.objects.filter(job=OuterRef("job_id"), reviewer_id=person_id)
    waiting = SecondReview.objects.filter(workflow_id=workflow_id, is_waiting=True, job__is_waiting=False)
    waiting = waiting.filter(able(list_lacking(workflow_id, person_id), "job__input"))
    return waiting.filter(Q(for_user=None) | Q(for_user=person_id)).filter(
        ~Exists(decided), ~decided_again(OuterRef("job_id"), person_id)
    )
