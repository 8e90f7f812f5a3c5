"""A candidate release: what it would change, from what it was made, and how the verdict on it is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from teachback.json_types import Json, JsonObject
from teachback.release_document import Approval, ReleaseDocument
from teachback.vocabulary import GateVerdict, Lever
from teachback_server.agents.protocol import ReleaseBundle
from teachback_server.evals.actions import mark_taught, spend_cases, spend_late_cases, store_gate, store_run
from teachback_server.evals.gate_jobs import CaseOutcome
from teachback_server.evals.models import Gate
from teachback_server.improvements.models import Change, LearningState, Pattern
from teachback_server.jobs.actions import next_job_number
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.releases.actions import make_release, put_live
from teachback_server.releases.models import LiveRelease, Release
from teachback_server.releases.queries import LiveState
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn


class OvertakenByAnother(RuntimeError):
    """A person or another worker moved the workflow on meanwhile. Nothing was stored; look again and decide anew."""


class ChangeState(StrEnum):
    """Where a change stands."""

    PROPOSED = "proposed"  # waits for its gate
    PASSED = "passed"  # its gate allows it; a person decides
    RELEASED = "released"
    NOT_RELEASED = "not_released"  # its gate did not allow it
    DECLINED = "declined"  # by a person


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A release that somebody proposes: the live one with a difference in one lever."""

    bundle: ReleaseBundle
    lever: Lever
    title: str
    patterns: Sequence[Pattern] = ()
    taught_case_ids: Sequence[int] = ()  # cases that it was made from
    change: Change | None = None  # the proposal that it answers, where a person made one


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The outcome of a gate, before anything is stored."""

    verdict: GateVerdict
    report: JsonObject
    spent_case_ids: Sequence[int]
    judged_through: int  # number of the last job that judged; a certificate, which takes its jobs otherwise, leaves 0
    candidate_confidences: Sequence[float]  # on every job that judged, reviewed or not
    runs: Sequence[tuple[Release | None, Sequence[CaseOutcome]]]  # None stands for the candidate itself
    judged_after: int = 0  # number of the last job that a gate had looked at before


def without_autonomy(document: ReleaseDocument) -> ReleaseDocument:
    """The document as it starts: nothing is certified for a release that has earned nothing yet."""
    approval = document.approval
    return replace(
        document,
        approval=Approval(
            audit_share=approval.audit_share,
            early_audit_share=approval.early_audit_share,
            early_audit_jobs=approval.early_audit_jobs,
            valid_hours=approval.valid_hours,
        ),
    )


def require_unmoved(live: LiveState) -> None:
    """Raise OvertakenByAnother unless the live release, its autonomy and its shadow are still as they were read.

    Call it first in the transaction that acts on what was read: nobody else can move them until that ends.
    """
    take_turn(live.release.workflow_id)
    now = LiveRelease.objects.select_for_update().get(pk=live.release.workflow_id)
    read = (live.release.pk, live.is_autonomy_on, live.earning.pk if live.earning else None)
    if (now.release_id, now.is_autonomy_on, now.earning_id) != read:
        raise OvertakenByAnother("Another release went live, or autonomy was taken back, while this was at work.")


def store_verdict(
    actor: Actor,
    workflow: Workflow,
    live: LiveState,
    candidate: Candidate,
    judged: Judged,
    *,
    outcome: ChangeState,
    now: datetime,
) -> Change:
    """Store a candidate with its verdict in one transaction: release, change, gate, runs, spent cases, live pointer.

    `outcome` is what the verdict means for the change; RELEASED puts the candidate live.
    """
    with transaction.atomic():
        take_turn(workflow.pk)
        release = make_release(
            actor,
            workflow,
            candidate.bundle.document,
            parent=live.release,
            lever=candidate.lever,
            change=candidate.title,
            at=now,
        )
        mark_taught(release, candidate.taught_case_ids)
        gate = store_gate_of(release, live.release, candidate.lever, judged, now)
        change = _store_change(actor, workflow, candidate, release, gate, outcome, now)
        details: dict[str, Json] = {"verdict": judged.verdict, "release": release.number}
        record_act(actor, Act.CHANGE_JUDGED, change.title, workflow_id=workflow.pk, details=details, at=now)
        if outcome is ChangeState.RELEASED:
            why = f"{change.title}: {judged.verdict}"
            put_live(actor, release, from_job=next_job_number(workflow), why=why, at=now)
    return change


def store_gate_of(candidate: Release, base: Release, lever: Lever, judged: Judged, now: datetime) -> Gate:
    """Store a verdict with its runs, and spend the cases that judged. Raises OvertakenByAnother if one was spent."""
    gate = store_gate(
        base=base,
        candidate=candidate,
        lever=lever,
        verdict=judged.verdict,
        report=judged.report,
        cases=len(judged.spent_case_ids),
        at=now,
    )
    for release, outcomes in judged.runs:
        store_run(release or candidate, gate, outcomes, now)
    if spend_cases(gate, judged.spent_case_ids) < len(judged.spent_case_ids):
        raise OvertakenByAnother("Another verdict spent some of the cases that judged.")
    _move_on_to(candidate.workflow_id, judged)
    return gate


def _move_on_to(workflow_id: int, judged: Judged) -> None:
    if judged.judged_through <= judged.judged_after:
        return
    state = LearningState.objects.filter(workflow_id=workflow_id, judged_through=judged.judged_after)
    if not state.update(judged_through=judged.judged_through):
        raise OvertakenByAnother("Another verdict was given on the jobs that judged.")
    spend_late_cases(workflow_id, judged_through=judged.judged_through)


def _store_change(
    actor: Actor,
    workflow: Workflow,
    candidate: Candidate,
    release: Release,
    gate: Gate,
    outcome: ChangeState,
    now: datetime,
) -> Change:
    change = candidate.change or Change.objects.create(
        workflow=workflow,
        lever=candidate.lever,
        title=candidate.title,
        state=outcome,
        proposed_by=actor.name,
        proposed_at=now,
    )
    change.candidate, change.gate, change.state = release, gate, outcome
    change.save(update_fields=["candidate", "gate", "state"])
    if candidate.patterns:
        change.patterns.add(*candidate.patterns)
    return change
