"""Overdue jobs go to the person whom an owner chose: once, not too many, and never against what an owner said since."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from builders import MORNING, House, actor, make_person, record_jobs
from teachback.json_types import JsonObject
from teachback_server.jobs.models import Job
from teachback_server.people.actor import PermissionMissing
from teachback_server.people.models import AuditEvent, User
from teachback_server.reviews import passing_on
from teachback_server.reviews.actions import Decision, ReviewVerdict, claim_job, claim_next_job, decide_review, skip_job
from teachback_server.reviews.models import Claim, QueuePlace, ReviewTerms, Skill
from teachback_server.reviews.outside.mails import see_to_mails, wish_for_mails
from teachback_server.reviews.passing_on import find_passing_on, pass_on_overdue
from teachback_server.reviews.placing import PassOn, PlaceRefused, Placing, place_jobs, set_terms
from teachback_server.reviews.queue_list import QueueFilter, list_queue
from teachback_server.reviews.queue_order import Priority
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role, take_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
GOOD: JsonObject = {"queue": "billing"}
HOUR = timedelta(hours=1)
NOON = MORNING + 4 * HOUR  # jobs 1, 2, … end one, two, … minutes after MORNING
QUEUE = "/workflows/support-inbox/review/queue"


@pytest.fixture
def dora(house: House) -> User:
    """Dora reviews beside Bob, and sees to what is overdue."""
    dora = make_person("dora")
    give_role(house.owner, house.workflow, dora, Role.REVIEWER)
    return dora


def wish(house: House, to: User, *, within: int | None = 2, after: int = 1) -> None:
    set_terms(house.owner, house.workflow, decide_within_hours=within, pass_on=PassOn(after_hours=after, to=to))


def passed_on() -> list[int]:
    """The numbers of the jobs that were passed on."""
    places = QueuePlace.objects.filter(escalated_at__isnull=False)
    return list(places.order_by("job__number").values_list("job__number", flat=True))


def test_what_is_overdue_by_the_hours_goes_to_the_person_and_comes_first(house: House, dora: User) -> None:
    record_jobs(house.workflow, [GOOD] * 4)
    wish(house, dora)
    ends = dict(Job.objects.values_list("number", "finished_at"))
    assert ends[2] is not None
    now = ends[2] + 3 * HOUR + timedelta(seconds=1)
    assert pass_on_overdue(now=now) == 2
    assert passed_on() == [1, 2]
    place = QueuePlace.objects.get(job__number=1)
    assert (place.assignee, place.priority, place.escalated_at) == (dora, Priority.URGENT, now)
    assert [job.number for job in [claim_next_job(actor(dora), house.workflow)] if job] == [1]
    given = claim_next_job(house.reviewer, house.workflow)
    assert given is not None
    assert given.number == 3


def test_a_second_round_changes_nothing_and_says_nothing(house: House, dora: User) -> None:
    record_jobs(house.workflow, [GOOD] * 2)
    wish(house, dora)
    assert [pass_on_overdue(now=NOON), pass_on_overdue(now=NOON + HOUR)] == [2, 0]
    (act,) = AuditEvent.objects.filter(kind="jobs_passed_on")
    assert (act.actor_name, act.subject) == ("Teachback", "2 overdue jobs to dora")
    assert act.details == {"jobs": [1, 2], "to": "dora"}
    assert set(QueuePlace.objects.values_list("escalated_at", flat=True)) == {NOON}


def test_nothing_is_passed_on_without_the_wish_or_without_a_due_time(house: House, dora: User) -> None:
    record_jobs(house.workflow, [GOOD] * 2)
    assert pass_on_overdue(now=NOON) == 0
    set_terms(house.owner, house.workflow, decide_within_hours=2)
    assert pass_on_overdue(now=NOON) == 0
    wish(house, dora, within=None)
    assert pass_on_overdue(now=NOON) == 0
    place_jobs(house.owner, house.workflow, [2], Placing(due_at=MORNING))
    assert pass_on_overdue(now=MORNING + HOUR) == 0
    assert pass_on_overdue(now=MORNING + HOUR + timedelta(seconds=1)) == 1
    assert passed_on() == [2]


def test_a_due_time_of_its_own_counts_before_the_terms_and_stays(house: House, dora: User) -> None:
    record_jobs(house.workflow, [GOOD] * 2)
    wish(house, dora, after=0)
    later = NOON + 10 * HOUR
    place_jobs(house.owner, house.workflow, [1], Placing(due_at=later, assignee=house.bob))
    assert pass_on_overdue(now=NOON) == 1
    assert passed_on() == [2]
    assert pass_on_overdue(now=later + timedelta(seconds=1)) == 1
    place = QueuePlace.objects.get(job__number=1)
    assert (place.due_at, place.assignee) == (later, dora)


def test_what_an_owner_says_afterwards_stands(house: House, dora: User) -> None:
    record_jobs(house.workflow, [GOOD] * 3)
    wish(house, dora)
    pass_on_overdue(now=NOON)
    place_jobs(house.owner, house.workflow, [1], Placing(assignee=house.bob))
    place_jobs(house.owner, house.workflow, [2], Placing())
    assert pass_on_overdue(now=NOON + HOUR) == 0
    assert QueuePlace.objects.get(job__number=1).assignee == house.bob
    assert QueuePlace.objects.get(job__number=2).assignee is None
    rows = list_queue(house.workflow, QueueFilter(was_passed_on=True), page=1, now=NOON + HOUR).rows
    assert [(row.number, row.assignee) for row in rows] == [(3, "dora"), (1, "bob"), (2, "")]


def test_a_job_that_the_person_has_already_stays_as_the_owner_placed_it(house: House, dora: User) -> None:
    record_jobs(house.workflow, [GOOD])
    wish(house, dora)
    place_jobs(house.owner, house.workflow, [1], Placing(assignee=dora, priority=Priority.LATER))
    assert pass_on_overdue(now=NOON) == 0
    assert QueuePlace.objects.get().priority == Priority.LATER


def test_a_job_on_somebodys_screen_is_left_to_them(house: House, dora: User) -> None:
    first, _ = record_jobs(house.workflow, [GOOD] * 2)
    wish(house, dora)
    claim_job(house.reviewer, first)
    Claim.objects.update(expires_at=NOON + HOUR)
    pass_on_overdue(now=NOON)
    assert passed_on() == [2]
    pass_on_overdue(now=NOON + HOUR)
    assert passed_on() == [1, 2]


def test_what_the_person_had_skipped_comes_back_to_them(house: House, dora: User) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    wish(house, dora)
    skip_job(actor(dora), job)
    pass_on_overdue(now=NOON)
    assert claim_next_job(actor(dora), house.workflow) == job


def test_a_queue_that_was_forgotten_buries_nobody(house: House, dora: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passing_on, "MOST_OPEN", 3)
    jobs = record_jobs(house.workflow, [GOOD] * 7)
    wish(house, dora)
    assert [pass_on_overdue(now=NOON), pass_on_overdue(now=NOON)] == [3, 0]
    state = find_passing_on(house.workflow)
    assert state is not None
    assert (state.is_full, state.open_jobs) == (True, 3)
    for job in jobs[:2]:
        decide_review(actor(dora), Decision(job=job, verdict=ReviewVerdict.ACCEPTED, idempotency_key=f"d{job.pk}"))
    assert pass_on_overdue(now=NOON) == 2
    assert passed_on() == [3, 4, 5]


@pytest.mark.parametrize("how", ["no role", "viewer", "deactivated"])
def test_nothing_goes_to_whoever_may_not_decide_and_the_queue_says_so(
    house: House, dora: User, client: Client, how: str
) -> None:
    record_jobs(house.workflow, [GOOD])
    wish(house, dora)
    if how == "no role":
        take_role(house.owner, house.workflow, dora)
    elif how == "viewer":
        give_role(house.owner, house.workflow, dora, Role.VIEWER)
    else:
        User.objects.filter(pk=dora.pk).update(is_active=False)
    assert pass_on_overdue(now=NOON) == 0
    client.force_login(house.alice)
    assert "They were to go to dora, who may not decide jobs here any more." in client.get(QUEUE).content.decode()


def test_a_person_who_is_gone_altogether_is_said_to_be(house: House, dora: User, client: Client) -> None:
    record_jobs(house.workflow, [GOOD])
    wish(house, dora)
    ReviewTerms.objects.update(escalate_to=None)
    assert pass_on_overdue(now=NOON) == 0
    client.force_login(house.alice)
    assert "The person to whom they were to go is not here any more." in client.get(QUEUE).content.decode()


def test_jobs_of_a_backtest_live_by_another_clock(house: House, dora: User) -> None:
    record_jobs(house.workflow, [GOOD] * 2)
    wish(house, dora)
    Job.objects.filter(number=1).update(source="backtest")
    pass_on_overdue(now=NOON)
    assert passed_on() == [2]


def test_each_workflow_goes_by_its_own_terms(house: House, dora: User) -> None:
    record_jobs(house.workflow, [GOOD])
    record_jobs(house.elsewhere, [GOOD])
    wish(house, dora)
    assert pass_on_overdue(now=NOON) == 1
    assert QueuePlace.objects.get().workflow == house.workflow


def test_whoever_gets_it_may_decide_it_whatever_skill_it_needs(house: House, dora: User) -> None:
    (job,) = record_jobs(house.workflow, [GOOD])
    Skill.objects.create(workflow=house.workflow, label="It", field="text", value=job.input["text"])
    wish(house, dora)
    assert claim_next_job(actor(dora), house.workflow) is None
    pass_on_overdue(now=NOON)
    assert claim_next_job(actor(dora), house.workflow) == job


def test_only_an_owner_says_to_whom_and_only_somebody_who_decides_here(house: House, dora: User) -> None:
    with pytest.raises(PermissionMissing):
        set_terms(house.reviewer, house.workflow, decide_within_hours=2, pass_on=PassOn(after_hours=1, to=dora))
    for refused in (PassOn(after_hours=1, to=house.charlie), PassOn(after_hours=-1, to=dora)):
        with pytest.raises(PlaceRefused):
            set_terms(house.owner, house.workflow, decide_within_hours=2, pass_on=refused)
    wish(house, dora)
    assert (
        AuditEvent.objects.filter(kind="review_terms_set").get().subject
        == "within 2 hours, and when overdue by 1 hours by dora"
    )


def test_the_form_of_the_queue_sets_it_and_takes_it_back(house: House, dora: User, client: Client) -> None:
    client.force_login(house.alice)
    said = {"hours": "24", "pass_on_after": "0", "pass_on_to": str(dora.pk)}
    client.post(f"{QUEUE}/terms", said)
    terms = ReviewTerms.objects.get()
    assert (terms.decide_within_hours, terms.escalate_after_hours, terms.escalate_to) == (24, 0, dora)
    page = client.get(QUEUE).content.decode()
    assert f'<option value="{dora.pk}" selected>dora</option>' in page
    for half in ({**said, "pass_on_to": ""}, {**said, "pass_on_after": ""}):
        assert "say both after how many hours and to whom" in client.post(f"{QUEUE}/terms", half).content.decode()
    client.post(f"{QUEUE}/terms", {**said, "pass_on_after": "-1"})
    client.post(f"{QUEUE}/terms", {**said, "pass_on_to": str(house.charlie.pk)})
    terms.refresh_from_db()
    assert (terms.escalate_after_hours, terms.escalate_to) == (0, dora)
    client.post(f"{QUEUE}/terms", {"hours": "24"})
    terms.refresh_from_db()
    assert (terms.escalate_after_hours, terms.escalate_to) == (None, None)


def test_the_queue_marks_what_was_passed_on_and_is_narrowed_to_it(house: House, dora: User, client: Client) -> None:
    record_jobs(house.workflow, [GOOD] * 2)
    wish(house, dora)
    place_jobs(house.owner, house.workflow, [2], Placing(due_at=timezone.now() + HOUR))
    pass_on_overdue(now=NOON)
    client.force_login(house.alice)
    assert "passed on 2 Mar, 12:00 UTC, as it was overdue" in client.get(QUEUE).content.decode()
    narrowed = client.get(QUEUE, {"passed_on": "on"})
    assert [row.number for row in narrowed.context["queue"].rows] == [1]


def test_the_daily_mail_names_what_was_passed_on(house: House, dora: User, settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.example.org"
    settings.DEFAULT_FROM_EMAIL = "Teachback <teachback@example.org>"
    settings.PUBLIC_URL = "https://teach.example.org"
    User.objects.update(email="someone@example.org")
    wish_for_mails(dora, [house.workflow], hour=1)
    wish_for_mails(house.bob, [house.workflow], hour=1)
    record_jobs(house.workflow, [GOOD] * 3)
    wish(house, dora)
    place_jobs(house.owner, house.workflow, [3], Placing(due_at=NOON + HOUR))
    pass_on_overdue(now=NOON)
    assert see_to_mails(NOON) == 2
    to_dora, to_bob = sorted(mail.outbox, key=lambda one: "dora" not in one.body)
    assert "3 jobs wait for a decision, 2 of them overdue. 2 were passed on to you" in to_dora.body
    assert to_dora.body.count(", passed on to you:") == 2
    assert "1 job waits" in to_bob.body
    assert "passed on" not in to_bob.body
