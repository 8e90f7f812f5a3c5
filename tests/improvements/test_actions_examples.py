"""The examples lever: when a batch is due, what it is made from, what judges it, and what becomes of it."""

from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loops import Loop, answer_from_examples, finish, hand_back, key_to, make_loop, topic_of, wrong_output
from teachback.split import Split
from teachback.vocabulary import GateVerdict, Lever
from teachback_server.agents.protocol import AgentResult, JobInput, ReleaseBundle
from teachback_server.evals.models import Case, CaseResult, Gate
from teachback_server.improvements.candidates import ChangeState
from teachback_server.improvements.models import Change, LearningState
from teachback_server.improvements.noticing import take_in_reviews
from teachback_server.releases.queries import get_document

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture
def loop(db: None) -> Loop:
    return make_loop(answer_from_examples)


def forget_everything(bundle: ReleaseBundle, job: JobInput) -> AgentResult:
    """Right without examples, and wrong with them."""
    if not bundle.examples:
        return finish(key_to(job.input))
    return finish(wrong_output(job.input))


def hand_back_what_examples_show(bundle: ReleaseBundle, job: JobInput) -> AgentResult:
    """One topic gets lost with the examples, as if they contradicted each other there."""
    if bundle.examples and topic_of(job.input["text"]) == "topic-03":
        return hand_back()
    return finish(key_to(job.input))


def learn_topic_by_topic(bundle: ReleaseBundle, job: JobInput) -> AgentResult:
    """One more topic for every thirty examples; the others are handed back."""
    topic = int(topic_of(job.input["text"])[-2:])
    return finish(key_to(job.input)) if topic < len(bundle.examples) // 30 else hand_back()


def test_nothing_is_tried_on_a_handful_of_jobs(loop: Loop) -> None:
    loop.turn(40)
    assert not Change.objects.exists()
    assert loop.live.release.number == 1


def test_a_batch_is_judged_by_unspent_cases_of_the_gates_side_and_spends_them(loop: Loop) -> None:
    loop.turn(150, may_certify=False)
    gate = Gate.objects.get(workflow=loop.workflow)
    judges = Case.objects.filter(results__run__gate=gate).distinct()
    assert judges.count() == gate.cases > 25
    assert {case.split for case in judges} == {Split.GATE}
    assert {case.spent_by_id for case in judges} == {gate.pk}
    assert {case.taught_id for case in judges} == {None}
    taught = set(Case.objects.filter(taught=gate.candidate).values_list("split", flat=True))
    assert taught == {Split.PRACTICE}
    assert gate.report["compared_with"] == [1]


def test_the_batch_is_live_from_the_next_job_on_with_its_verdict_and_its_lineage(loop: Loop) -> None:
    loop.turn(150, may_certify=False)
    change = Change.objects.get()
    assert change.state == ChangeState.RELEASED
    assert change.lever == Lever.EXAMPLES
    assert change.gate is not None
    assert change.gate.verdict == GateVerdict.PROVEN
    assert change.candidate == loop.live.release
    assert change.patterns.get().title == "The agent handed the job back"
    assert loop.do_jobs(1)[0].release == change.candidate


def test_spent_gate_cases_teach_the_next_batch(loop: Loop) -> None:
    loop.agents.answer = learn_topic_by_topic
    loop.turn(450, may_certify=False, at_once=150)
    first, second = Gate.objects.order_by("pk")[:2]
    spent_by_first = Case.objects.filter(spent_by=first)
    assert set(spent_by_first.values_list("taught_id", flat=True)) == {second.candidate_id}
    judged_first = set(CaseResult.objects.filter(run__gate=first).values_list("case_id", flat=True))
    judged_second = set(CaseResult.objects.filter(run__gate=second).values_list("case_id", flat=True))
    assert judged_second
    assert not judged_first & judged_second


def test_examples_that_are_only_not_worse_go_live(loop: Loop) -> None:
    loop.agents.answer = lambda bundle, job: finish(key_to(job.input))
    loop.turn(600, may_certify=False, at_once=600)
    change = Change.objects.get()
    assert change.gate is not None
    assert change.gate.verdict == GateVerdict.NOT_WORSE
    assert change.state == ChangeState.RELEASED
    assert not change.gate.report["claims"][0]["is_allowed"]


def test_a_batch_that_does_harm_is_not_released(loop: Loop) -> None:
    loop.agents.answer = forget_everything
    loop.turn(150, may_certify=False)
    change = Change.objects.get()
    assert change.gate is not None
    assert change.gate.verdict == GateVerdict.HARMFUL
    assert change.state == ChangeState.NOT_RELEASED
    assert loop.live.release.number == 1


def test_a_critical_case_that_breaks_is_a_veto(loop: Loop) -> None:
    loop.agents.answer = hand_back_what_examples_show
    loop.do_jobs(150)
    loop.decide()
    take_in_reviews(loop.workflow)
    Case.objects.filter(split=Split.GATE, job__input__text__startswith="topic-03").update(is_critical=True)
    loop.advance(may_certify=False)
    change = Change.objects.get()
    assert change.gate is not None
    assert change.gate.verdict == GateVerdict.HARMFUL
    assert change.gate.report["broken_critical"] > 0
    assert change.state == ChangeState.NOT_RELEASED


def test_a_candidate_that_failed_is_not_tried_again_before_clearly_more_examples_are_there(loop: Loop) -> None:
    loop.agents.answer = forget_everything
    tries: list[int] = []
    for _ in range(20):
        loop.turn(15, may_certify=False, at_once=15)
        if Gate.objects.count() > len(tries):
            tries.append(loop.state.last_try_examples)
    assert len(tries) == Gate.objects.count() > 2
    assert all(later >= 1.3 * earlier for earlier, later in pairwise(tries))


def test_a_second_look_without_new_decisions_changes_nothing(loop: Loop) -> None:
    loop.turn(150, may_certify=False)
    before = (Gate.objects.count(), loop.workflow.releases.count(), loop.state.__dict__ | {"_state": None})
    loop.advance(may_certify=False)
    loop.advance(may_certify=False)
    assert (Gate.objects.count(), loop.workflow.releases.count(), loop.state.__dict__ | {"_state": None}) == before


def test_an_example_is_what_the_person_stood_behind_and_no_gate_case_that_still_judges(loop: Loop) -> None:
    loop.turn(150, may_certify=False)
    examples = {example.source_job_id: example for example in loop.workflow.example_set.all()}
    unspent = Case.objects.filter(split=Split.GATE, spent_by=None)
    assert not examples.keys() & set(unspent.values_list("job_id", flat=True))
    assert all(example.output == key_to(example.input) for example in examples.values())
    assert set(get_document(loop.live.release).example_hashes) == {one.content_hash for one in examples.values()}


def test_a_look_that_cannot_find_a_batch_due_counts_no_cases(loop: Loop) -> None:
    loop.turn(150, may_certify=False)
    LearningState.objects.update(last_try_examples=150)
    with CaptureQueriesContext(connection) as queries:
        loop.advance(may_certify=False)
    assert queries.captured_queries
    assert not [query for query in queries if '"case"' in query["sql"]]
