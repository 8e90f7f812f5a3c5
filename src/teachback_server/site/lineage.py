"""Lineage backward: from a release to its verdict, its change, the patterns behind it, their corrections and jobs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from teachback.json_types import Json
from teachback.vocabulary import GateVerdict, Lever
from teachback_server.evals.models import Case, Gate
from teachback_server.improvements.models import Change, Pattern
from teachback_server.jobs.models import Job
from teachback_server.releases.models import LiveRelease, Release
from teachback_server.releases.queries import (
    ReleaseHappening,
    find_release,
    list_added_hashes,
    list_happenings,
    list_source_jobs,
)
from teachback_server.reviews.models import Correction
from teachback_server.workflows.models import Workflow

MOST_CORRECTIONS = 20  # of one pattern, the newest; its page has all of them
_AT_ONCE = 500  # parameters of one statement


@dataclass(frozen=True, kw_only=True)
class CorrectionMark:
    """One field that a person changed in one job."""

    job: int  # its number
    field: str
    from_value: Json
    to_value: Json
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class PatternMark:
    """A pattern behind a change, with the corrections that it was made from: none of a job that judged it."""

    id: int
    title: str
    state: str
    cause: str
    corrections: int
    newest: tuple[CorrectionMark, ...]


@dataclass(frozen=True, kw_only=True)
class GateMark:
    """The verdict that let a change through, or did not."""

    id: int
    verdict: str
    sentence: str
    base: int  # the number of the release that it was compared with
    judged_at: datetime
    judged_by_jobs: tuple[int, ...]  # numbers of the reviewed jobs that this verdict spent


@dataclass(frozen=True, kw_only=True)
class ChangeMark:
    """What was to differ, and who proposed it."""

    id: int
    title: str
    lever: str
    state: str
    why: str
    proposed_by: str
    proposed_at: datetime
    patterns: tuple[PatternMark, ...]


@dataclass(frozen=True, kw_only=True)
class ReleaseLineage:
    """Where one release came from. The first release of a workflow came from nothing."""

    workflow: str
    number: int
    content_hash: str
    parent: int | None
    lever: str
    made_by: str
    made_at: datetime
    is_live: bool
    happenings: tuple[ReleaseHappening, ...]
    change: ChangeMark | None
    gate: GateMark | None
    made_from_jobs: tuple[int, ...]  # numbers; see `find_release_lineage`
    forgotten_jobs: int  # it was made from these too, but they have been deleted since


def find_release_lineage(workflow: Workflow, number: int) -> ReleaseLineage | None:
    """Where a release of a workflow that the caller may see came from.

    `made_from_jobs`: for examples, the jobs behind the examples that it has and its parent has not; for approval, the
    jobs that calibrated it; for instructions, rules and checks, the jobs of the corrections in the patterns. But for
    approval, none of them judged the change.
    """
    release = find_release(workflow, number)
    return _describe_release(workflow, release) if release else None


def list_live_lineages(workflow: Workflow) -> tuple[ReleaseLineage, ...]:
    """The lineage of every change that works now: the live release and all that it was made from, newest first."""
    live = LiveRelease.objects.filter(workflow=workflow).select_related("release").first()
    lineages = []
    number = live.release.number if live else None
    while number is not None:
        lineage = find_release_lineage(workflow, number)
        assert lineage is not None, "a parent is a release of the same workflow"
        lineages.append(lineage)
        number = lineage.parent
    return tuple(lineages)


def find_gaps(lineage: ReleaseLineage) -> tuple[str, ...]:
    """Say where the way back from a release that reached work is broken; nothing for a whole one, or for release 1."""
    if lineage.parent is None:
        return ()
    gaps = []
    if lineage.change is None:
        gaps.append("It names no change.")
    if lineage.gate is None:
        gaps.append("It went through no gate.")
    elif lineage.gate.verdict not in (GateVerdict.PROVEN, GateVerdict.NOT_WORSE):
        gaps.append(f"Its gate said '{lineage.gate.verdict}'.")
    if not lineage.made_from_jobs and not lineage.forgotten_jobs:
        gaps.append("No job is behind it.")
    if lineage.lever != Lever.APPROVAL and not (lineage.change and lineage.change.patterns):
        gaps.append("It leads back to no pattern.")
    return tuple(gaps)


def _describe_release(workflow: Workflow, release: Release) -> ReleaseLineage:
    change = Change.objects.filter(workflow=workflow, candidate=release).first()
    gate = _find_gate(workflow, release, change)
    gate_mark = _describe_gate(gate) if gate else None
    job_ids = _find_jobs_behind(workflow, release, change, gate_mark)
    numbers = _number_jobs(workflow, job_ids)
    return ReleaseLineage(
        workflow=workflow.name,
        number=release.number,
        content_hash=release.content_hash,
        parent=release.parent.number if release.parent else None,
        lever=release.lever,
        made_by=release.created_by,
        made_at=release.created_at,
        is_live=LiveRelease.objects.filter(workflow=workflow, release=release).exists(),
        happenings=list_happenings(workflow, release=release),
        change=_describe_change(workflow, change) if change else None,
        gate=gate_mark,
        made_from_jobs=numbers,
        forgotten_jobs=len(job_ids) - len(numbers),
    )


def _find_gate(workflow: Workflow, release: Release, change: Change | None) -> Gate | None:
    if change is not None:
        return change.gate
    return Gate.objects.filter(workflow=workflow, candidate=release).exclude(base=release).order_by("-pk").first()


def _describe_gate(gate: Gate) -> GateMark:
    jobs = Case.objects.filter(spent_by=gate).order_by("job__number").values_list("job__number", flat=True)
    return GateMark(
        id=gate.pk,
        verdict=gate.verdict,
        sentence=str(gate.report.get("sentence", "")),
        base=gate.base.number,
        judged_at=gate.judged_at,
        judged_by_jobs=tuple(jobs),
    )


def _find_jobs_behind(
    workflow: Workflow, release: Release, change: Change | None, gate: GateMark | None
) -> Sequence[int]:
    """The ids of the jobs that a release was made from."""
    if release.lever == Lever.EXAMPLES:
        return list_source_jobs(workflow, list_added_hashes(release))
    if release.lever == Lever.APPROVAL:
        return list(Case.objects.filter(spent_by=gate.id).values_list("job_id", flat=True)) if gate else []
    if change is None:
        return []
    corrections = _corrections_before(workflow, change, list(change.patterns.all()))
    return sorted(set(corrections.values_list("job_id", flat=True)))


def _number_jobs(workflow: Workflow, job_ids: Sequence[int]) -> tuple[int, ...]:
    numbers: list[int] = []
    for start in range(0, len(job_ids), _AT_ONCE):
        jobs = Job.objects.filter(workflow=workflow, pk__in=job_ids[start : start + _AT_ONCE])
        numbers.extend(jobs.values_list("number", flat=True))
    return tuple(sorted(numbers))


def _describe_change(workflow: Workflow, change: Change) -> ChangeMark:
    patterns = Pattern.objects.filter(workflow=workflow, changes=change).order_by("-count", "pk")
    return ChangeMark(
        id=change.pk,
        title=change.title,
        lever=change.lever,
        state=change.state,
        why=change.why,
        proposed_by=change.proposed_by,
        proposed_at=change.proposed_at,
        patterns=tuple(_describe_pattern(workflow, change, pattern) for pattern in patterns),
    )


def _describe_pattern(workflow: Workflow, change: Change, pattern: Pattern) -> PatternMark:
    corrections = _corrections_before(workflow, change, [pattern])
    newest = corrections.select_related("job", "review").order_by("-pk")[:MOST_CORRECTIONS]
    return PatternMark(
        id=pattern.pk,
        title=pattern.title,
        state=pattern.state,
        cause=pattern.cause,
        corrections=corrections.count(),
        newest=tuple(_describe_correction(correction) for correction in newest),
    )


def _describe_correction(correction: Correction) -> CorrectionMark:
    return CorrectionMark(
        job=correction.job.number,
        field=correction.field,
        from_value=correction.from_value,
        to_value=correction.to_value,
        reason=correction.reason_code,
        by=correction.review.reviewer_name,
        at=correction.review.decided_at,
    )


def _corrections_before(workflow: Workflow, change: Change, patterns: Iterable[Pattern]) -> QuerySet[Correction]:
    """Corrections of patterns that were there when a change was proposed, without those kept back to judge it."""
    corrections = Correction.objects.filter(
        membership__pattern__in=patterns,
        membership__pattern__workflow=workflow,
        review__decided_at__lte=change.proposed_at,
    )
    return corrections.exclude(job__case__spent_by=change.gate_id) if change.gate_id else corrections
