"""The form that says who looks after a pattern or a change until when, and what is thought of its cause."""

from typing import Any, cast

from django import forms

from teachback.vocabulary import Cause
from teachback_server.people.models import User
from teachback_server.workflows.models import Workflow

CAUSES = (
    (Cause.INSTRUCTIONS.value, "Instructions: the agent was not told"),
    (Cause.SOURCE_DATA.value, "Source data: what came in is wrong or lacks it"),
    (Cause.TOOL.value, "Tool: something that the agent uses failed"),
    (Cause.MISSING_APPROVAL.value, "Missing approval: somebody had to allow it first"),
    (Cause.UNCLEAR_CRITERIA.value, "Unclear criteria: people do not agree on what is right"),
    (Cause.MODEL.value, "Model: it was told and still gets it wrong"),
    (Cause.UNRESOLVED.value, "Not known yet"),
)


class CareForm(forms.Form):
    """Who looks after something, and until when."""

    owner = forms.ModelChoiceField(
        queryset=User.objects.none(), label="Who looks after it", required=False, empty_label="Nobody yet"
    )
    due_on = forms.DateField(
        label="Due",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write the day as 2026-01-31."},
    )

    def __init__(self, *args: Any, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(memberships__workflow=workflow, is_active=True).order_by("username")
        cast("forms.ModelChoiceField[User]", self.fields["owner"]).queryset = people


class PatternForm(CareForm):
    """What people say about a pattern."""

    cause = forms.ChoiceField(label="Cause", choices=CAUSES)
    is_ignored = forms.BooleanField(
        label="Ignore it", required=False, help_text="It stays in the history and leaves the list."
    )
    field_order = ("owner", "due_on", "cause", "is_ignored")
