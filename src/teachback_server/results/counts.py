"""Counts the jobs, reviews and later words of a workflow: mostly from tallies, and what came since from the tables."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Exists, F, FloatField, IntegerField, OuterRef, Q, QuerySet, Sum, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Substr

from teachback.vocabulary import JobStatus, ReviewVerdict
from teachback_server.jobs.actions import JobSource
from teachback_server.jobs.models import Job, Outcome
from teachback_server.results.measures import Counts, DecidedJobs, EndedJobs, GivenReason
from teachback_server.results.models import JobTally, OutcomeTally, ReasonTally, ReviewTally, TallyCursor
from teachback_server.reviews.models import ReasonMove, Review
from teachback_server.reviews.reasons import find_counted_as
from teachback_server.workflows.models import Workflow

TALLIED_SLICE_JOBS = 250

# One row per way to end, in this order: slice, release, month, status, routing, probability, jobs, tokens, cost.
EndedRow = tuple[int, int, str, str, str, float, int, int, float]
# The same, and then verdict, jobs, seconds, timed.
DecidedRow = tuple[int, int, str, str, str, float, str, int, float, int]
# Status, routing, probability, reason, jobs.
ReasonRow = tuple[str, str, float, str, int]
# Routing, used or not, jobs, worth.
OutcomeRow = tuple[str, bool, int, float]

_ZERO, _NOTHING = Value(0), Value(0.0)


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """Up to which rows the tallies have read; zeros: the tables are read from their beginning."""

    job_id: int = 0
    review_id: int = 0
    outcome_id: int = 0


@dataclass(frozen=True, kw_only=True)
class UseCount:
    """Jobs of one routing of which the next step said last that they were used, or not."""

    routing: str
    is_used: bool
    jobs: int
    worth_usd: float


def find_horizon(workflow: Workflow) -> Horizon:
    """Up to where the tallies of a workflow have read."""
    cursor = TallyCursor.objects.filter(workflow=workflow).first()
    if cursor is None:
        return Horizon()
    return Horizon(job_id=cursor.last_job_id, review_id=cursor.last_review_id, outcome_id=cursor.last_outcome_id)


def count_work(workflow: Workflow, slice_jobs: int) -> Counts:
    """Count all jobs that have ended and all decisions, in slices of so many jobs.

    Tallies are used where the slices are made of whole tallied ones; finer slices read the tables from the beginning.
    """
    is_tallied = slice_jobs % TALLIED_SLICE_JOBS == 0
    horizon = find_horizon(workflow) if is_tallied else Horizon()
    width = slice_jobs // TALLIED_SLICE_JOBS
    ended = list(group_jobs(workflow.jobs.filter(pk__gt=horizon.job_id), slice_jobs))
    decided = list(group_reviews(workflow.reviews.filter(pk__gt=horizon.review_id), slice_jobs))
    if horizon.job_id:
        ended += _read_job_tallies(workflow, horizon, width)
    if horizon.review_id:
        decided += _read_review_tallies(workflow, horizon, width)
    return _as_counts(ended, decided, slice_jobs)


def count_stretch(workflow: Workflow, first_job: int, last_job: int, *, is_imported: bool = False) -> Counts:
    """Count the jobs with these numbers, both ends included, and the decisions on them; for a few thousand jobs.

    Counted are jobs that were done here or by an agent that reports to us; with `is_imported` those that were not.
    """
    numbers = (first_job, last_job)
    width = max(last_job, 1)
    is_wanted = Q(source=JobSource.IMPORT) if is_imported else ~Q(source=JobSource.IMPORT)
    is_wanted_too = Q(job__source=JobSource.IMPORT) if is_imported else ~Q(job__source=JobSource.IMPORT)
    reviews = Review.objects.filter(job__workflow=workflow, job__number__range=numbers)  # led by the index of jobs
    return _as_counts(
        list(group_jobs(workflow.jobs.filter(is_wanted, number__range=numbers), width)),
        list(group_reviews(reviews.filter(is_wanted_too), width)),
        width,
    )


def count_reasons(workflow: Workflow) -> tuple[GivenReason, ...]:
    """Count the reasons that people gave for not accepting a job, each as what it counts as now."""
    horizon = find_horizon(workflow)
    rows: list[ReasonRow] = list(group_reasons(workflow.reviews.filter(pk__gt=horizon.review_id)))
    if horizon.review_id:
        rows += (
            ReasonTally.objects.filter(workflow=workflow, until_id__lte=horizon.review_id)
            .values_list("status", "routing", "probability", "reason_code")
            .annotate(total=Sum("jobs"))
            .order_by()
        )
    counted_as = find_counted_as(workflow)
    sums: dict[tuple[str, str, float, str], int] = defaultdict(int)
    for status, routing, probability, code, jobs in [*rows, *_list_moves(workflow)]:
        sums[status, routing, probability, counted_as.get(code, code)] += jobs
    return tuple(
        GivenReason(status=status, routing=routing, probability=probability, code=code, jobs=jobs)
        for (status, routing, probability, code), jobs in sums.items()
        if jobs
    )


def _list_moves(workflow: Workflow) -> Iterator[ReasonRow]:
    """Decisions that are counted under another reason than they were given: one fewer there, one more here."""
    moves = ReasonMove.objects.filter(review__workflow=workflow).values_list(
        "review__job__status",
        "review__job__routing",
        "review__job__review_probability",
        "review__reason__code",
        "reason__code",
    )
    for status, routing, probability, given, counted in moves:
        yield status, routing, probability or 1.0, given or "", -1
        yield status, routing, probability or 1.0, counted, 1


def count_uses(workflow: Workflow) -> tuple[UseCount, ...]:
    """Count the jobs that were used, and those that were not, by the newest word about each."""
    horizon = find_horizon(workflow)
    tallied = OutcomeTally.objects.filter(workflow=workflow, until_id__lte=horizon.outcome_id)
    rows: list[OutcomeRow] = list(
        tallied.values_list("routing", "is_used").annotate(total=Sum("jobs"), worth=Sum("worth_usd")).order_by()
    )
    sums: dict[tuple[str, bool], tuple[int, float]] = {}
    for routing, is_used, jobs, worth in [*rows, *outcome_changes(workflow, horizon.outcome_id)]:
        before = sums.get((routing, is_used), (0, 0.0))
        sums[routing, is_used] = (before[0] + jobs, before[1] + worth)
    return tuple(
        UseCount(routing=routing, is_used=is_used, jobs=jobs, worth_usd=worth)
        for (routing, is_used), (jobs, worth) in sorted(sums.items())
        if jobs
    )


def group_jobs(jobs: QuerySet[Job], slice_jobs: int) -> QuerySet[Job, EndedRow]:
    """Count jobs that have ended, by slice of their number and by how they ended."""
    return (
        jobs.exclude(status=JobStatus.RUNNING)
        .annotate(in_slice=_slice_of("number", slice_jobs), in_month=_month_of("finished_at"))
        .values_list("in_slice", "release_id", "in_month", "status", "routing", "review_probability")
        .annotate(
            total=Count("pk"),
            all_tokens=Coalesce(Sum("tokens"), _ZERO),
            all_usd=Coalesce(Sum("cost_usd"), _NOTHING),
        )
        .order_by()
    )


def group_reviews(reviews: QuerySet[Review], slice_jobs: int) -> QuerySet[Review, DecidedRow]:
    """Count decisions, by slice of the job's number, by how the job ended and by what was decided."""
    return (
        reviews.annotate(in_slice=_slice_of("job__number", slice_jobs), in_month=_month_of("job__finished_at"))
        .values_list(
            "in_slice",
            "job__release_id",
            "in_month",
            "job__status",
            "job__routing",
            "job__review_probability",
            "verdict",
        )
        .annotate(
            total=Count("pk"),
            all_seconds=Coalesce(Sum("seconds"), _NOTHING, output_field=FloatField()),
            timed=Count("seconds"),
        )
        .order_by()
    )


def group_reasons(reviews: QuerySet[Review]) -> QuerySet[Review, ReasonRow]:
    """Count the reasons of decisions that did not accept a job, by how the job ended."""
    return (
        reviews.filter(reason__isnull=False)
        .exclude(verdict=ReviewVerdict.ACCEPTED)
        .values_list("job__status", "job__routing", "job__review_probability", "reason__code")
        .annotate(total=Count("pk"))
        .order_by()
    )


def outcome_changes(workflow: Workflow, after_id: int, until_id: int | None = None) -> list[OutcomeRow]:
    """By how much later words after one id changed the counts: new words add, the words that they replace subtract."""
    new = Outcome.objects.filter(pk__gt=after_id)
    if until_id is not None:
        new = new.filter(pk__lte=until_id)
    added = _group_newest(workflow, new)
    if not after_id or not added:
        return added
    before = Outcome.objects.filter(pk__lte=after_id)
    replaced = _group_newest(workflow, before, about_jobs_of=new)
    return added + [(routing, is_used, -jobs, -worth) for routing, is_used, jobs, worth in replaced]


def _group_newest(
    workflow: Workflow, words: QuerySet[Outcome], about_jobs_of: QuerySet[Outcome] | None = None
) -> list[OutcomeRow]:
    """Count the words of a workflow after which none of `words` came about the same job."""
    newest = words.filter(~Exists(words.filter(job_id=OuterRef("job_id"), pk__gt=OuterRef("pk"))))
    if about_jobs_of is not None:
        newest = newest.filter(job_id__in=about_jobs_of.values("job_id"))
    # An outcome knows no workflow. The sum keeps SQLite from going through all jobs of the workflow to find its words.
    return list(
        newest.annotate(of_workflow=F("job__workflow_id") + 0)
        .filter(of_workflow=workflow.pk)
        .values_list("job__routing", "is_used")
        .annotate(total=Count("pk"), worth=Coalesce(Sum("worth_usd"), _NOTHING, output_field=FloatField()))
        .order_by()
    )


def _read_job_tallies(workflow: Workflow, horizon: Horizon, width: int) -> list[EndedRow]:
    return list(
        JobTally.objects.filter(workflow=workflow, until_id__lte=horizon.job_id)
        .annotate(in_slice=_whole_part(F("slice"), width))
        .values_list("in_slice", "release_id", "month", "status", "routing", "probability")
        .annotate(total=Sum("jobs"), all_tokens=Sum("tokens"), all_usd=Sum("cost_usd"))
        .order_by()
    )


def _read_review_tallies(workflow: Workflow, horizon: Horizon, width: int) -> list[DecidedRow]:
    return list(
        ReviewTally.objects.filter(workflow=workflow, until_id__lte=horizon.review_id)
        .annotate(in_slice=_whole_part(F("slice"), width))
        .values_list("in_slice", "release_id", "month", "status", "routing", "probability", "verdict")
        .annotate(total=Sum("jobs"), all_seconds=Sum("seconds"), all_timed=Sum("timed"))
        .order_by()
    )


def _slice_of(number: str, slice_jobs: int) -> Combinable:
    return _whole_part(F(number) - 1, slice_jobs)


def _whole_part(value: Combinable, divisor: int) -> Combinable:
    """Both databases divide two whole numbers without a rest."""
    return Cast(value, IntegerField()) / Value(divisor)


def _month_of(moment: str) -> Combinable:
    """The first seven characters of the time as both databases spell it, which is far quicker than a calendar."""
    return Substr(Cast(moment, TextField()), 1, 7)


def _as_counts(ended: list[EndedRow], decided: list[DecidedRow], slice_jobs: int) -> Counts:
    return Counts(
        ended=[
            EndedJobs(
                first_job=in_slice * slice_jobs + 1,
                release_id=release_id,
                month=month,
                status=status,
                routing=routing,
                probability=probability,
                jobs=jobs,
                tokens=tokens,
                cost_usd=cost_usd,
            )
            for in_slice, release_id, month, status, routing, probability, jobs, tokens, cost_usd in ended
        ],
        decided=[
            DecidedJobs(
                first_job=row[0] * slice_jobs + 1,
                release_id=row[1],
                month=row[2],
                status=row[3],
                routing=row[4],
                probability=row[5],
                verdict=row[6],
                jobs=row[7],
                seconds=row[8],
                timed=row[9],
            )
            for row in decided
        ],
    )
