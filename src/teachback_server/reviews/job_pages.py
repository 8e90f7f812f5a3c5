"""The page that lists a workflow's jobs."""

from collections.abc import Iterable

from django import forms
from django.http import HttpResponseBase
from django.shortcuts import render

from teachback.vocabulary import JobStatus, ReviewVerdict, RoutingKind
from teachback_server.jobs.actions import JobSource
from teachback_server.reviews.job_filter import JobFilter
from teachback_server.reviews.job_list import JobsPage, list_jobs, list_release_numbers
from teachback_server.workflows.access import Role
from teachback_server.workflows.models import Workflow
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


_SOURCES = {
    JobSource.AGENT: "Done here",
    JobSource.IMPORT: "Brought in from a file",
    JobSource.ELSEWHERE: "An agent of yours",
    JobSource.BACKTEST: "Backtest",
}

_FURTHER = ("reason", "release", "source", "from_day", "to_day", "waiting", "error")  # folded away while unused


def _or_all(words: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("", "All"), *words]


class JobFilterForm(forms.Form):
    """What the list can be narrowed to."""

    text = forms.CharField(label="Number, id or words", required=False, max_length=200)
    status = forms.ChoiceField(label="Agent", required=False, choices=_or_all(_STATUSES.items()))
    routing = forms.ChoiceField(label="Then", required=False, choices=_or_all(_ROUTINGS.items()))
    verdict = forms.ChoiceField(label="Decision", required=False, choices=_or_all(_VERDICTS.items()))
    reason = forms.ChoiceField(label="Reason", required=False)
    release = forms.TypedChoiceField(label="Release", required=False, coerce=int, empty_value=None)
    source = forms.ChoiceField(label="Came from", required=False, choices=_or_all(_SOURCES.items()))
    from_day = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    to_day = forms.DateField(label="Up to", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    waiting = forms.BooleanField(label="Waits for a decision", required=False)
    error = forms.BooleanField(label="Has an error", required=False)

    def __init__(self, *args: object, workflow: Workflow, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        releases = [(str(number), str(number)) for number in list_release_numbers(workflow)]
        self.fields["release"].choices = _or_all(releases)  # type: ignore[attr-defined]
        reasons = workflow.reasons.values_list("code", "label")
        self.fields["reason"].choices = _or_all(reasons)  # type: ignore[attr-defined]

    def wanted(self, *, blind_person_id: int | None) -> JobFilter:
        """The filter; a field with something impossible in it is left out, and the form says so."""
        values = self.cleaned_data if self.is_bound else {}
        return JobFilter(
            status=values.get("status", ""),
            routing=values.get("routing", ""),
            source=values.get("source", ""),
            verdict=values.get("verdict", ""),
            reason=values.get("reason", ""),
            release=values.get("release"),
            from_day=values.get("from_day"),
            to_day=values.get("to_day"),
            is_waiting=values.get("waiting", False),
            has_error=values.get("error", False),
            text=values.get("text", ""),
            blind_person_id=blind_person_id,
        )


@workflow_page(Role.VIEWER)
def show_jobs(request: WorkflowRequest) -> HttpResponseBase:
    """The jobs of a workflow, the newest first."""
    form = JobFilterForm(request.GET, workflow=request.workflow)
    form.is_valid()
    wanted = form.wanted(blind_person_id=request.actor.user_id if request.role is Role.REVIEWER else None)
    before, after = _number(request, "before"), _number(request, "after")
    page = list_jobs(request.workflow, wanted, before=before, after=after)
    context = {
        "form": form,
        "page": page,
        "is_narrowed": wanted.is_narrowed,
        "is_narrowed_further": any(request.GET.get(name) for name in _FURTHER),
        "is_blind": wanted.blind_person_id is not None,
        "tally": _spell_tally(page, is_narrowed=wanted.is_narrowed) if before is after is None else "",
    }
    return render(request, "reviews/jobs.html", context)


def _spell_tally(page: JobsPage, *, is_narrowed: bool) -> str:
    """How many there are, as far as that is known without counting them all."""
    newest = page.rows[0].number if page.rows else 0
    count = page.found if is_narrowed else newest  # all together are numbered without gaps
    is_more = is_narrowed and page.has_more_than_counted
    return f"{count:,}{'+' if is_more else ''} job{'' if count == 1 else 's'}".replace(",", "\u00a0")


def _number(request: WorkflowRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
