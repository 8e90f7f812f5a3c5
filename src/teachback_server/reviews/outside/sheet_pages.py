"""The page of the spreadsheet: waiting jobs to take along, and what comes back, looked at before it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render

from teachback_server.reviews.actions import FieldChange
from teachback_server.reviews.outside.sheet_file import (
    LARGEST_BYTES,
    MOST_ROWS,
    SheetLine,
    SheetRefused,
    read_lines,
    read_table,
    write_lines,
)
from teachback_server.reviews.outside.spreadsheet import (
    NEEDED,
    SheetRow,
    judge_lines,
    keep_needed,
    store_rows,
    write_waiting,
)
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

_SHOWN = 200
_MOST_LETTERS = 8 * 1024 * 1024  # that are kept in the page between the look and the storing
_TOO_MUCH = "Too much is written in this file to look at all of it at once. Send a part of its rows at a time."
_EMPTY = "This file is empty. Save it once more in your spreadsheet program, and choose that."
_NOTHING = "No row of this file has a decision. Write one beside each job that you decided."


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A row that is not stored: where it stands, its job, and why."""

    row: int
    number: int | None
    problem: str


@dataclass(frozen=True, kw_only=True)
class SheetLook:
    """What a sheet says, before anything is stored."""

    good: Sequence[SheetRow]
    stored: int  # by this sheet before
    left_out: Sequence[LeftOut]

    @property
    def changed(self) -> Sequence[tuple[int | None, FieldChange]]:
        """The numbers of jobs with what would be corrected in them, as many as a page holds."""
        return self._list_changes()[:_SHOWN]

    @property
    def more_changed(self) -> int:
        """How many changes are not shown."""
        return max(len(self._list_changes()) - _SHOWN, 0)

    def _list_changes(self) -> list[tuple[int | None, FieldChange]]:
        return [(row.number, change) for row in self.good for change in row.changes]


@workflow_page(Role.REVIEWER)
def show_sheet(request: WorkflowRequest) -> HttpResponseBase:
    """How deciding in a spreadsheet goes."""
    return _show(request)


@workflow_page(Role.REVIEWER)
def take_sheet(request: WorkflowRequest) -> HttpResponseBase:
    """The waiting jobs as a file."""
    answer = HttpResponse(write_waiting(request.actor, request.workflow), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{request.workflow.name}-waiting.csv"'
    return answer


@workflow_page(Role.REVIEWER, methods=("POST",))
def give_sheet(request: WorkflowRequest) -> HttpResponseBase:
    """Look at what came back; stored when it is sent once more after that look."""
    sent, looked_at = request.FILES.get("file"), request.POST.get("lines", "")
    try:
        if sent is not None and sent.size:
            return _look(request, keep_needed(read_table(sent.read(LARGEST_BYTES + 1), needed=NEEDED)))
        if looked_at:
            return _store(request, read_lines(looked_at))
    except SheetRefused as refusal:
        return _show(request, problem=str(refusal))
    is_empty = sent is not None
    return _show(request, problem=_EMPTY if is_empty else "Choose the file that you filled in.")


def _look(request: WorkflowRequest, lines: Sequence[SheetLine]) -> HttpResponseBase:
    rows = judge_lines(request.actor, request.workflow, lines)
    if not rows:
        return _show(request, problem=_NOTHING)
    kept = write_lines([row.line for row in rows])
    if len(kept) > _MOST_LETTERS:
        return _show(request, problem=_TOO_MUCH)
    look = SheetLook(
        good=[row for row in rows if row.decision and not row.is_stored],
        stored=sum(row.is_stored for row in rows),
        left_out=_list_left_out(rows),
    )
    return render(request, "reviews/sheet_look.html", {"look": look, "lines": kept, **_list(look.left_out)})


def _store(request: WorkflowRequest, lines: Sequence[SheetLine]) -> HttpResponseBase:
    """Sent twice it says the same twice, as nothing is stored twice."""
    rows = judge_lines(request.actor, request.workflow, lines)
    done = store_rows(request.actor, rows)
    refused = [
        LeftOut(row=row.line.row, number=row.number, problem=stored.problem)
        for row, stored in done
        if stored.review is None
    ]
    left_out = sorted([*_list_left_out(rows), *refused], key=lambda one: one.row)
    shown = {"kept": len(done) - len(refused), **_list(left_out)}
    return render(request, "reviews/sheet_done.html", shown)


def _list_left_out(rows: Sequence[SheetRow]) -> list[LeftOut]:
    return [LeftOut(row=row.line.row, number=row.number, problem=row.problem) for row in rows if row.problem]


def _list(left_out: Sequence[LeftOut]) -> dict[str, object]:
    return {"left_out": left_out[:_SHOWN], "more_left_out": max(len(left_out) - _SHOWN, 0)}


def _show(request: WorkflowRequest, *, problem: str = "") -> HttpResponseBase:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    waiting = request.workflow.jobs.filter(is_waiting=True)[: MOST_ROWS + 1].count()
    reasons = request.workflow.reasons.filter(is_offered=True)
    shown = {"problem": problem, "waiting": min(waiting, MOST_ROWS), "has_more": waiting > MOST_ROWS}
    return render(request, "reviews/sheet.html", {**shown, "reasons": reasons}, status=status)
