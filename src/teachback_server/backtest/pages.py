"""Pages of a run: how far it has come, and at its end the figures of the workflow's whole way."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django_htmx.http import HttpResponseClientRefresh

from teachback.json_types import Json, JsonObject
from teachback_server.backtest.curve_drawing import draw_curve
from teachback_server.backtest.models import BacktestRun
from teachback_server.backtest.process_locks import is_worker_alive
from teachback_server.backtest.queries import (
    find_progress,
    find_run,
    get_figures,
    list_most_corrected,
)
from teachback_server.backtest.story import tell_story
from teachback_server.backtest.upload_pages import send_file
from teachback_server.backtest.uploads import UploadGone, go_on_with_run, write_refused_file
from teachback_server.jobs.history_row import HistoryFileError
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

FIGURES_FILE, REFUSED_FILE = "figures.json", "refused-rows"
CURVE_WIDTHS = (860, 340)  # of a wide screen and of a phone


@workflow_page(Role.VIEWER)
def show_run(request: WorkflowRequest) -> HttpResponseBase:
    """How far the backtest of a workflow has come, or what it found."""
    run = find_run(request.workflow)
    if run is None:
        return render(request, "backtest/none.html")
    if run.state == "done":
        return HttpResponseClientRefresh() if request.htmx else _show_figures(request, run)
    context = {
        "run": run,
        "progress": find_progress(request.workflow),
        "has_worker": is_worker_alive(),
        "may_continue": request.role in (Role.EDITOR, Role.OWNER),
    }
    return render(request, "backtest/progress_card.html" if request.htmx else "backtest/progress.html", context)


@workflow_page(Role.VIEWER)
def download(request: WorkflowRequest, name: str) -> HttpResponseBase:
    """What a run leaves as a file: its figures, as `teachback backtest --json` writes them, or its refused rows."""
    run = find_run(request.workflow)
    if run is not None and name == FIGURES_FILE and run.state == "done":
        return _send_figures(request, run)
    if run is not None and name == REFUSED_FILE and run.refused and hasattr(run, "upload"):
        return _send_refused_rows(run)
    raise Http404("There is no such file, or not yet. The page of the backtest has links to all that there are.")


@workflow_page(Role.EDITOR, methods=("POST",))
def go_on(request: WorkflowRequest) -> HttpResponse:
    """Let a run that stopped go on."""
    run = find_run(request.workflow)
    if run is None or not hasattr(run, "upload"):
        messages.error(request, "Nothing can go on from here. A backtest that was begun by a command goes on by it.")
    else:
        go_on_with_run(run)
    return redirect("backtest", workflow_name=request.workflow.name)


def _show_figures(request: WorkflowRequest, run: BacktestRun) -> HttpResponse:
    figures = get_figures(run)
    corrected = list_most_corrected(request.workflow)
    context = {
        "run": run,
        "figures": figures,
        "story": tell_story(figures, corrected),
        "corrected": corrected,
        **_tiles(figures),
        "curves": [draw_curve(figures, width) for width in CURVE_WIDTHS],
        "fields": _list_fields(figures),
    }
    return render(request, "backtest/figures.html", context)


def _tiles(figures: JsonObject) -> dict[str, str | float | None]:
    """What the tiles show beside the figures as they are stored."""
    jobs, reviewed, auto = (_number(figures, name) for name in ("jobs", "reviewed", "auto"))
    first, last, true = (_part(figures, name) for name in ("first", "last", "auto_true"))
    return {
        "first_label": f"Right in the first {_spell(first, 'jobs')} jobs",
        "last_label": f"Right in the last {_spell(last, 'jobs')} jobs",
        "first_right": round(_number(first, "right") * _number(first, "jobs")),
        "last_right": round(_number(last, "right") * _number(last, "jobs")),
        "reviewed_share": reviewed / jobs,
        "auto_share": auto / jobs,
        "audited": reviewed + auto - jobs,  # a job that was audited is counted on both sides
        "true_share": _number(true, "errors") / auto if auto else None,
    }


def _spell(figures: JsonObject, name: str) -> str:
    return f"{_number(figures, name):,.0f}".replace(",", "\u00a0")


def _part(figures: JsonObject, name: str) -> JsonObject:
    part = figures[name]
    return part if isinstance(part, Mapping) else {}


def _number(figures: JsonObject, name: str) -> float:
    number = figures[name]
    return number if isinstance(number, int | float) else 0.0


def _list_fields(figures: JsonObject) -> list[tuple[str, Json]]:
    fields = _part(figures, "fields")
    return sorted(fields.items(), key=lambda field: (field[0] == "*", field[0]))


def _send_figures(request: WorkflowRequest, run: BacktestRun) -> HttpResponse:
    response = JsonResponse(get_figures(run), json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{request.workflow.name}-backtest.json"'
    return response


def _send_refused_rows(run: BacktestRun) -> HttpResponseBase:
    try:
        return send_file(write_refused_file(run.upload))
    except (UploadGone, HistoryFileError) as gone:
        raise Http404(str(gone)) from gone
