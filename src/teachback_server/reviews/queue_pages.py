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
from teachback_server.reviews.passing_on import find_passing_on
from teachback_server.reviews.placing import (
    LONGEST_HOURS,
    PassOn,
    PlaceRefused,
    Placing,
    list_deciders,
    place_jobs,
    set_terms,
)
from teachback_server.reviews.queue_list import NOBODY, QueueFilter, list_matching_numbers, list_queue
from teachback_server.reviews.queue_order import Priority
from teachback_server.reviews.skill_queries import count_for_nobody
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
    passed_on = forms.BooleanField(label="Passed on", required=False)

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
            was_passed_on=values.get("passed_on", False),
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
    """Within how many hours jobs are to be decided, and who gets those that are overdue."""

    hours = forms.IntegerField(
        label="Decide jobs within how many hours",
        required=False,
        min_value=1,
        max_value=LONGEST_HOURS,
        help_text="Counted from the end of the job. Empty: whenever.",
    )
    pass_on_after = forms.IntegerField(
        label="Pass a job on once it is overdue by how many hours",
        required=False,
        min_value=0,
        max_value=LONGEST_HOURS,
        help_text="0: at once. Empty: overdue jobs stay where they are.",
    )
    pass_on_to = forms.ChoiceField(label="To whom", required=False)

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        names = [(pk, person.username) for pk, person in self.people.items()]
        self.fields["pass_on_to"].choices = [("", "Nobody"), *names]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Somebody without a time, or a time without somebody, says nothing."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if (values.get("pass_on_after") is None) != (not values.get("pass_on_to")) and not self.errors:
            raise forms.ValidationError("To pass jobs on, say both after how many hours and to whom.")
        return values

    def pass_on(self) -> PassOn | None:
        """To whom overdue jobs go; only after the form was found valid."""
        to = self.people.get(self.cleaned_data["pass_on_to"])
        return None if to is None else PassOn(after_hours=self.cleaned_data["pass_on_after"], to=to)


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
    """Say within how many hours jobs are to be decided, and who gets those that are overdue."""
    people = list_deciders(request.workflow)
    form = TermsForm(request.POST, people=people)
    if not form.is_valid():
        return _show(request, PlaceForm(people=people), form)
    hours = form.cleaned_data["hours"]
    try:
        set_terms(request.actor, request.workflow, decide_within_hours=hours, pass_on=form.pass_on())
    except PlaceRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, "Saved. The desk gives out first what is due first.")
    return redirect(_back(request))


def _show(request: WorkflowRequest, place_form: PlaceForm, terms_form: TermsForm | None = None) -> HttpResponseBase:
    people = list(place_form.people.values())
    filter_form = QueueFilterForm(request.GET, people=people)
    wanted = filter_form.wanted()
    text = request.GET.get("page", "1")
    page = max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    context = {
        "queue": list_queue(request.workflow, wanted, page=page, now=timezone.now()),
        "filter_form": filter_form,
        "place_form": place_form,
        "terms_form": terms_form or TermsForm(initial=_find_terms(request), people=people),
        "passing_on": find_passing_on(request.workflow),
        "for_nobody": count_for_nobody(request.workflow.pk),
        "is_narrowed": wanted != QueueFilter(),
        "newer": page - 1,
        "older": page + 1,
    }
    return render(request, "reviews/queue.html", context)


def _find_terms(request: WorkflowRequest) -> dict[str, object]:
    terms = ReviewTerms.objects.filter(workflow=request.workflow).first()
    if terms is None:
        return {}
    return {
        "hours": terms.decide_within_hours,
        "pass_on_after": terms.escalate_after_hours,
        "pass_on_to": terms.escalate_to_id,
    }


def _back(request: WorkflowRequest) -> str:
    query = request.GET.urlencode()
    return reverse("review-queue", args=[request.workflow.name]) + (f"?{query}" if query else "")


def _read_numbers(texts: list[str]) -> list[int]:
    return [
        int(text) for text in texts[:_MOST_NUMBERS] if text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS
    ]
