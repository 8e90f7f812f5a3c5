"""Reads of results: everything that the Results page and its JSON twin show of one workflow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median

from django.db.models import Max
from django.utils import timezone

from teachback_server.evals.models import Gate
from teachback_server.improvements.evidence import list_family
from teachback_server.releases.actions import ReleaseEventKind
from teachback_server.releases.models import LiveRelease, Release, ReleaseEvent
from teachback_server.results.claims import Account, GateFacts, ReleaseFacts, draw_account, read_claim
from teachback_server.results.counts import UseCount, count_reasons, count_stretch, count_uses, count_work
from teachback_server.results.curve import CurvePart, Stretch, choose_slice_jobs, draw_curve
from teachback_server.results.imported import ImportedJobs, find_imported
from teachback_server.results.measures import (
    Counts,
    Flow,
    Rates,
    ReasonShare,
    count_without_result,
    measure_flow,
    measure_overridden,
    measure_rates,
    measure_reasons,
    measure_skipped,
    measure_unwaited_error,
)
from teachback_server.results.phrases import spell_count, spell_jobs, spell_numbers
from teachback_server.reviews.models import Review
from teachback_server.statistics.selection import RateEstimate
from teachback_server.workflows.models import Workflow

CURRENT_JOBS = 2000  # of what is live, at most
RECENT_JOBS = 250
FEWEST_CURRENT_JOBS = 25
FIRST_JOBS = 100
TIMED_DECISIONS = 500
_LIVE_KINDS = (ReleaseEventKind.WENT_LIVE, ReleaseEventKind.ROLLED_BACK)


@dataclass(frozen=True, kw_only=True)
class Period:
    """A stretch of work with its rates. Periods hold different jobs, so comparing them proves nothing by itself."""

    label: str
    note: str  # which jobs these are
    rates: Rates

    @property
    def evidence(self) -> str:
        """How much of it people looked at: "250 jobs, 180 of 240 finished ones reviewed"."""
        rates = self.rates
        if rates.reviewed == rates.finished:
            return f"{spell_jobs(rates.jobs)}, all reviewed" if rates.finished else spell_jobs(rates.jobs)
        of_finished = f"{spell_count(rates.reviewed)} of {spell_count(rates.finished)}"
        return f"{spell_jobs(rates.jobs)}, {of_finished} finished ones reviewed"


@dataclass(frozen=True, kw_only=True)
class Current(Period):
    """The jobs that say how the work goes now, and what else is known of them."""

    handed_back: int  # or failed
    overridden: RateEstimate  # of finished outputs, the share that people changed or rejected


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What the work cost: people's time as far as it was measured, the agent's tokens and money."""

    jobs: int
    decisions: int
    timed: int  # decisions of which the seconds are known
    median_seconds: float | None  # of the newest timed ones, at most 500
    total_seconds: float
    tokens: int
    cost_usd: float
    worth_usd: float  # as far as the next step said

    @property
    def cost_per_job_usd(self) -> float:
        """What the agent cost for each job that has ended."""
        return self.cost_usd / self.jobs if self.jobs else 0.0


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One reason with the words that the workflow has for it."""

    label: str
    measured: ReasonShare


@dataclass(frozen=True, kw_only=True)
class Results:
    """The whole Results page of one workflow."""

    workflow: str
    title: str
    jobs: int  # that have ended
    current: Current
    skipped: RateEstimate  # of the newest RECENT_JOBS jobs, the share that did not wait for a person
    everything: Period
    periods: tuple[Period, ...]  # in the order of time: after 100 jobs, after 1,000, this month
    unwaited_error: RateEstimate  # among all jobs that did not wait, from their audits
    imported: ImportedJobs
    slice_jobs: int
    curve: tuple[CurvePart, ...]
    reasons: tuple[Reason, ...]
    flow: Flow
    uses: tuple[UseCount, ...]
    effort: Effort
    account: Account


def read_results(workflow: Workflow, *, today: date | None = None) -> Results:
    """Everything that the Results page shows; `today` decides which month is this one."""
    jobs = last_job_number(workflow)
    slice_jobs = choose_slice_jobs(jobs)
    counts = count_work(workflow, slice_jobs)
    stretches = list_stretches(workflow)
    recent = count_stretch(workflow, max(1, jobs - RECENT_JOBS + 1), jobs)
    uses = count_uses(workflow)
    imported = find_imported(workflow)
    return Results(
        workflow=workflow.name,
        title=workflow.title,
        jobs=sum(group.jobs for group in counts.ended),
        current=_describe_current(workflow, find_current_stretch(workflow, stretches, jobs, imported)),
        skipped=measure_skipped(recent),
        everything=Period(label="All jobs", note=_describe_all(jobs, imported), rates=measure_rates(counts)),
        periods=(
            *_describe_imported(workflow, imported),
            *_list_periods(workflow, jobs, imported.leading),
            *_newest_month(counts, today or timezone.now().date()),
            *_describe_recent(recent, jobs),
        ),
        unwaited_error=measure_unwaited_error(counts),
        imported=imported,
        slice_jobs=slice_jobs,
        curve=draw_curve(counts, stretches, slice_jobs),
        reasons=_list_reasons(workflow, counts),
        flow=measure_flow(counts),
        uses=uses,
        effort=_measure_effort(workflow, counts, uses),
        account=read_account(workflow),
    )


def last_job_number(workflow: Workflow) -> int:
    """The number of the newest job; 0 where there is none."""
    return workflow.jobs.aggregate(last=Max("number"))["last"] or 0


def list_stretches(workflow: Workflow) -> tuple[Stretch, ...]:
    """The stretches of jobs under one release each, in the order of time; those without any job are left out."""
    events = list(
        ReleaseEvent.objects.filter(workflow=workflow, kind__in=_LIVE_KINDS).select_related("release").order_by("pk")
    )
    ends = [later.from_job - 1 for _, later in pairwise(events)]
    return tuple(
        Stretch(
            release_id=event.release_id,
            release_number=event.release.number,
            change=event.release.change,
            is_return=event.kind == ReleaseEventKind.ROLLED_BACK,
            from_job=event.from_job,
            until_job=end,
        )
        for event, end in zip(events, [*ends, None], strict=True)
        if end is None or end >= event.from_job
    )


def read_account(workflow: Workflow) -> Account:
    """What the gates of a workflow have claimed, and whether the live release is proven better than the first."""
    live_id = LiveRelease.objects.get(workflow=workflow).release_id
    rows = Release.objects.filter(workflow=workflow).order_by("number").values_list("pk", "number", "parent_id")
    releases = {pk: ReleaseFacts(number=number, parent_id=parent_id) for pk, number, parent_id in rows}
    return draw_account(_list_gates(workflow, releases), releases, first_id=next(iter(releases)), live_id=live_id)


def _list_gates(workflow: Workflow, releases: Mapping[int, ReleaseFacts]) -> list[GateFacts]:
    id_of = {release.number: pk for pk, release in releases.items()}
    gates = list(Gate.objects.filter(workflow=workflow).exclude(lever="approval").order_by("pk"))
    strengthened = {claim["number"]: claim for gate in gates for claim in gate.report.get("strengthened", ())}
    return [
        GateFacts(
            candidate_id=gate.candidate_id,
            sentence=gate.report["sentence"],
            claims=tuple(read_claim(strengthened.get(claim["number"], claim)) for claim in gate.report["claims"]),
            # A gate without a case compares, and makes no claim.
            compared_with=[id_of[number] for number in gate.report["compared_with"]][: len(gate.report["claims"])],
        )
        for gate in gates
    ]


@dataclass(frozen=True, kw_only=True)
class CurrentStretch:
    """Which jobs say how the work goes now."""

    label: str
    first_job: int
    last_job: int


def find_current_stretch(
    workflow: Workflow, stretches: Sequence[Stretch], jobs: int, imported: ImportedJobs
) -> CurrentStretch:
    """The jobs done by what is live, at most 2,000 of them; the newest 250 where it has done fewer than 25.

    Releases that differ in approval alone do the same work, so they are one here. Imported jobs are nobody's here.
    """
    family = set(list_family(LiveRelease.objects.select_related("release").get(workflow=workflow).release))
    start = jobs + 1
    for stretch in reversed(stretches):
        if stretch.release_id not in family:
            break
        start = stretch.from_job
    first_own = imported.leading + 1
    start = max(first_own, start, jobs - CURRENT_JOBS + 1)
    if jobs - start + 1 < FEWEST_CURRENT_JOBS and start > first_own:
        first = max(first_own, jobs - RECENT_JOBS + 1)
        label = f"The last {spell_jobs(jobs - first + 1)}, as what is live has only begun"
        return CurrentStretch(label=label, first_job=first, last_job=jobs)
    return CurrentStretch(label="Under what is live now", first_job=start, last_job=jobs)


def _describe_current(workflow: Workflow, stretch: CurrentStretch) -> Current:
    counts = count_stretch(workflow, stretch.first_job, stretch.last_job)
    return Current(
        label=stretch.label,
        note=spell_numbers(stretch.first_job, stretch.last_job),
        rates=measure_rates(counts),
        handed_back=count_without_result(counts),
        overridden=measure_overridden(counts),
    )


def _describe_all(jobs: int, imported: ImportedJobs) -> str:
    note = spell_numbers(1, jobs)
    return f"{note}, {spell_count(imported.jobs)} of them imported" if imported.jobs else note


def _describe_imported(workflow: Workflow, imported: ImportedJobs) -> tuple[Period, ...]:
    if not imported.jobs:
        return ()
    first = max(imported.first_job, imported.last_job - RECENT_JOBS + 1)
    newest = count_stretch(workflow, first, imported.last_job, is_imported=True)
    rates = measure_rates(newest)
    note = f"done by somebody else; the newest {spell_count(rates.jobs)} of {spell_count(imported.jobs)}"
    return (Period(label="Imported", note=note, rates=rates),)


def _describe_recent(recent: Counts, jobs: int) -> tuple[Period, ...]:
    rates = measure_rates(recent)
    if not rates.jobs:
        return ()
    first = max(1, jobs - RECENT_JOBS + 1)
    return (Period(label=f"The last {spell_jobs(rates.jobs)}", note=spell_numbers(first, jobs), rates=rates),)


def _list_periods(workflow: Workflow, jobs: int, imported_before: int) -> tuple[Period, ...]:
    """How it went after so many jobs of our own: those that were imported before them do not count."""
    own_jobs = jobs - imported_before
    stretches = [
        ("At the start", 1, FIRST_JOBS),
        ("After 100 jobs", 101, 350),
        (f"After {spell_jobs(1000)}", 1001, 1250),
        (f"After {spell_jobs(10_000)}", 10_001, 10_250),
    ]
    return tuple(
        Period(
            label=label,
            note=spell_numbers(imported_before + first, imported_before + min(last, own_jobs)),
            rates=measure_rates(
                count_stretch(workflow, imported_before + first, imported_before + min(last, own_jobs))
            ),
        )
        for label, first, last in stretches
        if own_jobs >= first + FEWEST_CURRENT_JOBS - 1 or first == 1 <= own_jobs
    )


def _newest_month(counts: Counts, today: date) -> tuple[Period, ...]:
    """The newest month in which jobs ended; it says so if that is not this month."""
    month = max((group.month for group in counts.ended), default="")
    if not month:
        return ()
    of_month = Counts(
        ended=[group for group in counts.ended if group.month == month],
        decided=[group for group in counts.decided if group.month == month],
    )
    name = f"{date.fromisoformat(f'{month}-01'):%B %Y}"
    is_now = month == f"{today:%Y-%m}"
    rates = measure_rates(of_month)
    return (
        Period(
            label="This month" if is_now else "The newest month",
            note=f"{spell_jobs(rates.jobs)} of {name}",
            rates=rates,
        ),
    )


def _list_reasons(workflow: Workflow, counts: Counts) -> tuple[Reason, ...]:
    labels = dict(workflow.reasons.values_list("code", "label"))
    measured = measure_reasons(counts, count_reasons(workflow))
    return tuple(Reason(label=labels.get(one.code, one.code), measured=one) for one in measured)


def _measure_effort(workflow: Workflow, counts: Counts, uses: Sequence[UseCount]) -> Effort:
    newest = Review.objects.filter(workflow=workflow, seconds__isnull=False).order_by("-pk")
    seconds = [spent for spent in newest.values_list("seconds", flat=True)[:TIMED_DECISIONS] if spent is not None]
    return Effort(
        jobs=sum(group.jobs for group in counts.ended),
        decisions=sum(group.jobs for group in counts.decided),
        timed=sum(group.timed for group in counts.decided),
        median_seconds=median(seconds) if seconds else None,
        total_seconds=sum(group.seconds for group in counts.decided),
        tokens=sum(group.tokens for group in counts.ended),
        cost_usd=sum(group.cost_usd for group in counts.ended),
        worth_usd=sum(use.worth_usd for use in uses),
    )
