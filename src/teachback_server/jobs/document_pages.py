"""Addresses of a job's documents: the bytes as they came, and pages of PDFs as pictures."""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase

from teachback_server.jobs.attachments import find_attachment, find_file
from teachback_server.jobs.document_kinds import IMAGE, PDF, TEXT
from teachback_server.jobs.intake.storable_text import without_nul
from teachback_server.jobs.models import Attachment, Job
from teachback_server.jobs.provenance import read_provenance
from teachback_server.jobs.queries import find_job
from teachback_server.jobs.shown_documents import list_page_numbers, list_quotes
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

_LONGEST_SECONDS = 20
_DRAWN_AT_ONCE = threading.BoundedSemaphore(2)
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}  # each of its threads reserves memory, which is limited
_GONE = "The file of this document is not in the data folder."
# What a document holds is nobody's word here: it runs nothing and loads nothing.
_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'"


@workflow_page(Role.VIEWER)
def show_document(request: WorkflowRequest, number: int, attachment_id: int) -> HttpResponseBase:
    """A document of a job in a workflow that one may see."""
    return answer_document(find_job(request.workflow, number), attachment_id)


@workflow_page(Role.VIEWER)
def show_document_page(request: WorkflowRequest, number: int, attachment_id: int, page: int) -> HttpResponseBase:
    """A page of such a document."""
    return answer_document_page(find_job(request.workflow, number), attachment_id, page)


def answer_document(job: Job | None, attachment_id: int) -> HttpResponseBase:
    """The bytes of a document; texts and images in the browser, a PDF as a file to keep. Raises Http404."""
    attachment, file = _get_file(job, attachment_id)
    is_shown = attachment.media_type == TEXT or attachment.media_type.startswith(IMAGE)
    media_type = f"{TEXT}; charset=utf-8" if attachment.media_type == TEXT else attachment.media_type
    answer = FileResponse(
        file.open("rb"), content_type=media_type, as_attachment=not is_shown, filename=attachment.name
    )
    answer["Content-Security-Policy"] = _POLICY
    return answer


def answer_document_page(job: Job | None, attachment_id: int, page: int) -> HttpResponseBase:
    """One page of a PDF as a picture, with the words marked that an agent says it took values from. Raises Http404."""
    attachment, file = _get_file(job, attachment_id)
    if attachment.media_type != PDF:
        raise Http404("Only PDFs have pages.")
    places = [place for place in read_provenance(attachment.job.provenance) if place.document == attachment.name]
    if page not in list_page_numbers(places):
        raise Http404("No page is drawn but those that are shown, so that nobody fills the disk with the others.")
    quotes = list_quotes(places, attachment.name, page)
    picture = draw_page(file, page, quotes)
    if picture is None:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    return HttpResponse(picture, content_type="image/png")


def draw_page(file: Path, page: int, quotes: Sequence[str]) -> bytes | None:
    """A page as PNG, drawn once and kept beside the document; None where there is no such page or it cannot be drawn.

    It is drawn by another process with little memory and time, because a PDF from elsewhere may be made to do harm.
    """
    quotes = [_as_argument(quote) for quote in quotes]
    wish = hashlib.sha256("\0".join(quotes).encode()).hexdigest()[:16]
    kept = file.with_name(f"{file.name}.{page}.{wish}.png")
    if kept.exists():
        return kept.read_bytes()
    command = [sys.executable, "-m", "teachback_server.jobs.pdf_page", str(file), str(page), *quotes]
    with _DRAWN_AT_ONCE:
        try:
            done = subprocess.run(command, capture_output=True, timeout=_LONGEST_SECONDS, env=_ENVIRONMENT)  # noqa: S603
        except subprocess.TimeoutExpired:
            return None
    if done.returncode:
        return None
    unfinished = kept.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    unfinished.write_bytes(done.stdout)
    unfinished.replace(kept)
    return done.stdout


def _as_argument(quote: str) -> str:
    """A quote as it can be handed to a process: without what no program can be given and no page says."""
    return without_nul(quote).encode("utf-8", "replace").decode("utf-8")


def _get_file(job: Job | None, attachment_id: int) -> tuple[Attachment, Path]:
    attachment = find_attachment(job, attachment_id) if job else None
    if attachment is None:
        raise Http404("There is no such document in this job.")
    file = find_file(attachment)
    if file is None:
        raise Http404(_GONE)
    return attachment, file
