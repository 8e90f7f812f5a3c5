"""The Results page and the Autonomy page of a workflow, and the pictures of their charts."""

import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from teachback_server.jobs.actions import next_job_number
from teachback_server.releases.actions import take_autonomy_back
from teachback_server.results.autonomy import ALARM_AT, Autonomy, read_autonomy
from teachback_server.results.chart_files import ChartNotDrawn, Width, find_picture, get_picture
from teachback_server.results.charts import Chart, ChartKind, draw_risk_chart, flow_rows, list_result_charts
from teachback_server.results.queries import read_results
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

logger = logging.getLogger("teachback.web")


class TakeBackForm(forms.Form):
    """Why autonomy is taken back."""

    why = forms.CharField(
        label="Why",
        max_length=400,
        help_text="It is kept in the history, for example: the price list changed this morning.",
    )


@workflow_page(Role.VIEWER)
def results(request: WorkflowRequest) -> HttpResponse:
    """How the work went, and whether it got better."""
    read = read_results(request.workflow)
    charts = {chart.kind.value: chart for chart in list_result_charts(read)}
    return render(
        request,
        "results/results.html",
        {"results": read, "charts": charts, "stages": flow_rows(read.flow, read.uses)},
    )


@workflow_page(Role.VIEWER)
def result_chart(request: WorkflowRequest, kind: str, width: str) -> HttpResponse:
    """One chart of the Results page as a picture."""
    return _answer_picture(request, kind, width, lambda: list_result_charts(read_results(request.workflow)))


@workflow_page(Role.VIEWER)
def autonomy(request: WorkflowRequest) -> HttpResponse:
    """How much skips review, what allows it, and what audits have shown since."""
    return _show_autonomy(request, TakeBackForm())


@workflow_page(Role.VIEWER)
def autonomy_chart(request: WorkflowRequest, kind: str, width: str) -> HttpResponse:
    """One chart of the Autonomy page as a picture."""
    return _answer_picture(request, kind, width, lambda: _autonomy_charts(read_autonomy(request.workflow)))


@workflow_page(Role.OWNER, methods=("POST",))
def take_back(request: WorkflowRequest) -> HttpResponse:
    """Send every job to a person again."""
    form = TakeBackForm(request.POST)
    if not form.is_valid():
        return _show_autonomy(request, form)
    workflow = request.workflow
    take_autonomy_back(request.actor, workflow, from_job=next_job_number(workflow), why=form.cleaned_data["why"])
    messages.success(request, "Autonomy is off: every job goes to a person from now on.")
    return redirect("autonomy", workflow_name=workflow.name)


def _show_autonomy(request: WorkflowRequest, form: TakeBackForm) -> HttpResponse:
    read = read_autonomy(request.workflow)
    page = {
        "autonomy": read,
        "charts": {chart.kind.value: chart for chart in _autonomy_charts(read)},
        "alarm_at": ALARM_AT,
        "form": form,
        "may_take_back": request.role is Role.OWNER and read.is_on,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "results/autonomy.html", page, status=status)


def _autonomy_charts(read: Autonomy) -> tuple[Chart, ...]:
    if not read.risk:
        return ()
    today = read.current.certified.share if read.is_on and read.current else None
    return (draw_risk_chart(read.risk, limit=read.error_limit, today=today),)


def _answer_picture(
    request: WorkflowRequest, kind: str, width: str, list_charts: Callable[[], Sequence[Chart]]
) -> HttpResponse:
    """The picture that the page named by its content, or the newest one where that is gone."""
    if kind not in set(ChartKind) or width not in set(Width):
        raise Http404("There is no such chart.")
    folder: Path = settings.HOME / "charts" / str(request.workflow.pk)
    named = find_picture(folder, request.GET.get("v", ""), Width(width))
    try:
        picture = named or get_picture(folder, list_charts(), ChartKind(kind), Width(width))
    except ChartNotDrawn:
        logger.exception("A chart of %s could not be drawn.", request.workflow.name)
        return HttpResponse("The chart could not be drawn.", status=HTTPStatus.SERVICE_UNAVAILABLE)
    if picture is None:
        raise Http404("There is nothing to draw yet.")
    response = HttpResponse(picture.read_bytes(), content_type="image/svg+xml")
    if named:
        response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response
