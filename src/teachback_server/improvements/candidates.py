"""A candidate release on its way through its gate: what it would change, made from what, and how its verdict is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from teachback.json_types import JsonObject
from teachback.release_document import Approval, ReleaseDocument
from teachback.vocabulary import GateVerdict, Lever
from teachback_server.agents.protocol import ReleaseBundle
from teachback_server.evals.actions import CaseOutcome, mark_taught, spend_cases, store_gate, store_run
from teachback_server.evals.models import Gate
from teachback_server.improvements.models import Change, Pattern
from teachback_server.jobs.actions import next_job_number
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.releases.actions import make_release, put_live
from teachback_server.releases.models import Release
from teachback_server.releases.queries import LiveState
from teachback_server.workflows.models import Workflow


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
    taught_case_ids: Sequence[int] = field(default=())  # cases that it was made from


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The outcome of a gate, before anything is stored."""

    verdict: GateVerdict
    report: JsonObject
    spent_case_ids: Sequence[int]
    runs: Sequence[tuple[Release | None, Sequence[CaseOutcome]]]  # None stands for the candidate itself


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


def store_verdict(
    actor: Actor,
    workflow: Workflow,
    live: LiveState,
    candidate: Candidate,
    judged: Judged,
    *,
    goes_live: bool,
    now: datetime,
) -> Change:
    """Store a candidate with its verdict in one transaction: release, change, gate, runs, spent cases, and the live pointer."""
    with transaction.atomic():
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
        change = Change.objects.create(
            workflow=workflow,
            lever=candidate.lever,
            title=candidate.title,
            state=ChangeState.PROPOSED,
            candidate=release,
            proposed_by=actor.name,
            proposed_at=now,
        )
        change.patterns.set(candidate.patterns)
        _store_gate(actor, change, live.release, judged, goes_live=goes_live, now=now)
    return change


def _store_gate(
    actor: Actor, change: Change, base: Release, judged: Judged, *, goes_live: bool, now: datetime
) -> None:
    gate = store_gate(
        base=base,
        candidate=change.candidate,
        lever=Lever(change.lever),
        verdict=judged.verdict,
        report=judged.report,
        cases=len(judged.spent_case_ids),
        at=now,
    )
    for release, outcomes in judged.runs:
        store_run(release or change.candidate, gate, outcomes, now)
    spend_cases(gate, judged.spent_case_ids)
    change.gate = gate
    change.state = ChangeState.RELEASED if goes_live else ChangeState.NOT_RELEASED
    change.save(update_fields=["gate", "state"])
    record_act(
        actor,
        Act.CHANGE_JUDGED,
        change.title,
        workflow_id=change.workflow_id,
        details={"verdict": judged.verdict, "release": change.candidate.number},
        at=now,
    )
    if goes_live:
        workflow = change.workflow
        why = f"{change.title}: {judged.verdict}"
        put_live(actor, change.candidate, from_job=next_job_number(workflow), why=why, at=now)


def find_gate(change: Change) -> Gate | None:
    """The gate that a change went through; None while it waits."""
    return change.gate
