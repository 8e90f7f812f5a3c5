"""Forms of the account pages and of the page of people."""

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator

from teachback_server.people.models import User


class SignInForm(forms.Form):
    """User name and password; after `is_valid`, `user` is the one they belong to."""

    username = forms.CharField(
        label="User name", max_length=150, widget=forms.TextInput({"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(label="Password", widget=forms.PasswordInput({"autocomplete": "current-password"}))
    user: User | None = None

    def clean(self) -> dict[str, object]:
        """Find whom the two belong to; does not say which of the two is wrong."""
        values = super().clean() or {}
        if "username" in values and "password" in values:
            found = authenticate(username=values["username"], password=values["password"])
            self.user = found if isinstance(found, User) else None
            if self.user is None:
                raise forms.ValidationError(
                    "This user name and password do not belong together. Try again, or ask an administrator"
                    " for a one-time link."
                )
        return values


class PasswordForm(forms.Form):
    """A new password for the one who is signed in."""

    password = forms.CharField(
        label="New password",
        help_text="At least 12 characters. A few words in a row are easier to remember than signs.",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def clean_password(self) -> str:
        """Refuse what is too short or too well known."""
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password


class PersonForm(forms.Form):
    """Somebody new who may sign in."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        help_text="An e-mail address, or a short name such as anna. They sign in with it.",
        validators=[UnicodeUsernameValidator(message="Use letters, digits and the signs @ . + - _ only.")],
        error_messages={"required": "Write the name that they will sign in with."},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    is_administrator = forms.BooleanField(
        label="Administrator",
        required=False,
        help_text="Sees every workflow, adds people and makes links for them.",
    )
