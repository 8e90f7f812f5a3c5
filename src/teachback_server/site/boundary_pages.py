"""Pages that make a workflow by hand and edit its boundary; they span rooms, as both touch releases and autonomy."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from teachback_server.jobs.actions import next_job_number
from teachback_server.people.page_access import Access, PageRequest, page
from teachback_server.releases.actions import change_boundary, open_workflow
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import BoundaryRefused, WorkflowNameTaken
from teachback_server.workflows.boundary_form import (
    BoundaryForm,
    boundary_of,
    open_boundary_form,
    read_boundary_form,
)
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page
from teachback_server.workflows.queries import get_boundary


@page(Access.SIGNED_IN, methods=("GET", "POST"))
def new_workflow(request: PageRequest) -> HttpResponse:
    """Make a workflow by hand; its release 1 is live at once and everything is reviewed."""
    if request.method != "POST":
        return _show(request, "site/new_workflow.html", open_boundary_form())
    form = read_boundary_form(request.POST)
    if form.is_valid():
        try:
            workflow, _ = open_workflow(request.actor, boundary_of(form))
        except BoundaryRefused as refusal:
            form.refuse(refusal.place, str(refusal))
        except WorkflowNameTaken as refusal:
            form.refuse("name", str(refusal))
        else:
            messages.success(request, f"{workflow.title} is there. You answer for it; everything is reviewed at first.")
            return redirect("settings", workflow_name=workflow.name)
    return _show(request, "site/new_workflow.html", form)


@workflow_page(Role.OWNER, methods=("GET", "POST"))
def edit_boundary(request: WorkflowRequest) -> HttpResponse:
    """Edit what the owner said about the work; a certificate that it does not cover any more ends with it."""
    known = get_boundary(request.workflow)
    if request.method != "POST":
        return _show(request, "site/edit_boundary.html", open_boundary_form(known, is_name_fixed=True))
    form = read_boundary_form(request.POST, known, is_name_fixed=True)
    if form.is_valid():
        try:
            lapsed = change_boundary(
                request.actor, request.workflow, boundary_of(form), from_job=next_job_number(request.workflow)
            )
        except BoundaryRefused as refusal:
            form.refuse(refusal.place, str(refusal))
        else:
            _say_what_follows(request, lapsed)
            return redirect("settings", workflow_name=request.workflow.name)
    return _show(request, "site/edit_boundary.html", form)


def _say_what_follows(request: HttpRequest, lapsed: bool) -> None:
    if lapsed:
        messages.warning(
            request,
            "Saved. Every job goes to a person again: autonomy was certified for the boundary as it was before,"
            " and has to be earned for this one.",
        )
    else:
        messages.success(request, "Saved. It counts from the next job on.")


def _show(request: HttpRequest, template: str, form: BoundaryForm) -> HttpResponse:
    is_refused = form.words.is_bound
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
    return render(request, template, {"form": form, "is_refused": is_refused}, status=status)
