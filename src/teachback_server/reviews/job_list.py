"""The list of a workflow's jobs with their decisions: filtered in SQL, a page at a time, the newest first."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast

from teachback.json_types import Json, JsonObject
from teachback_server.jobs.models import Job
from teachback_server.jobs.shown_values import spell_value
from teachback_server.workflows.models import Workflow

JOBS_PER_PAGE = 50
TEXT_IS_SEARCHED_IN = 20_000  # jobs, the newest; further back only numbers and ids are looked up
_SUMMARY_LETTERS = 140
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Which jobs somebody wants to see. An empty field wants all."""

    status: str = ""
    routing: str = ""
    verdict: str = ""
    release: int | None = None
    is_waiting: bool = False
    text: str = ""  # a number, the beginning of an id, or words of the input
    hides_waiting_routes: bool = False  # for reviewers: why a job waits is not to be told apart before it is decided


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
class JobsPage:
    """A page of the list. `older` and `newer` are the numbers to go on from, None at the ends."""

    rows: tuple[JobRow, ...]
    older: int | None
    newer: int | None


def list_jobs(
    workflow: Workflow, wanted: JobFilter, *, before: int | None = None, after: int | None = None
) -> JobsPage:
    """Jobs with a number below `before` or above `after`, the newest first; without either, the newest of all."""
    jobs = _filter(Job.objects.filter(workflow=workflow), wanted, workflow)
    if after is not None:
        found = list(_rows(jobs.filter(number__gt=after).order_by("number")))
        rows, has_newer, has_older = found[:JOBS_PER_PAGE][::-1], len(found) > JOBS_PER_PAGE, True
    else:
        below = jobs if before is None else jobs.filter(number__lt=before)
        found = list(_rows(below.order_by("-number")))
        rows, has_newer, has_older = found[:JOBS_PER_PAGE], before is not None, len(found) > JOBS_PER_PAGE
    return JobsPage(
        rows=tuple(_describe(job) for job in rows),
        older=rows[-1].number if rows and has_older else None,
        newer=rows[0].number if rows and has_newer else None,
    )


def list_release_numbers(workflow: Workflow) -> list[int]:
    """The numbers of a workflow's releases, the newest first."""
    return list(workflow.releases.order_by("-number").values_list("number", flat=True))


def _rows(jobs: QuerySet[Job]) -> QuerySet[Job]:
    shown = jobs.select_related("release").defer("output", "draft", "release__document")
    return shown.annotate(verdict=F("review__verdict"))[: JOBS_PER_PAGE + 1]


def _filter(jobs: QuerySet[Job], wanted: JobFilter, workflow: Workflow) -> QuerySet[Job]:
    if wanted.status:
        jobs = jobs.filter(status=wanted.status)
    if wanted.routing:
        jobs = jobs.filter(routing=wanted.routing)
        if wanted.hides_waiting_routes:
            jobs = jobs.filter(is_waiting=False)
    if wanted.verdict:
        jobs = jobs.filter(review__verdict=wanted.verdict)
    if wanted.release is not None:
        jobs = jobs.filter(release__number=wanted.release)
    if wanted.is_waiting:
        jobs = jobs.filter(is_waiting=True)
    return _search(jobs, wanted.text.strip(), workflow) if wanted.text.strip() else jobs


def _search(jobs: QuerySet[Job], text: str, workflow: Workflow) -> QuerySet[Job]:
    newest = workflow.jobs.order_by("-number").values_list("number", flat=True).first() or 0
    spelled = json.dumps(text)[1:-1]  # as it stands in the stored JSON, where letters beyond ASCII are escaped
    matches = Q(external_id__gte=text, external_id__lt=text + _LAST_CHARACTER)
    matches |= Q(number__gt=newest - TEXT_IS_SEARCHED_IN, input_text__icontains=spelled)
    if text.isascii() and text.isdigit() and len(text) < 10:
        matches |= Q(number=int(text))
    return jobs.annotate(input_text=Cast("input", TextField())).filter(matches)


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
    """The input of a job in one short line: its longest text, or all of it where it has none."""
    texts = [text for text in _texts(value) if text.strip()]
    line = " ".join((max(texts, key=len) if texts else spell_value(value)).split())
    return line if len(line) <= _SUMMARY_LETTERS else f"{line[: _SUMMARY_LETTERS - 1]}…"


def _texts(value: Json) -> Sequence[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in _texts(inner)]
    return []
