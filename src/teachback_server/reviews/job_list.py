"""The list of a workflow's jobs with their decisions: a page at a time, the newest first, however many there are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from django.db.models import F, QuerySet

from teachback.json_types import Json, JsonObject
from teachback.vocabulary import JobStatus
from teachback_server.jobs.models import Job
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.jobs.shown_values import spell_value
from teachback_server.reviews.agreement.waiting import seconds_for
from teachback_server.reviews.job_filter import JobFilter, Narrowed, list_named, narrow_jobs
from teachback_server.workflows.models import Workflow

JOBS_PER_PAGE = 50
FOUND_AT_MOST = 1000  # beyond this they are not counted
_SUMMARY_LETTERS = 140
_TRACES_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """One job in the list."""

    number: int
    external_id: str
    arrived_at: datetime
    status: str
    routing: str
    verdict: str  # empty while nobody has decided
    is_waiting: bool
    release_number: int
    summary: str


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Jobs by their numbers, both ends included."""

    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class JobsPage:
    """A page of the list. `older` and `newer` are the numbers to go on from, None at the ends."""

    rows: tuple[JobRow, ...]
    older: int | None
    newer: int | None
    found: int  # on this page and beyond it within `looked_at`, up to FOUND_AT_MOST
    looked_at: Stretch | None = None  # where it was not looked through to the end of the list: how far
    named: tuple[JobRow, ...] = ()  # whose number or id was asked for, wherever they are in the list

    @property
    def has_more_than_counted(self) -> bool:
        """Whether there are more than `found` says."""
        return self.found >= FOUND_AT_MOST


def list_jobs(
    workflow: Workflow, wanted: JobFilter, *, before: int | None = None, after: int | None = None
) -> JobsPage:
    """Jobs with a number below `before` or above `after`, the newest first; without either, the newest of all."""
    newest = workflow.jobs.order_by("-number").values_list("number", flat=True).first() or 0
    narrowed = narrow_jobs(workflow, wanted)
    if after is not None:
        page = _find_page_after(narrowed, wanted, after, newest)
    elif before is not None:
        page = replace(_find_page_before(narrowed, wanted, min(before - 1, newest)), newer=before - 1)
    else:
        page = _find_page_before(narrowed, wanted, newest)
    is_first = page.newer is None
    named = list_named(workflow, wanted, most=JOBS_PER_PAGE) if wanted.text and is_first else []
    return _hide_decisions(workflow, wanted, replace(page, named=_read_rows(named)))


def _hide_decisions(workflow: Workflow, wanted: JobFilter, page: JobsPage) -> JobsPage:
    """For somebody who may have to decide some of these jobs again, blind: those look as if nobody had decided them."""
    if wanted.blind_person_id is None:
        return page
    numbers = [row.number for row in (*page.rows, *page.named)]
    again = seconds_for(workflow, wanted.blind_person_id).filter(job__number__in=numbers)
    hidden = set(again.values_list("job__number", flat=True))
    rows, named = (
        tuple(replace(row, verdict="", is_waiting=True) if row.number in hidden else row for row in shown)
        for shown in (page.rows, page.named)
    )
    return replace(page, rows=rows, named=named)


def _find_page_before(
    narrowed: Narrowed, wanted: JobFilter, last: int, *, known: Sequence[tuple[int, int]] = (), below: int | None = None
) -> JobsPage:
    """The page from a number down; where those above `below` are known already, only the others are looked for."""
    stretch = Stretch(first=max(1, last - narrowed.reach + 1), last=last)
    unknown = stretch if below is None else replace(stretch, last=below)
    others = _find(narrowed.jobs.order_by("-number"), wanted, unknown, most=FOUND_AT_MOST - len(known))
    found = [*known, *others]
    shown, is_full = found[:JOBS_PER_PAGE], len(found) > JOBS_PER_PAGE
    is_cut = stretch.first > 1
    return JobsPage(
        rows=_read_rows([job_id for job_id, _ in shown]),
        older=shown[-1][1] if is_full else stretch.first if is_cut else None,
        newer=None,
        found=len(found),
        looked_at=stretch if is_cut and not is_full else None,
    )


def _find_page_after(narrowed: Narrowed, wanted: JobFilter, after: int, newest: int) -> JobsPage:
    """The page above a number; where nothing is left above it, it is filled up to be the first page."""
    stretch = Stretch(first=after + 1, last=min(newest, after + narrowed.reach))
    found = _find(narrowed.jobs.order_by("number"), wanted, stretch, most=JOBS_PER_PAGE + 1)
    shown, is_full = found[:JOBS_PER_PAGE][::-1], len(found) > JOBS_PER_PAGE
    if not is_full and stretch.last >= newest:
        return _find_page_before(narrowed, wanted, newest, known=shown, below=after)
    return JobsPage(
        rows=_read_rows([job_id for job_id, _ in shown]),
        older=after + 1,
        newer=shown[0][1] if is_full else stretch.last,
        found=len(found),
        looked_at=None if is_full else stretch,
    )


def _find(jobs: QuerySet[Job], wanted: JobFilter, stretch: Stretch, *, most: int) -> list[tuple[int, int]]:
    """The ids in the database and the numbers of the jobs in a stretch, in the order of the query, at most so many."""
    here = jobs.filter(number__gte=stretch.first, number__lte=stretch.last)
    if wanted.has_error:
        return list(islice(_with_errors(here), JOBS_PER_PAGE + 1))
    return list(here.values_list("pk", "number")[:most])


def _with_errors(jobs: QuerySet[Job]) -> Iterator[tuple[int, int]]:
    """Those that failed, or a step of which did; the steps are in another store, so it is asked for many at once."""
    store = open_trace_store()
    candidates = jobs.values_list("pk", "number", "status", "workflow_id", "trace_id").iterator(_TRACES_AT_ONCE)
    while batch := list(islice(candidates, _TRACES_AT_ONCE)):
        sums = store.sum_traces(batch[0][3], [row[4] for row in batch if row[4]])
        troubled = {sum_of.trace_id for sum_of in sums if sum_of.errors}
        yield from ((row[0], row[1]) for row in batch if row[2] == JobStatus.FAILED or row[4] in troubled)


def _read_rows(job_ids: Sequence[int]) -> tuple[JobRow, ...]:
    """Jobs by their ids in the database, the newest first."""
    jobs = Job.objects.filter(pk__in=job_ids).select_related("release").defer("output", "draft", "release__document")
    return tuple(_describe(job) for job in jobs.annotate(verdict=F("review__verdict")).order_by("-number"))


def list_release_numbers(workflow: Workflow) -> list[int]:
    """The numbers of a workflow's releases, the newest first."""
    return list(workflow.releases.order_by("-number").values_list("number", flat=True))


def _describe(job: Job) -> JobRow:
    return JobRow(
        number=job.number,
        external_id=job.external_id,
        arrived_at=job.started_at,
        status=job.status,
        routing=job.routing,
        verdict=getattr(job, "verdict", None) or "",
        is_waiting=job.is_waiting,
        release_number=job.release.number,
        summary=summarise(job.input),
    )


def summarise(value: JsonObject) -> str:
    """The input of a job in one short line: its longest text, else all of it; empty where nothing came in."""
    if not value:
        return ""
    texts = [text for text in _texts(value) if text.strip()]
    line = " ".join((max(texts, key=len) if texts else spell_value(value)).split())
    return line if len(line) <= _SUMMARY_LETTERS else f"{line[: _SUMMARY_LETTERS - 1]}…"


def _texts(value: Json) -> Sequence[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in _texts(inner)]
    return []
