"""The page that tries other settings of routing on past jobs before anybody changes them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render

from teachback.vocabulary import JobStatus, ReviewVerdict, RoutingKind
from teachback_server.improvements.evidence import list_family
from teachback_server.releases.queries import LiveState, get_live_state
from teachback_server.results.measures import WITHOUT_WAITING
from teachback_server.results.risk import JudgedJob
from teachback_server.results.routing_preview import PastJob, RoutingSettings, preview_routing
from teachback_server.workflows.access import Role
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

PREVIEWED_JOBS = 2000
_ASKED = ("Asked for by “", "”.")  # around the name of a rule or check, as `teachback.routing` writes it


@dataclass(frozen=True, kw_only=True)
class PastWork:
    """The newest jobs under what is live, and from when to when they ended."""

    jobs: tuple[PastJob, ...]
    first_at: datetime | None
    last_at: datetime | None


class PreviewForm(forms.Form):
    """Settings to try."""

    threshold = forms.FloatField(
        label="Skip review from this confidence on",
        required=False,
        min_value=0,
        max_value=1,
        widget=forms.NumberInput(attrs={"step": "0.01"}),
        help_text="Between 0 and 1. Empty: everything is reviewed.",
    )
    audit_percent = forms.FloatField(
        label="Audit so many % of those that skip",
        min_value=0.1,
        max_value=100,
        widget=forms.NumberInput(attrs={"step": "0.1"}),
    )
    asking = forms.MultipleChoiceField(
        label="Rules and checks that ask for a person",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Switch one off to see what it keeps with people.",
    )

    def __init__(self, *args: Any, names: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["asking"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        if not names:
            del self.fields["asking"]

    def settings(self) -> RoutingSettings:
        """What the form says; only after it was found valid."""
        return RoutingSettings(
            threshold=self.cleaned_data["threshold"],
            asking=frozenset(self.cleaned_data.get("asking", ())),
            audit_share=self.cleaned_data["audit_percent"] / 100,
        )


@workflow_page(Role.VIEWER)
def show_preview(request: WorkflowRequest) -> HttpResponse:
    """How many of the newest jobs would come to people with other settings, beside what the live ones do."""
    live = get_live_state(request.workflow)
    work = read_past_work(request.workflow, live)
    names = sorted({job.asked_by for job in work.jobs if job.asked_by})
    today = RoutingSettings(
        threshold=live.document.approval.threshold if live.is_autonomy_on else None,
        asking=frozenset(names),
        audit_share=live.document.approval.audit_share,
    )
    shown = {"threshold": today.threshold, "audit_percent": f"{today.audit_share * 100:g}", "asking": names}
    form = PreviewForm(request.GET if "audit_percent" in request.GET else shown, names=names)
    context = {
        "form": form,
        "work": work,
        "today": preview_routing(work.jobs, today),
        "tried": preview_routing(work.jobs, form.settings()) if form.is_valid() else None,
        "limit": request.workflow.error_limit,
    }
    return render(request, "results/preview.html", context)


def read_past_work(workflow: Workflow, live: LiveState) -> PastWork:
    """The newest 2,000 jobs that ended under what is live; not those that were used before we saw them."""
    newest = (
        workflow.jobs.filter(release_id__in=list_family(live.release))
        .exclude(status=JobStatus.RUNNING)
        .exclude(routing=RoutingKind.OBSERVED)
        .order_by("-number")
    )
    fields = ("status", "confidence", "routing", "routing_reason", "review_probability", "review__verdict")
    rows = list(newest.values_list(*fields, "finished_at")[:PREVIEWED_JOBS])
    ends = [row[6] for row in rows if row[6] is not None]
    return PastWork(
        jobs=tuple(_past_job(*row[:6]) for row in rows),
        first_at=min(ends, default=None),
        last_at=max(ends, default=None),
    )


def _past_job(
    status: str, confidence: float | None, routing: str, reason: str, probability: float | None, verdict: str | None
) -> PastJob:
    is_finished = status == JobStatus.FINISHED
    return PastJob(
        judged=JudgedJob(
            confidence=confidence if is_finished else None,
            did_wait=routing not in WITHOUT_WAITING,
            probability=probability or 1.0,
            is_wrong=None if verdict is None else verdict != ReviewVerdict.ACCEPTED,
        ),
        is_finished=is_finished,
        asked_by=_find_asker(reason),
    )


def _find_asker(reason: str) -> str:
    start, end = _ASKED
    return reason.removeprefix(start).removesuffix(end) if reason.startswith(start) else ""
