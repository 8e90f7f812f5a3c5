"""The page on the people who decide: how far they agree, who accepts without looking, and what is done about it."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render

from teachback_server.jobs.queries import find_job
from teachback_server.reviews.agreement.asking import find_shares
from teachback_server.reviews.agreement.figures import (
    list_field_agreement,
    list_pairs,
    list_people,
    list_reason_agreement,
    measure_pairs,
)
from teachback_server.reviews.agreement.freezing import (
    FEWEST_PAIRS,
    LOWEST_ALPHA,
    FreezeRefused,
    find_freeze,
    resume_learning,
)
from teachback_server.reviews.agreement.terms import TermsRefused, set_shares, stop_vouching, vouch_for
from teachback_server.reviews.equal_jobs.figures import get_equal_figures
from teachback_server.reviews.models import KnownAnswer, SecondReview
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page


class SharesForm(forms.Form):
    """How much is decided twice, and how much is known."""

    second = forms.FloatField(
        label="Decided twice, by two people who do not know of each other (%)",
        min_value=0,
        max_value=100,
        help_text="2 to 5 % is usual. A third person settles what two decided differently.",
    )
    planted = forms.FloatField(
        label="Known answers among the jobs at the desk (%)",
        min_value=0,
        max_value=50,
        help_text="Known are the answers you vouch for on a job's page, and those on which two people agreed. "
        "Newcomers meet more of them: 15 % until they met six at which the agent was wrong. 0: nobody meets any.",
    )


class ResumeForm(forms.Form):
    """Why learning may go on."""

    why = forms.CharField(label="What was done about it", max_length=120)


@workflow_page(Role.REVIEWER)
def show_agreement(request: WorkflowRequest) -> HttpResponseBase:
    """How far the people agree. A reviewer sees the figures of all together, and of nobody but themselves."""
    return _show(request, _shares_form(request), ResumeForm())


@workflow_page(Role.OWNER, methods=("POST",))
def shares(request: WorkflowRequest) -> HttpResponseBase:
    """Set how much is decided twice, and how much is known."""
    form = SharesForm(request.POST)
    if not form.is_valid():
        return _show(request, form, ResumeForm())
    second, planted = form.cleaned_data["second"] / 100, form.cleaned_data["planted"] / 100
    try:
        set_shares(request.actor, request.workflow, second=second, planted=planted)
    except TermsRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, "Saved. It holds from the next decision on.")
    return redirect("review-agreement", workflow_name=request.workflow.name)


@workflow_page(Role.OWNER, methods=("POST",))
def resume(request: WorkflowRequest) -> HttpResponseBase:
    """Let learning go on."""
    form = ResumeForm(request.POST)
    if not form.is_valid():
        return _show(request, _shares_form(request), form)
    try:
        resume_learning(request.actor, request.workflow, why=form.cleaned_data["why"])
    except FreezeRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, "Learning goes on. From now on only newer jobs count for it.")
    return redirect("review-agreement", workflow_name=request.workflow.name)


@workflow_page(Role.OWNER, methods=("POST",))
def vouch(request: WorkflowRequest, number: int) -> HttpResponseBase:
    """Vouch for the decision on a job, or no longer."""
    job = find_job(request.workflow, number)
    if job is None:
        raise Http404(f"There is no job {number} in this workflow.")
    try:
        if "stop" in request.POST:
            stop_vouching(request.actor, job)
            messages.success(request, "This answer is no longer planted.")
        else:
            vouch_for(request.actor, job)
            messages.success(request, "This answer counts as known. It may be put before people who never saw it.")
    except TermsRefused as refusal:
        messages.warning(request, str(refusal))
    return redirect("job", workflow_name=request.workflow.name, number=number)


def _shares_form(request: WorkflowRequest) -> SharesForm:
    second, planted = find_shares(request.workflow)
    return SharesForm(initial={"second": round(second * 100, 2), "planted": round(planted * 100, 2)})


def _show(request: WorkflowRequest, shares_form: SharesForm, resume_form: ResumeForm) -> HttpResponseBase:
    workflow, is_owner = request.workflow, request.role in (Role.OWNER, Role.EDITOR)
    pairs = list_pairs(workflow)
    labels = dict(workflow.reasons.values_list("code", "label"))
    people = list_people(workflow, pairs)
    context = {
        "agreement": measure_pairs(pairs),
        "pairs": len(pairs),
        "same": sum(pair.first == pair.second for pair in pairs),
        "fields": list_field_agreement(pairs),
        "reasons": list_reason_agreement(pairs, labels),
        "people": people if is_owner else [one for one in people if one.user_id == request.actor.user_id],
        "is_owner": request.role is Role.OWNER,
        "sees_all": is_owner,
        "freeze": find_freeze(workflow),
        "limit": LOWEST_ALPHA,
        "fewest": FEWEST_PAIRS,
        "known": KnownAnswer.objects.filter(workflow=workflow).count(),
        "waiting": SecondReview.objects.filter(workflow=workflow, is_waiting=True).count(),
        "equal": get_equal_figures(workflow),
        "shares_form": shares_form,
        "resume_form": resume_form,
    }
    return render(request, "reviews/agreement.html", context)
