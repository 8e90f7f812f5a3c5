"""Jobs that equal one which was just accepted: which are offered, how they are accepted, checked and taken back."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from builders import MORNING, House, actor, make_person, record_jobs
from teachback.json_types import JsonObject
from teachback.vocabulary import JobStatus, ReviewVerdict
from teachback_server.agents.protocol import AgentResult
from teachback_server.evals.gate_test import PairedCase, group_differences
from teachback_server.evals.models import Case
from teachback_server.improvements.earning_pool import list_pool
from teachback_server.improvements.noticing import take_in_reviews
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs, record_outcome
from teachback_server.jobs.models import Attachment, Job
from teachback_server.people.actor import SYSTEM, Actor, PermissionMissing
from teachback_server.people.models import AuditEvent
from teachback_server.releases.queries import get_live_state
from teachback_server.results.actions import tally_work
from teachback_server.results.counts import count_work
from teachback_server.results.settling import settle_disputes
from teachback_server.results.undoing import undo_last_decision
from teachback_server.reviews.actions import Decision, claim_job, claim_next_job, skip_job
from teachback_server.reviews.agreement.deciding import decide_at_desk
from teachback_server.reviews.agreement.figures import list_pairs, list_people
from teachback_server.reviews.agreement.terms import set_shares
from teachback_server.reviews.equal_jobs import accepting
from teachback_server.reviews.equal_jobs.accepting import BulkRefused, accept_equal_jobs
from teachback_server.reviews.equal_jobs.figures import get_equal_figures
from teachback_server.reviews.equal_jobs.finding import MOST_AT_ONCE, Hindrance, find_equal_jobs
from teachback_server.reviews.models import BulkAccept, BulkMember, LearningFreeze, Retraction, Review, SecondReview
from teachback_server.reviews.outside.links import make_review_link
from teachback_server.reviews.placing import Placing, place_jobs
from teachback_server.reviews.queue_order import Priority
from teachback_server.reviews.retracting import UndoRefused
from teachback_server.reviews.sessions import find_session
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
GOOD: JsonObject = {"queue": "billing", "order_number": "A1"}
OTHER: JsonObject = {"queue": "returns", "order_number": "A1"}
SAME_TEXT: JsonObject = {"text": "Yes, please."}


@dataclass
class Counter:
    """Gives each job of a test an id of its own."""

    last: int = 0


COUNTER = Counter()


def record_equal(
    house: House,
    count: int,
    *,
    output: JsonObject = GOOD,
    given: JsonObject = SAME_TEXT,
    group: str = "",
    wants_review: str = "",
) -> list[Job]:
    """Finished jobs with one input and one output."""
    arrivals = []
    for _ in range(count):
        COUNTER.last += 1
        arrivals.append(Arrival(external_id=f"equal-{COUNTER.last}", input=given, group=group, at=MORNING))
    result = AgentResult(status=JobStatus.FINISHED, output=output, confidence=0.6, wants_review=wants_review)
    live = get_live_state(house.workflow)
    return record_ended_jobs(SYSTEM, house.workflow, live, arrivals, [result] * count, source=JobSource.ELSEWHERE)


def decide(by: Actor, job: Job, output: JsonObject | None = None, *, note: str = "", seconds: float = 9.0) -> None:
    """Accept a job at the desk, or correct it to an output."""
    job.refresh_from_db()
    decide_at_desk(
        by,
        Decision(
            job=job,
            verdict=ReviewVerdict.ACCEPTED if output is None else ReviewVerdict.CORRECTED,
            output=output,
            reason_code="" if output is None else "wrong_choice",
            note=note,
            seconds=seconds,
            idempotency_key=f"{by.name}-{job.pk}-{Retraction.objects.count()}",
        ),
    )


def offered(by: Actor, job: Job) -> list[int]:
    return list(find_equal_jobs(by, job, now=timezone.now()).numbers)


def accept_all(by: Actor, job: Job, *, key: str = "bulk") -> BulkAccept:
    return accept_equal_jobs(by, job, offered(by, job), key=key)


def join(house: House, name: str) -> Actor:
    person = make_person(name)
    give_role(house.owner, house.workflow, person, Role.REVIEWER)
    return actor(person)


# ---- what is offered


def test_after_a_job_was_accepted_the_waiting_ones_that_equal_it_are_offered(house: House) -> None:
    first, second, third = record_equal(house, 3)
    record_jobs(house.workflow, [GOOD])
    assert offered(house.reviewer, first) == []  # nobody has looked at it yet
    decide(house.reviewer, first)
    assert offered(house.reviewer, first) == [second.number, third.number]
    assert offered(house.owner, first) == []  # who has not looked at it


@pytest.mark.parametrize(
    ("given", "output", "group"),
    [
        ({"text": "Yes, please!"}, GOOD, ""),
        (SAME_TEXT, OTHER, ""),
        (SAME_TEXT, {"queue": "billing"}, ""),
        (SAME_TEXT, GOOD, "a customer"),
    ],
    ids=["another input", "another output", "a field less", "another group"],
)
def test_whatever_differs_in_a_single_value_is_not_equal(
    house: House, given: JsonObject, output: JsonObject, group: str
) -> None:
    (first,) = record_equal(house, 1)
    record_equal(house, 1, given=given, output=output, group=group)
    decide(house.reviewer, first)
    assert offered(house.reviewer, first) == []


def test_equal_are_also_the_documents_and_where_values_come_from(house: House) -> None:
    first, documented, sourced, same = record_equal(house, 4)
    Attachment.objects.create(
        job=documented, name="order.pdf", media_type="application/pdf", sha256="0" * 64, size_bytes=1, at=MORNING
    )
    Job.objects.filter(pk=sourced.pk).update(provenance=[{"field": "queue", "said": "please"}])
    decide(house.reviewer, first)
    assert offered(house.reviewer, first) == [same.number]


def keep_audited(house: House, job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(routing="audit", review_probability=0.05)


def keep_drawn(house: House, job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(review_probability=0.1)


def keep_observed(house: House, job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(routing="observed")


def keep_checked(house: House, job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(routing_reason="Asked for by “amount is plausible”.")


def keep_held(house: House, job: Job) -> None:
    claim_job(house.owner, job)


def keep_urgent(house: House, job: Job) -> None:
    place_jobs(house.owner, house.workflow, [job.number], Placing(priority=Priority.URGENT))


def keep_assigned(house: House, job: Job) -> None:
    place_jobs(house.owner, house.workflow, [job.number], Placing(assignee=house.alice))


def keep_skipped(house: House, job: Job) -> None:
    skip_job(house.reviewer, job)


def keep_linked(house: House, job: Job) -> None:
    make_review_link(house.owner, job, for_name="the customer")


KEEPERS = [
    keep_audited, keep_drawn, keep_observed, keep_checked, keep_held, keep_urgent, keep_assigned, keep_skipped,
    keep_linked,
]  # fmt: skip


@pytest.mark.parametrize("keep", KEEPERS, ids=lambda keep: keep.__name__.removeprefix("keep_"))
def test_what_is_more_than_routine_is_left_to_be_looked_at(house: House, keep: Callable[[House, Job], None]) -> None:
    first, kept, same = record_equal(house, 3)
    keep(house, kept)
    decide(house.reviewer, first)
    assert offered(house.reviewer, first) == [same.number]


def test_a_job_that_is_mine_to_decide_or_on_my_own_screen_is_offered(house: House) -> None:
    first, mine, later, on_screen = record_equal(house, 4)
    place_jobs(house.owner, house.workflow, [mine.number], Placing(assignee=house.bob))
    place_jobs(house.owner, house.workflow, [later.number], Placing(priority=Priority.LATER))
    claim_job(house.reviewer, on_screen)
    decide(house.reviewer, first)
    assert offered(house.reviewer, first) == [mine.number, later.number, on_screen.number]


def test_what_does_not_fit_the_boundary_is_decided_one_by_one(house: House) -> None:
    first, _ = record_equal(house, 2, output={"queue": "somewhere else"})
    decide(house.reviewer, first)
    assert offered(house.reviewer, first) == []


def test_nothing_is_offered_where_anybody_objected_to_an_equal_job(house: House) -> None:
    corrected, first, _ = record_equal(house, 3)
    decide(house.owner, corrected, OTHER)
    decide(house.reviewer, first)
    assert offered(house.reviewer, first) == []


def test_nothing_is_offered_after_anything_but_a_plain_acceptance_just_now(house: House) -> None:
    corrected, noted, long_ago, _ = record_equal(house, 4)
    decide(house.reviewer, noted, note="But look at the next one.")
    assert offered(house.reviewer, noted) == []
    decide(house.reviewer, long_ago)
    later = timezone.now() + timedelta(minutes=31)
    assert find_equal_jobs(house.reviewer, long_ago, now=later).jobs == ()
    decide(house.reviewer, corrected, OTHER)
    assert offered(house.reviewer, corrected) == []


def test_a_job_that_was_accepted_unseen_leads_to_no_others(house: House) -> None:
    first, unseen = record_equal(house, 2)
    decide(house.reviewer, first)
    accept_all(house.reviewer, first)
    (newcomer,) = record_equal(house, 1)
    assert offered(house.reviewer, first) == [newcomer.number]
    assert offered(house.reviewer, unseen) == []


def test_a_second_decision_is_followed_by_the_same_offer_as_a_first(house: House) -> None:
    set_shares(house.owner, house.workflow, second=1, planted=0)
    dora = join(house, "dora")
    first, other = record_equal(house, 2)
    decide(house.reviewer, first)
    decide(dora, first)
    assert isinstance(SecondReview.objects.get(job=first, is_waiting=False), SecondReview)
    assert offered(dora, first) == offered(house.reviewer, first) == [other.number]


def test_where_nobody_else_decides_nothing_is_accepted_unseen(house: House) -> None:
    first, other = record_equal(house, 2)
    house.workflow.memberships.exclude(user=house.bob).delete()
    decide(house.reviewer, first)
    assert find_equal_jobs(house.reviewer, first, now=timezone.now()).hindrance is Hindrance.NOBODY_ELSE
    with pytest.raises(BulkRefused, match="Nobody else decides"):
        accept_equal_jobs(house.reviewer, first, [other.number], key="bulk")


def test_while_learning_is_paused_nothing_is_accepted_unseen(house: House) -> None:
    first, other = record_equal(house, 2)
    decide(house.reviewer, first)
    LearningFreeze.objects.create(workflow=house.workflow, began_at=timezone.now(), alpha=0.5, low=0.4, jobs=60)
    with pytest.raises(BulkRefused, match="Learning is paused"):
        accept_equal_jobs(house.reviewer, first, [other.number], key="bulk")


def test_a_decision_without_an_equal_job_asks_the_queue_once(house: House) -> None:
    first, *_ = record_jobs(house.workflow, [GOOD] * 5)
    decide(house.reviewer, first)
    with CaptureQueriesContext(connection) as asked:
        assert find_equal_jobs(house.reviewer, first, now=timezone.now()).jobs == ()
    assert len([one for one in asked.captured_queries if "job" in one["sql"]]) == 1
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + asked.captured_queries[-1]["sql"])
            assert "job_waiting_by_group" in " ".join(str(row) for row in cursor.fetchall())


# ---- accepting


def test_all_are_accepted_by_one_act_with_no_time_of_their_own(house: House) -> None:
    jobs = record_equal(house, 8)
    decide(house.reviewer, jobs[0])
    bulk = accept_all(house.reviewer, jobs[0])
    assert (bulk.jobs, bulk.asked_again) == (7, 1)
    reviews = Review.objects.filter(pk__in=bulk.members.values("review_id"))
    assert {row.job_id for row in reviews} == {job.pk for job in jobs[1:]}
    assert {(row.verdict, row.seconds, row.reviewer_name) for row in reviews} == {("accepted", None, "bob")}
    assert all(row.output == GOOD for row in reviews)
    assert not house.workflow.jobs.filter(is_waiting=True).exists()
    said = AuditEvent.objects.get(kind="reviews_accepted_together")
    assert said.subject == f"7 jobs equal to job {jobs[0].number}"
    assert said.details == {"jobs": [job.number for job in jobs[1:]], "asked_again": 1}


def test_the_same_key_again_changes_nothing_and_after_an_undo_is_refused(house: House) -> None:
    jobs = record_equal(house, 4)
    decide(house.reviewer, jobs[0])
    numbers = offered(house.reviewer, jobs[0])
    first = accept_equal_jobs(house.reviewer, jobs[0], numbers, key="twice")
    assert accept_equal_jobs(house.reviewer, jobs[0], numbers, key="twice") == first
    assert (BulkAccept.objects.count(), Review.objects.count()) == (1, 4)
    undo_last_decision(house.reviewer, house.workflow)
    with pytest.raises(BulkRefused, match="took this back"):
        accept_equal_jobs(house.reviewer, jobs[0], numbers, key="twice")
    assert Review.objects.count() == 1


def test_only_the_jobs_that_were_looked_at_in_the_list_are_accepted(house: House) -> None:
    first, second = record_equal(house, 2)
    decide(house.reviewer, first)
    numbers = offered(house.reviewer, first)
    (newcomer,) = record_equal(house, 1)
    accept_equal_jobs(house.reviewer, first, numbers, key="bulk")
    second.refresh_from_db()
    newcomer.refresh_from_db()
    assert (second.is_waiting, newcomer.is_waiting) == (False, True)


def test_where_one_was_decided_or_opened_meanwhile_none_is_accepted(house: House) -> None:
    first, second, third, fourth = record_equal(house, 4)
    decide(house.reviewer, first)
    numbers = offered(house.reviewer, first)
    decide(house.owner, second)
    claim_job(house.owner, third)
    with pytest.raises(BulkRefused, match="2 of these jobs are no longer there"):
        accept_equal_jobs(house.reviewer, first, numbers, key="bulk")
    fourth.refresh_from_db()
    assert fourth.is_waiting
    assert not BulkAccept.objects.exists()


def test_of_two_who_accept_the_same_jobs_the_second_is_told_so(house: House) -> None:
    first, second, *rest = record_equal(house, 5)
    decide(house.reviewer, first)
    decide(house.owner, second)
    of_bob, of_alice = offered(house.reviewer, first), offered(house.owner, second)
    assert of_bob == of_alice == [job.number for job in rest]
    accept_equal_jobs(house.reviewer, first, of_bob, key="bob")
    with pytest.raises(BulkRefused, match="3 of these jobs"):
        accept_equal_jobs(house.owner, second, of_alice, key="alice")
    assert Review.objects.count() == 5


def test_jobs_that_do_not_equal_the_one_or_belong_elsewhere_cannot_be_named(house: House) -> None:
    first, second = record_equal(house, 2)
    (foreign,) = record_jobs(house.workflow, [GOOD])
    decide(house.reviewer, first)
    for numbers in ([second.number, foreign.number], [], [10_000]):
        with pytest.raises(BulkRefused):
            accept_equal_jobs(house.reviewer, first, numbers, key="bulk")
    with pytest.raises(PermissionMissing):
        accept_equal_jobs(house.stranger, first, [second.number], key="bulk")
    assert Review.objects.count() == 1


def test_an_act_that_breaks_off_leaves_nothing_behind_and_can_be_sent_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = record_equal(house, 4)
    decide(house.reviewer, jobs[0])
    numbers = offered(house.reviewer, jobs[0])
    before = AuditEvent.objects.count()

    def break_off(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(accepting, "ask_sample", break_off)
        with pytest.raises(KeyboardInterrupt):
            accept_equal_jobs(house.reviewer, jobs[0], numbers, key="bulk")
    assert (Review.objects.count(), AuditEvent.objects.count()) == (1, before)
    assert house.workflow.jobs.filter(is_waiting=True).count() == 3
    assert accept_equal_jobs(house.reviewer, jobs[0], numbers, key="bulk").jobs == 3


def test_many_are_accepted_a_hundred_at_a_time(house: House) -> None:
    jobs = record_equal(house, MOST_AT_ONCE + 11)
    decide(house.reviewer, jobs[0])
    assert accept_all(house.reviewer, jobs[0], key="one").jobs == MOST_AT_ONCE
    assert accept_all(house.reviewer, jobs[0], key="two").jobs == 10
    assert Review.objects.count() == MOST_AT_ONCE + 11


# ---- the sample


def test_one_in_ten_and_one_at_least_is_asked_for_again_with_its_probability(house: House) -> None:
    set_shares(house.owner, house.workflow, second=0, planted=0)
    jobs = record_equal(house, 36)
    decide(house.reviewer, jobs[0])
    bulk = accept_all(house.reviewer, jobs[0])
    asked = SecondReview.objects.filter(is_waiting=True)
    assert bulk.asked_again == asked.count() == 4
    assert set(asked.values_list("kind", "probability")) == {("second", 4 / 35)}
    assert claim_next_job(house.reviewer, house.workflow) is None  # never by the one who accepted them
    assert claim_next_job(house.owner, house.workflow) in {row.job for row in asked}


def test_an_owner_who_has_more_repeated_has_more_of_these_repeated(house: House) -> None:
    set_shares(house.owner, house.workflow, second=0.5, planted=0)
    jobs = record_equal(house, 11)
    decide(house.reviewer, jobs[0])
    bulk = accept_all(house.reviewer, jobs[0])
    asked = SecondReview.objects.filter(job__in=jobs[1:])
    assert bulk.asked_again == asked.count() == 5
    assert set(asked.values_list("probability", flat=True)) == {0.5}


def test_a_mistake_that_the_sample_finds_lets_all_of_them_wait_again(house: House) -> None:
    set_shares(house.owner, house.workflow, second=0, planted=0)
    dora, erin = join(house, "dora"), join(house, "erin")
    jobs = record_equal(house, 6)
    decide(house.reviewer, jobs[0])
    accept_all(house.reviewer, jobs[0])
    sampled = SecondReview.objects.get().job
    kept = next(job for job in jobs[1:] if job != sampled)
    record_outcome(house.owner, kept, is_used=True)
    decide(dora, sampled, OTHER)
    assert get_equal_figures(house.workflow).same == 0
    decide(erin, sampled, OTHER)
    assert settle_disputes() == 1
    standing = {row.job_id: row.verdict for row in Review.objects.all()}
    assert standing == {sampled.pk: "corrected", kept.pk: "accepted"}  # the next step has used this one
    assert house.workflow.jobs.filter(is_waiting=True).count() == 4
    decide(house.reviewer, jobs[0])
    assert offered(house.reviewer, jobs[0]) == []  # as somebody objected


# ---- what they count for


def test_agreement_habits_and_times_are_of_jobs_that_were_looked_at(house: House) -> None:
    set_shares(house.owner, house.workflow, second=0, planted=0)
    jobs = record_equal(house, 9)
    decide(house.reviewer, jobs[0], seconds=20.0)
    accept_all(house.reviewer, jobs[0])
    decide(house.owner, SecondReview.objects.get().job)
    assert list_pairs(house.workflow) == []
    (bob,) = list_people(house.workflow, [])
    assert (bob.decisions, bob.accepted, bob.habits.decisions, bob.median_seconds) == (1, 1, 1, 20.0)
    figures = get_equal_figures(house.workflow)
    assert (figures.jobs, figures.looked_at, figures.same) == (8, 1, 1)
    session = find_session(house.reviewer, house.workflow, now=timezone.now())
    assert session is not None
    assert (session.decisions, session.equal, session.median_seconds) == (1, 8, 20.0)


def test_they_are_one_group_on_one_side_of_the_split_and_weigh_as_one_in_a_gate(house: House) -> None:
    jobs = record_equal(house, 9)
    decide(house.reviewer, jobs[0])
    accept_all(house.reviewer, jobs[0])
    take_in_reviews(house.workflow)
    cases = list(Case.objects.all())
    assert len(cases) == 9
    assert len({(case.group, case.split) for case in cases}) == 1
    pairs = [PairedCase(group=case.group, base_score=0.0, candidate_score=1.0) for case in cases]
    assert group_differences(pairs) == [1.0]


def test_a_release_does_not_earn_autonomy_by_jobs_that_nobody_looked_at(house: House) -> None:
    jobs = record_equal(house, 5)
    (other,) = record_jobs(house.workflow, [GOOD])
    decide(house.reviewer, jobs[0])
    accept_all(house.reviewer, jobs[0])
    decide(house.reviewer, other)
    take_in_reviews(house.workflow)
    pool = list_pool(house.workflow, house.release, from_job=1, count=2, only_test_cases=False)
    assert pool == [jobs[0], other]
    assert list_pool(house.workflow, house.release, from_job=1, count=3, only_test_cases=False) is None


# ---- undo


def test_one_undo_takes_all_of_them_back_and_the_next_one_the_job_itself(house: House) -> None:
    jobs = record_equal(house, 7)
    decide(house.reviewer, jobs[0])
    accept_all(house.reviewer, jobs[0])
    take_in_reviews(house.workflow)
    tally_work(house.workflow, block_rows=1)
    assert undo_last_decision(house.reviewer, house.workflow) == jobs[1]
    assert [row.job for row in Review.objects.all()] == [jobs[0]]
    assert Retraction.objects.count() == 6
    assert Case.objects.count() == 1
    assert sum(group.jobs for group in count_work(house.workflow, 250).decided) == 1
    assert house.workflow.jobs.filter(is_waiting=True).count() == 6
    assert offered(house.reviewer, jobs[0]) == [job.number for job in jobs[1:]]
    assert undo_last_decision(house.reviewer, house.workflow) == jobs[0]


def test_they_count_as_one_among_the_last_ten_decisions(house: House) -> None:
    singles = record_jobs(house.workflow, [GOOD] * 10)
    jobs = record_equal(house, 15)
    for job in (*singles, jobs[0]):
        decide(house.reviewer, job)
    accept_all(house.reviewer, jobs[0])
    undone = [undo_last_decision(house.reviewer, house.workflow) for _ in range(10)]
    assert undone == [jobs[1], jobs[0], *reversed(singles[2:])]
    with pytest.raises(UndoRefused, match="nothing to undo"):
        undo_last_decision(house.reviewer, house.workflow)


def test_where_one_was_made_use_of_none_is_taken_back(house: House) -> None:
    jobs = record_equal(house, 4)
    decide(house.reviewer, jobs[0])
    accept_all(house.reviewer, jobs[0])
    record_outcome(house.owner, jobs[3], is_used=True)
    with pytest.raises(UndoRefused, match=f"Job {jobs[3].number} cannot be taken back"):
        undo_last_decision(house.reviewer, house.workflow)
    assert (Review.objects.count(), Retraction.objects.count()) == (4, 0)


def test_what_is_accepted_again_after_an_undo_asks_for_the_same_sample(house: House) -> None:
    set_shares(house.owner, house.workflow, second=0, planted=0)
    jobs = record_equal(house, 25)
    decide(house.reviewer, jobs[0])
    accept_all(house.reviewer, jobs[0], key="first")
    before = set(SecondReview.objects.values_list("job_id", flat=True))
    undo_last_decision(house.reviewer, house.workflow)
    accept_all(house.reviewer, jobs[0], key="second")
    assert set(SecondReview.objects.values_list("job_id", flat=True)) == before
    assert BulkMember.objects.count() == 48


def test_the_database_itself_keeps_who_accepted_what_together(house: House) -> None:
    jobs = record_equal(house, 2)
    decide(house.reviewer, jobs[0])
    bulk = accept_all(house.reviewer, jobs[0])
    refused: Sequence[Callable[[], object]] = [
        lambda: BulkAccept.objects.filter(pk=bulk.pk).update(jobs=5),
        lambda: BulkMember.objects.filter(bulk=bulk).delete(),
    ]
    for act in refused:
        with pytest.raises(IntegrityError), transaction.atomic():
            act()


# ---- the pages


@pytest.fixture
def bob(client: Client, house: House) -> Client:
    """A browser in which Bob, a reviewer, is signed in."""
    client.force_login(house.bob)
    return client


DESK = "/workflows/support-inbox/review"


def text_of(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_without_a_script_the_next_page_offers_them_and_a_form_accepts_them(bob: Client, house: House) -> None:
    first, *others = record_equal(house, 4)
    page = bob.post(f"{DESK}/{first.number}", {"verdict": "accepted", "key": "k"}, follow=True).content.decode()
    link = f"{DESK}/{first.number}/equal"
    assert "3 more waiting jobs are equal to job" in page
    assert f'<a href="{link}">Look at them</a>' in page
    look = text_of(bob, link)
    assert "Accept these 3 jobs" in look
    assert "Yes, please." in look
    assert not re.search(r"\b60\s?%|Everything is reviewed|\bsure\b|autofocus", look)
    sent = {
        "key": re.findall(r'name="key" value="([^"]*)"', look)[0],
        "job": re.findall(r'name="job" value="(\d+)"', look),
    }
    assert sent["job"] == [str(job.number) for job in others]
    done = bob.post(link, sent, follow=True).content.decode()
    assert "3 jobs equal to job" in done
    assert "1 of them, drawn by chance, is decided once more by somebody else. One undo takes all back." in done
    assert bob.post(link, sent, follow=True).status_code == 200
    assert Review.objects.count() == 4
    undone = bob.post(f"{DESK}/undo", follow=True).content.decode()
    assert "What you decided on 3 equal jobs is taken back" in undone
    assert Review.objects.count() == 1


def test_the_script_is_told_of_them_with_the_answer_and_of_none_otherwise(bob: Client, house: House) -> None:
    first, _ = record_equal(house, 2)
    (alone,) = record_jobs(house.workflow, [GOOD])
    answers = [
        bob.post(f"{DESK}/{job.number}", {"verdict": "accepted", "key": str(job.pk)}, HTTP_ACCEPT="application/json")
        for job in (first, alone)
    ]
    assert answers[0].json()["offer"] == {
        "text": f"1 more waiting job is equal to job {first.number}, input and output, word for word.",
        "link": "Look at it",
        "address": f"{DESK}/{first.number}/equal",
    }
    assert answers[1].json()["offer"] is None


def test_a_list_that_is_old_is_refused_and_shown_anew(bob: Client, house: House) -> None:
    first, second, third = record_equal(house, 3)
    decide(house.reviewer, first)
    decide(house.owner, second)
    old = {"key": "old", "job": [str(second.number), str(third.number)]}
    answer = bob.post(f"{DESK}/{first.number}/equal", old)
    assert answer.status_code == 409
    assert "1 of these jobs is no longer there" in answer.content.decode()
    assert "Accept this job" in answer.content.decode()
    decide(house.owner, third)
    assert "No waiting job equals it now" in text_of(bob, f"{DESK}/{first.number}/equal")


def test_whoever_is_alone_is_told_why_they_decide_one_by_one(bob: Client, house: House) -> None:
    first, _ = record_equal(house, 2)
    house.workflow.memberships.exclude(user=house.bob).delete()
    page = bob.post(f"{DESK}/{first.number}", {"verdict": "accepted", "key": "k"}, follow=True).content.decode()
    assert "Why they are decided one by one</a>" in page
    look = text_of(bob, f"{DESK}/{first.number}/equal")
    assert "Nobody else decides jobs here" in look
    assert '<button class="button">Accept' not in look


def test_the_pages_of_such_a_job_and_of_agreement_say_that_it_was_not_looked_at(client: Client, house: House) -> None:
    first, second = record_equal(house, 2)
    decide(house.reviewer, first)
    accept_all(house.reviewer, first)
    client.force_login(house.alice)
    assert "which it equals" in text_of(client, f"/workflows/support-inbox/jobs/{second.number}")
    assert "which it equals" not in text_of(client, f"/workflows/support-inbox/jobs/{first.number}")
    assert "1 job was accepted without opening it" in text_of(client, f"{DESK}/agreement")


def test_text_that_anybody_may_have_sent_is_escaped_in_the_list(bob: Client, house: House) -> None:
    first, _ = record_equal(house, 2, given={"text": "<script>alert(1)</script>"})
    Job.objects.exclude(pk=first.pk).update(external_id="<b>bold</b>")
    decide(house.reviewer, first)
    look = text_of(bob, f"{DESK}/{first.number}/equal")
    assert "<script>alert" not in look
    assert "<b>bold" not in look
