"""Lineage forward: from one job to its corrections, their patterns, the changes that followed, gates and releases."""

from dataclasses import dataclass

from teachback_server.evals.models import Case, CaseResult, Gate
from teachback_server.improvements.models import Change, Pattern, PatternCorrection
from teachback_server.jobs.models import Job
from teachback_server.releases.models import LiveRelease, Release
from teachback_server.reviews.models import Correction


@dataclass(frozen=True, kw_only=True)
class GateLink:
    """The verdict on a change."""

    verdict: str
    cases: int
    sentence: str


@dataclass(frozen=True, kw_only=True)
class ChangeLink:
    """A change to one lever, with its verdict and the release that came of it."""

    id: int
    title: str
    lever: str
    state: str
    gate: GateLink | None
    release_number: int | None
    is_live: bool


@dataclass(frozen=True, kw_only=True)
class PatternLink:
    """A pattern that a correction of the job belongs to."""

    id: int
    title: str
    state: str
    cause: str
    count: int
    changes: tuple[ChangeLink, ...]


@dataclass(frozen=True, kw_only=True)
class CorrectionLink:
    """One correction of the job and the pattern in which it was counted; None until the loop has looked at it."""

    id: int
    field: str
    pattern: PatternLink | None


@dataclass(frozen=True, kw_only=True)
class LaterTry:
    """The same job given to a later release, as a test."""

    release_number: int
    status: str
    is_right: bool


@dataclass(frozen=True, kw_only=True)
class CaseLink:
    """What the reviewed job became: practice, or a test that one verdict spent."""

    split: str
    is_critical: bool
    judged: ChangeLink | None  # the change that this case helped to judge
    taught: ChangeLink | None  # the first change that was made from it
    taught_release_number: int | None


@dataclass(frozen=True, kw_only=True)
class JobLineage:
    """Everything that one job led to."""

    corrections: tuple[CorrectionLink, ...]
    case: CaseLink | None
    later_tries: tuple[LaterTry, ...]


def find_job_lineage(job: Job) -> JobLineage:
    """What a job, taken from a workflow that the caller may see, led to."""
    live_id = LiveRelease.objects.filter(workflow_id=job.workflow_id).values_list("release_id", flat=True).first()
    case = Case.objects.filter(job=job).select_related("spent_by__change", "taught__made_by_change").first()
    return JobLineage(
        corrections=tuple(_describe_corrections(job, live_id)),
        case=_describe_case(case, live_id) if case else None,
        later_tries=tuple(_list_later_tries(job, case)) if case else (),
    )


def _describe_corrections(job: Job, live_id: int | None) -> list[CorrectionLink]:
    corrections = list(Correction.objects.filter(job=job).order_by("id"))
    memberships = PatternCorrection.objects.filter(correction__in=corrections).select_related("pattern")
    patterns = {row.correction_id: row.pattern for row in memberships}
    links = {pattern.pk: _describe_pattern(pattern, live_id) for pattern in set(patterns.values())}
    return [
        CorrectionLink(
            id=correction.pk,
            field=correction.field,
            pattern=links[patterns[correction.pk].pk] if correction.pk in patterns else None,
        )
        for correction in corrections
    ]


def _describe_pattern(pattern: Pattern, live_id: int | None) -> PatternLink:
    changes = Change.objects.filter(patterns=pattern).select_related("gate", "candidate").order_by("id")
    return PatternLink(
        id=pattern.pk,
        title=pattern.title,
        state=pattern.state,
        cause=pattern.cause,
        count=pattern.count,
        changes=tuple(_describe_change(change, live_id) for change in changes),
    )


def _describe_change(change: Change, live_id: int | None) -> ChangeLink:
    return ChangeLink(
        id=change.pk,
        title=change.title,
        lever=change.lever,
        state=change.state,
        gate=_describe_gate(change.gate) if change.gate else None,
        release_number=change.candidate.number if change.candidate else None,
        is_live=change.candidate_id is not None and change.candidate_id == live_id,
    )


def _describe_gate(gate: Gate) -> GateLink:
    sentence = gate.report.get("sentence", "") if isinstance(gate.report, dict) else ""
    return GateLink(verdict=gate.verdict, cases=gate.cases, sentence=str(sentence))


def _describe_case(case: Case, live_id: int | None) -> CaseLink:
    judged = _find_change(case.spent_by)
    taught = _find_change(case.taught)
    return CaseLink(
        split=case.split,
        is_critical=case.is_critical,
        judged=_describe_change(judged, live_id) if judged else None,
        taught=_describe_change(taught, live_id) if taught else None,
        taught_release_number=case.taught.number if case.taught else None,
    )


def _find_change(behind: Gate | Release | None) -> Change | None:
    if isinstance(behind, Gate):
        return Change.objects.filter(gate=behind).select_related("gate", "candidate").first()
    if isinstance(behind, Release):
        return Change.objects.filter(candidate=behind).select_related("gate", "candidate").first()
    return None


def _list_later_tries(job: Job, case: Case) -> list[LaterTry]:
    results = (
        CaseResult.objects.filter(case=case, run__release__number__gt=job.release.number)
        .select_related("run__release")
        .order_by("run__release__number", "id")
    )
    return [
        LaterTry(release_number=row.run.release.number, status=row.status, is_right=row.is_right) for row in results
    ]
