"""Which jobs of a workflow somebody wants to see, and how to ask a database for them without reading the jobs.

What jobs are often narrowed by stands in one index, `job_list`, so that a million jobs are looked through in a tenth of
a second without opening one. What is in other tables or in the texts costs more for each job: then one question looks
at a stretch of jobs, its reach, and the page offers to look further.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.db import connection
from django.db.models import Avg, Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast, Length

from teachback_server.jobs.models import Job
from teachback_server.reviews.agreement.waiting import seconds_for
from teachback_server.reviews.models import Review
from teachback_server.workflows.models import Workflow

REACH_OF_FACTS = 1_000_000  # jobs that one question looks through, the newest first
REACH_OF_DECISIONS = 150_000
REACH_OF_ERRORS = 5_000
LONGEST_REACH_OF_WORDS = 50_000
_LETTERS_OF_WORDS = 25_000_000  # that one search reads, more or less
_SAMPLED_TEXTS = 50
_FEW_DECISIONS = 2_000
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Which jobs somebody wants to see. An empty field wants all."""

    status: str = ""
    routing: str = ""
    source: str = ""
    verdict: str = ""
    reason: str = ""  # code of the reason of the decision
    release: int | None = None
    from_day: date | None = None  # in UTC, as pages show times
    to_day: date | None = None  # the last day that counts
    is_waiting: bool = False
    has_error: bool = False  # it failed, or one of its steps did
    text: str = ""  # a number, the beginning of an id, or words of the input or output
    blind_person_id: int | None = None  # a reviewer, who must not see why jobs wait, nor decisions that they may repeat

    @property
    def is_narrowed(self) -> bool:
        """Whether it wants less than all."""
        return self != JobFilter(blind_person_id=self.blind_person_id)

    @property
    def asks_for_decision(self) -> bool:
        """Whether it matters what a person decided."""
        return bool(self.verdict or self.reason)


@dataclass(frozen=True, kw_only=True)
class Narrowed:
    """The jobs that a filter leaves, and how many jobs one question may look at to find them."""

    jobs: QuerySet[Job]
    reach: int


def narrow_jobs(workflow: Workflow, wanted: JobFilter) -> Narrowed:
    """The jobs of a workflow, which the caller may see, that are as wanted but for the errors of their steps."""
    jobs, reach = Job.objects.filter(workflow=workflow).filter(_facts(workflow, wanted)), REACH_OF_FACTS
    if wanted.asks_for_decision:
        reviews = Review.objects.filter(_decisions(workflow, wanted))
        few = list(reviews.order_by().values_list("job_id", flat=True)[: _FEW_DECISIONS + 1])
        if len(few) <= _FEW_DECISIONS:
            jobs = Job.objects.filter(_facts(workflow, wanted), pk__in=few)  # one by one, not by going through the list
        else:
            jobs, reach = jobs.filter(Exists(reviews.filter(job_id=OuterRef("pk")))), REACH_OF_DECISIONS
    if wanted.text:
        jobs, reach = _with_words(jobs, wanted.text), min(reach, _find_reach_of_words(workflow))
    if wanted.has_error:
        reach = min(reach, REACH_OF_ERRORS)
    return Narrowed(jobs=jobs, reach=reach)


def list_named(workflow: Workflow, wanted: JobFilter, *, most: int) -> Sequence[int]:
    """Ids in the database of the jobs, as wanted otherwise, whose number is the text or whose id begins with it."""
    jobs = Job.objects.filter(workflow=workflow)
    named = list(jobs.filter(_id_begins(wanted.text)).order_by("external_id").values_list("pk", flat=True)[:most])
    if wanted.text.isascii() and wanted.text.isdigit() and len(wanted.text) < 10:
        named += jobs.filter(number=int(wanted.text)).values_list("pk", flat=True)
    found = Job.objects.filter(_facts(workflow, wanted), pk__in=named)
    if wanted.asks_for_decision:
        found = found.filter(pk__in=Review.objects.filter(_decisions(workflow, wanted), job_id__in=named).values("job"))
    return list(found.order_by("-number").values_list("pk", flat=True))


def _facts(workflow: Workflow, wanted: JobFilter) -> Q:
    facts = Q()
    for name, value in (("status", wanted.status), ("routing", wanted.routing), ("source", wanted.source)):
        if value:
            facts &= Q(**{name: value})
    waits = Q(is_waiting=True)
    if wanted.blind_person_id is not None:
        waits |= Q(pk__in=seconds_for(workflow, wanted.blind_person_id).values("job_id"))
    if wanted.routing and wanted.blind_person_id is not None:
        facts &= ~waits
    if wanted.release is not None:
        facts &= Q(release__in=list(workflow.releases.filter(number=wanted.release).values_list("pk", flat=True)))
    if wanted.is_waiting:
        facts &= waits
    if wanted.from_day:
        facts &= Q(started_at__gte=datetime.combine(wanted.from_day, time.min, tzinfo=UTC))
    if wanted.to_day:
        facts &= Q(started_at__lte=datetime.combine(wanted.to_day, time.max, tzinfo=UTC))
    return facts


def _decisions(workflow: Workflow, wanted: JobFilter) -> Q:
    decisions = Q(workflow=workflow)
    if wanted.verdict:
        decisions &= Q(verdict=wanted.verdict)
    if wanted.reason:
        decisions &= Q(reason__in=list(workflow.reasons.filter(code=wanted.reason).values_list("pk", flat=True)))
    if wanted.blind_person_id is not None:
        decisions &= ~Q(job__in=seconds_for(workflow, wanted.blind_person_id).values("job_id"))
    return decisions


def _with_words(jobs: QuerySet[Job], text: str) -> QuerySet[Job]:
    spelled = _spell_as_stored(text)
    with_texts = jobs.annotate(input_text=Cast("input", TextField()), output_text=Cast("output", TextField()))
    return with_texts.filter(Q(input_text__icontains=spelled) | Q(output_text__icontains=spelled))


def _find_reach_of_words(workflow: Workflow) -> int:
    """So many jobs that a search reads a bounded amount of text, going by the length of the newest jobs."""
    newest = workflow.jobs.order_by("-number").annotate(letters=Length(Cast("input", TextField())))[:_SAMPLED_TEXTS]
    letters = newest.aggregate(middle=Avg("letters"))["middle"] or 1
    return max(_SAMPLED_TEXTS, min(LONGEST_REACH_OF_WORDS, int(_LETTERS_OF_WORDS / letters)))


def _spell_as_stored(text: str) -> str:
    """As a text stands within stored JSON: SQLite keeps ours, in plain ASCII; PostgreSQL has letters as they are."""
    return json.dumps(text, ensure_ascii=connection.vendor == "sqlite")[1:-1]


def _id_begins(text: str) -> Q:
    """SQLite's LIKE uses no index, and the order of letters in PostgreSQL may be that of a dictionary."""
    if connection.vendor == "sqlite":
        return Q(external_id__gte=text, external_id__lt=text + _LAST_CHARACTER)
    return Q(external_id__startswith=text)
