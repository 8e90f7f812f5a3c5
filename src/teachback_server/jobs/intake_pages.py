"""Pages on how the intake of traces is doing: of the installation for administrators, of a workflow for its owners."""

from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from teachback_server.jobs.intake.digest import digest_homeless_again
from teachback_server.jobs.intake.health import list_quarantined, read_health
from teachback_server.jobs.intake.homeless import (
    BoundaryNotToBeSeen,
    can_be_given,
    list_homeless_names,
    open_workflow_of_traces,
    preview_name,
)
from teachback_server.jobs.shown_values import list_shown_values
from teachback_server.people.page_access import Access, PageRequest, page
from teachback_server.workflows.access import Role, visible_workflows
from teachback_server.workflows.actions import (
    MOST_LABEL_CHARACTERS,
    BoundaryRefused,
    WorkflowNameTaken,
    give_name_in_traces,
    make_key_for_traces,
    revoke_key,
    take_name_in_traces,
)
from teachback_server.workflows.models import Workflow, WorkflowName
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page
from teachback_server.workflows.queries import find_key, list_keys
from teachback_server.workflows.settings_forms import NewKeyForm


class NameForm(forms.Form):
    """Which workflow the traces with a name belong to."""

    attribute = forms.CharField(max_length=60, widget=forms.HiddenInput)
    value = forms.CharField(max_length=200, widget=forms.HiddenInput)
    workflow = forms.ModelChoiceField(
        label="These jobs belong to", queryset=Workflow.objects.none(), empty_label="Choose a workflow"
    )

    def __init__(self, request: PageRequest, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["workflow"]
        field.queryset = visible_workflows(request.actor).order_by("title")  # type: ignore[attr-defined]
        field.label_from_instance = lambda workflow: workflow.title  # type: ignore[attr-defined]

    def clean(self) -> dict[str, object]:
        """Refuse what cannot be a name."""
        values: dict[str, object] = super().clean() or {}
        if not can_be_given(str(values.get("attribute", "")), str(values.get("value", ""))):
            raise forms.ValidationError("This cannot be the name of a workflow. Choose one from the list of names.")
        return values


@page(Access.ADMINISTRATOR)
def show_intake(request: PageRequest) -> HttpResponseBase:
    """How the intake of the whole installation is doing, and the traces that belong to no workflow yet."""
    now = timezone.now()
    context = {
        "health": read_health(now),
        "homeless": list_homeless_names(now),
        "keys": list_keys(None),
        "key_form": NewKeyForm(),
        "names": WorkflowName.objects.select_related("workflow").order_by("attribute", "value"),
    }
    return render(request, "jobs/intake.html", context)


@page(Access.ADMINISTRATOR)
def show_quarantine(request: PageRequest) -> HttpResponseBase:
    """Spans of the whole installation that could not be taken or read."""
    return render(
        request, "jobs/quarantine.html", {"page": list_quarantined(before=_number(request)), "back": "intake"}
    )


@page(Access.ADMINISTRATOR, methods=("POST",))
def read_again(request: PageRequest) -> HttpResponseBase:
    """Look once more for the workflow of every trace that has none, as after a workflow was made."""
    messages.success(request, f"{_spell_requests(digest_homeless_again())} read again.")
    return redirect("intake")


@page(Access.ADMINISTRATOR, methods=("GET", "POST"))
def name_traces(request: PageRequest) -> HttpResponseBase:
    """Say which workflow traces with a name belong to, after a look at what would move."""
    sent = request.POST if request.method == "POST" else request.GET
    attribute, value = sent.get("attribute", "")[:60], sent.get("value", "")[:200]
    if request.method == "GET" and not (attribute and value):
        return redirect("intake")
    if request.method == "POST":
        form = NameForm(request, request.POST)
        if form.is_valid():
            workflow = form.cleaned_data["workflow"]
            give_name_in_traces(request.actor, workflow, attribute, value)
            again = digest_homeless_again()
            messages.success(request, _say_given(workflow, again))
            return redirect("intake")
    else:
        form = NameForm(request, initial={"attribute": attribute, "value": value})
    preview = preview_name(attribute, value)
    context = {
        "form": form,
        "preview": preview,
        "input": list_shown_values(preview.input or {}, {}),
        "output": list_shown_values(preview.output or {}, {}),
    }
    return render(request, "jobs/name_traces.html", context, status=422 if form.is_bound else 200)


@page(Access.ADMINISTRATOR, methods=("POST",))
def open_workflow(request: PageRequest) -> HttpResponseBase:
    """Make a workflow of the traces with a name."""
    attribute, value = request.POST.get("attribute", "")[:60], request.POST.get("value", "")[:200]
    title = request.POST.get("title", "").strip()[:200]
    if not can_be_given(attribute, value):
        messages.error(request, "This cannot be the name of a workflow. Choose one from the list of names.")
        return redirect("intake")
    try:
        workflow = open_workflow_of_traces(request.actor, title, attribute, value)
    except (BoundaryNotToBeSeen, BoundaryRefused, WorkflowNameTaken) as refusal:
        messages.error(request, str(refusal))
        return redirect(f"{reverse('intake-name')}?{urlencode({'attribute': attribute, 'value': value})}")
    messages.success(
        request,
        f"{workflow.title} is there, and its jobs arrive now. Look at what was read out of them, and change it.",
    )
    return redirect("settings", workflow.name)


@page(Access.ADMINISTRATOR, methods=("POST",))
def add_key(request: PageRequest) -> HttpResponseBase:
    """Make a key for the traces of all workflows, and show it once."""
    form = NewKeyForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Give the key a name of at most {MOST_LABEL_CHARACTERS} characters, and a time.")
        return redirect("intake")
    expires_at = form.expires_at(timezone.now())
    key = make_key_for_traces(request.actor, label=form.cleaned_data["label"], expires_at=expires_at)
    return render(request, "jobs/new_traces_key.html", {"key": key, "expires_at": expires_at})


@page(Access.ADMINISTRATOR, methods=("POST",))
def revoke(request: PageRequest, key_id: int) -> HttpResponseBase:
    """Let a key for the traces of all workflows open nothing any more."""
    key = find_key(None, key_id)
    if key is None:
        raise Http404("There is no such key for all workflows.")
    revoke_key(request.actor, key)
    messages.success(request, f"The key {key.prefix}… opens nothing any more.")
    return redirect("intake")


@workflow_page(Role.OWNER)
def show_workflow_intake(request: WorkflowRequest) -> HttpResponseBase:
    """How the traces that come with a workflow's own keys are doing, and under which names others are its own."""
    context = {
        "health": read_health(timezone.now(), workflow_id=request.workflow.pk),
        "names": request.workflow.names_in_traces.order_by("attribute", "value"),
    }
    return render(request, "jobs/workflow_intake.html", context)


@workflow_page(Role.OWNER)
def show_workflow_quarantine(request: WorkflowRequest) -> HttpResponseBase:
    """Spans of one workflow that could not be taken or read."""
    found = list_quarantined(workflow_id=request.workflow.pk, before=_number(request))
    return render(request, "jobs/quarantine.html", {"page": found, "back": "workflow-intake"})


@workflow_page(Role.OWNER, methods=("POST",))
def take_name(request: WorkflowRequest) -> HttpResponseBase:
    """Let traces with a name belong to this workflow no longer; what came before stays."""
    attribute, value = request.POST.get("attribute", ""), request.POST.get("value", "")
    take_name_in_traces(request.actor, request.workflow, attribute, value)
    messages.success(request, f"Traces with {attribute} = {value} no longer belong here. What came before stays.")
    return redirect("workflow-intake", workflow_name=request.workflow.name)


def _say_given(workflow: Workflow, requests: int) -> str:
    return (
        f"From now on these traces belong to {workflow.title}. {_spell_requests(requests)} read again, "
        "and the jobs in them appear there in a moment."
    )


def _spell_requests(requests: int) -> str:
    return f"{requests:,} {'request that is kept is' if requests == 1 else 'requests that are kept are'}"


def _number(request: PageRequest) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
