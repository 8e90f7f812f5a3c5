"""The pages of releases: what is live, what was, one release with its way back, and the return to an earlier one."""

from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from teachback_server.jobs.actions import next_job_number
from teachback_server.releases.actions import ReleaseIsLive, ReleaseNeverLive, roll_back
from teachback_server.releases.models import Release
from teachback_server.releases.queries import find_release, get_live_state
from teachback_server.site.lineage import find_gaps
from teachback_server.site.release_overview import read_release, read_release_list
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page


class RollBackForm(forms.Form):
    """Why work returns to an earlier release."""

    why = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="It stands in the history, for whoever asks later.",
        error_messages={"required": "Say in a few words why. It stands in the history, for whoever asks later."},
    )


@workflow_page(Role.VIEWER)
def list_all(request: WorkflowRequest) -> HttpResponse:
    """Every release with its verdict, and what happened."""
    page = {"list": read_release_list(request.workflow), "may_return": request.role in (Role.EDITOR, Role.OWNER)}
    return render(request, "releases/list.html", page)


@workflow_page(Role.VIEWER)
def show(request: WorkflowRequest, number: int) -> HttpResponse:
    """One release."""
    detail = read_release(request.workflow, _get_release(request, number))
    page = {
        "detail": detail,
        "gaps": find_gaps(detail.lineage),
        "may_return": request.role in (Role.EDITOR, Role.OWNER),
    }
    return render(request, "releases/release.html", page)


@workflow_page(Role.EDITOR, methods=("GET", "POST"))
def return_to(request: WorkflowRequest, number: int) -> HttpResponse:
    """Ask whether to return to an earlier release, and do it."""
    release = _get_release(request, number)
    form = RollBackForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        from_job = next_job_number(request.workflow)
        try:
            roll_back(request.actor, release, from_job=from_job, why=form.cleaned_data["why"])
        except (ReleaseNeverLive, ReleaseIsLive) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request,
                f"Release {number} is live again from job {from_job} on. Every job goes to a person until autonomy is"
                " earned anew.",
            )
        return redirect("releases", workflow_name=request.workflow.name)
    page = {"release": release, "live": get_live_state(request.workflow), "form": form}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "releases/return.html", page, status=status)


def _get_release(request: WorkflowRequest, number: int) -> Release:
    release = find_release(request.workflow, number)
    if release is None:
        raise Http404(f"There is no release {number} in this workflow.")
    return release
