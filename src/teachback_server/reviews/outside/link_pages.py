"""The pages on which editors and owners make links for people without an account, see them, and take them back."""

from datetime import timedelta
from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import find_job
from teachback_server.people.public_address import spell_address
from teachback_server.reviews.models import ReviewLink
from teachback_server.reviews.outside.links import (
    LinkPurpose,
    LinkRefused,
    LinkState,
    NewLink,
    list_links,
    make_outcome_link,
    make_review_link,
    revoke_link,
    tell_state,
)
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

_SHOWN = 100
_LASTS = [("1", "1 hour"), ("24", "1 day"), ("72", "3 days"), ("168", "7 days"), ("336", "14 days")]
_WORDS = {
    LinkState.OPEN: ("Open", "info"),
    LinkState.USED: ("Used", "good"),
    LinkState.REVOKED: ("Revoked", "unsure"),
    LinkState.EXPIRED: ("Too old", "unsure"),
    LinkState.DECIDED: ("Decided without it", "unsure"),
}


class LinkForm(forms.Form):
    """For whom a link is, what it is for, and how long it is good."""

    purpose = forms.ChoiceField(
        label="What for",
        choices=[
            (LinkPurpose.REVIEW.value, "To decide this job"),
            (LinkPurpose.OUTCOME.value, "To say whether the next step used it"),
        ],
    )
    for_name = forms.CharField(
        label="For whom",
        max_length=100,
        help_text="The name that will stand with what they say.",
        error_messages={"required": "Write for whom the link is."},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    lasts_hours = forms.TypedChoiceField(label="Good for", choices=_LASTS, coerce=int, initial="72")


@workflow_page(Role.EDITOR)
def show_links(request: WorkflowRequest) -> HttpResponseBase:
    """The links of a workflow, the newest first, with what became of each."""
    now = timezone.now()
    rows = [(link, *_WORDS[tell_state(link, at=now)]) for link in list_links(request.workflow)[:_SHOWN]]
    return render(request, "reviews/links.html", {"rows": rows, "open_word": _WORDS[LinkState.OPEN][0]})


@workflow_page(Role.EDITOR, methods=("GET", "POST"))
def make(request: WorkflowRequest, number: int) -> HttpResponseBase:
    """Make a link to a job; the answer shows it, the only time that anybody sees it."""
    job = find_job(request.workflow, number)
    if job is None:
        raise Http404(f"There is no job {number} in this workflow.")
    if request.method != "POST":
        purpose = LinkPurpose.REVIEW if job.is_waiting else LinkPurpose.OUTCOME
        return _show_form(request, job, LinkForm(initial={"purpose": purpose.value}))
    form = LinkForm(request.POST)
    if not form.is_valid():
        return _show_form(request, job, form)
    make_link = make_review_link if form.cleaned_data["purpose"] == LinkPurpose.REVIEW else make_outcome_link
    lasts = timedelta(hours=form.cleaned_data["lasts_hours"])
    try:
        new = make_link(request.actor, job, for_name=form.cleaned_data["for_name"], lasts=lasts)
    except LinkRefused as refusal:
        form.add_error(None, str(refusal))
        return _show_form(request, job, form)
    return render(request, "reviews/new_link.html", {"link": new.link, "job": job, "address": _spell(request, new)})


@workflow_page(Role.EDITOR, methods=("POST",))
def revoke(request: WorkflowRequest, link_id: int) -> HttpResponseBase:
    """Let a link open nothing any more."""
    link = ReviewLink.objects.filter(pk=link_id, workflow=request.workflow).select_related("job").first()
    if link is None:
        raise Http404("There is no such link in this workflow.")
    if revoke_link(request.actor, link):
        messages.success(request, f"The link for {link.for_name} opens nothing any more.")
    else:
        messages.warning(request, f"The link for {link.for_name} was used or revoked before.")
    return redirect("review-links", workflow_name=request.workflow.name)


def _show_form(request: WorkflowRequest, job: Job, form: LinkForm) -> HttpResponseBase:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "reviews/make_link.html", {"form": form, "job": job}, status=status)


def _spell(request: WorkflowRequest, new: NewLink) -> str:
    name = "open-review" if new.link.purpose == LinkPurpose.REVIEW else "open-outcome"
    return spell_address(request, reverse(name, args=[new.token]))
