"""What a mail about waiting jobs says: how many, how many overdue, the first of them, and where to decide them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from teachback_server.jobs.models import Job
from teachback_server.people.public_address import find_public_address
from teachback_server.reviews.agreement.waiting import count_seconds_for
from teachback_server.reviews.claims import COUNTED_AT_MOST
from teachback_server.reviews.queue_order import find_terms, list_first, with_terms
from teachback_server.reviews.skill_queries import decidable_by
from teachback_server.workflows.models import Workflow

# Written out, as looking addresses up would load all pages into the worker.
MAILS_PATH = "/account/mails"
_SHOWN = 5
_BUTTON = (
    "display:inline-block;padding:10px 16px;border-radius:8px;background:#1f5fbf;color:#ffffff;text-decoration:none"
)


@dataclass(frozen=True, kw_only=True)
class WaitingJob:
    """One job that waits. Blind, as its reader may have to decide it."""

    number: int
    external_id: str
    arrived_at: datetime
    due_at: datetime | None
    is_overdue: bool
    is_passed_on: bool
    address: str


@dataclass(frozen=True, kw_only=True)
class WaitingWork:
    """What waits in one workflow for one person. Counted to 10,000."""

    title: str
    waiting: int
    overdue: int
    passed_on: int  # to this very person, as they were overdue
    first: tuple[WaitingJob, ...]
    desk: str


@dataclass(frozen=True, kw_only=True)
class Digest:
    """One mail, as plain text and as HTML."""

    subject: str
    text: str
    html: str


def find_waiting_work(workflow: Workflow, person_id: int, *, now: datetime) -> WaitingWork | None:
    """What waits for a person in a workflow; None where nothing does.

    Jobs that they are to decide again, blind, are counted like all others and never named.
    """
    jobs = _jobs_for(workflow, person_id)
    waiting = jobs[:COUNTED_AT_MOST].count() + count_seconds_for(workflow, person_id)
    if not waiting:
        return None
    return WaitingWork(
        title=" ".join(workflow.title.split()),
        waiting=waiting,
        overdue=jobs.filter(Q(due__lt=now))[:COUNTED_AT_MOST].count(),
        passed_on=jobs.filter(_passed_on_to(person_id))[:COUNTED_AT_MOST].count(),
        first=tuple(
            _describe(job, workflow, person_id, now)
            for job in list_first(workflow, jobs.select_related("place"), _SHOWN)
        ),
        desk=find_public_address(f"/workflows/{workflow.name}/review"),
    )


def write_digest(name: str, work: Sequence[WaitingWork]) -> Digest:
    """The mail for somebody of this name. All that comes from data is escaped in the HTML."""
    settings = find_public_address(MAILS_PATH)
    why = "You get this mail at most once a day, and only if something waits, because you asked for it."
    parts = [f"Hello {name},", *(_as_text(one) for one in work), f"{why} Change that: {settings}"]
    html = format_html(
        '<!doctype html><html lang="en"><body style="font-family:sans-serif;line-height:1.5;color:#1a2230">'
        '<p>Hello {},</p>{}<p style="color:#566074;font-size:13px">{} <a href="{}">Change that</a></p></body></html>',
        name,
        format_html_join("", "{}", ((_as_html(one),) for one in work)),
        why,
        settings,
    )
    return Digest(subject=_write_subject(work), text="\n\n".join(parts) + "\n", html=html)


def _jobs_for(workflow: Workflow, person_id: int) -> QuerySet[Job]:
    """Waiting jobs that are for this person or for anybody and take no skill they lack, with their terms."""
    mine = Q(place__isnull=True) | Q(place__assignee=None) | Q(place__assignee=person_id)
    waiting = Job.objects.filter(mine, decidable_by(workflow.pk, person_id), workflow=workflow, is_waiting=True)
    return with_terms(waiting, find_terms(workflow))


def _passed_on_to(person_id: int) -> Q:
    return Q(place__assignee=person_id, place__escalated_at__isnull=False)


def _describe(job: Job, workflow: Workflow, person_id: int, now: datetime) -> WaitingJob:
    place = getattr(job, "place", None)
    due: datetime | None = getattr(job, "due", None)
    return WaitingJob(
        number=job.number,
        external_id=" ".join(job.external_id.split())[:80],
        arrived_at=job.started_at,
        due_at=due,
        is_overdue=due is not None and due < now,
        is_passed_on=place is not None and place.assignee_id == person_id and place.escalated_at is not None,
        address=find_public_address(f"/workflows/{workflow.name}/review/{job.number}"),
    )


def _write_subject(work: Sequence[WaitingWork]) -> str:
    waiting, overdue = sum(one.waiting for one in work), sum(one.overdue for one in work)
    where = f" in {work[0].title}" if len(work) == 1 else ""
    return f"{_count(waiting)}{where}{f' ({overdue} overdue)' if overdue else ''}"


def _count(waiting: int) -> str:
    if waiting == 1:
        return "1 job waits for a decision"
    return f"{waiting}{' or more' if waiting >= COUNTED_AT_MOST else ''} jobs wait for a decision"


def _sentence(work: WaitingWork) -> str:
    overdue = f", {work.overdue} of them overdue" if work.overdue and work.waiting > 1 else ""
    said = f"{_count(work.waiting)}{', overdue' if work.overdue and work.waiting == 1 else overdue}."
    if not work.passed_on:
        return said
    was = "1 was" if work.passed_on == 1 else f"{work.passed_on} were"
    return f"{said} {was} passed on to you because nobody had decided in time."


def _when(job: WaitingJob) -> str:
    came = f"came in {job.arrived_at:%d %b %Y, %H:%M} UTC"
    if job.due_at is None:
        return came
    due = f"{came}, {'was due' if job.is_overdue else 'due'} {job.due_at:%d %b %Y, %H:%M} UTC"
    return f"{due}, passed on to you" if job.is_passed_on else due


def _as_text(work: WaitingWork) -> str:
    lines = [f"{work.title}: {_sentence(work)}", f"Decide them: {work.desk}"]
    lines += [f"- Job {job.number} ({job.external_id}), {_when(job)}: {job.address}" for job in work.first]
    return "\n".join(lines)


def _as_html(work: WaitingWork) -> SafeString:
    rows = ((job.address, job.number, job.external_id, _when(job)) for job in work.first)
    return format_html(
        '<h2 style="font-size:17px">{}</h2><p>{}</p><p><a href="{}" style="{}">Review</a></p><ul>{}</ul>',
        work.title,
        _sentence(work),
        work.desk,
        _BUTTON,
        format_html_join("", '<li><a href="{}">Job {}</a> ({}), {}</li>', rows),
    )
