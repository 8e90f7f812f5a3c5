"""The settings page of messages: where they go, whether they arrived, and what was answered."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render

from teachback_server.reviews.models import Message, MessageTarget
from teachback_server.reviews.outside.addresses import TargetRefused
from teachback_server.reviews.outside.messages import SLACK, WEBHOOK
from teachback_server.reviews.outside.targets import add_target, send_again, send_test, stop_target
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

_SHOWN = 30


class TargetForm(forms.Form):
    """Where messages go."""

    kind = forms.ChoiceField(
        label="What is sent",
        choices=[
            (WEBHOOK, "Each decision, to a program"),
            (SLACK, "Once a day what waits, to a channel (Slack's format)"),
        ],
    )
    url = forms.CharField(label="Address", max_length=2000, help_text="Such as https://example.org/hook")


@workflow_page(Role.OWNER)
def show_messages(request: WorkflowRequest) -> HttpResponseBase:
    """Where messages go, and the last of them."""
    return _show(request, TargetForm())


@workflow_page(Role.OWNER, methods=("POST",))
def add(request: WorkflowRequest) -> HttpResponseBase:
    """Add a target; the answer shows its secret, once."""
    form = TargetForm(request.POST)
    if not form.is_valid():
        return _show(request, form)
    try:
        target = add_target(request.actor, request.workflow, **form.cleaned_data)
    except TargetRefused as refusal:
        form.add_error("url", str(refusal))
        return _show(request, form)
    return _show(request, TargetForm(), new=target)


@workflow_page(Role.OWNER, methods=("POST",))
def stop(request: WorkflowRequest, target_id: int) -> HttpResponseBase:
    """Send nothing there any more."""
    stop_target(request.actor, _get_target(request, target_id))
    messages.success(request, "Nothing is sent there any more.")
    return redirect("settings-messages", workflow_name=request.workflow.name)


@workflow_page(Role.OWNER, methods=("POST",))
def test(request: WorkflowRequest, target_id: int) -> HttpResponseBase:
    """Send a message that tries the receiver out."""
    send_test(request.actor, _get_target(request, target_id))
    messages.success(request, "A test is on its way. Load this page again in a few seconds to see what was answered.")
    return redirect("settings-messages", workflow_name=request.workflow.name)


@workflow_page(Role.OWNER, methods=("POST",))
def again(request: WorkflowRequest, message_id: int) -> HttpResponseBase:
    """Try a message anew."""
    rows = Message.objects.filter(pk=message_id, target__workflow=request.workflow, target__stopped_at=None)
    message = rows.select_related("target").first()
    if message is None:
        raise Http404("There is no such message, or its target was stopped.")
    send_again(request.actor, message)
    messages.success(request, "It is sent again.")
    return redirect("settings-messages", workflow_name=request.workflow.name)


def _get_target(request: WorkflowRequest, target_id: int) -> MessageTarget:
    target = MessageTarget.objects.filter(pk=target_id, workflow=request.workflow, stopped_at=None).first()
    if target is None:
        raise Http404("Nothing is sent there (any more).")
    return target


def _show(request: WorkflowRequest, form: TargetForm, *, new: MessageTarget | None = None) -> HttpResponseBase:
    of_workflow = Message.objects.filter(target__workflow=request.workflow)
    context = {
        "targets": MessageTarget.objects.filter(workflow=request.workflow, stopped_at=None).order_by("pk"),
        "sent": of_workflow.select_related("target").order_by("-pk")[:_SHOWN],
        "form": form,
        "new": new,
    }
    return render(request, "reviews/messages.html", context)
