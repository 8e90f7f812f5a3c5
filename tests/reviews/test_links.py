"""Links by which somebody without an account decides one job: once, under their name, and nothing else."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from builders import House, accept, record_jobs
from teachback.webhooks import read_webhook, sign_webhook
from teachback_server.jobs.models import Job
from teachback_server.people.actor import PermissionMissing
from teachback_server.people.models import AuditEvent
from teachback_server.reviews.actions import claim_job
from teachback_server.reviews.models import Claim, Message, Review, ReviewLink
from teachback_server.reviews.outside import messages as sending
from teachback_server.reviews.outside.links import LinkRefused, make_outcome_link, make_review_link, revoke_link
from teachback_server.reviews.outside.messages import see_to_messages
from teachback_server.reviews.outside.targets import add_target
from teachback_server.workflows.access import Role, Scope
from teachback_server.workflows.actions import give_role, make_key

pytestmark = pytest.mark.django_db(databases=["default", "traces"])

WRONG = {"verdict": "corrected", "field.queue": "delivery", "field.order_number": "A1", "reason": "wrong_value"}


@pytest.fixture
def job(house: House) -> Job:
    (job,) = record_jobs(house.workflow, [{"queue": "billing", "order_number": "A1"}])
    return job


@pytest.fixture
def outsider() -> Client:
    """A browser that nobody signed in with, and that checks for forged requests as the real server does."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def address(house: House, job: Job) -> str:
    return f"/r/{make_review_link(house.owner, job, for_name='Dora of Shipping').token}"


def reason_of(house: House) -> str:
    return house.workflow.reasons.values_list("code", flat=True)[0]


def test_somebody_without_an_account_corrects_a_job_by_link(
    house: House, job: Job, outsider: Client, address: str
) -> None:
    page = outsider.get(address).content.decode()
    assert "Dora of Shipping" in page
    assert "where is my order" in page
    answer = outsider.post(address, {**WRONG, "reason": reason_of(house), "note": "It is late"})
    assert answer.status_code == 200
    review = Review.objects.get(job=job)
    assert (review.verdict, review.output, review.note) == (
        "corrected",
        {"queue": "delivery", "order_number": "A1"},
        "It is late",
    )
    assert (review.reviewer_name, review.reviewer_id) == ("Dora of Shipping (by link)", None)
    assert [row.field for row in review.corrections.all()] == ["queue"]
    assert AuditEvent.objects.filter(kind="reviews_decided", actor_name="Dora of Shipping (by link)").count() == 1
    assert not Job.objects.get(pk=job.pk).is_waiting


def test_looking_at_a_link_changes_nothing(house: House, job: Job, outsider: Client, address: str) -> None:
    before = ReviewLink.objects.values().get()
    for method in (outsider.get, outsider.head, outsider.get):
        assert method(address).status_code == 200
    assert ReviewLink.objects.values().get() == before
    assert not Claim.objects.exists()


def test_a_link_works_once_and_the_same_form_sent_twice_is_one_decision(
    job: Job, outsider: Client, address: str
) -> None:
    first, again = (outsider.post(address, {"verdict": "accepted"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert Review.objects.filter(job=job).count() == 1
    gone = outsider.get(address)
    assert gone.status_code == 410
    assert "was used already" in gone.content.decode()
    assert "where is my order" not in gone.content.decode()


def test_another_decision_from_a_second_tab_is_not_taken_and_its_text_is_given_back(
    house: House, job: Job, outsider: Client, address: str
) -> None:
    outsider.post(address, {**WRONG, "reason": reason_of(house)})
    for other in (
        {"verdict": "accepted", "note": "kept words"},
        {**WRONG, "reason": reason_of(house), "note": "kept words"},
        {**WRONG, "reason": reason_of(house), "field.queue": "returns", "note": "kept words"},
        {**WRONG, "reason": "", "note": "kept words"},
    ):
        again = outsider.post(address, other)
        assert again.status_code == 410
        assert "kept words" in again.content.decode()
    assert outsider.post(address, {**WRONG, "reason": reason_of(house)}).status_code == 200
    assert Review.objects.get(job=job).output == {"queue": "delivery", "order_number": "A1"}


def test_a_refused_form_keeps_what_was_typed_and_the_link_stays_good(
    house: House, job: Job, outsider: Client, address: str
) -> None:
    refused = outsider.post(address, {**WRONG, "reason": "", "note": "my long thought"})
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "Say why" in page
    assert "my long thought" in page
    assert re.search(r'value="delivery"[^>]* checked', page)
    assert outsider.post(address, {"verdict": "accepted"}).status_code == 200


def test_an_edit_that_breaks_the_schema_is_shown_at_its_field(house: House, outsider: Client, address: str) -> None:
    refused = outsider.post(address, {**WRONG, "reason": reason_of(house), "field.queue": "nowhere"})
    assert refused.status_code == 422
    assert "is not one of the choices" in refused.content.decode()
    assert not Review.objects.exists()


def test_a_job_that_somebody_has_on_screen_is_left_to_them_and_the_text_is_kept(
    house: House, job: Job, outsider: Client, address: str
) -> None:
    claim_job(house.reviewer, job)
    answer = outsider.post(address, {"verdict": "rejected", "reason": reason_of(house), "note": "kept words"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "kept words" in page
    assert "bob" not in page  # who works at the desk is none of their business
    Claim.objects.all().delete()
    assert outsider.post(address, {"verdict": "accepted"}).status_code == 200


def test_a_job_that_was_decided_meanwhile_stays_as_decided_and_the_typed_text_is_given_back(
    house: House, job: Job, outsider: Client, address: str
) -> None:
    outsider.get(address)
    accept(house.reviewer, [job])
    answer = outsider.post(address, {**WRONG, "reason": reason_of(house), "note": "kept words"})
    page = answer.content.decode()
    assert answer.status_code == 410
    assert "decided this job meanwhile" in page
    assert "kept words" in page
    assert "delivery" in page
    assert Review.objects.get(job=job).verdict == "accepted"


@pytest.mark.parametrize(("purpose", "send"), [("review", {"verdict": "accepted"}), ("outcome", {"outcome": "used"})])
def test_a_link_ends_with_its_time_and_when_it_is_revoked(
    house: House, job: Job, outsider: Client, purpose: str, send: dict[str, str]
) -> None:
    make, where = (make_review_link, "/r/") if purpose == "review" else (make_outcome_link, "/u/")
    late = make(house.owner, job, for_name="Dora", lasts=timedelta(hours=1), at=timezone.now() - timedelta(hours=2))
    taken = make(house.owner, job, for_name="Dora")
    assert revoke_link(house.owner, taken.link)
    assert not revoke_link(house.owner, taken.link)
    for token, word in ((late.token, "too old"), (taken.token, "taken back")):
        for answer in (outsider.get(where + token), outsider.post(where + token, {**send, "note": "my words"})):
            assert answer.status_code == 410
            assert word in answer.content.decode()
            assert "where is my order" not in answer.content.decode()
        assert "my words" in answer.content.decode()
    assert not Review.objects.exists()
    assert not job.outcomes.exists()


def test_a_link_to_a_job_that_is_gone_leads_nowhere(job: Job, outsider: Client, address: str) -> None:
    ReviewLink.objects.all().delete()
    assert outsider.get(address).status_code == 404
    assert outsider.post(address, {"verdict": "accepted"}).status_code == 404


def test_whoever_tries_many_links_waits_and_a_good_link_still_opens(
    house: House, outsider: Client, address: str
) -> None:
    answers = [outsider.get(f"/r/guess{number}").status_code for number in range(8)]
    assert answers[0] == 404
    assert answers[-1] == 429
    assert int(outsider.get("/u/guess")["Retry-After"]) > 0
    assert outsider.get(address).status_code == 200


def test_a_page_behind_a_link_shows_nothing_else_of_the_workflow(house: House, job: Job, address: str) -> None:
    signed_in = Client()
    signed_in.force_login(house.alice)  # whoever is signed in sees no more by it
    for client in (Client(), signed_in):
        answer = client.get(address)
        page = answer.content.decode()
        assert not re.search(r'href="/(?!static/)', page)
        assert "<script" not in page
        assert job.routing_reason not in page
        assert "60" not in re.sub(r"<[^>]+>", " ", page)  # how sure the agent was
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer["Cache-Control"]
        assert not answer.cookies


def test_a_form_without_referrer_and_cookie_is_taken(job: Job, outsider: Client, address: str) -> None:
    answer = outsider.post(address, {"verdict": "accepted"}, headers={"Origin": "null"})
    assert answer.status_code == 200
    assert not answer.cookies


def test_a_token_of_one_purpose_opens_nothing_of_the_other(house: House, job: Job, outsider: Client) -> None:
    review, outcome = (make(house.owner, job, for_name="Dora") for make in (make_review_link, make_outcome_link))
    assert outsider.get(f"/u/{review.token}").status_code == 404
    assert outsider.get(f"/r/{outcome.token}").status_code == 404


def test_only_the_hash_of_a_token_is_kept(house: House, job: Job) -> None:
    new = make_review_link(house.owner, job, for_name="Dora")
    assert len(new.token) == 43
    rows = str(list(ReviewLink.objects.values())) + str(list(AuditEvent.objects.values()))
    assert new.token not in rows
    assert len(ReviewLink.objects.get().token_hash) == 64


def test_no_link_is_made_for_a_job_that_does_not_wait(house: House, job: Job) -> None:
    accept(house.reviewer, [job])
    with pytest.raises(LinkRefused, match="does not wait"):
        make_review_link(house.owner, job, for_name="Dora")
    make_outcome_link(house.owner, job, for_name="Dora")


@pytest.mark.parametrize(
    ("name", "lasts"),
    [
        ("", timedelta(days=1)),
        ("x" * 101, timedelta(days=1)),
        ("Dora\u202eevil", timedelta(days=1)),
        ("Dora", timedelta(minutes=59)),
        ("Dora", timedelta(days=15)),
    ],
)
def test_a_link_needs_a_name_and_lasts_neither_too_short_nor_too_long(
    house: House, job: Job, name: str, lasts: timedelta
) -> None:
    with pytest.raises(LinkRefused):
        make_review_link(house.owner, job, for_name=name, lasts=lasts)
    assert not ReviewLink.objects.exists()


def test_a_reviewer_makes_no_links(house: House, job: Job) -> None:
    for by in (house.reviewer, house.stranger):
        with pytest.raises(PermissionMissing):
            make_review_link(by, job, for_name="Dora")


def test_an_editor_makes_a_link_sees_it_once_and_revokes_it(house: House, job: Job, client: Client) -> None:
    give_role(house.owner, house.workflow, house.bob, Role.EDITOR)
    client.force_login(house.bob)
    form = client.get("/workflows/support-inbox/jobs/1/link")
    assert form.status_code == 200
    sent = {"purpose": "review", "for_name": "Dora", "lasts_hours": "24"}
    shown = client.post("/workflows/support-inbox/jobs/1/link", sent).content.decode()
    found = re.search(r"http://testserver(/r/[\w-]{43})", shown)
    assert found
    listed = client.get("/workflows/support-inbox/review/links").content.decode()
    assert "Dora" in listed
    assert found[1] not in listed
    link = ReviewLink.objects.get()
    client.post(f"/workflows/support-inbox/review/links/{link.pk}/revoke")
    assert client.get(found[1]).status_code == 410


def test_a_form_for_a_link_that_cannot_be_made_says_why(house: House, job: Job, client: Client) -> None:
    client.force_login(house.alice)
    accept(house.reviewer, [job])
    sent = {"purpose": "review", "for_name": "Dora", "lasts_hours": "24"}
    answer = client.post("/workflows/support-inbox/jobs/1/link", sent)
    assert answer.status_code == 422
    assert "does not wait" in answer.content.decode()


def test_the_public_address_stands_in_links_where_it_is_known(
    house: House, job: Job, client: Client, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://teach.example.org"
    client.force_login(house.alice)
    sent = {"purpose": "outcome", "for_name": "Dora", "lasts_hours": "24"}
    shown = client.post("/workflows/support-inbox/jobs/1/link", sent).content.decode()
    assert "https://teach.example.org/u/" in shown


def test_the_program_that_gave_the_job_reads_a_decision_by_link_like_any_other(
    house: House, job: Job, outsider: Client, address: str
) -> None:
    outsider.post(address, {**WRONG, "reason": reason_of(house)})
    key = make_key(house.owner, house.workflow, Scope.JOBS)
    told = Client().get("/api/v1/workflows/support-inbox/jobs/1", headers={"Authorization": f"Bearer {key}"}).json()
    assert told["is_final"] is True
    assert told["final_output"] == {"queue": "delivery", "order_number": "A1"}
    assert told["review"]["reviewer"] == "Dora of Shipping (by link)"


def test_programs_are_told_of_a_decision_by_link_like_of_any_other(
    house: House, job: Job, outsider: Client, address: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.PRIVATE_TARGETS = ["127.0.0.1"]
    monkeypatch.setattr(sending, "SETTLES_AFTER", timedelta(0))
    add_target(house.owner, house.workflow, kind="webhook", url="http://127.0.0.1:1/nobody")
    outsider.post(address, {**WRONG, "reason": reason_of(house)})
    see_to_messages()
    body = Message.objects.get().body.encode()
    headers = sign_webhook(body, message_id="m", at_seconds=1000, secret="s")
    message = read_webhook(body, headers, "s", now_seconds=1000)
    assert message.job_id == "job-1"
    assert (message.decision.verdict, message.decision.output) == (
        "corrected",
        {"queue": "delivery", "order_number": "A1"},
    )


def owners_pages(find: Callable[[str], str]) -> list[str]:
    return [find("/workflows/support-inbox/jobs/1"), find("/workflows/support-inbox/review/queue")]


def test_owners_find_the_way_to_links(house: House, job: Job, client: Client) -> None:
    client.force_login(house.alice)
    on_job, on_queue = owners_pages(lambda address: client.get(address).content.decode())
    assert "/workflows/support-inbox/jobs/1/link" in on_job
    assert "/workflows/support-inbox/review/links" in on_queue
    client.force_login(house.bob)
    assert "/jobs/1/link" not in client.get("/workflows/support-inbox/jobs/1").content.decode()
