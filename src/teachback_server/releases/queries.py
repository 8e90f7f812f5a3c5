"""Reads of releases: the live one, the whole document of one, what happened to each, and what its examples are."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from teachback.release_document import ReleaseDocument, parse_release_document
from teachback_server.releases.actions import ReleaseEventKind
from teachback_server.releases.models import Example, LiveRelease, Release, ReleaseEvent
from teachback_server.workflows.models import Workflow

HASH_DIGITS = 32
_AT_ONCE = 500  # parameters of one statement


class ReleaseState(StrEnum):
    """Whether a release reached work."""

    LIVE = "live"
    WAS_LIVE = "was live"
    NEVER_LIVE = "never live"


@dataclass(frozen=True, kw_only=True)
class LiveState:
    """What a workflow runs under now."""

    release: Release
    document: ReleaseDocument
    is_autonomy_on: bool
    from_job: int
    earning: Release | None = None  # a candidate in the shadow that earns its autonomy: all test cases are reviewed


@dataclass(frozen=True, kw_only=True)
class ReleaseEntry:
    """One release as a list shows it."""

    release_id: int
    number: int
    parent_number: int | None
    lever: str  # empty for release 1
    change: str
    examples: int
    state: ReleaseState
    created_by: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReleaseHappening:
    """What happened to a release, when and why."""

    number: int
    kind: ReleaseEventKind
    from_job: int
    at: datetime
    by: str
    why: str


def get_live_state(workflow: Workflow) -> LiveState:
    """The live release of a workflow. Raises LiveRelease.DoesNotExist for a workflow that was never opened."""
    related = ("release", "release__workflow", "release__example_list", "earning")
    live = LiveRelease.objects.select_related(*related).get(workflow=workflow)
    return LiveState(
        release=live.release,
        document=get_document(live.release),
        is_autonomy_on=live.is_autonomy_on,
        from_job=live.from_job,
        earning=live.earning,
    )


def get_document(release: Release) -> ReleaseDocument:
    """The whole document of a release, examples' hashes included."""
    return parse_release_document({**release.document, "example_hashes": list_example_hashes(release)})


def list_example_hashes(release: Release) -> list[str]:
    """The hashes of the examples of a release, sorted."""
    members = zlib.decompress(bytes(release.example_list.members)).decode()
    return [members[start : start + HASH_DIGITS] for start in range(0, len(members), HASH_DIGITS)]


def list_examples(release: Release) -> list[Example]:
    """The examples of a release that still exist, sorted by hash; tombstones are left out."""
    wanted = set(list_example_hashes(release))
    rows = Example.objects.filter(workflow_id=release.workflow_id, tombstoned_at=None).order_by("content_hash")
    return [row for row in rows.iterator(chunk_size=2000) if row.content_hash in wanted]


def find_examples(workflow: Workflow, hashes: Sequence[str]) -> list[Example]:
    """The examples with these hashes that still exist, sorted by hash."""
    rows = Example.objects.filter(workflow=workflow, content_hash__in=hashes[:_AT_ONCE], tombstoned_at=None)
    return list(rows.order_by("content_hash"))


def find_release(workflow: Workflow, number: int) -> Release | None:
    """The release of a workflow with this number."""
    releases = Release.objects.filter(workflow=workflow, number=number)
    return releases.select_related("workflow", "parent__example_list", "example_list").first()


def list_releases(workflow: Workflow) -> tuple[ReleaseEntry, ...]:
    """All releases of a workflow, the newest first."""
    live_id = LiveRelease.objects.filter(workflow=workflow).values_list("release_id", flat=True).first()
    events = ReleaseEvent.objects.filter(workflow=workflow, kind=ReleaseEventKind.WENT_LIVE)
    once_live = set(events.values_list("release_id", flat=True))
    releases = Release.objects.filter(workflow=workflow).select_related("parent", "example_list").order_by("-number")
    return tuple(
        ReleaseEntry(
            release_id=release.pk,
            number=release.number,
            parent_number=release.parent.number if release.parent else None,
            lever=release.lever,
            change=release.change,
            examples=release.example_list.count,
            state=_state_of(release.pk, live_id, once_live),
            created_by=release.created_by,
            created_at=release.created_at,
        )
        for release in releases.defer("document", "parent__document", "example_list__members")
    )


def find_release_state(release: Release) -> ReleaseState:
    """Whether a release is live, was live, or never reached work."""
    live_id = LiveRelease.objects.filter(workflow_id=release.workflow_id).values_list("release_id", flat=True).first()
    went_live = ReleaseEvent.objects.filter(release=release, kind=ReleaseEventKind.WENT_LIVE).exists()
    return _state_of(release.pk, live_id, {release.pk} if went_live else set())


def list_happenings(workflow: Workflow, *, release: Release | None = None) -> tuple[ReleaseHappening, ...]:
    """What happened to the releases of a workflow, or to one of them, the newest first."""
    events = ReleaseEvent.objects.filter(workflow=workflow).select_related("release").order_by("-pk")
    if release is not None:
        events = events.filter(release=release)
    return tuple(
        ReleaseHappening(
            number=event.release.number,
            kind=ReleaseEventKind(event.kind),
            from_job=event.from_job,
            at=event.at,
            by=event.by,
            why=event.why,
        )
        for event in events
    )


def list_added_hashes(release: Release) -> list[str]:
    """The hashes of the examples that a release has and its parent has not, sorted."""
    before = set(list_example_hashes(release.parent)) if release.parent else set()
    return [name for name in list_example_hashes(release) if name not in before]


def list_source_jobs(workflow: Workflow, hashes: Sequence[str]) -> list[int]:
    """The ids of the jobs that examples were made from, sorted; a tombstone still says from which."""
    found: set[int] = set()
    for start in range(0, len(hashes), _AT_ONCE):
        rows = Example.objects.filter(workflow=workflow, content_hash__in=hashes[start : start + _AT_ONCE])
        found.update(rows.values_list("source_job_id", flat=True))
    return sorted(found)


def _state_of(release_id: int, live_id: int | None, once_live: set[int]) -> ReleaseState:
    if release_id == live_id:
        return ReleaseState.LIVE
    return ReleaseState.WAS_LIVE if release_id in once_live else ReleaseState.NEVER_LIVE
