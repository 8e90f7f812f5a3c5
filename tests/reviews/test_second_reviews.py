"""Decisions that are made twice: blind, by another person, and settled by a third where two differ."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from builders import House, actor, make_person, record_jobs
from teachback.json_types import JsonObject
from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor
from teachback_server.people.models import AuditEvent, User
from teachback_server.results.settling import settle_disputes
from teachback_server.results.undoing import undo_last_decision
from teachback_server.reviews.actions import Decision, JobAlreadyDecided, claim_job, claim_next_job
from teachback_server.reviews.agreement.deciding import decide_at_desk
from teachback_server.reviews.models import Claim, KnownAnswer, Retraction, Review, ReviewTerms, SecondReview
from teachback_server.reviews.retracting import UndoRefused
from teachback_server.reviews.sessions import find_session
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
BILLING: JsonObject = {"queue": "billing"}
SHIPPING: JsonObject = {"queue": "shipping"}


def set_shares(house: House, *, second: float = 0, planted: float = 0) -> None:
    ReviewTerms.objects.update_or_create(
        workflow=house.workflow, defaults={"second_share": second, "planted_share": planted}
    )


def join(house: House, name: str) -> Actor:
    person = make_person(name)
    give_role(house.owner, house.workflow, person, Role.REVIEWER)
    return actor(person)


def decide(by: Actor, job: Job, output: JsonObject | None = None, *, key: str = "") -> Review | SecondReview:
    """Accept a job, or correct it to an output."""
    job.refresh_from_db()
    verdict = ReviewVerdict.ACCEPTED if output is None else ReviewVerdict.CORRECTED
    decision = Decision(
        job=job,
        verdict=verdict,
        output=output,
        reason_code="" if output is None else "wrong_choice",
        idempotency_key=key or f"{by.name}-{job.pk}",
    )
    return decide_at_desk(by, decision)


def next_number(person: Actor, house: House) -> int | None:
    job = claim_next_job(person, house.workflow)
    return None if job is None else job.number


def test_a_drawn_decision_is_repeated_by_somebody_else_and_the_job_stays_as_it_is(house: House) -> None:
    set_shares(house, second=1)
    dora = join(house, "dora")
    (job,) = record_jobs(house.workflow, [BILLING])
    decide(house.reviewer, job)
    assert next_number(house.reviewer, house) is None
    assert next_number(dora, house) == 1
    assert isinstance(decide(dora, job), SecondReview)
    assert Review.objects.get(job=job).reviewer_name == "bob"
    assert next_number(dora, house) is None
    job.refresh_from_db()
    assert not job.is_waiting


def test_no_share_asks_for_nothing_and_a_person_alone_is_asked_for_nothing(house: House) -> None:
    set_shares(house, second=0)
    first, other = record_jobs(house.workflow, [BILLING, BILLING])
    decide(house.reviewer, first)
    set_shares(house, second=1)
    house.workflow.memberships.exclude(user=house.bob).delete()
    decide(house.reviewer, other)
    assert not SecondReview.objects.exists()


def test_about_the_set_share_of_decisions_is_repeated(house: House) -> None:
    set_shares(house, second=0.2)
    for job in record_jobs(house.workflow, [BILLING] * 200):
        decide(house.reviewer, job)
    asked = SecondReview.objects.filter(workflow=house.workflow)
    assert 20 <= asked.count() <= 62
    assert set(asked.values_list("probability", flat=True)) == {0.2}


def test_the_desk_shows_a_second_review_word_for_word_like_a_first(house: House, client: Client) -> None:
    join(house, "dora")
    again, fresh = record_jobs(house.workflow, [BILLING, BILLING])
    set_shares(house, second=1)
    decide(house.reviewer, again, SHIPPING)
    set_shares(house)
    client.force_login(make_person("erin", is_administrator=True))
    pages = []
    for job in (again, fresh):
        text = client.get(f"/workflows/{house.workflow.name}/review/{job.number}").content.decode()
        for own in (f"job-{job.number}", f"Message {job.number}", f"order A{job.number}", f"Job {job.number}"):
            text = text.replace(own, "OWN")
        text = re.sub(r'(name="(key|shown_at|csrfmiddlewaretoken)" value=)"[^"]*"', r"\1", text)
        text = re.sub(r'"X-CSRFToken": "\w+"|data-job="\d+"|/review/\d+|datetime="[^"]*"|\d\d:\d\d', "", text)
        pages.append(text)
    assert pages[0] == pages[1]
    assert "shipping" not in pages[0]  # what the first person chose


def test_whoever_may_decide_a_job_again_finds_the_first_decision_nowhere(house: House, client: Client) -> None:
    join(house, "dora")
    again, fresh = record_jobs(house.workflow, [BILLING, BILLING])
    client.force_login(User.objects.get(username="dora"))
    base = f"/workflows/{house.workflow.name}"
    plain = [client.get(f"{base}{tail}").content.decode() for tail in _shown_of(again)]
    set_shares(house, second=1)
    decide(house.reviewer, again, SHIPPING)
    blind = [client.get(f"{base}{tail}").content.decode() for tail in _shown_of(again)]
    assert [_without_tokens(text) for text in blind] == [_without_tokens(text) for text in plain]
    decide(actor(User.objects.get(username="dora")), again, SHIPPING)
    assert "Corrected" in client.get(f"{base}/jobs/{again.number}").content.decode()
    assert fresh.is_waiting


def _shown_of(job: Job) -> list[str]:
    """Where somebody at the desk could look for what became of a job."""
    lists = [
        "",
        "?waiting=on",
        "?verdict=corrected",
        "?reason=wrong_choice",
        "?routing=review",
        f"?text=job-{job.number}",
    ]
    return [f"/jobs{query}" for query in lists] + [f"/jobs/{job.number}", f"/jobs/{job.number}/lineage.json"]


def _without_tokens(text: str) -> str:
    return re.sub(r'"X-CSRFToken": "\w+"|name="csrfmiddlewaretoken" value="\w+"', "", text)


def test_the_answer_after_a_second_decision_tells_nothing_of_its_kind(house: House, client: Client) -> None:
    join(house, "dora")
    again, fresh = record_jobs(house.workflow, [BILLING, BILLING])
    set_shares(house, second=1)
    decide(house.reviewer, again)
    set_shares(house)
    client.force_login(make_person("erin", is_administrator=True))
    said = []
    for job in (again, fresh):
        address = f"/workflows/{house.workflow.name}/review/{job.number}"
        client.get(address)
        answer = client.post(
            address, {"verdict": "accepted", "key": f"k{job.number}"}, headers={"accept": "application/json"}
        )
        assert answer.status_code == 200
        said.append(answer.json()["message"].replace(f"Job {job.number}", "Job"))
    assert said[0] == said[1]


def test_a_second_decision_sent_twice_is_stored_once(house: House) -> None:
    set_shares(house, second=1)
    dora = join(house, "dora")
    (job,) = record_jobs(house.workflow, [BILLING])
    decide(house.reviewer, job)
    one = decide(dora, job, SHIPPING, key="same")
    assert decide(dora, job, SHIPPING, key="same") == one
    with pytest.raises(JobAlreadyDecided):
        decide(dora, job, BILLING, key="another")
    assert SecondReview.objects.filter(kind="second").count() == 1


def test_who_decided_first_cannot_open_the_job_again(house: House) -> None:
    set_shares(house, second=1)
    (job,) = record_jobs(house.workflow, [BILLING])
    decide(house.reviewer, job)
    with pytest.raises(JobAlreadyDecided):
        claim_job(house.reviewer, job)


def test_two_who_agree_make_a_known_answer_and_two_who_differ_ask_a_third(house: House) -> None:
    set_shares(house, second=1)
    dora, emil = join(house, "dora"), join(house, "emil")
    same, other = record_jobs(house.workflow, [BILLING, BILLING])
    decide(house.reviewer, same, SHIPPING)
    decide(dora, same, SHIPPING)
    assert KnownAnswer.objects.get().job == same
    decide(house.reviewer, other)
    decide(dora, other, SHIPPING)
    assert SecondReview.objects.get(is_waiting=True).kind == "third"
    assert next_number(house.reviewer, house) is None
    assert next_number(dora, house) is None
    assert next_number(emil, house) == other.number


def test_the_third_sees_both_decisions_without_names(house: House, client: Client) -> None:
    set_shares(house, second=1)
    dora = join(house, "dora")
    emil = join(house, "emil")
    (job,) = record_jobs(house.workflow, [BILLING])
    decide(house.reviewer, job)
    decide(dora, job, SHIPPING)
    client.force_login(house.alice.__class__.objects.get(pk=emil.user_id))
    text = client.get(f"/workflows/{house.workflow.name}/review/{job.number}").content.decode()
    assert "Two people decided differently" in text
    assert "bob" not in text
    assert "dora" not in text


@pytest.mark.parametrize("third_agrees_with_first", [True, False], ids=["first", "second"])
def test_what_the_third_says_stands(house: House, third_agrees_with_first: bool) -> None:
    set_shares(house, second=1)
    dora, emil = join(house, "dora"), join(house, "emil")
    (job,) = record_jobs(house.workflow, [BILLING])
    decide(house.reviewer, job)
    decide(dora, job, SHIPPING)
    decide(emil, job, None if third_agrees_with_first else SHIPPING)
    assert settle_disputes() == (0 if third_agrees_with_first else 1)
    assert settle_disputes() == 0
    standing = Review.objects.get(job=job)
    assert standing.output == (BILLING if third_agrees_with_first else SHIPPING)
    assert standing.reviewer_name == ("bob" if third_agrees_with_first else "emil")
    assert Retraction.objects.filter(job=job, reviewer=house.bob).exists() is not third_agrees_with_first


def test_a_second_decision_can_be_undone_until_work_went_on_from_it(house: House) -> None:
    set_shares(house, second=1)
    dora = join(house, "dora")
    same, other = record_jobs(house.workflow, [BILLING, BILLING])
    decide(house.reviewer, same)
    decide(house.reviewer, other)
    decide(dora, same)
    assert undo_last_decision(dora, house.workflow).number == same.number
    assert not KnownAnswer.objects.exists()
    assert next_number(dora, house) == same.number
    assert AuditEvent.objects.get(kind="second_review_taken_back").details["verdict"] == "accepted"
    decide(dora, same, key="again")
    decide(dora, other, SHIPPING)
    with pytest.raises(UndoRefused):
        undo_last_decision(dora, house.workflow)


def test_a_known_answer_is_planted_before_those_who_never_saw_it(house: House) -> None:
    set_shares(house)
    dora = join(house, "dora")
    known, first, other = record_jobs(house.workflow, [BILLING] * 3)
    decide(house.reviewer, known, SHIPPING)
    KnownAnswer.objects.create(job=known, workflow=house.workflow, by="alice", at=timezone.now())
    set_shares(house, planted=0.5)
    ReviewTerms.objects.update(planted_share=0.5)
    jobs = (first, other, *record_jobs(house.workflow, [BILLING] * 10, first_id=4))
    for place, job in enumerate(jobs):
        decide(dora if place % 2 else house.reviewer, job)
    planted = SecondReview.objects.get(kind="planted")
    assert planted.for_user_id == dora.user_id
    assert next_number(dora, house) == known.number
    assert not isinstance(decide(dora, known), Review)
    assert not SecondReview.objects.filter(kind="third").exists()


def test_a_reload_shows_the_same_job_whether_or_not_it_is_decided_again(house: House) -> None:
    dora = join(house, "dora")
    one, two, three = record_jobs(house.workflow, [BILLING] * 3)
    first = claim_next_job(dora, house.workflow)
    assert first == one
    set_shares(house, second=1)
    decide(house.reviewer, two)  # while dora looks at the first, the second is drawn
    set_shares(house)
    assert claim_next_job(dora, house.workflow, besides=[one.number]) == two
    assert claim_next_job(dora, house.workflow) == one
    claim_next_job(dora, house.workflow, besides=[one.number])
    decide(dora, one)
    assert claim_next_job(dora, house.workflow, besides=[two.number]) == three
    assert claim_next_job(dora, house.workflow) == two


def test_a_job_that_is_decided_again_is_late_only_when_that_was_asked_for_long_ago(
    house: House, client: Client
) -> None:
    join(house, "dora")
    ReviewTerms.objects.create(workflow=house.workflow, second_share=1, decide_within_hours=24)
    (job,) = record_jobs(house.workflow, [BILLING])  # months ago, by the clock of the tests
    client.force_login(User.objects.get(username="dora"))
    address = f"/workflows/{house.workflow.name}/review/{job.number}"
    assert "Overdue" in client.get(address).content.decode()
    Claim.objects.all().delete()
    decide(house.reviewer, job)
    assert "Overdue" not in client.get(address).content.decode()


def test_the_count_of_what_waits_does_not_tell_that_a_job_is_decided_again(house: House, client: Client) -> None:
    dora = join(house, "dora")
    jobs = record_jobs(house.workflow, [BILLING] * 2)
    client.force_login(User.objects.get(username="dora"))
    address = f"/workflows/{house.workflow.name}/jobs"
    set_shares(house, second=1)
    decide(house.reviewer, jobs[0])
    assert '<span class="tally">2<' in client.get(address).content.decode()
    decide(dora, jobs[0])
    assert '<span class="tally">1<' in client.get(address).content.decode()


def test_a_session_counts_decisions_that_were_made_again(house: House) -> None:
    set_shares(house, second=1)
    dora = join(house, "dora")
    one, two = record_jobs(house.workflow, [BILLING] * 2)
    decide(house.reviewer, one)
    decide(dora, one)
    decide(dora, two)
    session = find_session(dora, house.workflow, now=timezone.now())
    assert session is not None
    assert session.decisions == 2


def test_a_decision_that_is_taken_back_is_no_known_answer_and_asks_no_third(house: House) -> None:
    set_shares(house, second=1)
    dora, emil = join(house, "dora"), join(house, "emil")
    same, other = record_jobs(house.workflow, [BILLING] * 2)
    decide(house.reviewer, same, SHIPPING)
    decide(dora, same, SHIPPING)
    decide(house.reviewer, other)
    decide(dora, other, SHIPPING)
    assert {KnownAnswer.objects.get().job, SecondReview.objects.get(is_waiting=True).job} == {same, other}
    undo_last_decision(house.reviewer, house.workflow)
    undo_last_decision(house.reviewer, house.workflow)
    assert not KnownAnswer.objects.exists()
    assert next_number(emil, house) is None  # bob has both on screen again
    decide(house.reviewer, other, SHIPPING, key="anew")  # as dora had said
    assert KnownAnswer.objects.get().job == other
    assert not SecondReview.objects.filter(is_waiting=True).exists()
    decide(house.reviewer, same, key="anew, too")  # unlike dora
    assert SecondReview.objects.get(is_waiting=True).job == same
    assert next_number(emil, house) == same.number
