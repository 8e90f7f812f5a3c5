"""Links that let somebody without an account decide one job, or say whether it was used: made, looked up, revoked."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from teachback.vocabulary import JobStatus
from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor, PermissionMissing
from teachback_server.people.audit import Act, record_act
from teachback_server.reviews.models import ReviewLink
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn

SHORTEST, LONGEST, USUAL = timedelta(hours=1), timedelta(days=14), timedelta(days=3)
MOST_OPEN_LINKS = 20  # to one job
BY_LINK = " (by link)"
_TOKEN_BYTES = 32
_LONGEST_TOKEN = 100
_LONGEST_NAME = 100


class LinkPurpose(StrEnum):
    """What a link lets its holder do."""

    REVIEW = "review"
    OUTCOME = "outcome"


class LinkState(StrEnum):
    """Whether a link still opens anything, and if not, why."""

    OPEN = "open"
    USED = "used"
    REVOKED = "revoked"
    EXPIRED = "expired"
    DECIDED = "decided"  # by somebody else, without the link


class LinkRefused(ValueError):
    """No such link is made. The message says what to change."""


@dataclass(frozen=True, kw_only=True)
class NewLink:
    """A link that was just made, with its token, which is kept nowhere."""

    link: ReviewLink
    token: str


def make_review_link(
    actor: Actor, job: Job, *, for_name: str, lasts: timedelta = USUAL, at: datetime | None = None
) -> NewLink:
    """Make a link by which somebody decides a waiting job, once, until its time is over. Raises LinkRefused.

    The decision bears `for_name`. Only editors and owners make links, and no program: people decide.
    """
    if actor.user_id is None and not actor.is_system:
        raise PermissionMissing("Only a person who is signed in makes links by which jobs are decided.")
    return _make(actor, job, LinkPurpose.REVIEW, for_name=for_name, lasts=lasts, at=at)


def make_outcome_link(
    actor: Actor, job: Job, *, for_name: str, lasts: timedelta = USUAL, at: datetime | None = None
) -> NewLink:
    """Make a link by which somebody says, once, whether the next step could use a job. Raises LinkRefused."""
    return _make(actor, job, LinkPurpose.OUTCOME, for_name=for_name, lasts=lasts, at=at)


def revoke_link(actor: Actor, link: ReviewLink) -> bool:
    """Let a link open nothing any more. False where it was used or revoked before."""
    require_role(actor, link.workflow_id, Role.EDITOR)
    with transaction.atomic():
        unused = ReviewLink.objects.filter(pk=link.pk, used_at=None, revoked_at=None)
        if not unused.update(revoked_at=timezone.now()):
            return False
        record_act(actor, Act.JOB_LINK_REVOKED, _subject(link), workflow_id=link.workflow_id)
    return True


def find_link(token: str, purpose: LinkPurpose) -> ReviewLink | None:
    """The link of a token, in whatever state it is; None where there is none for this purpose."""
    if len(token) > _LONGEST_TOKEN:
        return None
    links = ReviewLink.objects.filter(token_hash=_hash(token), purpose=purpose)
    return links.select_related("job__workflow", "job__release", "workflow").first()


def tell_state(link: ReviewLink, *, at: datetime) -> LinkState:
    """What has become of a link. What happened to it counts before the end of its time."""
    if link.used_at is not None:
        return LinkState.USED
    if link.revoked_at is not None:
        return LinkState.REVOKED
    if link.purpose == LinkPurpose.REVIEW and not link.job.is_waiting:
        return LinkState.DECIDED
    return LinkState.EXPIRED if link.expires_at <= at else LinkState.OPEN


def list_links(workflow: Workflow, job: Job | None = None) -> QuerySet[ReviewLink]:
    """The links of a workflow, or of one of its jobs, the newest first."""
    links = ReviewLink.objects.filter(workflow=workflow).select_related("job").order_by("-pk")
    return links if job is None else links.filter(job=job)


def actor_by_link(link: ReviewLink) -> Actor:
    """Whoever holds a link, as one who acts: in its workflow alone, and as a reviewer at most."""
    return Actor(name=link.for_name + BY_LINK, key_workflow_id=link.workflow_id, key_role=Role.REVIEWER)


def _make(
    actor: Actor, job: Job, purpose: LinkPurpose, *, for_name: str, lasts: timedelta, at: datetime | None
) -> NewLink:
    require_role(actor, job.workflow_id, Role.EDITOR)
    name = " ".join(for_name.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise LinkRefused(f"Write for whom the link is, in 1 to {_LONGEST_NAME} letters: the decision bears this name.")
    if not SHORTEST <= lasts <= LONGEST:
        raise LinkRefused("A link lasts between one hour and 14 days. Choose a time between them.")
    now, token = at or timezone.now(), secrets.token_urlsafe(_TOKEN_BYTES)
    with transaction.atomic():
        take_turn(job.workflow_id)
        _refuse_unfit(Job.objects.get(pk=job.pk), purpose)
        unused = ReviewLink.objects.filter(job=job, used_at=None, revoked_at=None, expires_at__gt=now)
        if unused.count() >= MOST_OPEN_LINKS:
            raise LinkRefused(f"{MOST_OPEN_LINKS} links to this job are open already. Revoke those that nobody needs.")
        link = ReviewLink.objects.create(
            token_hash=_hash(token),
            job=job,
            workflow_id=job.workflow_id,
            purpose=purpose,
            for_name=name,
            made_by=actor.name[:200],
            made_at=now,
            expires_at=now + lasts,
        )
        record_act(actor, Act.JOB_LINK_MADE, _subject(link), workflow_id=job.workflow_id)
    return NewLink(link=link, token=token)


def _refuse_unfit(job: Job, purpose: LinkPurpose) -> None:
    if purpose is LinkPurpose.REVIEW and not job.is_waiting:
        raise LinkRefused(f"Job {job.number} does not wait for a decision, so there is nothing to decide by a link.")
    if job.status == JobStatus.RUNNING:
        raise LinkRefused(f"Job {job.number} is still running. Make the link when it has ended.")


def _subject(link: ReviewLink) -> str:
    return f"job {link.job.number} for {link.for_name}"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
