"""Pages on the way from a file to a backtest: upload it, say what its columns are, check what was read, start."""

import errno
from http import HTTPStatus
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django_htmx.http import HttpResponseClientRefresh

from teachback_server.backtest.forms import ColumnsForm, RunForm, UploadForm, describe_too_large
from teachback_server.backtest.models import HistoryUpload
from teachback_server.backtest.process_locks import is_worker_alive
from teachback_server.backtest.queries import is_reading_under_way
from teachback_server.backtest.reading import FileReading, UploadState, list_column_examples
from teachback_server.backtest.suggesting import list_hard_fields, suggest_boundary
from teachback_server.backtest.uploads import (
    MoreLeftOut,
    UploadGone,
    choose_columns,
    discard_upload,
    get_file,
    get_reading,
    keep_upload,
    mapping_of,
    read_again,
    start_uploaded_backtest,
    write_refused_file,
)
from teachback_server.jobs.history_file import list_columns
from teachback_server.jobs.history_row import HistoryFileError
from teachback_server.jobs.shown_values import list_shown_values
from teachback_server.people.page_access import Access, PageRequest, page
from teachback_server.workflows.actions import BoundaryRefused, WorkflowNameTaken
from teachback_server.workflows.boundary_form import (
    BoundaryForm,
    boundary_of,
    open_boundary_form,
    read_boundary_form,
)

BYTES_AROUND_A_FILE = 64 * 1024  # what a browser sends with it: boundaries, names, the token


@csrf_exempt  # only so far that who may not upload is turned away before the body is read; see _take_upload
@page(Access.SIGNED_IN, methods=("GET", "POST"))
def upload(request: PageRequest) -> HttpResponseBase:
    """Choose a file and send it."""
    if request.method != "POST":
        return render(request, "backtest/upload.html", {"form": UploadForm()})
    if _count_bytes(request) > settings.MAX_HISTORY_FILE_BYTES + BYTES_AROUND_A_FILE:
        form = UploadForm({}, MultiValueDict())
        form.errors["file"] = form.error_class([describe_too_large()])
        return render(request, "backtest/upload.html", {"form": form}, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    request.upload_handlers = [TemporaryFileUploadHandler(request)]
    try:
        return _take_upload(request)
    except OSError as problem:
        if problem.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        form = UploadForm({}, MultiValueDict())
        full = "There is no room left on the disk of the machine that Teachback runs on. Make room, then try again."
        form.errors["file"] = form.error_class([full])
        return render(request, "backtest/upload.html", {"form": form}, status=HTTPStatus.INSUFFICIENT_STORAGE)


@csrf_protect
def _take_upload(request: PageRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "backtest/upload.html", {"form": form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    file: TemporaryUploadedFile = form.cleaned_data["file"]
    kept = keep_upload(request.actor, file)
    return redirect("start-here-file", token=kept.token)


@page(Access.SIGNED_IN, methods=("GET", "POST"))
def show_file(request: PageRequest, token: str) -> HttpResponseBase:
    """What was read from a file, and the boundary that it suggests; the button lets the backtest begin."""
    kept = _get_upload(request, token)
    if kept.run is not None:
        return redirect("backtest", workflow_name=kept.run.workflow.name)
    if kept.state == UploadState.UNCLEAR:
        return redirect("start-here-file-columns", token=token)
    if kept.state != UploadState.READ:
        return _show_unread(request, kept)
    reading = get_reading(kept)
    suggested = suggest_boundary(kept.file_name, reading)
    if request.method != "POST":
        form = open_boundary_form(suggested, notes=reading.evidence)
        return _show_read(request, kept, reading, form, RunForm(has_drafts=reading.has_drafts))
    form = read_boundary_form(request.POST, suggested, notes=reading.evidence)
    if form.is_rearranged:
        run_form = RunForm(initial=request.POST.dict(), has_drafts=reading.has_drafts)
        return _show_read(request, kept, reading, form, run_form)
    return _start(request, kept, reading, form)


@page(Access.SIGNED_IN, methods=("GET", "POST"))
def show_columns(request: PageRequest, token: str) -> HttpResponseBase:
    """Say which columns came in and which a person answered."""
    kept = _get_upload(request, token)
    if kept.run is not None:
        return redirect("backtest", workflow_name=kept.run.workflow.name)
    try:
        path = get_file(kept)
        columns = [column for column in list_columns(path) if not column.endswith(".")]
        form = ColumnsForm(
            request.POST or None,
            columns=columns,
            examples=list_column_examples(path, columns) if len(columns) > 1 else {},
            known=mapping_of(kept),
        )
    except (HistoryFileError, UploadGone):
        return redirect("start-here-file", token=token)
    if request.method == "POST" and form.is_valid():
        choose_columns(kept, form.mapping)
        return redirect("start-here-file", token=token)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "backtest/columns.html", {"upload": kept, "form": form}, status=status)


@page(Access.SIGNED_IN)
def download_refused(request: PageRequest, token: str) -> HttpResponseBase:
    """The rows that were left out, each with line, reason, remedy and the row as it stood."""
    try:
        return send_file(write_refused_file(_get_upload(request, token)))
    except (UploadGone, HistoryFileError) as gone:
        raise Http404(str(gone)) from gone


@page(Access.SIGNED_IN, methods=("POST",))
def discard(request: PageRequest, token: str) -> HttpResponse:
    """Forget the file."""
    kept = _get_upload(request, token)
    discard_upload(request.actor, kept)
    messages.success(request, f"{kept.file_name} is gone from this machine.")
    return redirect("start-here")


@page(Access.SIGNED_IN, methods=("POST",))
def read_once_more(request: PageRequest, token: str) -> HttpResponse:
    """Ask once more for a reading that was interrupted."""
    kept = _get_upload(request, token)
    if kept.state == UploadState.READING and not is_reading_under_way(kept):
        read_again(kept)
    return redirect("start-here-file", token=token)


def send_file(path: Path) -> FileResponse:
    """A file as a download that no browser takes for a page."""
    response = FileResponse(path.open("rb"), as_attachment=True, filename=path.name)
    response["Content-Type"] = "text/plain; charset=utf-8"
    return response


def _start(request: PageRequest, kept: HistoryUpload, reading: FileReading, form: BoundaryForm) -> HttpResponse:
    run_form = RunForm(request.POST, has_drafts=reading.has_drafts)
    if form.is_valid() & run_form.is_valid():
        try:
            run = start_uploaded_backtest(
                request.actor,
                kept,
                boundary_of(form),
                agent=run_form.chosen_agent,
                review=run_form.cleaned_data["review"],
                left_out=run_form.cleaned_data["left_out"] or 0,
            )
        except BoundaryRefused as refusal:
            form.refuse(refusal.place, str(refusal))
        except WorkflowNameTaken as refusal:
            form.refuse("name", str(refusal))
        except MoreLeftOut as more:
            return _show_read(request, kept, reading, form, run_form, left_out=more.reading)
        else:
            return redirect("backtest", workflow_name=run.workflow.name)
    return _show_read(request, kept, reading, form, run_form)


def _show_unread(request: PageRequest, kept: HistoryUpload) -> HttpResponse:
    is_reading = kept.state == UploadState.READING
    context = {
        "upload": kept,
        "is_reading": is_reading,
        "is_under_way": is_reading and is_reading_under_way(kept),
        "has_worker": is_worker_alive(),
        "reading": None if kept.reading is None else get_reading(kept),
        "form": UploadForm(),
    }
    if request.htmx:
        return render(request, "backtest/reading_card.html", context) if is_reading else HttpResponseClientRefresh()
    return render(request, "backtest/unread.html", context)


def _show_read(
    request: PageRequest,
    kept: HistoryUpload,
    reading: FileReading,
    form: BoundaryForm,
    run_form: RunForm,
    *,
    left_out: FileReading | None = None,
) -> HttpResponse:
    if request.htmx and request.method != "POST":
        return HttpResponseClientRefresh()
    is_refused = form.words.is_bound and left_out is None
    context = {
        "upload": kept,
        "reading": reading,
        "samples": [
            (
                row.line,
                list_shown_values(row.input, reading.schemas.input),
                list_shown_values(row.output, reading.schemas.output),
            )
            for row in reading.samples[:2]
        ],
        "hard_fields": list_hard_fields(reading.schemas.output),
        "form": form,
        "run_form": run_form,
        "is_refused": is_refused,
        "left_out": left_out,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.words.is_bound else HTTPStatus.OK
    return render(request, "backtest/read.html", context, status=status)


def _get_upload(request: PageRequest, token: str) -> HistoryUpload:
    """An upload of this very person; nobody else sees what is in it before it is a workflow."""
    found = HistoryUpload.objects.select_related("run__workflow").filter(
        token=token, uploaded_by_id=request.actor.user_id
    )
    kept = found.first()
    if kept is None:
        raise Http404("There is no such file, or somebody else uploaded it.")
    return kept


def _count_bytes(request: PageRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
