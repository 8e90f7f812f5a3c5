"""What the pages of releases show: each with its verdict, the jobs under it, and how it differs from the one before."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from teachback_server.evals.models import Gate
from teachback_server.improvements.models import Change
from teachback_server.jobs.models import Job
from teachback_server.releases.differences import DocumentDifference, describe_difference
from teachback_server.releases.models import LiveRelease, Release
from teachback_server.releases.queries import (
    ReleaseEntry,
    ReleaseHappening,
    ReleaseState,
    find_release_state,
    get_document,
    list_happenings,
    list_releases,
)
from teachback_server.results.curve import Stretch
from teachback_server.results.queries import last_job_number, list_stretches
from teachback_server.site.lineage import ReleaseLineage, find_release_lineage
from teachback_server.workflows.models import Workflow

HAPPENINGS_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class LiveNow:
    """What work runs under at this moment."""

    number: int
    change: str
    since_at: datetime
    from_job: int
    is_autonomy_on: bool


@dataclass(frozen=True, kw_only=True)
class ReleaseRow:
    """One release in the list."""

    entry: ReleaseEntry
    verdict: str  # of its gate; empty where there was none
    change_id: int | None
    jobs: int  # that ran under it
    is_returnable: bool


@dataclass(frozen=True, kw_only=True)
class JobsUnder:
    """Jobs in a row that ran under a release."""

    from_job: int
    until_job: int
    is_return: bool

    @property
    def count(self) -> int:
        """How many."""
        return self.until_job - self.from_job + 1


@dataclass(frozen=True, kw_only=True)
class ReleaseList:
    """The whole list of a workflow."""

    live: LiveNow
    rows: tuple[ReleaseRow, ...]
    happenings: tuple[ReleaseHappening, ...]


@dataclass(frozen=True, kw_only=True)
class ReleaseDetail:
    """One release with everything that is known about it."""

    release: Release
    state: ReleaseState
    is_autonomy_on: bool
    difference: DocumentDifference
    under: tuple[JobsUnder, ...]
    waiting: int  # of those jobs, for a person's decision
    lineage: ReleaseLineage
    is_returnable: bool

    @property
    def jobs(self) -> int:
        """How many jobs ran under it."""
        return sum(stretch.count for stretch in self.under)


def read_release_list(workflow: Workflow) -> ReleaseList:
    """Every release of a workflow that the caller may see, the newest first."""
    live = LiveRelease.objects.select_related("release").get(workflow=workflow)
    # A certificate that was refused names the same release twice: it says nothing of how that release came to be.
    gates = Gate.objects.filter(workflow=workflow).exclude(base=F("candidate")).order_by("pk")
    verdicts = dict(gates.values_list("candidate_id", "verdict"))
    changes = dict(Change.objects.filter(workflow=workflow).values_list("candidate_id", "pk"))
    under = _group_by_release(workflow)
    rows = tuple(
        ReleaseRow(
            entry=entry,
            verdict=verdicts.get(entry.release_id, ""),
            change_id=changes.get(entry.release_id),
            jobs=sum(stretch.count for stretch in under[entry.release_id]),
            is_returnable=entry.state is ReleaseState.WAS_LIVE,
        )
        for entry in list_releases(workflow)
    )
    return ReleaseList(
        live=LiveNow(
            number=live.release.number,
            change=live.release.change,
            since_at=live.since_at,
            from_job=live.from_job,
            is_autonomy_on=live.is_autonomy_on,
        ),
        rows=rows,
        happenings=list_happenings(workflow)[:HAPPENINGS_SHOWN],
    )


def read_release(workflow: Workflow, release: Release) -> ReleaseDetail:
    """One release of this workflow beside the one that it was made from."""
    lineage = find_release_lineage(workflow, release.number)
    assert lineage is not None, "the release is one of this workflow"
    state = find_release_state(release)
    parent = get_document(release.parent) if release.parent else None
    return ReleaseDetail(
        release=release,
        state=state,
        is_autonomy_on=LiveRelease.objects.filter(release=release, is_autonomy_on=True).exists(),
        difference=describe_difference(parent, get_document(release)),
        under=tuple(_group_by_release(workflow)[release.pk]),
        waiting=Job.objects.filter(workflow=workflow, release=release, is_waiting=True).count(),
        lineage=lineage,
        is_returnable=state is ReleaseState.WAS_LIVE,
    )


def _group_by_release(workflow: Workflow) -> dict[int, list[JobsUnder]]:
    last = last_job_number(workflow)
    under: dict[int, list[JobsUnder]] = defaultdict(list)
    for stretch in list_stretches(workflow):
        until = last if stretch.until_job is None else min(stretch.until_job, last)
        if until >= stretch.from_job:
            under[stretch.release_id].append(_jobs_under(stretch, until))
    return under


def _jobs_under(stretch: Stretch, until: int) -> JobsUnder:
    return JobsUnder(from_job=stretch.from_job, until_job=until, is_return=stretch.is_return)
