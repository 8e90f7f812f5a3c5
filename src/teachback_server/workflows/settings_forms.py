"""The small forms under Settings: a person gets a role, a program gets a key."""

from django import forms

from teachback_server.people.models import User
from teachback_server.workflows.access import Role, Scope

ROLE_CHOICES = (
    (Role.VIEWER.value, "Viewer: sees everything, changes nothing"),
    (Role.REVIEWER.value, "Reviewer: decides jobs"),
    (Role.EDITOR.value, "Editor: proposes changes, rolls releases back"),
    (Role.OWNER.value, "Owner: accepts changes, sets limits, people and keys"),
)
SCOPE_CHOICES = (
    (Scope.JOBS.value, "Give and record jobs, say whether they were used"),
    (Scope.TRACES.value, "Send traces, and nothing else"),
    (Scope.READ.value, "Read results, releases and their lineage"),
)


class RoleForm(forms.Form):
    """Who gets which role."""

    username = forms.CharField(
        label="Person",
        max_length=150,
        help_text="The user name that they sign in with.",
        error_messages={"required": "Write the user name of the person."},
    )
    role = forms.ChoiceField(label="Role", choices=ROLE_CHOICES, initial=Role.REVIEWER.value)

    def clean_username(self) -> User:
        """The person behind the name."""
        username: str = self.cleaned_data["username"].strip()
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise forms.ValidationError(
                f"Nobody signs in as '{username}'. Ask an administrator to add this person first."
            )
        return user


class KeyForm(forms.Form):
    """What a new key may open."""

    scope = forms.ChoiceField(label="What the key is for", choices=SCOPE_CHOICES)
