"""What may happen to releases: one is made, put live, rolled back to, or loses its autonomy, as by a new boundary."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from teachback.json_types import JsonObject, canonical_json, content_hash
from teachback.release_document import Approval, ReleaseDocument
from teachback.vocabulary import Lever
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.releases.models import Example, ExampleList, LiveRelease, Release, ReleaseEvent
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.actions import edit_boundary, make_workflow
from teachback_server.workflows.boundary import Boundary
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn


class ReleaseEventKind(StrEnum):
    """What can happen to a release after it was made."""

    WENT_LIVE = "went_live"
    ROLLED_BACK = "rolled_back"  # it was returned to
    AUTONOMY_OFF = "autonomy_off"


class ReleaseOfAnotherWorkflow(ValueError):
    """The release belongs to another workflow. Choose one from this workflow's list of releases."""


class ReleaseNeverLive(ValueError):
    """The release has never been live, so there is nothing to return to. Its change has to pass a gate first."""


class ReleaseIsLive(ValueError):
    """The release is live already. Choose another one to return to."""


@dataclass(frozen=True, kw_only=True)
class NewExample:
    """A reviewed job on its way into the examples."""

    input: JsonObject
    output: JsonObject
    source_job_id: int

    @property
    def content_hash(self) -> str:
        """The name of exactly this input with this output."""
        return content_hash({"input": self.input, "output": self.output})


def open_workflow(
    actor: Actor, boundary: Boundary, *, agent: str = "local", salt: str | None = None, at: datetime | None = None
) -> tuple[Workflow, Release]:
    """Make a workflow together with its release 1, which is live from the start and knows nothing yet."""
    with transaction.atomic():
        workflow = make_workflow(actor, boundary, salt=salt)
        document = ReleaseDocument(workflow=boundary.name, agent=agent)
        release = make_release(actor, workflow, document, parent=None, lever=None, change="The first release", at=at)
        put_live(actor, release, from_job=1, why="The first release", at=at)
    return workflow, release


def keep_examples(workflow: Workflow, examples: Sequence[NewExample]) -> list[str]:
    """Store examples once by their content and return the hash of each, in order."""
    rows = [
        Example(
            workflow=workflow,
            content_hash=example.content_hash,
            input=example.input,
            output=example.output,
            source_job_id=example.source_job_id,
        )
        for example in examples
    ]
    Example.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return [row.content_hash for row in rows]


def make_release(
    actor: Actor,
    workflow: Workflow,
    document: ReleaseDocument,
    *,
    parent: Release | None,
    lever: Lever | None,
    change: str,
    at: datetime | None = None,
) -> Release:
    """Make an immutable release with the next number. It is not live until somebody puts it live.

    Examples are a set: they are stored sorted and once each, so that equal sets give equal hashes. Raises
    ReleaseOfAnotherWorkflow when the document or the parent is of another workflow.
    """
    require_role(actor, workflow.pk, Role.EDITOR)
    if document.workflow != workflow.name or (parent is not None and parent.workflow_id != workflow.pk):
        raise ReleaseOfAnotherWorkflow(
            f"A release of '{workflow.name}' is made from releases of '{workflow.name}' only."
        )
    document = replace(document, example_hashes=tuple(sorted(set(document.example_hashes))))
    at = at or timezone.now()
    with transaction.atomic():
        take_turn(workflow.pk)
        release = Release.objects.create(
            workflow=workflow,
            number=1 + (workflow.releases.aggregate(last=Max("number"))["last"] or 0),
            parent=parent,
            lever=lever or "",
            change=change[:300],
            document={name: value for name, value in document.as_json().items() if name != "example_hashes"},
            example_list=_keep_example_list(document.example_hashes),
            content_hash=document.content_hash,
            created_by=actor.name,
            created_at=at,
        )
        record_act(actor, Act.RELEASE_MADE, str(release), workflow_id=workflow.pk, details={"change": change}, at=at)
    return release


def put_live(actor: Actor, release: Release, *, from_job: int, why: str, at: datetime | None = None) -> None:
    """Let a workflow run under this release from its next job on; autonomy is on if the release is certified."""
    _point_live_at(actor, release, ReleaseEventKind.WENT_LIVE, Act.RELEASE_WENT_LIVE, from_job=from_job, why=why, at=at)


def roll_back(actor: Actor, release: Release, *, from_job: int, why: str, at: datetime | None = None) -> None:
    """Return to an earlier release in one act. Its autonomy stays off until it is earned again.

    Raises ReleaseNeverLive, as what no gate let through must not come in by the back door, or ReleaseIsLive.
    """
    require_role(actor, release.workflow_id, Role.EDITOR)
    if not release.events.filter(kind=ReleaseEventKind.WENT_LIVE).exists():
        raise ReleaseNeverLive(f"Release {release.number} has never been live, so there is nothing to return to.")
    if LiveRelease.objects.filter(release=release).exists():
        raise ReleaseIsLive(f"Release {release.number} is live already.")
    _point_live_at(
        actor, release, ReleaseEventKind.ROLLED_BACK, Act.RELEASE_ROLLED_BACK, from_job=from_job, why=why, at=at
    )


def take_autonomy_back(
    actor: Actor, workflow: Workflow, *, from_job: int, why: str, at: datetime | None = None
) -> None:
    """Send every job to a person again, at once. The release stays; only its autonomy goes.

    Where there is none, nothing happens and nothing is written.
    """
    require_role(actor, workflow.pk, Role.EDITOR)
    at = at or timezone.now()
    with transaction.atomic():
        take_turn(workflow.pk)
        live = LiveRelease.objects.select_related("release").get(workflow=workflow)
        if not live.is_autonomy_on:
            return
        live.is_autonomy_on = False
        live.save(update_fields=["is_autonomy_on"])
        _append_event(actor, live.release, ReleaseEventKind.AUTONOMY_OFF, from_job=from_job, why=why, at=at)
        record_act(
            actor, Act.AUTONOMY_TAKEN_BACK, str(live.release), workflow_id=workflow.pk, details={"why": why}, at=at
        )


def watch_test_cases(workflow: Workflow, release: Release | None) -> None:
    """Have all test cases reviewed while this release earns its autonomy in the shadow; None ends that."""
    LiveRelease.objects.filter(workflow=workflow).update(earning=release)


def change_boundary(
    actor: Actor, workflow: Workflow, boundary: Boundary, *, from_job: int, at: datetime | None = None
) -> bool:
    """Edit the boundary; autonomy that was certified for other work or a laxer limit is taken back in the same act.

    Returns whether it was. Raises what `workflows.actions.edit_boundary` raises.
    """
    with transaction.atomic():
        take_turn(workflow.pk)
        live = LiveRelease.objects.select_related("release").get(workflow=workflow)
        why = _why_certificate_lapses(workflow, boundary, Approval(**live.release.document["approval"]))
        edit_boundary(actor, workflow, boundary)
        if why and live.is_autonomy_on:
            take_autonomy_back(actor, workflow, from_job=from_job, why=why, at=at)
            return True
    return False


def _why_certificate_lapses(workflow: Workflow, boundary: Boundary, approval: Approval) -> str:
    """Why autonomy certified before an edit would no longer be covered by its certificate; empty where it still is."""
    for name, before, after in (
        ("input", workflow.input_schema, boundary.input_schema),
        ("output", workflow.output_schema, boundary.output_schema),
    ):
        if canonical_json(before) != canonical_json(after):
            return f"The {name} of the work changed, and the certificate is about the work as it was before."
    if approval.error_limit is not None and boundary.error_limit < approval.error_limit:
        return "The limit on errors is stricter now than what was certified."
    if approval.certainty is not None and boundary.certainty > approval.certainty:
        return "The limit must hold with more certainty now than what was certified."
    return ""


def _point_live_at(
    actor: Actor, release: Release, kind: ReleaseEventKind, act: Act, *, from_job: int, why: str, at: datetime | None
) -> None:
    require_role(actor, release.workflow_id, Role.EDITOR)
    at = at or timezone.now()
    is_certified = release.document["approval"]["threshold"] is not None
    with transaction.atomic():
        take_turn(release.workflow_id)
        LiveRelease.objects.update_or_create(
            workflow_id=release.workflow_id,
            defaults={
                "release": release,
                "is_autonomy_on": is_certified and kind is ReleaseEventKind.WENT_LIVE,
                "since_at": at,
                "from_job": from_job,
                "earning": None,
            },
        )
        _append_event(actor, release, kind, from_job=from_job, why=why, at=at)
        record_act(actor, act, str(release), workflow_id=release.workflow_id, details={"why": why}, at=at)


def _append_event(
    actor: Actor, release: Release, kind: ReleaseEventKind, *, from_job: int, why: str, at: datetime
) -> None:
    ReleaseEvent.objects.create(
        workflow_id=release.workflow_id,
        release=release,
        kind=kind,
        from_job=from_job,
        at=at,
        by=actor.name,
        why=why[:500],
    )


def _keep_example_list(hashes: Sequence[str]) -> ExampleList:
    row, _ = ExampleList.objects.get_or_create(
        content_hash=content_hash(hashes),
        defaults={"count": len(hashes), "members": zlib.compress("".join(hashes).encode())},
    )
    return row
