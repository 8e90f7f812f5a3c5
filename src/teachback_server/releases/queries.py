"""Reads of releases: the live one, the whole document of one, and the bundle that an agent works under."""

import zlib
from dataclasses import dataclass

from teachback.release_document import ReleaseDocument, parse_release_document
from teachback_server.releases.models import Example, LiveRelease, Release
from teachback_server.workflows.models import Workflow

HASH_DIGITS = 32


@dataclass(frozen=True, kw_only=True)
class LiveState:
    """What a workflow runs under now."""

    release: Release
    document: ReleaseDocument
    is_autonomy_on: bool
    from_job: int


def get_live_state(workflow: Workflow) -> LiveState:
    """The live release of a workflow. Raises LiveRelease.DoesNotExist for a workflow that was never opened."""
    live = LiveRelease.objects.select_related("release", "release__workflow", "release__example_list").get(workflow=workflow)
    return LiveState(
        release=live.release,
        document=get_document(live.release),
        is_autonomy_on=live.is_autonomy_on,
        from_job=live.from_job,
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
