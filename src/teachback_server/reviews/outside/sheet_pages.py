"""The page of the spreadsheet: waiting jobs to take along, and what comes back, looked at before it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render

from teachback_server.reviews.outside.spreadsheet import (
    LARGEST_BYTES,
    SheetRefused,
    SheetRow,
    decide_sheet,
    read_sheet,
    write_waiting,
)
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class SheetLook:
    """What a sheet says, before anything is stored."""

    good: Sequence[SheetRow]
    wrong: Sequence[SheetRow]
    changed: Sequence[SheetRow]

    @property
    def shown_wrong(self) -> Sequence[SheetRow]:
        """As many as a page holds."""
        return self.wrong[:_SHOWN]

    @property
    def shown_changed(self) -> Sequence[SheetRow]:
        """As many as a page holds."""
        return self.changed[:_SHOWN]


@workflow_page(Role.REVIEWER)
def show_sheet(request: WorkflowRequest) -> HttpResponseBase:
    """How deciding in a spreadsheet goes."""
    return _show(request)


@workflow_page(Role.REVIEWER)
def take_sheet(request: WorkflowRequest) -> HttpResponseBase:
    """The waiting jobs as a file."""
    rows = write_waiting(request.actor, request.workflow)
    answer = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{request.workflow.name}-waiting.csv"'
    return answer


@workflow_page(Role.REVIEWER, methods=("POST",))
def give_sheet(request: WorkflowRequest) -> HttpResponseBase:
    """Look at what came back; stored when it is sent once more after that look."""
    sent = request.FILES.get("file")
    text = request.POST.get("sheet", "") if sent is None else None
    data = sent.read(LARGEST_BYTES + 1) if sent is not None else (text or "").encode()
    if not data:
        return _show(request, problem="Choose the file that you filled in.")
    try:
        rows = read_sheet(request.workflow, data)
    except SheetRefused as refusal:
        return _show(request, problem=str(refusal))
    if sent is None:
        return _store(request, rows)
    look = SheetLook(
        good=[row for row in rows if row.written],
        wrong=[row for row in rows if row.problem],
        changed=[row for row in rows if row.written and row.changed],
    )
    if not rows:
        return _show(request, problem="No row of this file has a decision. Write one beside each job that you decided.")
    context = {"look": look, "sheet": data.decode("utf-8-sig", errors="replace")}
    return render(request, "reviews/sheet_look.html", context)


def _store(request: WorkflowRequest, rows: Sequence[SheetRow]) -> HttpResponseBase:
    stored = decide_sheet(request.actor, request.workflow, rows)
    kept = sum(one.review is not None for one in stored)
    messages.success(request, f"{kept} decision{'' if kept == 1 else 's'} stored.")
    for one in [one for one in stored if one.review is None][:_SHOWN]:
        messages.warning(request, f"Job {one.job.number if one.job else ''}: {one.problem}")
    return redirect("review-sheet", workflow_name=request.workflow.name)


def _show(request: WorkflowRequest, *, problem: str = "") -> HttpResponseBase:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return render(request, "reviews/sheet.html", {"problem": problem, "role": request.role}, status=status)
