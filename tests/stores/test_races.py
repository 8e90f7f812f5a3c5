"""Two at once on PostgreSQL: what SQLite's one writer guarantees must hold where many write at the same time.

`test_on_postgres.py` runs these; on SQLite they are left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from threading import Barrier, Event, Thread

import pytest
from django.db import connection, connections, transaction

from builders import SUPPORT_INBOX, House, make_house, make_person, record_jobs
from teachback.json_types import JsonObject
from teachback.release_document import ReleaseDocument
from teachback.vocabulary import GateVerdict, JobStatus, Lever, ReviewVerdict
from teachback_server.agents.protocol import AgentResult
from teachback_server.evals.actions import spend_cases, store_gate
from teachback_server.evals.models import Case
from teachback_server.improvements.models import LearningState
from teachback_server.improvements.noticing import take_in_reviews
from teachback_server.jobs.actions import (
    Arrival,
    JobRefused,
    JobSource,
    OutcomeWord,
    record_ended_jobs,
    record_outcomes,
)
from teachback_server.jobs.intake.tallies import Tallies, TallyKey, TallyKind, add_tallies
from teachback_server.jobs.models import IntakeTally, Job
from teachback_server.people.actor import SYSTEM
from teachback_server.people.models import AuditEvent
from teachback_server.releases.actions import make_release, put_live, take_autonomy_back
from teachback_server.releases.models import LiveRelease, Release, ReleaseEvent
from teachback_server.releases.queries import get_live_state
from teachback_server.results.actions import tally_work
from teachback_server.results.counts import count_work
from teachback_server.results.undoing import undo_last_decision
from teachback_server.reviews.actions import (
    Decision,
    JobAlreadyDecided,
    SkillMissing,
    claim_next_job,
    decide_review,
)
from teachback_server.reviews.equal_jobs.accepting import BulkRefused, accept_equal_jobs
from teachback_server.reviews.models import BulkAccept, Claim, QueuePlace, Retraction, Review, Skill
from teachback_server.reviews.passing_on import pass_on_overdue
from teachback_server.reviews.placing import PassOn, set_terms
from teachback_server.reviews.skills import add_skill
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import edit_boundary, give_role, take_role
from teachback_server.workflows.models import Membership, Workflow

pytestmark = [
    pytest.mark.django_db(databases=["default", "traces"], transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time."),
]
GOOD: JsonObject = {"queue": "billing"}
WAIT_SECONDS = 60.0


@pytest.fixture
def house() -> House:
    """Alice, Bob and Charlie with their two workflows."""
    return make_house()


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Let each act happen in a thread with a connection of its own, all at once; what each gave or raised."""
    told: list[object] = [None] * len(acts)
    start = Barrier(len(acts))

    def run(place: int, act: Callable[[], object]) -> None:
        try:
            start.wait(WAIT_SECONDS)
            told[place] = act()
        except Exception as problem:  # noqa: BLE001 — handed to the test, which looks at it
            told[place] = problem
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    return told


def record(workflow: Workflow, names: Sequence[str]) -> list[Job]:
    """Record finished jobs with these ids."""
    arrivals = [Arrival(external_id=name, input={"text": name}) for name in names]
    results = [AgentResult(status=JobStatus.FINISHED, output=GOOD, confidence=0.9)] * len(names)
    return record_ended_jobs(SYSTEM, workflow, get_live_state(workflow), arrivals, results, source=JobSource.ELSEWHERE)


def of_kind(told: Sequence[object], kind: type) -> int:
    return sum(isinstance(one, kind) for one in told)


def test_jobs_that_come_at_once_are_numbered_without_gap_or_double(house: House) -> None:
    def come(sender: int) -> None:
        for turn in range(8):
            record(house.workflow, [f"{sender}-{turn}-{place}" for place in range(3)])

    told = at_once(*(lambda sender=sender: come(sender) for sender in range(4)))  # type: ignore[misc]
    assert told == [None] * 4
    numbers = list(house.workflow.jobs.order_by("pk").values_list("number", flat=True))
    assert numbers == list(range(1, 97))  # in the order of their ids, too


def test_a_job_that_two_send_at_once_is_recorded_once(house: House) -> None:
    for turn in range(5):
        told = at_once(*[lambda turn=turn: record(house.workflow, [f"same-{turn}"])] * 3)  # type: ignore[misc]
        assert of_kind(told, JobRefused) == 2
    assert Job.objects.count() == 5


def test_nothing_that_comes_later_can_be_read_before_what_came_first(house: House) -> None:
    is_stored, may_end = Event(), Event()

    def slow() -> None:
        with transaction.atomic():
            record(house.workflow, ["first"])
            is_stored.set()
            may_end.wait(WAIT_SECONDS)

    def quick() -> list[str]:
        is_stored.wait(WAIT_SECONDS)
        later = Thread(target=lambda: (record(house.workflow, ["second"]), connections.close_all()))
        later.start()
        later.join(0.5)
        seen = list(Job.objects.values_list("external_id", flat=True))
        may_end.set()
        later.join(WAIT_SECONDS)
        return seen

    assert at_once(slow, quick) == [None, []]
    assert list(Job.objects.order_by("pk").values_list("external_id", "number")) == [("first", 1), ("second", 2)]


def test_workflows_do_not_wait_for_each_other(house: House) -> None:
    is_stored, may_end = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            record(house.workflow, ["held"])
            is_stored.set()
            may_end.wait(WAIT_SECONDS)

    def pass_by() -> int:
        is_stored.wait(WAIT_SECONDS)
        (job,) = record(house.elsewhere, ["elsewhere"])
        may_end.set()
        return job.number

    assert at_once(hold, pass_by) == [None, 1]


def test_people_who_ask_at_once_get_different_jobs(house: House) -> None:
    record_jobs(house.workflow, [GOOD] * 6)
    people = [make_person(f"person-{place}") for place in range(4)]
    for person in people:
        give_role(house.owner, house.workflow, person, Role.REVIEWER)
    house_of = [replace(house.reviewer, name=person.username, user_id=person.pk) for person in people]
    told = at_once(*(lambda one=one: claim_next_job(one, house.workflow) for one in house_of))  # type: ignore[misc]
    assert sorted(job.number for job in told if isinstance(job, Job)) == [1, 2, 3, 4]
    assert Claim.objects.count() == 4


def test_a_job_that_two_people_decide_at_once_is_decided_once(house: House) -> None:
    for job in record_jobs(house.workflow, [GOOD] * 5):
        decisions = [
            Decision(job=job, verdict=ReviewVerdict.ACCEPTED, idempotency_key=f"{job.pk}-{place}") for place in range(2)
        ]
        told = at_once(
            lambda first=decisions[0]: decide_review(house.owner, first),  # type: ignore[misc]
            lambda second=decisions[1]: decide_review(house.reviewer, second),  # type: ignore[misc]
        )
        assert (of_kind(told, Review), of_kind(told, JobAlreadyDecided)) == (1, 1)
    assert Review.objects.count() == 5


def test_one_decision_that_is_sent_twice_at_once_is_one_review(house: House) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    decision = Decision(job=job, verdict=ReviewVerdict.ACCEPTED, idempotency_key="same")
    told = at_once(*[lambda: decide_review(house.reviewer, decision)] * 3)
    assert of_kind(told, Review) == 3
    assert Review.objects.count() == 1


def test_a_decision_that_is_taken_back_while_the_loop_and_the_tallies_read_it_is_counted_nowhere(house: House) -> None:
    for place in range(6):
        job = record(house.workflow, [f"undone-{place}"])[0]
        stays = record(house.workflow, [f"stays-{place}"])[0]
        for one in (stays, job):
            decide_review(
                house.reviewer, Decision(job=one, verdict=ReviewVerdict.ACCEPTED, idempotency_key=f"undo {one.pk}")
            )
        told = at_once(
            lambda: take_in_reviews(house.workflow),
            lambda: tally_work(house.workflow, block_rows=1),
            lambda: undo_last_decision(house.reviewer, house.workflow),
        )
        assert told[2] == job, told
        assert not Case.objects.filter(job=job).exists()
        assert sum(group.jobs for group in count_work(house.workflow, 250).decided) == place + 1
    take_in_reviews(house.workflow)
    assert Case.objects.count() == Review.objects.count() == 6


def test_whoever_presses_undo_twice_at_once_takes_two_decisions_back(house: House) -> None:
    for job in record_jobs(house.workflow, [GOOD] * 3):
        decide_review(house.reviewer, Decision(job=job, verdict=ReviewVerdict.ACCEPTED, idempotency_key=f"{job.pk}"))
    told = at_once(*[lambda: undo_last_decision(house.reviewer, house.workflow)] * 2)
    assert sorted(job.number for job in told if isinstance(job, Job)) == [2, 3]
    assert (Review.objects.count(), Retraction.objects.count()) == (1, 2)


def test_equal_jobs_that_two_people_accept_at_once_are_accepted_by_one_of_them(house: House) -> None:
    for place in range(4):
        arrivals = [Arrival(external_id=f"{place}-{one}", input={"text": f"same {place}"}) for one in range(7)]
        results = [AgentResult(status=JobStatus.FINISHED, output=GOOD, confidence=0.5)] * 7
        live = get_live_state(house.workflow)
        jobs = record_ended_jobs(SYSTEM, house.workflow, live, arrivals, results, source=JobSource.ELSEWHERE)
        numbers = [job.number for job in jobs[2:]]
        for person, job in ((house.reviewer, jobs[0]), (house.owner, jobs[1])):
            decide_review(person, Decision(job=job, verdict=ReviewVerdict.ACCEPTED, idempotency_key=f"{job.pk}"))
        told = at_once(
            *[partial(accept_equal_jobs, house.reviewer, jobs[0], numbers, key=f"bob {place}")] * 2,
            partial(accept_equal_jobs, house.owner, jobs[1], numbers, key=f"alice {place}"),
        )
        assert of_kind(told, BulkAccept) + of_kind(told, BulkRefused) == 3, told
        assert BulkAccept.objects.count() == place + 1
        assert Review.objects.count() == 7 * (place + 1)


def test_reviews_are_taken_in_once_by_however_many_workers(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD] * 20)
    for job in jobs:
        decide_review(
            house.reviewer, Decision(job=job, verdict=ReviewVerdict.ACCEPTED, idempotency_key=f"once-{job.pk}")
        )
    LearningState.objects.create(workflow=house.workflow)
    told = at_once(*[lambda: take_in_reviews(house.workflow)] * 3)
    assert of_kind(told, int) == 3
    assert Case.objects.count() == 20
    assert LearningState.objects.get().reviews == 20


def test_a_case_is_spent_by_one_verdict(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD] * 10)
    for job in jobs:
        decide_review(house.reviewer, Decision(job=job, verdict=ReviewVerdict.ACCEPTED, idempotency_key=f"c-{job.pk}"))
    take_in_reviews(house.workflow)
    cases = list(Case.objects.values_list("pk", flat=True))
    gates = [
        store_gate(
            base=house.release, candidate=house.release, lever=Lever.RULES, verdict=GateVerdict.PROVEN, report={},
            cases=10, at=jobs[0].started_at,
        )
        for _ in range(3)
    ]  # fmt: skip
    told = at_once(*(lambda gate=gate: spend_cases(gate, cases) for gate in gates))  # type: ignore[misc]
    assert sorted(told) == [0, 0, 10]  # type: ignore[type-var]


def test_releases_that_are_made_at_once_are_numbered_and_one_is_live(house: House) -> None:
    def make(place: int) -> None:
        document = ReleaseDocument(workflow=house.workflow.name, instructions=f"Instruction {place}")
        release = make_release(
            house.owner, house.workflow, document, parent=house.release, lever=Lever.INSTRUCTIONS, change="A test"
        )
        put_live(house.owner, release, from_job=1, why="A test")

    assert at_once(*(lambda place=place: make(place) for place in range(4))) == [None] * 4  # type: ignore[misc]
    assert list(house.workflow.releases.order_by("pk").values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    newest = ReleaseEvent.objects.filter(workflow=house.workflow).latest("pk")
    assert LiveRelease.objects.get(workflow=house.workflow).release_id == newest.release_id


def test_autonomy_is_taken_back_once(house: House) -> None:
    LiveRelease.objects.filter(workflow=house.workflow).update(is_autonomy_on=True)
    told = at_once(*[lambda: take_autonomy_back(house.owner, house.workflow, from_job=1, why="An alarm")] * 3)
    assert told == [None] * 3
    assert AuditEvent.objects.filter(kind="autonomy_taken_back").count() == 1


def test_one_owner_stays_when_two_send_each_other_away(house: House) -> None:
    give_role(house.owner, house.workflow, house.bob, Role.OWNER)
    at_once(
        lambda: take_role(house.owner, house.workflow, house.bob),
        lambda: take_role(house.reviewer, house.workflow, house.alice),
    )
    assert Membership.objects.filter(workflow=house.workflow, role=Role.OWNER).count() == 1


def test_outcomes_and_an_edit_of_the_boundary_do_not_block_each_other_for_good(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD] * 4)

    def tell() -> None:
        for job in jobs * 3:
            record_outcomes(SYSTEM, house.workflow, [OutcomeWord(job=job, is_used=True)])

    def edit() -> None:
        for turn in range(10):
            edit_boundary(house.owner, house.workflow, replace(SUPPORT_INBOX, title=f"Inbox {turn}"))

    assert at_once(tell, edit, tell) == [None] * 3
    ids = list(jobs[0].outcomes.order_by("pk").values_list("pk", flat=True))
    assert all(first < second for first, second in pairwise(ids))


def test_requests_that_are_counted_at_once_all_count(house: House) -> None:
    at = house.release.created_at
    keys = [TallyKey(workflow_id=1, kind=TallyKind.REFUSED, name=name) for name in "abcdef"]

    def count(order: int) -> None:
        for _ in range(20):
            with transaction.atomic(using="traces"):
                add_tallies(Tallies(dict.fromkeys(keys[::order], 1)), at)

    assert at_once(*(lambda order=order: count(order) for order in (1, -1, 1, -1))) == [None] * 4  # type: ignore[misc]
    assert set(IntakeTally.objects.values_list("count", flat=True)) == {80}
    assert Release.objects.count() == 2


def test_what_several_workers_pass_on_at_once_is_passed_on_once_and_never_what_is_decided(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD] * 12)
    set_terms(house.owner, house.workflow, decide_within_hours=1, pass_on=PassOn(after_hours=0, to=house.alice))

    def decide(job: Job) -> Review:
        decision = Decision(job=job, verdict=ReviewVerdict.ACCEPTED, idempotency_key=f"d{job.pk}")
        return decide_review(house.reviewer, decision)

    deciding = [lambda job=job: decide(job) for job in jobs[:4]]  # type: ignore[misc]
    told = at_once(*[pass_on_overdue] * 3, *deciding)
    assert of_kind(told, Review) == 4
    passed = [count for count in told if isinstance(count, int)]
    assert 8 <= sum(passed) <= 12
    assert sum(count > 0 for count in passed) == AuditEvent.objects.filter(kind="jobs_passed_on").count() == 1
    assert set(QueuePlace.objects.values_list("job_id", flat=True)) == {job.pk for job in jobs[4:]}


def test_a_skill_that_comes_while_people_decide_holds_for_every_decision_after_it(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD] * 8)
    Job.objects.update(input={"language": "fr"})

    def decide(job: Job) -> Review:
        decision = Decision(job=job, verdict=ReviewVerdict.ACCEPTED, idempotency_key=f"d{job.pk}")
        return decide_review(house.reviewer, decision)

    def add() -> Skill:
        return add_skill(house.owner, house.workflow, label="French", field="language", value="fr")

    told = at_once(add, *[lambda job=job: decide(job) for job in jobs])  # type: ignore[misc]
    assert of_kind(told, Skill) == 1
    assert of_kind(told, Review) + of_kind(told, SkillMissing) == 8
    added = AuditEvent.objects.get(kind="skill_added")
    assert not AuditEvent.objects.filter(kind="reviews_decided", pk__gt=added.pk).exists()
