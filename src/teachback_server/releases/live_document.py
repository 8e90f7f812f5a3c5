"""The live release as programs fetch it: one JSON document, how long its autonomy holds, and a tag that names both."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from teachback.json_types import Json, JsonObject, content_hash
from teachback_server.releases.models import LiveRelease, Release
from teachback_server.releases.queries import get_document
from teachback_server.workflows.models import Workflow

CountAutoJobs = Callable[[int, int], int]  # of the jobs room: a release, and how far to count
RENEWALS = 24  # times that autonomy is renewed within its validity, so that most fetches find nothing new


@dataclass(frozen=True, kw_only=True)
class LiveTag:
    """What an agent has to know to see whether its copy still counts."""

    number: int
    content_hash: str
    live_since: datetime
    is_autonomy_on: bool
    valid_until: datetime | None  # None: nothing skips review
    is_early: bool  # few jobs skipped review under it so far, so more of them are audited
    earning_release: str  # one that earns its autonomy, for which every test case is reviewed; empty: none does
    boundary_hash: str  # of what the work takes in and must hand over

    @property
    def etag(self) -> str:
        """Names exactly this state: it changes with the release, its autonomy, the boundary, and when it is renewed."""
        until = self.valid_until.isoformat() if self.valid_until else ""
        since = self.live_since.isoformat()
        switches: list[Json] = [self.is_autonomy_on, self.is_early, self.earning_release, self.boundary_hash]
        return f'"{content_hash([self.content_hash, self.number, since, until, *switches])}"'


def find_live_tag(workflow: Workflow, *, now: datetime, count_auto_jobs: CountAutoJobs) -> LiveTag | None:
    """What is live now; None for a workflow that was never opened. Reads one row and no examples."""
    live = LiveRelease.objects.select_related("release", "earning").filter(workflow=workflow).first()
    if live is None:
        return None
    approval = live.release.document["approval"]
    valid_hours, early_jobs = approval["valid_hours"], approval["early_audit_jobs"]
    return LiveTag(
        number=live.release.number,
        content_hash=live.release.content_hash,
        live_since=live.since_at,
        is_autonomy_on=live.is_autonomy_on,
        valid_until=valid_until(valid_hours, now) if live.is_autonomy_on else None,
        is_early=not live.is_autonomy_on or count_auto_jobs(live.release_id, early_jobs) < early_jobs,
        earning_release=str(live.earning or ""),
        boundary_hash=content_hash([workflow.input_schema, workflow.output_schema]),
    )


def get_tagged_document(workflow: Workflow, tag: LiveTag) -> JsonObject:
    """All levers of the release that a tag names, as `teachback.release_document.parse_release_document` reads them."""
    release = Release.objects.select_related("example_list").get(workflow=workflow, number=tag.number)
    return get_document(release).as_json()


def valid_until(valid_hours: float, now: datetime) -> datetime:
    """The end of autonomy for a copy fetched now: between 23/24 and all of `valid_hours` away.

    It moves in steps and not with every fetch, so that an agent that holds the newest copy is told "not modified".
    """
    step_seconds = valid_hours * 3600 / RENEWALS
    started = math.floor(now.timestamp() / step_seconds) * step_seconds
    return datetime.fromtimestamp(started, UTC) + timedelta(hours=valid_hours)
