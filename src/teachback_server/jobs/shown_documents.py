"""The documents of a job as a page shows them: texts and pages with the places marked that values were taken from."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from teachback_server.jobs.attachments import find_file, list_attachments
from teachback_server.jobs.document_kinds import IMAGE, PDF, TEXT
from teachback_server.jobs.models import Attachment, Job
from teachback_server.jobs.provenance import Box, Place
from teachback_server.jobs.source_marks import Piece, Wanted, mark_sources

_MOST_TEXT_BYTES = 200_000
_MOST_PAGES = 8
_AROUND_LETTERS = 300  # of a long text, on each side of a mark
_WHOLE = 1000  # of the width and the height of what a mark lies on


@dataclass(frozen=True, kw_only=True)
class ShownMark:
    """A rectangle on a page, in thousandths of its width and height, round the source of one field."""

    field: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class ShownPage:
    """One picture: a page of a PDF, or an image; `number` is 0 for an image."""

    number: int
    address: str
    marks: tuple[ShownMark, ...]
    fields: tuple[str, ...]  # whose values come from somewhere on it, without a box


@dataclass(frozen=True, kw_only=True)
class ShownDocument:
    """One document: either text in pieces, or pictures; neither where its file is gone."""

    name: str
    address: str
    pieces: tuple[Piece, ...] = ()
    pages: tuple[ShownPage, ...] = ()
    is_gone: bool = False


def list_shown_documents(job: Job, places: Sequence[Place]) -> tuple[ShownDocument, ...]:
    """The documents of a job, each with the places on it that an agent named."""
    return tuple(
        _show(job, attachment, [place for place in places if place.document == attachment.name])
        for attachment in list_attachments(job)
    )


def list_page_numbers(places: Sequence[Place]) -> list[int]:
    """The pages of a PDF that are shown: those on which an agent named one of these places, or the first."""
    return sorted({place.page or 1 for place in places} or {1})[:_MOST_PAGES]


def list_quotes(places: Sequence[Place], document: str, page: int) -> list[str]:
    """The words to look for on one page of a document: quotes for which no box was given."""
    return [
        place.quote
        for place in places
        if place.document == document and (place.page or 1) == page and place.quote and place.box is None
    ]


def _show(job: Job, attachment: Attachment, places: Sequence[Place]) -> ShownDocument:
    names = (job.workflow.name, job.number, attachment.pk)
    address = reverse("job-document", args=names)
    file = find_file(attachment)
    if file is None:
        return ShownDocument(name=attachment.name, address=address, is_gone=True)
    if attachment.media_type == TEXT:
        with file.open("rb") as opened:
            text = opened.read(_MOST_TEXT_BYTES).decode("utf-8", errors="replace")
        return ShownDocument(name=attachment.name, address=address, pieces=_cut_text(text, places))
    if attachment.media_type.startswith(IMAGE):
        page = _show_page(0, address, places)
        return ShownDocument(name=attachment.name, address=address, pages=(page,))
    assert attachment.media_type == PDF
    pages = tuple(
        _show_page(
            number,
            reverse("job-document-page", args=(*names, number)),
            [place for place in places if (place.page or 1) == number],
        )
        for number in list_page_numbers(places)
    )
    return ShownDocument(name=attachment.name, address=address, pages=pages)


def _show_page(number: int, address: str, places: Sequence[Place]) -> ShownPage:
    return ShownPage(
        number=number,
        address=address,
        marks=tuple(_mark(place.field, place.box) for place in places if place.box is not None),
        fields=tuple(dict.fromkeys(place.field for place in places if place.box is None)),
    )


def _mark(field: str, box: Box) -> ShownMark:
    x, y = round(box.left * _WHOLE), round(box.top * _WHOLE)
    width, height = round(box.right * _WHOLE) - x, round(box.bottom * _WHOLE) - y
    return ShownMark(field=field, x=x, y=y, width=max(1, width), height=max(1, height))


def _cut_text(text: str, places: Sequence[Place]) -> tuple[Piece, ...]:
    wanted: dict[str, Wanted] = {
        place.field: span
        for place in places
        if (span := (place.start, place.end) if place.start is not None and place.end is not None else place.quote)
    }
    pieces = mark_sources(text, wanted)
    return tuple(
        piece
        if piece.field
        else Piece(text=_shorten(piece.text, is_first=place == 0, is_last=place == len(pieces) - 1))
        for place, piece in enumerate(pieces)
    )


def _shorten(text: str, *, is_first: bool, is_last: bool) -> str:
    """The text near to marks before and behind it."""
    before = 0 if is_first and not is_last else _AROUND_LETTERS
    behind = 0 if is_last and not is_first else _AROUND_LETTERS
    if len(text) <= 2 * _AROUND_LETTERS:
        return text
    return f"{text[:before]} … {text[len(text) - behind :] if behind else ''}"
