"""Whether the next step used a job, said with one click: by who is signed in, or once by a link."""

import pytest
from django.http import HttpResponse
from django.test import Client

from builders import House, correct, record_jobs
from teachback_server.jobs.models import Job, Outcome
from teachback_server.people.actor import Actor, PermissionMissing
from teachback_server.people.models import AuditEvent
from teachback_server.reviews.models import ReviewLink
from teachback_server.reviews.outside.links import (
    MOST_OPEN_LINKS,
    LinkRefused,
    make_outcome_link,
    make_review_link,
    revoke_link,
)
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import make_key

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture
def job(house: House) -> Job:
    (job,) = record_jobs(house.workflow, [{"queue": "billing", "order_number": "A1"}])
    return job


@pytest.fixture
def outsider() -> Client:
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def address(house: House, job: Job) -> str:
    return f"/u/{make_outcome_link(house.owner, job, for_name='Dora of Shipping').token}"


@pytest.mark.parametrize(("said", "is_used"), [("used", True), ("not_used", False)])
def test_one_click_behind_a_link_says_whether_a_job_was_used(
    house: House, job: Job, outsider: Client, address: str, said: str, is_used: bool
) -> None:
    assert "Not used" in outsider.get(address).content.decode()
    answer = outsider.post(address, {"outcome": said, "note": "Came too late"})
    assert answer.status_code == 200
    word = Outcome.objects.get(job=job)
    assert (word.is_used, word.note, word.by) == (is_used, "Came too late", "Dora of Shipping (by link)")
    assert AuditEvent.objects.filter(kind="outcome_recorded", actor_name="Dora of Shipping (by link)").count() == 1


def test_a_link_says_it_once_whoever_presses_again(job: Job, outsider: Client, address: str) -> None:
    outsider.post(address, {"outcome": "used"})
    again = outsider.post(address, {"outcome": "not_used"})
    assert again.status_code == 410
    assert "was used already" in again.content.decode()
    assert [word.is_used for word in Outcome.objects.filter(job=job)] == [True]


def test_looking_and_pressing_nothing_say_nothing(job: Job, outsider: Client, address: str) -> None:
    for answer in (outsider.get(address), outsider.head(address), outsider.post(address, {"outcome": "perhaps"})):
        assert answer.status_code == 200
    assert not Outcome.objects.exists()
    assert ReviewLink.objects.get().used_at is None


def test_the_page_shows_what_a_person_stood_behind(house: House, job: Job, outsider: Client, address: str) -> None:
    correct(house.reviewer, [job], {"queue": "returns", "order_number": "A1"})
    page = outsider.get(address).content.decode()
    assert "returns" in page
    assert "billing" not in page
    assert "bob" not in page


def test_the_page_tells_no_other_site_its_address_and_asks_for_no_cookie(outsider: Client, address: str) -> None:
    shown, answered = outsider.get(address), outsider.post(address, {"outcome": "used"}, headers={"Origin": "null"})
    for answer in (shown, answered):
        assert answer.status_code == 200
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer["Cache-Control"]
        assert not answer.cookies


def test_the_program_that_gave_the_job_reads_what_was_said_by_link(
    house: House, job: Job, outsider: Client, address: str
) -> None:
    outsider.post(address, {"outcome": "not_used"})
    key = make_key(house.owner, house.workflow, Scope.JOBS)
    told = Client().get("/api/v1/workflows/support-inbox/jobs/1", headers={"Authorization": f"Bearer {key}"}).json()
    assert told["outcome"]["used"] is False


def test_whoever_is_signed_in_says_it_with_one_click_on_the_page_of_the_job(
    house: House, job: Job, client: Client
) -> None:
    client.force_login(house.bob)
    assert "Not used" in client.get("/workflows/support-inbox/jobs/1").content.decode()
    client.post("/workflows/support-inbox/jobs/1/outcome", {"outcome": "not_used"})
    assert [(word.is_used, word.by) for word in Outcome.objects.filter(job=job)] == [(False, "bob")]


def ask_for_link(house: House, number: int, wanted: dict[str, object]) -> HttpResponse:
    key = make_key(house.owner, house.workflow, Scope.JOBS)
    return Client().post(
        f"/api/v1/workflows/support-inbox/jobs/{number}/outcome-link",
        wanted,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )


def test_a_program_gets_a_link_for_whoever_uses_the_job_next(house: House, job: Job, outsider: Client) -> None:
    answer = ask_for_link(house, 1, {"for_name": "Dora of Shipping", "hours": 24}).json()
    assert answer["url"].startswith("http://testserver/u/")
    assert outsider.post(answer["url"], {"outcome": "used"}).status_code == 200
    assert Outcome.objects.get(job=job).by == "Dora of Shipping (by link)"


@pytest.mark.parametrize(
    ("number", "wanted", "status"),
    [
        (2, {"for_name": "Dora"}, 404),
        (1, {"for_name": " "}, 422),
        (1, {"for_name": "Dora", "hours": 337}, 422),
        (1, {"for_name": "Dora", "hours": 0}, 422),
        (1, {}, 422),
    ],
)
def test_a_program_is_told_why_it_gets_no_link(
    house: House, job: Job, number: int, wanted: dict[str, object], status: int
) -> None:
    answer = ask_for_link(house, number, wanted)
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert not ReviewLink.objects.exists()


def test_no_program_makes_a_link_by_which_jobs_are_decided(house: House, job: Job) -> None:
    program = Actor(name="key tb_x…", key_workflow_id=house.workflow.pk, key_role="editor")
    with pytest.raises(PermissionMissing):
        make_review_link(program, job, for_name="Dora")


def test_a_job_has_only_so_many_open_links(house: House, job: Job) -> None:
    links = [make_outcome_link(house.owner, job, for_name="Dora").link for _ in range(MOST_OPEN_LINKS)]
    with pytest.raises(LinkRefused, match="open already"):
        make_outcome_link(house.owner, job, for_name="Dora")
    revoke_link(house.owner, links[0])
    make_outcome_link(house.owner, job, for_name="Dora")
