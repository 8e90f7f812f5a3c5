"""Documents behind a link: whoever may decide the job sees them, and nobody else, and nothing leaks of the address."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from builders import House, accept, record_jobs
from teachback_server.jobs.attachments import keep_attachment
from teachback_server.jobs.models import Attachment, Job
from teachback_server.reviews.models import ReviewLink
from teachback_server.reviews.outside.links import make_outcome_link, make_review_link, revoke_link

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> None:
    settings.ATTACHMENTS_FOLDER = tmp_path / "attachments"


@pytest.fixture
def jobs(house: House) -> list[Job]:
    return record_jobs(house.workflow, [{"queue": "billing", "order_number": f"A{n}"} for n in (1, 2)])


@pytest.fixture
def kept(house: House, jobs: list[Job]) -> Attachment:
    return keep_attachment(house.owner, jobs[0], "bill.txt", b"<script>alert(1)</script> Total 9")


@pytest.fixture
def address(house: House, jobs: list[Job]) -> str:
    return f"/r/{make_review_link(house.owner, jobs[0], for_name='Dora').token}"


def test_the_holder_of_a_link_sees_the_documents_of_its_job(client: Client, kept: Attachment, address: str) -> None:
    page = client.get(address).content.decode()
    assert f"{address}/documents/{kept.pk}" in page
    assert "/workflows/" not in page  # which opens for people with an account only
    answer = client.get(f"{address}/documents/{kept.pk}")
    assert b"Total 9" in b"".join(answer)  # type: ignore[arg-type]
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in answer["Cache-Control"]


def test_looking_at_a_document_does_not_use_the_link_up(client: Client, kept: Attachment, address: str) -> None:
    client.get(f"{address}/documents/{kept.pk}").close()
    assert ReviewLink.objects.get().used_at is None


def test_a_link_opens_no_document_of_another_job(
    house: House, jobs: list[Job], client: Client, kept: Attachment, address: str
) -> None:
    other = keep_attachment(house.owner, jobs[1], "other.txt", b"not yours")
    for wrong in (other.pk, 999_999, 2**62):
        assert client.get(f"{address}/documents/{wrong}").status_code == 404
        assert client.get(f"{address}/documents/{wrong}/pages/1").status_code == 404


def test_a_text_has_no_pages(client: Client, kept: Attachment, address: str) -> None:
    assert client.get(f"{address}/documents/{kept.pk}/pages/1").status_code == 404


@pytest.mark.parametrize("how", ["used", "revoked", "expired", "decided"])
def test_a_link_that_is_over_shows_no_document(
    house: House, jobs: list[Job], client: Client, kept: Attachment, address: str, how: str
) -> None:
    link = ReviewLink.objects.get()
    match how:
        case "used":
            client.post(address, {"verdict": "accepted"})
        case "revoked":
            revoke_link(house.owner, link)
        case "expired":
            ReviewLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        case _:
            accept(house.owner, jobs[:1])
    assert client.get(f"{address}/documents/{kept.pk}").status_code == 404
    assert client.get(f"{address}/documents/{kept.pk}/pages/1").status_code == 404


def test_neither_a_link_for_something_else_nor_a_guess_shows_a_document(
    house: House, jobs: list[Job], client: Client, kept: Attachment
) -> None:
    outcome = make_outcome_link(house.owner, jobs[0], for_name="Dora").token
    for token in (outcome, "guess"):
        assert client.get(f"/r/{token}/documents/{kept.pk}").status_code == 404
