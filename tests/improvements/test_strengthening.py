"""The claim that what is live is better than the last proven release grows with every gate, whatever that judges."""

import pytest

from loops import Loop, finish, key_to, make_loop, topic_of, wrong_output
from teachback.release_document import Rule
from teachback.vocabulary import GateVerdict
from teachback_server.agents.protocol import AgentResult, JobInput, ReleaseBundle
from teachback_server.evals.models import Gate
from teachback_server.improvements import actions  # not test_change itself, which pytest would take for a test
from teachback_server.improvements.actions import propose_change
from teachback_server.improvements.candidates import ChangeState
from teachback_server.improvements.edits import Edit
from teachback_server.improvements.models import Change
from teachback_server.jobs.actions import next_job_number
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import put_live
from teachback_server.results.queries import read_account

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


def wrong_on_two_topics_without_rules(bundle: ReleaseBundle, job: JobInput) -> AgentResult:
    is_hard = topic_of(job.input["text"]) in ("topic-04", "topic-07")
    return finish(wrong_output(job.input) if is_hard and not bundle.document.rules else key_to(job.input))


@pytest.fixture
def loop(db: None) -> Loop:
    loop = make_loop(wrong_on_two_topics_without_rules)
    loop.put_live_with(agent="python:somebody:answers")  # so that no batch of examples comes between
    return loop


def propose_and_test(loop: Loop, name: str) -> Change:
    rule = Rule(name=name, when='input.text == ""', action="review", reason=name)
    change = propose_change(loop.house.owner, loop.workflow, Edit(rule=rule), title=name)
    return actions.test_change(loop.house.owner, change, loop.agents)


def make_a_gain_live_that_is_not_proven_yet(loop: Loop) -> Gate:
    loop.turn(60, may_certify=False)
    change = propose_and_test(loop, "first")
    assert change.gate is not None and change.candidate is not None
    assert change.gate.verdict != GateVerdict.PROVEN
    put_live(SYSTEM, change.candidate, from_job=next_job_number(loop.workflow), why="A person dared")
    return change.gate


def test_each_gate_adds_to_the_claim_of_what_is_live(loop: Loop) -> None:
    first = make_a_gain_live_that_is_not_proven_yet(loop)
    claim = first.report["claims"][-1]
    assert first.report["compared_with"][-1] == 1
    assert first.report["strengthened"] == []
    for name in ("second", "third"):
        loop.turn(60, may_certify=False)
        gate = propose_and_test(loop, name).gate
        assert gate is not None
        (strengthened,) = gate.report["strengthened"]
        assert (strengthened["number"], strengthened["level"]) == (claim["number"], claim["level"])
        assert cases_of(strengthened) == cases_of(claim) + gate.report["groups"]
        assert strengthened["e_value"] > claim["e_value"]
        claim = strengthened


def test_evidence_from_several_gates_proves_what_none_of_them_proves_alone(loop: Loop) -> None:
    make_a_gain_live_that_is_not_proven_yet(loop)
    assert not read_account(loop.workflow).progress.is_proven
    before = read_account(loop.workflow).progress.more_cases
    for number in range(6):
        loop.turn(60, may_certify=False)
        assert propose_and_test(loop, f"rule {number}").state != ChangeState.RELEASED
    gates = Gate.objects.filter(workflow=loop.workflow)
    assert not any(claim["is_allowed"] for gate in gates for claim in gate.report["claims"])
    progress = read_account(loop.workflow).progress
    assert before is not None and before > 0
    assert (progress.is_proven, progress.proven_number) == (True, 3)
    account = read_account(loop.workflow)
    assert account.passed == 1
    assert account.claims == sum(len(gate.report["claims"]) for gate in gates)


def cases_of(claim: dict[str, list[tuple[float, int]]]) -> int:
    return sum(count for _, count in claim["tally"])
