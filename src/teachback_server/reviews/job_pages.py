"""The page that lists a workflow's jobs."""

from django import forms
from django.http import HttpResponseBase
from django.shortcuts import render

from teachback.vocabulary import JobStatus, ReviewVerdict, RoutingKind
from teachback_server.reviews.job_list import TEXT_IS_SEARCHED_IN, JobFilter, list_jobs, list_release_numbers
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

_STATUSES = {
    JobStatus.FINISHED: "Finished",
    JobStatus.HANDED_BACK: "Handed back",
    JobStatus.FAILED: "Failed",
    JobStatus.RUNNING: "Running",
}
_ROUTINGS = {
    RoutingKind.AUTO: "Used at once",
    RoutingKind.AUDIT: "Used, reviewed too",
    RoutingKind.REVIEW: "Kept for a person",
    RoutingKind.OBSERVED: "Used before we saw it",
}
_VERDICTS = {
    ReviewVerdict.ACCEPTED: "Accepted",
    ReviewVerdict.CORRECTED: "Corrected",
    ReviewVerdict.REJECTED: "Rejected",
    ReviewVerdict.ESCALATED: "Escalated",
}


class JobFilterForm(forms.Form):
    """What the list can be narrowed to."""

    text = forms.CharField(label="Number, id or words", required=False, max_length=200)
    status = forms.ChoiceField(label="Agent", required=False, choices=[("", "All"), *_STATUSES.items()])
    routing = forms.ChoiceField(label="Then", required=False, choices=[("", "All"), *_ROUTINGS.items()])
    verdict = forms.ChoiceField(label="Decision", required=False, choices=[("", "All"), *_VERDICTS.items()])
    release = forms.TypedChoiceField(label="Release", required=False, coerce=int, empty_value=None)
    waiting = forms.BooleanField(label="Waits for a decision", required=False)

    def __init__(self, *args: object, release_numbers: list[int], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["release"].choices = [("", "All"), *((str(n), str(n)) for n in release_numbers)]  # type: ignore[attr-defined]

    def wanted(self, *, is_blind: bool) -> JobFilter:
        """The filter; a field with something impossible in it is left out, and the form says so."""
        values = self.cleaned_data if self.is_bound else {}
        return JobFilter(
            status=values.get("status", ""),
            routing=values.get("routing", ""),
            verdict=values.get("verdict", ""),
            release=values.get("release"),
            is_waiting=values.get("waiting", False),
            text=values.get("text", ""),
            hides_waiting_routes=is_blind,
        )


@workflow_page(Role.VIEWER)
def show_jobs(request: WorkflowRequest) -> HttpResponseBase:
    """The jobs of a workflow, the newest first."""
    form = JobFilterForm(request.GET, release_numbers=list_release_numbers(request.workflow))
    form.is_valid()
    wanted = form.wanted(is_blind=request.role is Role.REVIEWER)
    page = list_jobs(request.workflow, wanted, before=_number(request, "before"), after=_number(request, "after"))
    context = {
        "form": form,
        "page": page,
        "is_narrowed": wanted != JobFilter(hides_waiting_routes=wanted.hides_waiting_routes),
        "is_blind": wanted.hides_waiting_routes,
        "searched": TEXT_IS_SEARCHED_IN if wanted.text else 0,
    }
    return render(request, "reviews/jobs.html", context)


def _number(request: WorkflowRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
