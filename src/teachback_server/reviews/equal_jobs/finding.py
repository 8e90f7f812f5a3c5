"""Finds the waiting jobs that equal one which a person has just accepted, and that may be accepted without opening."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import TypeAlias

from django.db.models import Exists, OuterRef, Q, QuerySet

from teachback.json_types import canonical_json
from teachback.routing import is_asked_for
from teachback.schema_problems import list_schema_problems
from teachback.vocabulary import JobStatus, ReviewVerdict, RoutingKind
from teachback_server.jobs.models import Attachment, Job
from teachback_server.people.actor import Actor
from teachback_server.reviews.agreement.freezing import find_freeze
from teachback_server.reviews.models import BulkMember, Claim, QueuePlace, Review, ReviewLink, SecondReview, Skip
from teachback_server.reviews.outside.links import LinkPurpose
from teachback_server.reviews.queue_order import Priority
from teachback_server.reviews.sessions import LONGEST_BREAK
from teachback_server.reviews.skill_queries import list_for_another
from teachback_server.workflows.models import Workflow

MOST_AT_ONCE = 100
_LOOKED_AT = 200  # waiting jobs of the same group; of a long conversation not every one is equal
_LOOKED_BACK_AT = 500  # of the newest decisions, for one that speaks against it
_Content: TypeAlias = tuple[str, str, str, frozenset[tuple[str, str]]]


class Hindrance(Enum):
    """Why equal jobs are not offered, though there are some."""

    NOBODY_ELSE = auto()  # could look at a sample of them
    PEOPLE_DISAGREE = auto()  # too much for learning to go on


@dataclass(frozen=True, kw_only=True)
class EqualJobs:
    """The waiting jobs that equal one job in everything the desk shows of it, first come first; at most 100."""

    jobs: tuple[Job, ...] = ()
    has_more: bool = False
    hindrance: Hindrance | None = None

    @property
    def numbers(self) -> tuple[int, ...]:
        """Their numbers."""
        return tuple(job.number for job in self.jobs)


def find_equal_jobs(actor: Actor, job: Job, *, now: datetime) -> EqualJobs:
    """What a person may accept together after they accepted a job; nothing where they did not, or not just now.

    Equal are jobs of the same group and release with the same input, output, sources and documents, value for value.
    Left out is whatever is more than routine: what somebody else holds or is to decide, what is urgent or was skipped,
    what a rule, a check or the agent wanted a person for, and every job that is here by a draw: drawn jobs stand for
    others, so each must be looked at. An output to which anybody objected is not offered at all.
    """
    person_id, workflow = actor.user_id or 0, job.workflow
    waiting = _list_waiting(job, person_id, now)[:_LOOKED_AT]
    if not waiting or not _has_just_accepted(person_id, job, now) or _is_doubtful(job, workflow):
        return EqualJobs()
    equal = _list_equal(job, [one for one in waiting if not is_asked_for(one.routing_reason)])
    if not equal or _was_objected_to(job, workflow):
        return EqualJobs()
    return EqualJobs(
        jobs=tuple(equal[:MOST_AT_ONCE]),
        has_more=len(equal) > MOST_AT_ONCE or len(waiting) == _LOOKED_AT,
        hindrance=_find_hindrance(job, workflow, person_id),
    )


def _list_waiting(job: Job, person_id: int, now: datetime) -> QuerySet[Job]:
    """Waiting jobs of the same group and release that nothing keeps for somebody or for a closer look."""
    waiting = Job.objects.filter(
        workflow_id=job.workflow_id,
        group=job.group,
        is_waiting=True,
        release_id=job.release_id,
        status=JobStatus.FINISHED,
        routing=RoutingKind.REVIEW,
        review_probability=1.0,  # below it, the job was drawn
    )
    held = Claim.objects.filter(job=OuterRef("pk"), expires_at__gt=now).exclude(user_id=person_id)
    skipped = Skip.objects.filter(job=OuterRef("pk"), user_id=person_id)
    for_others = Q(assignee__isnull=False) & ~Q(assignee=person_id)
    special = Q(priority__gt=Priority.NORMAL) | Q(escalated_at__isnull=False) | for_others
    placed = QueuePlace.objects.filter(special, job=OuterRef("pk"))
    linked = ReviewLink.objects.filter(
        job=OuterRef("pk"), purpose=LinkPurpose.REVIEW, used_at=None, revoked_at=None, expires_at__gt=now
    )
    free = waiting.filter(~Exists(held), ~Exists(skipped), ~Exists(placed), ~Exists(linked))
    return free.exclude(pk=job.pk).order_by("number")


def _has_just_accepted(person_id: int, job: Job, now: datetime) -> bool:
    """Whether the person looked at the job itself, accepted it, and had nothing to add, within their session.

    Whichever decision of the job it was: an offer after first decisions alone would tell which ones are not.
    """
    mine = {"job": job, "reviewer_id": person_id, "verdict": ReviewVerdict.ACCEPTED, "note": ""}
    since = now - LONGEST_BREAK
    first = Review.objects.filter(**mine, decided_at__gte=since).exclude(pk__in=_members_of([job]))
    return first.exists() or SecondReview.objects.filter(**mine, decided_at__gte=since, is_waiting=False).exists()


def _is_doubtful(job: Job, workflow: Workflow) -> bool:
    """Whether the job ended without an output, or with one that the boundary does not allow by now."""
    is_finished = job.status == JobStatus.FINISHED and job.output is not None
    return not is_finished or bool(list_schema_problems(workflow.output_schema, job.output))


def _list_equal(job: Job, candidates: Sequence[Job]) -> list[Job]:
    documents = _list_documents([job, *candidates])
    content = _content_of(job, documents)
    return [one for one in candidates if _content_of(one, documents) == content]


def _list_documents(jobs: Iterable[Job]) -> dict[int, frozenset[tuple[str, str]]]:
    found: dict[int, set[tuple[str, str]]] = {}
    for job_id, name, sha256 in Attachment.objects.filter(job__in=jobs).values_list("job_id", "name", "sha256"):
        found.setdefault(job_id, set()).add((name, sha256))
    return {job_id: frozenset(documents) for job_id, documents in found.items()}


def _content_of(job: Job, documents: dict[int, frozenset[tuple[str, str]]]) -> _Content:
    """Everything about a job that the desk shows, but for what the agent did on its way there."""
    spelled = (canonical_json(job.input), canonical_json(job.output), canonical_json(job.provenance))
    return (*spelled, documents.get(job.pk, frozenset()))


def _was_objected_to(job: Job, workflow: Workflow) -> bool:
    """Whether anybody decided otherwise about this job or, lately, about one that equals it."""
    alike = {"workflow": workflow, "job__group": job.group, "job__release_id": job.release_id}
    objected = ~Q(verdict=ReviewVerdict.ACCEPTED)
    first = Review.objects.filter(objected, Q(job=job) | Q(pk__in=_newest(Review, workflow)), **alike)
    again = SecondReview.objects.filter(
        objected, Q(job=job) | Q(pk__in=_newest(SecondReview, workflow)), **alike, is_waiting=False
    )
    job_ids = {*first.values_list("job_id", flat=True), *again.values_list("job_id", flat=True)}
    return bool(_list_equal(job, list(Job.objects.filter(pk__in=job_ids))))


def _newest(kind: type[Review] | type[SecondReview], workflow: Workflow) -> list[int]:
    rows = kind._default_manager.filter(workflow=workflow).order_by("-pk")
    return list(rows.values_list("pk", flat=True)[:_LOOKED_BACK_AT])


def _find_hindrance(job: Job, workflow: Workflow, person_id: int) -> Hindrance | None:
    if not list_for_another(workflow.pk, [job.pk], besides=[person_id]):  # equal jobs need the same skills
        return Hindrance.NOBODY_ELSE
    return Hindrance.PEOPLE_DISAGREE if find_freeze(workflow) is not None else None


def _members_of(jobs: Iterable[Job]) -> QuerySet[BulkMember, int]:
    return BulkMember.objects.filter(job__in=jobs).values_list("review_id", flat=True)
