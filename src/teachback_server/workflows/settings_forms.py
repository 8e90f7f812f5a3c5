"""The small forms under Settings: a person gets a role, a program gets a key."""

from datetime import datetime, timedelta

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator

from teachback_server.workflows.access import Role, Scope
from teachback_server.workflows.actions import MOST_LABEL_CHARACTERS

ROLE_CHOICES = (
    (Role.VIEWER.value, "Viewer: sees everything, changes nothing"),
    (Role.REVIEWER.value, "Reviewer: decides jobs"),
    (Role.EDITOR.value, "Editor: proposes changes, rolls releases back"),
    (Role.OWNER.value, "Owner: accepts changes, sets limits, people and keys"),
)
SCOPE_CHOICES = (
    (Scope.JOBS.value, "Give and record jobs, say whether they were used"),
    (Scope.TRACES.value, "Send traces, and nothing else"),
    (Scope.REVIEWS.value, "Read what waits, and give what people decided elsewhere"),
    (Scope.READ.value, "Read results, releases and their lineage"),
)
LASTS_CHOICES = (
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "1 year"),
    ("", "Until it is revoked"),
)


class RoleForm(forms.Form):
    """Who gets which role."""

    username = forms.CharField(
        label="Person",
        max_length=150,
        help_text="The user name that they sign in with, or will.",
        validators=[UnicodeUsernameValidator(message="Use letters, digits and the signs @ . + - _ only.")],
        error_messages={"required": "Write the user name of the person."},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label="Role", choices=ROLE_CHOICES, initial=Role.REVIEWER.value)


class NewKeyForm(forms.Form):
    """What a new key is called, and how long it lasts."""

    label = forms.CharField(
        label="Name",
        max_length=MOST_LABEL_CHARACTERS,
        required=False,
        help_text="Which program gets it, so that you know it again.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    lasts_days = forms.ChoiceField(label="Lasts", choices=LASTS_CHOICES, initial="365", required=False)

    def expires_at(self, at: datetime) -> datetime | None:
        """When a key that is made at this time ends; None for never."""
        days = self.cleaned_data["lasts_days"]
        return at + timedelta(days=int(days)) if days else None


class KeyForm(NewKeyForm):
    """What a new key of one workflow may open."""

    scope = forms.ChoiceField(
        label="What the key is for",
        choices=SCOPE_CHOICES,
        error_messages={"required": "Choose what the key is for.", "invalid_choice": "Choose what the key is for."},
    )
    field_order = ["scope", "label", "lasts_days"]
