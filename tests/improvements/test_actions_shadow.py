"""A candidate earns its autonomy in the shadow, while the release that has some goes on."""

from dataclasses import replace

import pytest

from loops import Answer, Loop, always_right, always_wrong, answer_from_examples, make_loop
from teachback.release_document import Rule
from teachback.vocabulary import Lever, RoutingKind
from teachback_server.agents.protocol import AgentResult, JobInput, ReleaseBundle
from teachback_server.improvements.actions import accept_change, decline_change
from teachback_server.improvements.candidates import ChangeState
from teachback_server.improvements.earning_pool import judge_in_shadow
from teachback_server.improvements.evidence import UNSURE
from teachback_server.improvements.models import Change
from teachback_server.improvements.noticing import take_in_reviews
from teachback_server.jobs.actions import next_job_number
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import make_release, roll_back
from teachback_server.releases.models import ReleaseEvent

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture
def loop(db: None) -> Loop:
    return make_loop(answer_from_examples)


def wrong_with_more_examples() -> Answer:
    """Right under the release that is live, wrong under any with more examples."""
    live_examples: set[int] = set()

    def answer(bundle: ReleaseBundle, job: JobInput) -> AgentResult:
        live_examples.add(len(bundle.examples))
        is_live = len(bundle.examples) == min(live_examples)
        return always_right(bundle, job) if is_live else always_wrong(bundle, job)

    return answer


@pytest.fixture
def certified(loop: Loop) -> Loop:
    loop.turn(100, may_certify=False)
    loop.certify(share=0.4)
    return loop


@pytest.fixture
def waiting(certified: Loop) -> Change:
    certified.do_jobs(60)
    certified.decide()
    take_in_reviews(certified.workflow)
    return certified.let_wait_in_shadow()


def test_all_test_cases_are_reviewed_meanwhile_and_others_are_not(certified: Loop, waiting: Change) -> None:
    jobs = certified.do_jobs(120)
    tests = [job for job in jobs if job.is_test_case]
    assert {(job.routing, job.review_probability) for job in tests} == {(RoutingKind.AUDIT, 1.0)}
    assert RoutingKind.AUTO in {job.routing for job in jobs if not job.is_test_case}


def test_it_goes_live_with_its_certificate_and_is_named_as_the_parent(certified: Loop, waiting: Change) -> None:
    certified.turn(150)
    live = certified.live
    assert live.is_autonomy_on
    assert live.earning is None
    assert live.release.parent == waiting.candidate
    waiting.refresh_from_db()
    assert waiting.state == ChangeState.RELEASED
    kinds = ReleaseEvent.objects.filter(release=waiting.candidate).values_list("kind", flat=True)
    assert list(kinds) == ["went_live"]


def test_one_that_shows_no_more_stays_out_and_the_live_release_keeps_its_autonomy(
    certified: Loop, waiting: Change
) -> None:
    before = certified.live.release
    certified.agents.answer = wrong_with_more_examples()
    certified.turn(150)
    assert certified.live.release == before
    assert certified.live.is_autonomy_on
    assert certified.live.earning is None
    waiting.refresh_from_db()
    assert waiting.state == ChangeState.PASSED


def test_one_that_a_person_declined_never_goes_live(certified: Loop, waiting: Change) -> None:
    decline_change(certified.house.owner, waiting, why="We change the queues next week.")
    certified.turn(150)
    waiting.refresh_from_db()
    assert waiting.state == ChangeState.DECLINED
    assert not ReleaseEvent.objects.filter(release=waiting.candidate).exists()
    assert certified.live.earning is None
    assert certified.state.earning_plan is None


def test_one_whose_base_was_rolled_back_never_goes_live(certified: Loop, waiting: Change) -> None:
    first = certified.workflow.releases.get(number=1)
    roll_back(certified.house.owner, first, from_job=next_job_number(certified.workflow), why="It went too fast.")
    certified.turn(150)
    assert not ReleaseEvent.objects.filter(release=waiting.candidate).exists()
    assert certified.live.earning is None
    assert certified.state.earning_id != waiting.candidate_id


def test_an_alarm_ends_the_shadow_too(certified: Loop, waiting: Change) -> None:
    certified.agents.answer = always_wrong
    certified.turn(60)
    assert not certified.live.is_autonomy_on
    assert certified.live.earning is None
    assert certified.state.earning_id == certified.live.release.pk
    assert not ReleaseEvent.objects.filter(release=waiting.candidate).exists()


def test_a_job_recorded_by_somebody_who_did_not_know_of_the_shadow_does_not_hold_it_up(
    certified: Loop, waiting: Change
) -> None:
    unaware = replace(certified.live, earning=None)
    certified.do_jobs(60, live=unaware)
    certified.decide()
    jobs = certified.do_jobs(60)
    certified.decide()
    pool = certified.list_pool(10, only_test_cases=True)
    assert pool is not None
    assert {job.review_probability for job in pool} == {1.0}
    assert jobs[0].number <= max(job.number for job in pool)


def test_jobs_that_a_rule_of_the_candidate_keeps_for_people_certify_nothing(certified: Loop) -> None:
    rule = Rule(name="easy ones", when='input.text.contains("topic-0")', action="review")
    document = replace(certified.live.document, rules=(rule,))
    release = make_release(
        SYSTEM,
        certified.workflow,
        document,
        parent=certified.live.release,
        lever=Lever.RULES,
        change="Ours",
    )
    pool = judge_in_shadow(certified.agents, release, certified.do_jobs(30))
    assert [one.confidence == UNSURE for one in pool] == ["topic-0" in one.job.input["text"] for one in pool]


def test_one_that_an_owner_puts_live_at_once_starts_to_earn_anew_and_on_its_own_jobs(
    certified: Loop, waiting: Change
) -> None:
    certified.do_jobs(60)
    certified.decide()
    accept_change(certified.house.owner, waiting)
    live = certified.live
    assert (live.release, live.is_autonomy_on, live.earning) == (waiting.candidate, False, None)
    assert certified.state.earning_plan is None
    certified.turn(50)
    assert certified.state.earning_id == live.release.pk
    assert certified.state.earning_from_job > live.from_job
    assert certified.live.release == live.release
