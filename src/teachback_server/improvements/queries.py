"""Reads of layer 5: patterns with their trend, one pattern with its corrections, and the past jobs to try a rule on."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Max, Q, QuerySet, Value
from django.db.models.expressions import Combinable

from teachback.json_types import Json
from teachback.split import Split
from teachback.vocabulary import Cause, JobStatus, PatternState
from teachback_server.evals.models import Case
from teachback_server.improvements.models import Change, Pattern, PatternCorrection
from teachback_server.improvements.previews import PastJob
from teachback_server.jobs.models import Job
from teachback_server.reviews.models import Correction, Review
from teachback_server.workflows.models import Reason, Workflow

SLICES = 10
PATTERNS_PER_PAGE = 25
CORRECTIONS_SHOWN = 50
SHOWN_AT_ONCE = 10
JOBS_TRIED = 200
_MAY_TEACH = Q(split=Split.PRACTICE) | Q(spent_by__isnull=False)  # the others are kept back to judge changes


@dataclass(frozen=True, kw_only=True)
class TrendSlice:
    """A tenth of a workflow's jobs: how many corrections of a pattern, among how many decided jobs."""

    first_job: int
    last_job: int
    corrections: int
    reviewed: int

    @property
    def share(self) -> float:
        """Corrections for each decided job; 0 where none was decided."""
        return self.corrections / self.reviewed if self.reviewed else 0.0


@dataclass(frozen=True, kw_only=True)
class PatternRow:
    """One pattern as the list shows it."""

    pattern_id: int
    title: str
    state: PatternState
    cause: Cause
    cause_evidence: str
    reason: str  # the label of the one that people gave; empty: none
    count: int
    last_job: int
    owner: str
    due_on: date | None
    trend: tuple[TrendSlice, ...]


@dataclass(frozen=True, kw_only=True)
class PatternPage:
    """One page of a workflow's patterns, those that come back most first."""

    rows: tuple[PatternRow, ...]
    page: Page[Pattern]
    counts: tuple[tuple[PatternState, int], ...]  # of patterns in each state


@dataclass(frozen=True, kw_only=True)
class ShownCorrection:
    """One correction of a pattern."""

    job_number: int
    field: str
    from_value: Json
    to_value: Json
    reason: str  # its label
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class PatternChange:
    """A change that was made from a pattern."""

    change_id: int
    title: str
    lever: str
    state: str
    verdict: str
    release_number: int | None


@dataclass(frozen=True, kw_only=True)
class PatternDetail:
    """One pattern with what people corrected and what was done about it."""

    pattern: Pattern
    row: PatternRow
    corrections: tuple[ShownCorrection, ...]  # the newest of those that may teach
    may_teach: int
    kept_back: int  # corrections of jobs that are kept to judge changes by, and are not shown here
    changes: tuple[PatternChange, ...]

    @property
    def corrections_in_parts(self) -> tuple[tuple[ShownCorrection, ...], ...]:
        """The ones to show at once, and the rest."""
        parts = (self.corrections[:SHOWN_AT_ONCE], self.corrections[SHOWN_AT_ONCE:])
        return tuple(part for part in parts if part)


def read_pattern_page(workflow: Workflow, *, state: PatternState | None, page_number: str | int) -> PatternPage:
    """Patterns of a workflow that the caller may see; without a state, all but the ignored ones."""
    patterns = Pattern.objects.filter(workflow=workflow)
    counts = dict(patterns.order_by().values_list("state").annotate(found=Count("pk")))
    chosen = patterns.filter(state=state) if state else patterns.exclude(state=PatternState.IGNORED)
    ordered = chosen.select_related("owner").order_by("-count", "-last_job", "pk")
    page = Paginator(ordered, PATTERNS_PER_PAGE).get_page(page_number)
    return PatternPage(
        rows=describe_patterns(workflow, list(page.object_list)),
        page=page,
        counts=tuple((one, counts.get(one.value, 0)) for one in PatternState),
    )


def describe_patterns(workflow: Workflow, patterns: Sequence[Pattern]) -> tuple[PatternRow, ...]:
    """Patterns of one workflow with their trend over ten slices of its jobs."""
    trends, labels = _find_trends(workflow, patterns), _label_reasons(workflow)
    return tuple(
        PatternRow(
            pattern_id=pattern.pk,
            title=pattern.title,
            state=PatternState(pattern.state),
            cause=Cause(pattern.cause),
            cause_evidence=pattern.cause_evidence,
            reason=labels.get(pattern.reason_code, pattern.reason_code),
            count=pattern.count,
            last_job=pattern.last_job,
            owner=pattern.owner.username if pattern.owner else "",
            due_on=pattern.due_on,
            trend=trends.get(pattern.pk, ()),
        )
        for pattern in patterns
    )


def find_pattern(workflow: Workflow, pattern_id: int) -> Pattern | None:
    """A pattern of this workflow."""
    return Pattern.objects.filter(workflow=workflow, pk=pattern_id).select_related("owner").first()


def read_pattern(workflow: Workflow, pattern: Pattern) -> PatternDetail:
    """One pattern of this workflow with everything that its page shows."""
    corrections = _list_corrections(workflow, pattern)
    teaching = _list_teaching(workflow, pattern)
    may_teach = teaching.count()
    return PatternDetail(
        pattern=pattern,
        row=describe_patterns(workflow, [pattern])[0],
        corrections=_show_corrections(workflow, teaching),
        may_teach=may_teach,
        kept_back=corrections.count() - may_teach,
        changes=_list_changes(pattern),
    )


def find_newest_correction(workflow: Workflow, pattern: Pattern) -> Correction | None:
    """The newest correction of a pattern from which something may be made."""
    return _list_teaching(workflow, pattern).order_by("-pk").first()


def list_past_jobs(workflow: Workflow) -> list[PastJob]:
    """The newest finished jobs that may teach, to try a rule or check on; none that is kept back to judge changes."""
    cases = (
        Case.objects.filter(_MAY_TEACH, workflow=workflow, job__status=JobStatus.FINISHED, job__output__isnull=False)
        .select_related("job")
        .order_by("-job__number")[:JOBS_TRIED]
    )
    return [
        PastJob(
            number=case.job.number,
            input=case.job.input,
            output=case.job.output,
            confidence=case.job.confidence,
            expected=case.expected,
            was_right=case.was_right,
        )
        for case in cases
        if case.job.output is not None
    ]


def _list_corrections(workflow: Workflow, pattern: Pattern) -> QuerySet[Correction]:
    # By the pattern's workflow and not by the correction's own: SQLite would read all corrections of the workflow.
    return Correction.objects.filter(membership__pattern=pattern, membership__pattern__workflow=workflow)


def _list_teaching(workflow: Workflow, pattern: Pattern) -> QuerySet[Correction]:
    may_teach = Q(job__case__split=Split.PRACTICE) | Q(job__case__spent_by__isnull=False)
    return _list_corrections(workflow, pattern).filter(may_teach)


def _find_trends(workflow: Workflow, patterns: Sequence[Pattern]) -> dict[int, tuple[TrendSlice, ...]]:
    last: int = Job.objects.filter(workflow=workflow).aggregate(last=Max("number"))["last"] or 0
    if not last or not patterns:
        return {}
    memberships = PatternCorrection.objects.filter(pattern__in=patterns).annotate(
        slice=_slice_of("correction__job__number", last)
    )
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for pattern_id, slice_, corrections in memberships.values_list("pattern_id", "slice").annotate(n=Count("pk")):
        found[pattern_id][slice_] = corrections
    reviews = Review.objects.filter(workflow=workflow).annotate(slice=_slice_of("job__number", last))
    reviewed = dict(reviews.order_by().values_list("slice").annotate(n=Count("pk")))
    return {pattern.pk: _draw_trend(found[pattern.pk], reviewed, last) for pattern in patterns}


def _draw_trend(corrections: dict[int, int], reviewed: dict[int, int], last: int) -> tuple[TrendSlice, ...]:
    slices = min(SLICES, last)
    ends = [-(-position * last // slices) for position in range(slices + 1)]
    return tuple(
        TrendSlice(
            first_job=ends[position] + 1,
            last_job=ends[position + 1],
            corrections=corrections.get(position, 0),
            reviewed=reviewed.get(position, 0),
        )
        for position in range(slices)
    )


def _slice_of(number: str, last: int) -> Combinable:
    """Which tenth of the jobs 1 to `last` a number falls into, from 0."""
    slices, divisor = Value(min(SLICES, last)), Value(last)
    return ((F(number) - Value(1)) * slices - ((F(number) - Value(1)) * slices) % divisor) / divisor


def _show_corrections(workflow: Workflow, corrections: QuerySet[Correction]) -> tuple[ShownCorrection, ...]:
    labels = _label_reasons(workflow)
    newest = corrections.select_related("job", "review").order_by("-pk")[:CORRECTIONS_SHOWN]
    return tuple(
        ShownCorrection(
            job_number=correction.job.number,
            field=correction.field,
            from_value=correction.from_value,
            to_value=correction.to_value,
            reason=labels.get(correction.reason_code, correction.reason_code),
            note=correction.review.note,
            by=correction.review.reviewer_name,
            at=correction.review.decided_at,
        )
        for correction in newest
    )


def _label_reasons(workflow: Workflow) -> dict[str, str]:
    return dict(Reason.objects.filter(workflow=workflow).values_list("code", "label"))


def _list_changes(pattern: Pattern) -> tuple[PatternChange, ...]:
    changes = Change.objects.filter(patterns=pattern).select_related("gate", "candidate").order_by("-pk")
    return tuple(
        PatternChange(
            change_id=change.pk,
            title=change.title,
            lever=change.lever,
            state=change.state,
            verdict=change.gate.verdict if change.gate else "",
            release_number=change.candidate.number if change.candidate else None,
        )
        for change in changes
    )
