"""The order of the queue, and what an owner may say about it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from builders import MORNING, House, accept, actor, make_person, record_jobs
from teachback.json_types import JsonObject
from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor, PermissionMissing
from teachback_server.people.models import AuditEvent
from teachback_server.reviews.actions import claim_next_job, skip_job
from teachback_server.reviews.models import QueuePlace
from teachback_server.reviews.placing import PlaceRefused, Placing, place_jobs, set_terms
from teachback_server.reviews.queue_list import NOBODY, QueueFilter, list_queue
from teachback_server.reviews.queue_order import Priority
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
GOOD: JsonObject = {"queue": "billing"}


@pytest.fixture
def second(house: House) -> Actor:
    """Dora reviews beside Bob."""
    dora = make_person("dora")
    give_role(house.owner, house.workflow, dora, Role.REVIEWER)
    return actor(dora)


def numbers_given_to(person: Actor, house: House) -> list[int]:
    """The jobs in the order in which the desk gives them to a person who skips each."""
    given = []
    while job := claim_next_job(person, house.workflow):
        given.append(job.number)
        skip_job(person, job)
    return given


def place(house: House, *numbers: int, **said: object) -> int:
    return place_jobs(house.owner, house.workflow, numbers, Placing(**said))  # type: ignore[arg-type]


def test_priority_comes_first_then_what_is_due_then_age(house: House) -> None:
    record_jobs(house.workflow, [GOOD] * 6)
    place(house, 2, priority=Priority.LATER)
    place(house, 4, due_at=MORNING + timedelta(hours=2))
    place(house, 5, due_at=MORNING + timedelta(hours=1))
    place(house, 6, priority=Priority.URGENT)
    expected = [6, 5, 4, 1, 3, 2]
    rows = list_queue(house.workflow, QueueFilter(), page=1, now=timezone.now()).rows
    assert [row.number for row in rows] == expected
    assert numbers_given_to(house.reviewer, house) == expected


def test_the_terms_of_the_workflow_hold_for_jobs_without_a_due_time_of_their_own(house: House) -> None:
    record_jobs(house.workflow, [GOOD] * 4)
    set_terms(house.owner, house.workflow, decide_within_hours=2)
    place(house, 4, due_at=MORNING + timedelta(hours=2, minutes=1, seconds=30))
    place(house, 1, assignee=house.bob)
    assert numbers_given_to(house.reviewer, house) == [1, 4, 2, 3]


def test_a_reload_shows_the_urgent_job_that_was_on_screen_not_the_one_fetched_ahead(house: House) -> None:
    record_jobs(house.workflow, [GOOD] * 3)
    place(house, 3, priority=Priority.URGENT)
    shown = claim_next_job(house.reviewer, house.workflow)
    ahead = claim_next_job(house.reviewer, house.workflow, besides=[3])
    again = claim_next_job(house.reviewer, house.workflow)
    assert [job.number for job in (shown, ahead, again) if job] == [3, 1, 3]


def test_a_job_for_one_person_is_given_to_nobody_else(house: House, second: Actor) -> None:
    record_jobs(house.workflow, [GOOD] * 3)
    place(house, 1, assignee=house.bob)
    assert numbers_given_to(second, house) == [2, 3]
    assert numbers_given_to(house.reviewer, house) == [1, 2, 3]


def test_whoever_may_not_decide_here_gets_no_jobs_assigned(house: House) -> None:
    record_jobs(house.workflow, [GOOD])
    with pytest.raises(PlaceRefused, match="may not decide"):
        place(house, 1, assignee=house.charlie)
    assert not QueuePlace.objects.exists()


def test_only_an_owner_says_who_decides_and_until_when(house: House) -> None:
    record_jobs(house.workflow, [GOOD])
    with pytest.raises(PermissionMissing):
        place_jobs(house.reviewer, house.workflow, [1], Placing(priority=Priority.URGENT))
    with pytest.raises(PermissionMissing):
        set_terms(house.reviewer, house.workflow, decide_within_hours=1)
    with pytest.raises(PlaceRefused, match="between 1 and"):
        set_terms(house.owner, house.workflow, decide_within_hours=0)


def test_what_is_decided_or_elsewhere_has_no_place(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD] * 2)
    record_jobs(house.elsewhere, [GOOD] * 3)
    assert place(house, 1, 2, 3, priority=Priority.URGENT) == 2
    accept(house.reviewer, jobs[:1])
    assert [row.job.number for row in QueuePlace.objects.all()] == [2]
    assert place(house, 2) == 1
    assert not QueuePlace.objects.exists()
    assert AuditEvent.objects.filter(kind="queue_placed").count() == 2


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (QueueFilter(priority=Priority.URGENT), [1]),
        (QueueFilter(priority=Priority.NORMAL), [2, 3]),
        (QueueFilter(assignee=NOBODY), [1, 3]),
        (QueueFilter(is_overdue=True), [1]),
    ],
)
def test_the_queue_is_narrowed(house: House, wanted: QueueFilter, numbers: list[int]) -> None:
    record_jobs(house.workflow, [GOOD] * 3)
    place(house, 1, priority=Priority.URGENT, due_at=MORNING)
    place(house, 2, assignee=house.bob)
    page = list_queue(house.workflow, wanted, page=1, now=timezone.now())
    assert [row.number for row in page.rows] == numbers
    assert page.found == len(numbers)


def test_the_owner_sees_why_each_job_is_here_and_the_reviewer_may_not(house: House, client: Client) -> None:
    record_jobs(house.workflow, [GOOD], confidence=0.61)
    client.force_login(house.alice)
    page = client.get("/workflows/support-inbox/review/queue").content.decode()
    assert Job.objects.get().routing_reason in page
    assert "61\u00a0%" in page
    client.force_login(house.bob)
    assert client.get("/workflows/support-inbox/review/queue").status_code == 403


def test_ticked_jobs_or_all_that_the_filter_finds_are_assigned_at_once(house: House, client: Client) -> None:
    record_jobs(house.workflow, [GOOD] * 4)
    place(house, 4, priority=Priority.LATER)
    client.force_login(house.alice)
    address = "/workflows/support-inbox/review/queue/place"
    bob = {"to_assignee": str(house.bob.pk), "to_priority": "0", "due_in_hours": "3"}
    client.post(address, {**bob, "job": ["1", "3", "x"]})
    assert set(QueuePlace.objects.filter(assignee=house.bob).values_list("job__number", flat=True)) == {1, 3}
    client.post(f"{address}?assignee={NOBODY}&priority=0", {**bob, "all": "yes"})
    assert set(QueuePlace.objects.filter(assignee=house.bob).values_list("job__number", flat=True)) == {1, 2, 3}
    answer = client.post(address, bob, follow=True)
    assert "Tick the jobs" in answer.content.decode()
    wrong = client.post(address, {**bob, "due_in_hours": "-1", "job": ["4"]})
    assert "greater than or equal to 1" in wrong.content.decode()


def test_the_desk_says_until_when_a_job_is_due_and_that_it_is_overdue(house: House, client: Client) -> None:
    record_jobs(house.workflow, [GOOD])
    client.force_login(house.alice)
    client.post("/workflows/support-inbox/review/queue/terms", {"hours": "2"})
    client.force_login(house.bob)
    assert "Overdue" in client.get("/workflows/support-inbox/review").content.decode()
    place(house, 1, due_at=timezone.now() + timedelta(days=2))
    page = client.get("/workflows/support-inbox/review").content.decode()
    assert "Overdue" not in page
    assert "· due" in page


def test_whoever_has_nothing_left_is_told_that_the_rest_is_for_others(house: House, client: Client) -> None:
    record_jobs(house.workflow, [GOOD])
    place(house, 1, assignee=house.alice)
    client.force_login(house.bob)
    assert "The rest is for others" in client.get("/workflows/support-inbox/review").content.decode()
