"""Reads how the intake of traces is doing: what waits, what came, and what could not be taken, cut or understood."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet, Sum

from teachback_server.jobs.intake.tallies import TallyKind
from teachback_server.jobs.models import IntakeTally, QuarantinedSpan, TraceRequest
from teachback_server.workflows.models import Workflow

MOST_NAMES = 30
SPANS_PER_PAGE = 50
COUNTED_AT_MOST = 1000
_SOON = timedelta(seconds=10)  # a request that has waited no longer is nobody's worry
_LATE = timedelta(seconds=120)
_Row = TypeVar("_Row", bound=Model)


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """What came within a time."""

    since_at: datetime
    requests: int
    spans: int
    refused: int
    cut: int


@dataclass(frozen=True, kw_only=True)
class NamedCount:
    """How often something happened."""

    name: str
    count: int


@dataclass(frozen=True, kw_only=True)
class IntakeHealth:
    """How the intake is doing, for the whole installation or for one workflow."""

    lag: timedelta  # the age of the oldest request that is not digested
    waiting: int  # requests that are not digested, up to COUNTED_AT_MOST
    last_received_at: datetime | None
    hour: Arrivals  # since the last full hour but one, as counts are kept by the hour
    day: Arrivals
    refused: tuple[NamedCount, ...]  # spans of the day, by the reason
    unread: tuple[NamedCount, ...]  # attributes of the last week that may carry messages and that nothing reads
    quarantined: int  # spans, up to COUNTED_AT_MOST

    @property
    def is_late(self) -> bool:
        """Whether what came has waited so long that something must be wrong."""
        return self.lag > _LATE

    @property
    def is_behind(self) -> bool:
        """Whether what came waits longer than usual."""
        return self.lag > _SOON

    @property
    def lag_seconds(self) -> float:
        """The lag as a number."""
        return self.lag.total_seconds()

    @property
    def arrivals(self) -> tuple[Arrivals, Arrivals]:
        """What came lately and in the last day."""
        return (self.hour, self.day)

    @property
    def waiting_words(self) -> str:
        """How many requests wait, as far as they are counted."""
        return f"{COUNTED_AT_MOST - 1}+" if self.waiting >= COUNTED_AT_MOST else str(self.waiting)

    @property
    def quarantined_words(self) -> str:
        """How many spans are in quarantine, as far as they are counted."""
        if self.quarantined >= COUNTED_AT_MOST:
            return f"{COUNTED_AT_MOST - 1}+ spans"
        return "1 span" if self.quarantined == 1 else f"{self.quarantined} spans"


@dataclass(frozen=True, kw_only=True)
class QuarantinedFacts:
    """A span that could not be taken or read."""

    name: str
    reason: str
    sample: str  # the beginning of what came
    at: datetime
    request_id: int
    position: int
    workflow_title: str  # empty: it is of no workflow


@dataclass(frozen=True, kw_only=True)
class QuarantinePage:
    """Spans that could not be taken or read, the newest first. `older` is the id to go on from, None at the end."""

    rows: tuple[QuarantinedFacts, ...]
    older: int | None


def read_health(now: datetime, *, workflow_id: int | None = None) -> IntakeHealth:
    """How the intake is doing: of one workflow that the caller may see, or, without one, of the installation."""
    requests = _of(workflow_id, TraceRequest.objects.all())
    waiting = requests.filter(digested_at=None)
    oldest = waiting.order_by("pk").values_list("received_at", flat=True).first()
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    return IntakeHealth(
        lag=max(timedelta(0), now - oldest) if oldest else timedelta(0),
        waiting=waiting[:COUNTED_AT_MOST].count(),
        last_received_at=requests.order_by("-pk").values_list("received_at", flat=True).first(),
        hour=_count_since(this_hour - timedelta(hours=1), workflow_id),
        day=_count_since(this_hour - timedelta(hours=23), workflow_id),
        refused=list_names(TallyKind.REFUSED, this_hour - timedelta(hours=23), workflow_id=workflow_id),
        unread=list_names(TallyKind.UNREAD, this_hour - timedelta(days=7), workflow_id=workflow_id),
        quarantined=_of(workflow_id, QuarantinedSpan.objects.all())[:COUNTED_AT_MOST].count(),
    )


def list_names(
    kind: TallyKind, since_at: datetime, *, workflow_id: int | None = None, most: int = MOST_NAMES
) -> tuple[NamedCount, ...]:
    """What one kind of tally was counted of since a time, the most frequent first."""
    tallies = _of(workflow_id, IntakeTally.objects.filter(kind=kind, hour__gte=since_at))
    sums = tallies.values_list("name").annotate(total=Sum("count")).order_by("-total", "name")[:most]
    return tuple(NamedCount(name=name, count=total) for name, total in sums)


def list_quarantined(*, workflow_id: int | None = None, before: int | None = None) -> QuarantinePage:
    """Spans in quarantine with an id below `before`, of a workflow or of all."""
    spans = _of(workflow_id, QuarantinedSpan.objects.all()).order_by("-pk")
    found = list((spans if before is None else spans.filter(pk__lt=before))[: SPANS_PER_PAGE + 1])
    shown = found[:SPANS_PER_PAGE]
    titles = dict(Workflow.objects.filter(pk__in={span.workflow_id for span in shown}).values_list("pk", "title"))
    rows = tuple(_describe(span, titles.get(span.workflow_id, "")) for span in shown)
    return QuarantinePage(rows=rows, older=shown[-1].pk if len(found) > SPANS_PER_PAGE else None)


def _describe(span: QuarantinedSpan, workflow_title: str) -> QuarantinedFacts:
    return QuarantinedFacts(
        name=span.name,
        reason=span.reason,
        sample=span.sample,
        at=span.at,
        request_id=span.request_id,
        position=span.position,
        workflow_title=workflow_title,
    )


def _count_since(since_at: datetime, workflow_id: int | None) -> Arrivals:
    tallies = _of(workflow_id, IntakeTally.objects.filter(hour__gte=since_at))
    sums: dict[str, int] = dict(tallies.values_list("kind").annotate(total=Sum("count")).order_by())
    return Arrivals(
        since_at=since_at,
        requests=sums.get(TallyKind.REQUESTS, 0),
        spans=sums.get(TallyKind.SPANS, 0),
        refused=sums.get(TallyKind.REFUSED, 0),
        cut=sums.get(TallyKind.CUT, 0),
    )


def _of(workflow_id: int | None, rows: QuerySet[_Row]) -> QuerySet[_Row]:
    return rows if workflow_id is None else rows.filter(workflow_id=workflow_id)
