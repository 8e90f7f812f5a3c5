"""The documents of a job behind a link: the holder of an open link sees them as the desk does, and no others."""

from dataclasses import replace

from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from teachback_server.jobs.document_pages import answer_document, answer_document_page
from teachback_server.jobs.models import Job
from teachback_server.jobs.shown_documents import ShownDocument
from teachback_server.people.page_access import Access, PageRequest, page
from teachback_server.reviews.outside.links import LinkPurpose, LinkState, find_link, tell_state

_ANY = 0  # stands for a document in an address that is cut before it


@page(Access.PUBLIC)
def show_document(request: PageRequest, token: str, attachment_id: int) -> HttpResponseBase:
    """A document of the job that a link opens."""
    return _close(answer_document(_find_job(token), attachment_id))


@page(Access.PUBLIC)
def show_document_page(request: PageRequest, token: str, attachment_id: int, page: int) -> HttpResponseBase:
    """A page of such a document."""
    return _close(answer_document_page(_find_job(token), attachment_id, page))


def list_documents_by_link(job: Job, documents: tuple[ShownDocument, ...], token: str) -> tuple[ShownDocument, ...]:
    """The documents of a job with addresses that open for the holder of a link."""
    inside = reverse("job-document", args=[job.workflow.name, job.number, _ANY]).removesuffix(str(_ANY))
    outside = reverse("open-document", args=[token, _ANY]).removesuffix(str(_ANY))

    def readdress(address: str) -> str:
        return outside + address.removeprefix(inside)

    return tuple(
        replace(
            document,
            address=readdress(document.address),
            pages=tuple(replace(shown, address=readdress(shown.address)) for shown in document.pages),
        )
        for document in documents
    )


def _find_job(token: str) -> Job:
    link = find_link(token, LinkPurpose.REVIEW)
    if link is None or tell_state(link, at=timezone.now()) is not LinkState.OPEN:
        raise Http404("This link opens no document (any more).")
    job: Job = link.job
    return job


def _close(answer: HttpResponseBase) -> HttpResponseBase:
    answer["Referrer-Policy"] = "no-referrer"  # the address is the key
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
