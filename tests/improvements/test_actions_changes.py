"""What people propose, test, accept and decline, and that nobody's decision undoes another's unseen."""

import pytest

from builders import House, actor, make_person
from loops import Loop, always_right, finish, key_to, make_loop, topic_of, wrong_output
from teachback.release_document import Check, Rule
from teachback.vocabulary import Cause, GateVerdict, PatternState
from teachback_server.agents.protocol import AgentResult, JobInput, ReleaseBundle
from teachback_server.evals.models import Case, Gate
from teachback_server.improvements import actions  # not test_change itself, which pytest would take for a test
from teachback_server.improvements.actions import (
    ChangeNotOpen,
    ChangeOutdated,
    PatternOfAnotherWorkflow,
    accept_change,
    decline_change,
    edit_pattern,
    propose_change,
)
from teachback_server.improvements.candidates import ChangeState
from teachback_server.improvements.edits import Edit, EditRefused
from teachback_server.improvements.gate_words import list_figures
from teachback_server.improvements.models import Change, Pattern
from teachback_server.jobs.actions import next_job_number
from teachback_server.people.actor import PermissionMissing
from teachback_server.people.models import AuditEvent
from teachback_server.releases.actions import roll_back
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])

WRONG_TOPIC = "topic-04"  # belongs to delivery, and the agent says returns
REMEDY = Rule(
    name="topic four",
    when=f'input.text.startsWith("{WRONG_TOPIC}")',
    action="set_field",
    field="queue",
    value='"delivery"',
    reason="They are late parcels",
)
HARM = Rule(name="all to billing", when="true", action="set_field", field="queue", value='"billing"', reason="Test")
NO_DIFFERENCE = Rule(
    name="never", when='input.text == ""', action="set_field", field="queue", value='"billing"', reason="Test"
)
NO_RETURNS = Check(name="no returns", kind="expression", expression='output.queue != "returns"')
HARMLESS_CHECK = Check(name="has a queue", kind="expression", expression='output.queue != ""')


def wrong_on_one_topic(bundle: ReleaseBundle, job: JobInput) -> AgentResult:
    if topic_of(job.input["text"]) == WRONG_TOPIC:
        return finish(wrong_output(job.input))
    return finish(key_to(job.input))


@pytest.fixture
def loop(db: None) -> Loop:
    loop = make_loop(wrong_on_one_topic)
    loop.put_live_with(agent="python:somebody:answers")  # so that no batch of examples comes between
    return loop


def propose(loop: Loop, rule: Rule = REMEDY) -> Change:
    return propose_change(loop.house.owner, loop.workflow, Edit(rule=rule), title=rule.name)


def run_test(loop: Loop, change: Change) -> Change:
    return actions.test_change(loop.house.owner, change, loop.agents)


def propose_and_test(loop: Loop, rule: Rule) -> Change:
    return run_test(loop, propose(loop, rule))


def rules_of(loop: Loop) -> list[str]:
    return [rule.name for rule in loop.live.document.rules]


def test_a_proposal_changes_nothing_before_its_gate(loop: Loop) -> None:
    before = loop.live.release
    assert propose(loop).state == ChangeState.PROPOSED
    loop.turn(50)
    assert loop.live.release == before
    assert AuditEvent.objects.filter(workflow_id=loop.workflow.pk, kind="change_proposed").count() == 1


def test_a_rule_that_is_proven_goes_live_at_once(loop: Loop) -> None:
    loop.turn(1000, may_certify=False, at_once=500)
    change = propose_and_test(loop, REMEDY)
    assert change.gate is not None
    assert change.gate.verdict == GateVerdict.PROVEN
    assert change.state == ChangeState.RELEASED
    assert rules_of(loop) == [REMEDY.name]
    assert Case.objects.filter(spent_by=change.gate).count() == change.gate.cases > 200


def test_a_rule_that_is_not_worse_waits_for_an_owner(loop: Loop) -> None:
    loop.turn(600, may_certify=False, at_once=600)
    change = propose_and_test(loop, NO_DIFFERENCE)
    assert change.state == ChangeState.PASSED
    assert rules_of(loop) == []
    editor = make_person("editor")
    give_role(loop.house.owner, loop.workflow, editor, Role.EDITOR)
    with pytest.raises(PermissionMissing):
        accept_change(actor(editor), change)
    accept_change(loop.house.owner, change)
    assert rules_of(loop) == [NO_DIFFERENCE.name]
    assert loop.live.from_job == next_job_number(loop.workflow)


def test_a_check_is_judged_by_what_it_would_have_caught_and_held_back(loop: Loop) -> None:
    loop.turn(600, may_certify=False, at_once=600)
    change = propose_change(loop.house.owner, loop.workflow, Edit(check=NO_RETURNS), title="A check")
    gate = run_test(loop, change).gate
    assert gate is not None
    assert gate.verdict == GateVerdict.NOT_WORSE
    wrong, right = gate.report["check"]["of_wrong"], gate.report["check"]["of_right"]
    assert (wrong["share"], right["held"] > 0) == (1.0, True)
    assert wrong["cases"] + right["cases"] == gate.cases
    assert gate.report["sentence"].startswith("Not worse, as a check changes no output. It would have caught 100\xa0%")
    figures = {figure.label: figure.words for figure in list_figures(gate.report, gate.lever)}
    assert figures["Wrong outputs that it would have caught"].startswith(f"{wrong['held']} of {wrong['cases']}: 100")
    assert "between" in figures["Right outputs that it would have held back"]


def test_a_rule_that_does_harm_is_closed_and_stays_out(loop: Loop) -> None:
    loop.turn(300, may_certify=False, at_once=300)
    change = propose_and_test(loop, HARM)
    assert change.gate is not None
    assert change.gate.verdict == GateVerdict.HARMFUL
    assert change.state == ChangeState.NOT_RELEASED
    assert rules_of(loop) == []
    with pytest.raises(ChangeNotOpen):
        accept_change(loop.house.owner, change)


def test_a_change_that_no_reviewed_job_can_judge_stays_open_until_one_can(loop: Loop) -> None:
    loop.do_jobs(60)
    change = propose_and_test(loop, REMEDY)
    assert (change.state, change.gate, Gate.objects.count()) == (ChangeState.PROPOSED, None, 0)
    loop.decide()
    loop.advance(may_certify=False)
    assert run_test(loop, change).gate is not None


def test_a_change_is_tested_once(loop: Loop) -> None:
    loop.turn(60, may_certify=False)
    change = propose_and_test(loop, REMEDY)
    with pytest.raises(ChangeNotOpen):
        run_test(loop, change)
    assert Gate.objects.count() == 1


def test_a_declined_change_is_closed_with_its_reason(loop: Loop) -> None:
    change = propose(loop)
    decline_change(loop.house.owner, change, why="We drop that queue")
    assert change.state == ChangeState.DECLINED
    event = AuditEvent.objects.get(workflow_id=loop.workflow.pk, kind="change_declined")
    assert event.details == {"why": "We drop that queue"}
    for act in (run_test, lambda loop, change: decline_change(loop.house.owner, change, why="")):
        with pytest.raises(ChangeNotOpen):
            act(loop, change)


def test_a_change_that_is_declined_while_it_is_tested_does_not_go_live(loop: Loop) -> None:
    loop.turn(600, may_certify=False, at_once=600)
    change = propose(loop)
    answer = loop.agents.answer

    def decline_meanwhile(bundle: ReleaseBundle, job: JobInput) -> AgentResult:
        loop.agents.answer = answer
        decline_change(loop.house.owner, Change.objects.get(pk=change.pk), why="No")
        return answer(bundle, job)

    loop.agents.answer = decline_meanwhile
    with pytest.raises(ChangeNotOpen):
        run_test(loop, change)
    assert Change.objects.get(pk=change.pk).state == ChangeState.DECLINED
    assert rules_of(loop) == []
    assert not Gate.objects.exists()
    assert not Case.objects.filter(spent_by__isnull=False).exists()


def test_of_two_changes_that_passed_the_second_cannot_undo_the_first_unseen(loop: Loop) -> None:
    loop.turn(600, may_certify=False, at_once=600)
    first = propose_and_test(loop, NO_DIFFERENCE)
    loop.turn(600, may_certify=False, at_once=600)
    change = propose_change(loop.house.owner, loop.workflow, Edit(check=HARMLESS_CHECK), title="A check")
    second = run_test(loop, change)
    assert (first.state, second.state) == (ChangeState.PASSED, ChangeState.PASSED)
    accept_change(loop.house.owner, first)
    with pytest.raises(ChangeOutdated, match="Propose it again"):
        accept_change(loop.house.owner, second)
    assert Change.objects.get(pk=second.pk).state == ChangeState.PASSED
    assert rules_of(loop) == [NO_DIFFERENCE.name]


def test_autonomy_that_was_certified_meanwhile_is_no_obstacle_to_accepting(loop: Loop) -> None:
    loop.turn(600, may_certify=False, at_once=600)
    change = propose_and_test(loop, NO_DIFFERENCE)
    loop.certify()
    accept_change(loop.house.owner, change)
    assert rules_of(loop) == [NO_DIFFERENCE.name]
    assert not loop.live.is_autonomy_on  # it has earned nothing yet
    assert loop.live.document.approval.threshold is None


def test_accepting_while_a_release_earns_autonomy_drops_its_plan(loop: Loop) -> None:
    loop.turn(600, may_certify=False, at_once=600)
    change = propose_and_test(loop, NO_DIFFERENCE)
    loop.earn_on(40)
    loop.do_jobs(30)
    accept_change(loop.house.owner, change)
    loop.do_jobs(30)
    loop.decide()
    loop.advance()
    assert not loop.live.is_autonomy_on
    assert not Gate.objects.filter(lever="approval").exists()
    assert loop.state.earning_id == loop.live.release.pk


def test_a_test_takes_the_cases_of_a_pool_which_then_begins_anew(loop: Loop) -> None:
    loop.turn(60, may_certify=False)
    loop.earn_on(80)
    loop.do_jobs(60)
    loop.decide()
    loop.advance()
    assert propose_and_test(loop, HARM).state == ChangeState.NOT_RELEASED
    assert loop.state.earning_from_job == 121
    loop.do_jobs(80)
    loop.decide()
    loop.advance()
    certificate = Gate.objects.get(lever="approval")
    assert min(Case.objects.filter(spent_by=certificate).values_list("job__number", flat=True)) == 121


def test_only_editors_propose_and_test(loop: Loop) -> None:
    with pytest.raises(PermissionMissing):
        propose_change(loop.house.reviewer, loop.workflow, Edit(rule=REMEDY), title="")
    change = propose(loop)
    for somebody in (loop.house.reviewer, loop.house.stranger):
        with pytest.raises(PermissionMissing):
            actions.test_change(somebody, change, loop.agents)
        with pytest.raises(PermissionMissing):
            decline_change(somebody, change, why="")


def test_an_edit_that_cannot_work_is_refused_before_it_is_stored(loop: Loop) -> None:
    for edit in (Edit(), Edit(instructions=" "), Edit(rule=REMEDY, check=HARMLESS_CHECK)):
        with pytest.raises(EditRefused):
            propose_change(loop.house.owner, loop.workflow, edit, title="x")
    assert not Change.objects.exists()


def test_a_change_cannot_speak_to_a_pattern_of_another_workflow(loop: Loop) -> None:
    elsewhere = Pattern.objects.create(
        workflow=loop.house.elsewhere, key="k", first_job=1, last_job=1, first_review=1, last_review=1
    )
    with pytest.raises(PatternOfAnotherWorkflow):
        propose_change(loop.house.owner, loop.workflow, Edit(rule=REMEDY), title="x", patterns=[elsewhere])


class TestPatternEdits:
    """What people say about patterns, and that the loop does not overrule it."""

    @pytest.fixture
    def pattern(self, loop: Loop) -> Pattern:
        loop.turn(60, may_certify=False)
        return Pattern.objects.get(workflow=loop.workflow)

    def edit(self, house: House, pattern: Pattern, cause: Cause, *, is_ignored: bool = False) -> None:
        edit_pattern(house.owner, pattern, owner=house.bob, due_on=None, cause=cause, is_ignored=is_ignored)

    def test_what_a_person_says_of_the_cause_stays(self, loop: Loop, pattern: Pattern) -> None:
        self.edit(loop.house, pattern, Cause.TOOL)
        loop.turn(600, may_certify=False, at_once=300)
        pattern.refresh_from_db()
        assert pattern.cause == Cause.TOOL
        assert pattern.cause_evidence == "said by alice"
        assert pattern.owner == loop.house.bob

    def test_saying_that_it_is_not_known_leaves_it_to_the_evidence(self, loop: Loop, pattern: Pattern) -> None:
        self.edit(loop.house, pattern, Cause.TOOL)
        self.edit(loop.house, pattern, Cause.UNRESOLVED)
        loop.turn(600, may_certify=False, at_once=300)
        pattern.refresh_from_db()
        assert pattern.cause_said_by == ""
        assert pattern.cause_evidence != "said by alice"

    def test_an_ignored_pattern_stays_ignored_until_a_person_takes_it_back(self, loop: Loop, pattern: Pattern) -> None:
        self.edit(loop.house, pattern, Cause.UNRESOLVED, is_ignored=True)
        loop.turn(600, may_certify=False, at_once=300)
        pattern.refresh_from_db()
        assert pattern.state == PatternState.IGNORED
        self.edit(loop.house, pattern, Cause.UNRESOLVED)
        assert pattern.state == PatternState.GROWING

    def test_an_edit_does_not_undo_what_the_loop_counted_meanwhile(self, loop: Loop, pattern: Pattern) -> None:
        loop.turn(60, may_certify=False)
        self.edit(loop.house, pattern, Cause.TOOL)
        counted = Pattern.objects.get(pk=pattern.pk)
        assert counted.count == pattern.memberships.count() > pattern.count

    def test_only_editors_edit(self, loop: Loop, pattern: Pattern) -> None:
        with pytest.raises(PermissionMissing):
            edit_pattern(loop.house.reviewer, pattern, owner=None, due_on=None, cause=Cause.TOOL, is_ignored=False)


def test_rolling_back_needs_no_gate_and_ends_what_was_earned(loop: Loop) -> None:
    loop.agents.answer = always_right
    loop.turn(60, may_certify=False)
    certified = loop.certify()
    assert certified.parent is not None
    roll_back(loop.house.owner, certified.parent, from_job=next_job_number(loop.workflow), why="To be sure")
    loop.turn(20)
    assert not loop.live.is_autonomy_on
    assert not loop.workflow.jobs.filter(number__gte=loop.live.from_job).exclude(routing="review").exists()
