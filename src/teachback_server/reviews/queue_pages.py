"""The owner's page of the queue: why each job waits, who is to decide it and until when, for one or many at once."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from teachback.vocabulary import RoutingKind
from teachback_server.people.models import User
from teachback_server.reviews.models import ReviewTerms
from teachback_server.reviews.placing import LONGEST_HOURS, PlaceRefused, Placing, list_deciders, place_jobs, set_terms
from teachback_server.reviews.queue_list import NOBODY, QueueFilter, list_matching_numbers, list_queue
from teachback_server.reviews.queue_order import Priority
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

_PRIORITIES = [(Priority.URGENT.value, "Urgent"), (Priority.NORMAL.value, "As usual"), (Priority.LATER.value, "Later")]
_ROUTINGS = [
    (RoutingKind.REVIEW.value, "Kept for a person"),
    (RoutingKind.AUDIT.value, "Used, reviewed too"),
    (RoutingKind.OBSERVED.value, "Used before we saw it"),
]
_MOST_DIGITS = 10
_MOST_NUMBERS = 500


class QueueFilterForm(forms.Form):
    """What the queue can be narrowed to."""

    routing = forms.ChoiceField(label="Why it is here", required=False, choices=[("", "All"), *_ROUTINGS])
    priority = forms.ChoiceField(label="Priority", required=False, choices=[("", "All"), *_PRIORITIES])
    assignee = forms.ChoiceField(label="For", required=False)
    overdue = forms.BooleanField(label="Overdue", required=False)

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(str(person.pk), person.username) for person in people]
        self.fields["assignee"].choices = [("", "All"), (NOBODY, "Anybody"), *names]  # type: ignore[attr-defined]

    def wanted(self) -> QueueFilter:
        """The filter; a field with something impossible in it is left out, and the form says so."""
        self.is_valid()
        values = self.cleaned_data
        return QueueFilter(
            routing=RoutingKind(values["routing"]) if values.get("routing") else None,
            priority=Priority(int(values["priority"])) if values.get("priority") else None,
            assignee=values.get("assignee", ""),
            is_overdue=values.get("overdue", False),
        )


class PlaceForm(forms.Form):
    """How urgent the chosen jobs are, for whom, and until when."""

    to_priority = forms.TypedChoiceField(label="Priority", choices=_PRIORITIES, coerce=int, initial=0)
    to_assignee = forms.ChoiceField(label="For", required=False)
    due_in_hours = forms.IntegerField(
        label="Due in how many hours",
        required=False,
        min_value=1,
        max_value=LONGEST_HOURS,
        help_text="Empty: as usual.",
    )

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        names = [(pk, person.username) for pk, person in self.people.items()]
        self.fields["to_assignee"].choices = [("", "Anybody"), *names]  # type: ignore[attr-defined]

    def placing(self) -> Placing:
        """What the form says; only after it was found valid."""
        hours = self.cleaned_data["due_in_hours"]
        return Placing(
            priority=Priority(self.cleaned_data["to_priority"]),
            due_at=None if hours is None else timezone.now() + timedelta(hours=hours),
            assignee=self.people.get(self.cleaned_data["to_assignee"]),
        )


class TermsForm(forms.Form):
    """Within how many hours jobs are to be decided."""

    hours = forms.IntegerField(
        label="Decide jobs within how many hours",
        required=False,
        min_value=1,
        max_value=LONGEST_HOURS,
        help_text="Counted from the end of the job. Empty: whenever.",
    )


@workflow_page(Role.OWNER)
def show_queue(request: WorkflowRequest) -> HttpResponseBase:
    """The waiting jobs in the order in which the desk gives them out."""
    return _show(request, PlaceForm(people=list_deciders(request.workflow)))


@workflow_page(Role.OWNER, methods=("POST",))
def place(request: WorkflowRequest) -> HttpResponseBase:
    """Say of the ticked jobs, or of all that the filter finds, how urgent they are, for whom and until when."""
    people = list_deciders(request.workflow)
    form = PlaceForm(request.POST, people=people)
    if not form.is_valid():
        return _show(request, form)
    if "all" in request.POST:
        wanted = QueueFilterForm(request.GET, people=people).wanted()
        numbers = list_matching_numbers(request.workflow, wanted, now=timezone.now())
    else:
        numbers = _read_numbers(request.POST.getlist("job"))
    if not numbers:
        messages.warning(request, "Tick the jobs that you mean, or press “To all of them”.")
        return redirect(_back(request))
    placed = place_jobs(request.actor, request.workflow, numbers, form.placing())
    messages.success(request, f"{placed} job{'' if placed == 1 else 's'} changed.")
    return redirect(_back(request))


@workflow_page(Role.OWNER, methods=("POST",))
def terms(request: WorkflowRequest) -> HttpResponseBase:
    """Say within how many hours jobs are to be decided."""
    form = TermsForm(request.POST)
    if not form.is_valid():
        messages.warning(request, f"Not saved. Give between 1 and {LONGEST_HOURS} hours, or leave it empty.")
        return redirect(_back(request))
    try:
        set_terms(request.actor, request.workflow, decide_within_hours=form.cleaned_data["hours"])
    except PlaceRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, "Saved. The desk gives out first what is due first.")
    return redirect(_back(request))


def _show(request: WorkflowRequest, place_form: PlaceForm) -> HttpResponseBase:
    filter_form = QueueFilterForm(request.GET, people=list(place_form.people.values()))
    wanted = filter_form.wanted()
    text = request.GET.get("page", "1")
    page = max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    hours = ReviewTerms.objects.filter(workflow=request.workflow).values_list("decide_within_hours", flat=True).first()
    context = {
        "queue": list_queue(request.workflow, wanted, page=page, now=timezone.now()),
        "filter_form": filter_form,
        "place_form": place_form,
        "terms_form": TermsForm(initial={"hours": hours}),
        "is_narrowed": wanted != QueueFilter(),
        "newer": page - 1,
        "older": page + 1,
    }
    return render(request, "reviews/queue.html", context)


def _back(request: WorkflowRequest) -> str:
    query = request.GET.urlencode()
    return reverse("review-queue", args=[request.workflow.name]) + (f"?{query}" if query else "")


def _read_numbers(texts: list[str]) -> list[int]:
    return [
        int(text) for text in texts[:_MOST_NUMBERS] if text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS
    ]
