"""What may happen in layer 5: the loop takes its next step, and people propose, test, accept or decline changes."""

from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from teachback.vocabulary import Cause, GateVerdict, Lever, PatternState
from teachback_server.agents.open_releases import OpenReleases
from teachback_server.improvements.approval_lever import certify_when_due
from teachback_server.improvements.candidates import (
    Candidate,
    ChangeState,
    OvertakenByAnother,
    require_unmoved,
    store_verdict,
    without_autonomy,
)
from teachback_server.improvements.edits import Edit, apply_edit, parse_edit, validate_edit
from teachback_server.improvements.evidence import list_family
from teachback_server.improvements.examples_lever import try_batch_when_due
from teachback_server.improvements.guarding import watch_audits
from teachback_server.improvements.judging import judge_candidate
from teachback_server.improvements.models import Change, Pattern
from teachback_server.improvements.noticing import take_in_reviews
from teachback_server.improvements.planning import drop_stale_plan, plan_when_due, start_pool_again, stop_earning
from teachback_server.improvements.weighing import weigh_patterns
from teachback_server.jobs.actions import next_job_number
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.people.models import User
from teachback_server.releases.actions import put_live
from teachback_server.releases.queries import get_live_state
from teachback_server.reviews.agreement.freezing import find_freeze, see_to_freeze
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn

MOST_TRIES = 3  # of a step that others overtake


class ChangeNotOpen(ValueError):
    """The change has been decided already. Open its page to see how."""


class ChangeOutdated(ChangeNotOpen):
    """Another release went live since the change was tested, so its release lacks what came since. Propose it again."""


class LearningPaused(ChangeNotOpen):
    """Learning is paused, as people decided too many jobs differently. An owner lets it go on under Agreement."""


class PatternOfAnotherWorkflow(ValueError):
    """A change speaks to patterns of its own workflow only. Choose them from that workflow's list."""


def advance_workflow(workflow: Workflow, agents: OpenReleases, *, now: datetime, may_certify: bool = True) -> None:
    """Take every step of the loop that the evidence allows now; called again without new evidence it does nothing.

    `may_certify` False keeps everything under review, whatever the evidence. People and other workers may act at the
    same time: what they overtake is not stored, and is looked at again.
    """
    for tries_left in reversed(range(MOST_TRIES)):
        workflow.refresh_from_db()  # an owner may have edited its limits since the caller read it
        try:
            _advance(workflow, agents, now=now, may_certify=may_certify)
        except OvertakenByAnother:
            if not tries_left:
                raise
        else:
            return


def propose_change(
    actor: Actor, workflow: Workflow, edit: Edit, *, title: str, why: str = "", patterns: list[Pattern] | None = None
) -> Change:
    """Propose an instruction, a rule or a check. It waits for its gate; nothing changes for any job yet."""
    require_role(actor, workflow.pk, Role.EDITOR)
    validate_edit(edit, workflow.output_schema)
    if any(pattern.workflow_id != workflow.pk for pattern in patterns or ()):
        raise PatternOfAnotherWorkflow("A change speaks to patterns of its own workflow only.")
    with transaction.atomic():
        change = Change.objects.create(
            workflow=workflow,
            lever=edit.lever,
            title=title[:300],
            why=why,
            state=ChangeState.PROPOSED,
            edit=edit.as_json(),
            proposed_by=actor.name,
            proposed_at=timezone.now(),
            owner_id=actor.user_id,
        )
        change.patterns.set(patterns or [])
        record_act(actor, Act.CHANGE_PROPOSED, change.title, workflow_id=workflow.pk)
    return change


def test_change(actor: Actor, change: Change, agents: OpenReleases, *, now: datetime | None = None) -> Change:
    """Take a person's proposal through its gate, on every unspent case; raises ChangeNotOpen if it was decided before.

    `proven` puts it live at once; `not worse` leaves the decision to a person; anything else closes it. Where nothing
    can be told because no case was reviewed yet, it stays open and nothing is stored. Where others spend cases or move
    the live release meanwhile, it is judged anew. Raises LearningPaused while people do not agree on what is right.
    """
    require_role(actor, change.workflow_id, Role.EDITOR)
    _refuse_while_paused(change.workflow)
    if change.state != ChangeState.PROPOSED:
        raise ChangeNotOpen("This change has been tested already. Its page shows what the test said.")
    for tries_left in reversed(range(MOST_TRIES)):
        try:
            return _judge_change(actor, change, agents, now=now or timezone.now())
        except OvertakenByAnother:
            change.refresh_from_db()
            if not tries_left:
                raise
    return change


def accept_change(actor: Actor, change: Change) -> None:
    """Put the release of a change live that passed its gate as not worse.

    Raises ChangeNotOpen in any other state, ChangeOutdated if another release went live since the gate, and
    LearningPaused while people do not agree on what is right.
    """
    require_role(actor, change.workflow_id, Role.OWNER)
    _refuse_while_paused(change.workflow)
    with transaction.atomic():
        take_turn(change.workflow_id)
        if change.state == ChangeState.PASSED:
            _refuse_outdated(change)
        _move(change, ChangeState.PASSED, ChangeState.RELEASED)
        why = f"{change.title}: accepted by {actor.name}"
        release = change.workflow.releases.get(made_by_change=change)
        put_live(actor, release, from_job=next_job_number(change.workflow), why=why)
        stop_earning(change.workflow)


def decline_change(actor: Actor, change: Change, *, why: str) -> None:
    """Close a change that is not live. Raises ChangeNotOpen when it was decided before."""
    require_role(actor, change.workflow_id, Role.EDITOR)
    state = ChangeState(change.state)
    with transaction.atomic():
        take_turn(change.workflow_id)
        _move(change, state if state is ChangeState.PASSED else ChangeState.PROPOSED, ChangeState.DECLINED)
        record_act(actor, Act.CHANGE_DECLINED, change.title, workflow_id=change.workflow_id, details={"why": why})


def edit_pattern(
    actor: Actor,
    pattern: Pattern,
    *,
    owner: User | None,
    due_on: date | None,
    cause: Cause,
    is_ignored: bool,
) -> None:
    """Say who looks after a pattern until when, what its cause is, and whether it matters at all.

    No evidence overrules the cause that a person gave; `unresolved` leaves it to the evidence again.
    """
    require_role(actor, pattern.workflow_id, Role.EDITOR)
    with transaction.atomic():
        take_turn(pattern.workflow_id)
        pattern.owner, pattern.due_on = owner, due_on
        pattern.save(update_fields=["owner", "due_on"])  # no more than that: the loop counts corrections meanwhile
        if cause != pattern.cause:
            pattern.cause, pattern.cause_evidence = cause, f"said by {actor.name}"
            pattern.cause_said_by = "" if cause is Cause.UNRESOLVED else actor.name[:200]
            pattern.save(update_fields=["cause", "cause_evidence", "cause_said_by"])
        if is_ignored != (pattern.state == PatternState.IGNORED):
            pattern.state = PatternState.IGNORED if is_ignored else PatternState.GROWING
            pattern.save(update_fields=["state"])
        record_act(actor, Act.PATTERN_EDITED, pattern.title, workflow_id=pattern.workflow_id)


def _judge_change(actor: Actor, change: Change, agents: OpenReleases, *, now: datetime) -> Change:
    workflow = change.workflow
    live = get_live_state(workflow)
    document = without_autonomy(apply_edit(live.document, parse_edit(change.edit)))
    bundle = replace(agents.open(live.release).bundle, document=document)
    candidate = Candidate(bundle=bundle, lever=Lever(change.lever), title=change.title, change=change)
    judged = judge_candidate(workflow, agents, live, candidate)
    if judged.verdict is GateVerdict.CANNOT_TELL and not judged.spent_case_ids:
        return change
    outcome = {GateVerdict.PROVEN: ChangeState.RELEASED, GateVerdict.NOT_WORSE: ChangeState.PASSED}.get(
        judged.verdict, ChangeState.NOT_RELEASED
    )
    with transaction.atomic():
        require_unmoved(live)
        _move(change, ChangeState.PROPOSED, outcome)
        stored = store_verdict(actor, workflow, live, candidate, judged, outcome=outcome, now=now)
        start_pool_again(workflow, judged_through=judged.judged_through)
    return stored


def _advance(workflow: Workflow, agents: OpenReleases, *, now: datetime, may_certify: bool) -> None:
    watch_audits(workflow, get_live_state(workflow), now=now)  # before all that takes longer or could fail
    while take_in_reviews(workflow):
        pass
    weigh_patterns(workflow)
    if see_to_freeze(workflow) is not None:
        return  # people do not agree enough on what is right to learn from them
    while _take_step(workflow, agents, now=now, may_certify=may_certify):
        pass


def _take_step(workflow: Workflow, agents: OpenReleases, *, now: datetime, may_certify: bool) -> bool:
    live = get_live_state(workflow)
    if drop_stale_plan(workflow, live):
        return True
    if may_certify and (plan_when_due(workflow, live) or certify_when_due(workflow, agents, live, now=now)):
        return True
    return try_batch_when_due(workflow, agents, live, now=now)


def _refuse_while_paused(workflow: Workflow) -> None:
    if find_freeze(workflow) is not None:
        raise LearningPaused(LearningPaused.__doc__)


def _refuse_outdated(change: Change) -> None:
    live = get_live_state(change.workflow).release
    if change.workflow.releases.get(made_by_change=change).parent_id not in list_family(live):
        raise ChangeOutdated(
            "Another release went live since this change was tested, and accepting it would undo that one. "
            "Propose it again: it is then tested against what is live now."
        )


def _move(change: Change, expected: ChangeState, to: ChangeState) -> None:
    """Change the state if it still is what the person saw, so that two people cannot both decide."""
    moved = Change.objects.filter(pk=change.pk, state=expected).update(state=to)
    if not moved:
        raise ChangeNotOpen("This change is not waiting for that decision. Open its page to see where it stands.")
    change.state = to
