"""Reads of the audit trail: what happened, newest first, a page at a time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import QuerySet

from teachback.json_types import JsonObject
from teachback_server.people.audit import SENTENCES, Act
from teachback_server.people.models import AuditEvent

ACTS_ON_A_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which acts somebody wants to see; an empty part narrows nothing."""

    person: str = ""  # the name of who acted, whatever its capitals
    act: Act | None = None
    day: date | None = None  # in UTC


@dataclass(frozen=True, kw_only=True)
class ActEntry:
    """One act as the trail shows it."""

    entry_id: int
    at: datetime
    who: str
    kind: str
    workflow_id: int | None
    subject: str
    before_subject: str  # the sentence in two halves, with the subject between them unless it names none
    after_subject: str
    names_subject: bool
    details: JsonObject

    @property
    def sentence(self) -> str:
        """What was done, without who did it."""
        return f"{self.before_subject}{self.subject if self.names_subject else ''}{self.after_subject}"


@dataclass(frozen=True, kw_only=True)
class TrailPage:
    """Some acts, the newest first, and where to go on."""

    entries: tuple[ActEntry, ...]
    older: int | None  # the `before` of the page behind this one; None on the last


def read_trail(wanted: Wanted, *, workflow_id: int | None = None, before: int | None = None) -> TrailPage:
    """The acts in one workflow, or in all of them and outside, that were noted before the one with the id `before`."""
    events = _narrow(AuditEvent.objects.order_by("-id"), wanted)
    if workflow_id is not None:
        events = events.filter(workflow_id=workflow_id)
    if before is not None:
        events = events.filter(id__lt=before)
    found = list(events[: ACTS_ON_A_PAGE + 1])
    shown = found[:ACTS_ON_A_PAGE]
    return TrailPage(
        entries=tuple(_entry(event) for event in shown), older=shown[-1].pk if len(found) > len(shown) else None
    )


def spell_act(act: Act) -> str:
    """A kind of act as a choice in a list: "put … live"."""
    return SENTENCES[act].format(subject="…")


def _narrow(events: QuerySet[AuditEvent], wanted: Wanted) -> QuerySet[AuditEvent]:
    if wanted.person:
        events = events.filter(actor_name__iexact=wanted.person)
    if wanted.act is not None:
        events = events.filter(kind=wanted.act.value)
    if wanted.day is not None:
        midnight = datetime.combine(wanted.day, time.min, UTC)
        events = events.filter(at__gte=midnight, at__lt=midnight + timedelta(days=1))
    return events


def _entry(event: AuditEvent) -> ActEntry:
    # An act that a later version made is shown by its id.
    sentence = SENTENCES[Act(event.kind)] if event.kind in set(Act) else f"{event.kind.replace('_', ' ')}: {{subject}}"
    before, placeholder, after = sentence.partition("{subject}")
    return ActEntry(
        entry_id=event.pk,
        at=event.at,
        who=event.actor_name,
        kind=event.kind,
        workflow_id=event.workflow_id,
        subject=event.subject,
        before_subject=before,
        after_subject=after,
        names_subject=bool(placeholder),
        details=event.details,
    )
