"""Documents of jobs: kept once, checked by their bytes, shown with their marks, and never anybody's script."""

import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from builders import House, record_jobs
from teachback.json_types import JsonObject
from teachback_server.jobs.attachments import AttachmentRefused, find_file, keep_attachment
from teachback_server.jobs.document_kinds import find_media_type
from teachback_server.jobs.models import Attachment, Job
from teachback_server.people.actor import PermissionMissing
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import make_key

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
PNG = b"\x89PNG\r\n\x1a\n" + b"not looked into"
Ask = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "ATTACHMENTS_FOLDER", tmp_path / "attachments")


@pytest.fixture
def job(house: House) -> Job:
    return record_jobs(house.workflow, [{"queue": "billing"}])[0]


def say_where(job: Job, provenance: JsonObject) -> None:
    Job.objects.filter(pk=job.pk).update(provenance=provenance)


def make_pdf(text: str) -> bytes:
    """A PDF of one page with one line of text."""
    content = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body = b"".join(b"%d 0 obj%sendobj\n" % (n, one) for n, one in enumerate(objects, start=1))
    return b"%PDF-1.4\n" + body + b"trailer<</Root 1 0 R/Size 6>>\n%%EOF"


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"%PDF-1.7 and more", "application/pdf"),
        (PNG, "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        ("Grüße".encode(), "text/plain"),
        (b"<svg onload=alert(1)>", "text/plain"),
        (b"MZ\x00\x01", None),
        (b"\xff\xfe\x00", None),
    ],
)
def test_the_bytes_say_what_a_document_is(data: bytes, media_type: str | None) -> None:
    assert find_media_type(data) == media_type


def test_a_document_is_kept_once_and_privately(house: House, job: Job) -> None:
    first = keep_attachment(house.owner, job, "note.txt", b"hello")
    assert keep_attachment(house.owner, job, "note.txt", b"hello") == first
    keep_attachment(house.owner, job, "copy.txt", b"hello")
    file = find_file(first)
    assert file is not None
    assert file.read_bytes() == b"hello"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len([path for path in settings.ATTACHMENTS_FOLDER.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("", b"x", "name"),
        ("two\nlines", b"x", "name"),
        ("empty.txt", b"", "empty"),
        ("tool.exe", b"MZ\x00", "A document is a PDF"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_what_to_do(
    house: House, job: Job, name: str, data: bytes, words: str
) -> None:
    with pytest.raises(AttachmentRefused, match=words):
        keep_attachment(house.owner, job, name, data)
    assert not Attachment.objects.exists()


def test_another_document_does_not_take_a_name_and_a_reviewer_attaches_nothing(house: House, job: Job) -> None:
    keep_attachment(house.owner, job, "note.txt", b"hello")
    with pytest.raises(AttachmentRefused, match="Another document"):
        keep_attachment(house.owner, job, "note.txt", b"other")
    with pytest.raises(PermissionMissing):
        keep_attachment(house.reviewer, job, "more.txt", b"hello")


def test_a_program_attaches_a_document_to_its_job(house: House, job: Job, client: Client) -> None:
    key = make_key(house.owner, house.workflow, Scope.JOBS)

    def send(data: bytes, number: int = job.number) -> Any:
        return client.post(
            f"/api/v1/workflows/{house.workflow.name}/jobs/{number}/documents",
            data={"file": SimpleUploadedFile("bill.pdf", data, content_type="text/html")},
            headers={"Authorization": f"Bearer {key}"},
        )

    answer = send(make_pdf("Total 9"))
    assert (answer.status_code, answer.json()["media_type"]) == (200, "application/pdf")
    assert send(b"MZ\x00").status_code == 422
    assert send(b"x", number=99).status_code == 404


def test_the_desk_shows_the_passage_of_a_text_and_the_box_on_an_image(house: House, job: Job, client: Client) -> None:
    long = "before " * 200 + "the bill of <b>Ann</b>" + " behind" * 200
    keep_attachment(house.owner, job, "mail.txt", long.encode())
    keep_attachment(house.owner, job, "photo.png", PNG)
    say_where(
        job,
        {
            "queue": {"document": "mail.txt", "text": "bill of <b>Ann</b>"},
            "order_number": {"document": "photo.png", "box": [0.1, 0.2, 0.5, 0.25]},
        },
    )
    client.force_login(house.bob)
    page = client.get(f"/workflows/{house.workflow.name}/review").content.decode()
    assert 'data-source-of="queue">bill of &lt;b&gt;Ann&lt;/b&gt;<' in page
    assert page.count("before") < 100
    assert '<rect data-source-of="order_number" x="100" y="200" width="400" height="50">' in page
    assert 'From <button type="button" data-show-source="order_number">photo.png</button>' in page


def test_a_page_of_a_pdf_is_drawn_with_the_quote_marked(house: House, job: Job, client: Client) -> None:
    kept = keep_attachment(house.owner, job, "bill.pdf", make_pdf("Total 9"))
    say_where(job, {"queue": {"document": "bill.pdf", "page": 1, "text": "Total 9"}})
    client.force_login(house.bob)
    address = f"/workflows/{house.workflow.name}/jobs/{job.number}/documents/{kept.pk}/pages/1"
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    marked = answer.content
    say_where(job, {})
    bare = client.get(address).content
    assert count_tinted(marked) > count_tinted(bare) == 0
    assert client.get(address.replace("pages/1", "pages/2")).status_code == 404


def count_tinted(png: bytes) -> int:
    """Pixels that are neither grey nor black nor white."""
    width = int.from_bytes(png[16:20], "big")
    start = png.index(b"IDAT") + 4
    lines = zlib.decompressobj().decompress(png[start:])
    step = 1 + 3 * width
    return sum(
        lines[at] != lines[at + 2] for line in range(0, len(lines), step) for at in range(line + 1, line + step, 3)
    )


@pytest.mark.parametrize("quote", ["nul \x00 in it", "half a letter \ud800", "-q", "two\nlines"])
def test_a_page_is_drawn_whatever_an_agent_quotes(house: House, job: Job, client: Client, quote: str) -> None:
    attachment = keep_attachment(house.owner, job, "scan.pdf", make_pdf("Total 12"))
    say_where(job, {"queue": {"document": "scan.pdf", "page": 1, "text": quote}})
    client.force_login(house.bob)
    address = f"/workflows/{house.workflow.name}/jobs/{job.number}/documents/{attachment.pk}/pages"
    assert client.get(f"{address}/1").status_code == 200


def test_only_the_pages_that_are_shown_are_drawn(house: House, job: Job, client: Client) -> None:
    attachment = keep_attachment(house.owner, job, "scan.pdf", make_pdf("Total 12"))
    say_where(job, {"queue": {"document": "scan.pdf", "page": 2}})
    client.force_login(house.bob)
    address = f"/workflows/{house.workflow.name}/jobs/{job.number}/documents/{attachment.pk}/pages"
    assert client.get(f"{address}/1").status_code == 404


def test_a_pdf_that_is_none_harms_nobody(house: House, job: Job, client: Client) -> None:
    kept = keep_attachment(house.owner, job, "bad.pdf", b"%PDF-1.7 rubbish")
    client.force_login(house.bob)
    address = f"/workflows/{house.workflow.name}/jobs/{job.number}/documents/{kept.pk}"
    assert client.get(f"{address}/pages/1").status_code == 404
    whole = client.get(address)
    whole.close()
    assert whole["Content-Disposition"].startswith("attachment")
    assert "sandbox" in whole["Content-Security-Policy"]


def test_a_document_is_for_people_of_its_workflow_and_of_its_job(house: House, client: Client) -> None:
    one, other = record_jobs(house.workflow, [{"queue": "billing"}] * 2)
    kept = keep_attachment(house.owner, one, "page.html", b"<script>alert(1)</script>")
    address = f"/workflows/{house.workflow.name}/jobs/{{}}/documents/{kept.pk}"
    client.force_login(house.charlie)
    assert client.get(address.format(one.number)).status_code == 404
    client.force_login(house.bob)
    assert client.get(address.format(other.number)).status_code == 404
    shown = client.get(address.format(one.number))
    shown.close()
    assert shown["Content-Type"].startswith("text/plain")
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown["Content-Security-Policy"]


def test_a_document_whose_file_is_gone_is_said_to_be(house: House, job: Job, client: Client) -> None:
    kept = keep_attachment(house.owner, job, "note.txt", b"hello")
    file = find_file(kept)
    assert file is not None
    file.unlink()
    client.force_login(house.bob)
    page = client.get(f"/workflows/{house.workflow.name}/jobs/{job.number}").content.decode()
    assert "Its file is not in the data folder any more." in page
    assert client.get(f"/workflows/{house.workflow.name}/jobs/{job.number}/documents/{kept.pk}").status_code == 404
