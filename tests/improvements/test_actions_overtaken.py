"""Two workers and people act on one workflow at once: nothing is read, judged or decided twice, or on what is gone."""

from collections.abc import Callable

import pytest

from builders import MORNING
from loops import Loop, always_right, always_wrong, answer_from_examples, make_loop
from teachback.vocabulary import GateVerdict, Lever
from teachback_server.agents.protocol import AgentResult, JobInput, ReleaseBundle
from teachback_server.evals.models import Case, CaseResult, Gate
from teachback_server.improvements import actions, candidates, guarding, noticing
from teachback_server.improvements.candidates import ChangeState, OvertakenByAnother
from teachback_server.improvements.edits import Edit
from teachback_server.improvements.guarding import watch_audits
from teachback_server.improvements.judging import claim_account
from teachback_server.improvements.models import Change, GuardRecord, Pattern, PatternCorrection
from teachback_server.improvements.noticing import take_in_reviews
from teachback_server.jobs.actions import next_job_number
from teachback_server.releases.actions import put_live, roll_back, take_autonomy_back
from teachback_server.releases.models import Release, ReleaseEvent

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture
def loop(db: None) -> Loop:
    return make_loop(answer_from_examples)


def meanwhile(loop: Loop, act: Callable[[], object]) -> None:
    """Let somebody else act once, the next time that an agent works."""
    answer = loop.agents.answer

    def answer_later(bundle: ReleaseBundle, job: JobInput) -> AgentResult:
        loop.agents.answer = answer
        act()
        return answer(bundle, job)

    loop.agents.answer = answer_later


def results_per_case() -> list[int]:
    return [case.results.values("run__gate").distinct().count() for case in Case.objects.all()]


def test_a_batch_that_another_worker_judged_first_is_judged_once(loop: Loop) -> None:
    loop.do_jobs(150)
    loop.decide()
    meanwhile(loop, lambda: loop.advance(may_certify=False))
    loop.advance(may_certify=False)
    assert Gate.objects.count() == Change.objects.count() == 1
    assert loop.workflow.releases.count() == 2
    assert max(results_per_case()) == 1
    assert claim_account(loop.workflow).claims == 1


def test_a_candidate_whose_base_is_no_longer_live_is_not_stored(loop: Loop) -> None:
    loop.do_jobs(150)
    loop.decide()
    meanwhile(loop, lambda: loop.put_live_with(agent="python:somebody:answers"))
    loop.advance(may_certify=False)
    assert not Gate.objects.exists()
    assert loop.live.document.agent == "python:somebody:answers"
    assert not Case.objects.filter(spent_by__isnull=False).exists()


def test_what_was_read_of_the_live_release_holds_no_more_once_its_autonomy_is_gone(loop: Loop) -> None:
    take_in_reviews(loop.workflow)
    loop.certify()
    live = loop.live
    candidates.require_unmoved(live)
    take_autonomy_back(loop.house.owner, loop.workflow, from_job=next_job_number(loop.workflow), why="To be sure")
    with pytest.raises(OvertakenByAnother):
        candidates.require_unmoved(live)
    candidates.require_unmoved(loop.live)


def test_a_certificate_that_another_worker_gave_first_is_given_once(loop: Loop) -> None:
    loop.turn(100, may_certify=False)
    live = loop.live.release
    change = _wait_in_shadow(loop)
    loop.do_jobs(150)
    loop.decide()
    meanwhile(loop, loop.advance)
    loop.advance()
    assert Gate.objects.filter(lever=Lever.APPROVAL, base=change.candidate).count() == 1
    assert loop.live.release.parent == change.candidate
    assert loop.live.release.parent != live
    assert ReleaseEvent.objects.filter(release=loop.live.release).count() == 1
    assert max(results_per_case()) == 1


def test_cases_that_a_certificate_spent_while_a_change_was_tested_do_not_judge_the_change(loop: Loop) -> None:
    loop.put_live_with(agent="python:somebody:answers")
    loop.agents.answer = always_wrong
    loop.turn(60, may_certify=False)
    loop.earn_on(60)
    loop.do_jobs(60)
    loop.decide()
    take_in_reviews(loop.workflow)
    change = actions.propose_change(loop.house.owner, loop.workflow, Edit(instructions="Try harder."), title="Words")
    meanwhile(loop, loop.advance)
    actions.test_change(loop.house.owner, change, loop.agents)
    certificate, test = Gate.objects.order_by("pk")
    assert (certificate.lever, test.lever) == (Lever.APPROVAL, Lever.INSTRUCTIONS)
    assert Case.objects.filter(spent_by=certificate).count() == certificate.cases == 60
    assert max(Case.objects.filter(spent_by=test).values_list("job__number", flat=True)) <= 60
    assert max(results_per_case()) == 1


def test_a_rollback_during_the_certificate_of_a_shadow_wins(loop: Loop) -> None:
    loop.turn(100, may_certify=False)
    change = _wait_in_shadow(loop)
    loop.do_jobs(150)
    loop.decide()
    first = loop.workflow.releases.get(number=1)
    meanwhile(
        loop,
        lambda: roll_back(loop.house.owner, first, from_job=next_job_number(loop.workflow), why="Too fast"),
    )
    loop.advance(may_certify=False)
    assert not ReleaseEvent.objects.filter(release=change.candidate).exists()
    assert not Gate.objects.filter(lever=Lever.APPROVAL, verdict=GateVerdict.PROVEN, base=change.candidate).exists()


def test_reviews_that_another_worker_took_in_are_taken_in_once(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    loop.do_jobs(30)
    loop.decide()
    _before_the_transaction(monkeypatch, noticing, lambda: take_in_reviews(loop.workflow))
    take_in_reviews(loop.workflow)
    assert take_in_reviews(loop.workflow) == 0
    assert Case.objects.count() == loop.state.reviews == 30
    pattern = Pattern.objects.get()
    assert pattern.count == PatternCorrection.objects.count() == 30


def test_a_slow_worker_does_not_set_the_cursor_back(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = loop.do_jobs(30)
    loop.decide(jobs[:10])

    def decide_more_and_take_in() -> None:
        loop.decide(jobs[10:])
        take_in_reviews(loop.workflow)

    _before_the_transaction(monkeypatch, noticing, decide_more_and_take_in)
    loop.advance()
    assert loop.state.reviews == 30
    assert Case.objects.count() == 30


def test_audits_that_another_worker_read_feed_the_guard_once(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    certified = _certify_and_audit(loop)
    _before_the_transaction(monkeypatch, guarding, lambda: watch_audits(loop.workflow, loop.live, now=MORNING))
    watch_audits(loop.workflow, loop.live, now=MORNING)
    guard = GuardRecord.objects.get(release=certified)
    audits = loop.workflow.jobs.filter(release=certified, routing="audit", review__isnull=False).count()
    assert guard.audits == audits > 3


def test_a_slow_worker_does_not_make_the_guard_forget_its_alarm(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    certified = _certify_and_audit(loop)
    live = loop.live

    def raise_the_alarm() -> None:
        loop.agents.answer = always_wrong
        loop.do_jobs(100)
        loop.decide()
        assert watch_audits(loop.workflow, live, now=MORNING)

    _before_the_transaction(monkeypatch, guarding, raise_the_alarm)
    assert not watch_audits(loop.workflow, live, now=MORNING)
    guard = GuardRecord.objects.get(release=certified)
    assert guard.alarmed_at == MORNING
    assert guard.errors > 0
    assert not loop.live.is_autonomy_on


def test_an_alarm_about_a_release_that_is_no_longer_live_takes_nothing_from_the_next(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.agents.answer = always_wrong
    certified = _certify_and_audit(loop)
    live = loop.live

    def certify_another() -> None:
        assert certified.parent is not None
        put_live(loop.house.owner, certified.parent, from_job=next_job_number(loop.workflow), why="Test")
        loop.certify()

    _before_the_transaction(monkeypatch, guarding, certify_another)
    with pytest.raises(OvertakenByAnother):
        watch_audits(loop.workflow, live, now=MORNING)
    assert loop.live.is_autonomy_on
    assert not ReleaseEvent.objects.filter(kind="autonomy_off").exists()


def test_the_guard_never_mixes_the_audits_of_two_releases(loop: Loop) -> None:
    loop.agents.answer = always_wrong
    first = _certify_and_audit(loop)
    second = loop.certify()
    loop.agents.answer = always_right
    loop.do_jobs(40)
    loop.decide()
    loop.advance()
    assert loop.live.is_autonomy_on
    guard = GuardRecord.objects.get(release=second)
    assert guard.audits > 3
    assert guard.errors == 0
    assert not GuardRecord.objects.filter(release=first).exists()


def test_a_job_that_is_decided_after_a_gate_looked_at_it_never_judges_again(loop: Loop) -> None:
    jobs = loop.do_jobs(150)
    passed_over = [job for job in jobs if job.is_test_case][2]
    loop.decide([job for job in jobs if job != passed_over])
    loop.advance(may_certify=False)
    gate = Gate.objects.get()
    assert not Case.objects.filter(job=passed_over).exists()
    loop.decide([passed_over])
    loop.advance(may_certify=False)
    case = Case.objects.get(job=passed_over)
    assert case.spent_by == gate
    assert not CaseResult.objects.filter(case=case).exists()
    assert Change.objects.get().state == ChangeState.RELEASED


def _certify_and_audit(loop: Loop) -> Release:
    take_in_reviews(loop.workflow)
    certified = loop.certify()
    if loop.agents.answer is answer_from_examples:
        loop.agents.answer = always_right
    loop.do_jobs(60)
    loop.decide()
    return certified


def _wait_in_shadow(loop: Loop) -> Change:
    loop.certify(share=0.4)
    loop.do_jobs(60)
    loop.decide()
    take_in_reviews(loop.workflow)
    return loop.let_wait_in_shadow()


def _before_the_transaction(monkeypatch: pytest.MonkeyPatch, module: object, act: Callable[[], object]) -> None:
    """Let somebody else act between what a function of the module has read and its transaction."""
    transaction = module.transaction  # type: ignore[attr-defined]

    class Once:
        @staticmethod
        def atomic() -> object:
            monkeypatch.setattr(module, "transaction", transaction)
            act()
            return transaction.atomic()

    monkeypatch.setattr(module, "transaction", Once)
