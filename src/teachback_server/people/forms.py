"""Forms of the account pages and of the page of people."""

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.http import QueryDict

from teachback_server.people.models import User


class SignInForm(forms.Form):
    """User name and password."""

    username = forms.CharField(
        label="User name", max_length=150, widget=forms.TextInput({"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(label="Password", widget=forms.PasswordInput({"autocomplete": "current-password"}))


class ForgottenForm(forms.Form):
    """Whose password is forgotten."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        error_messages={"required": "Write the name that you sign in with."},
        widget=forms.TextInput({"autocomplete": "username"}),
    )


class NewPasswordForm(forms.Form):
    """A new password for whom a link belongs to."""

    password = forms.CharField(
        label="New password",
        help_text="At least 12 characters. A few words in a row are easier to remember than signs.",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        error_messages={"required": "Write the password that you want."},
    )

    def __init__(self, user: User, sent: QueryDict | None = None) -> None:
        super().__init__(sent)
        self.user = user

    def clean_password(self) -> str:
        """Refuse what is too short, too well known, or too much like the user name."""
        password: str = self.cleaned_data["password"]
        validate_password(password, self.user)
        return password


class ChangePasswordForm(NewPasswordForm):
    """A new password for the one who is signed in, who proves with the old one that it is them."""

    current = forms.CharField(
        label="Password until now",
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
        error_messages={"required": "Write the password that you have had until now."},
    )
    field_order = ["current", "password"]

    def __init__(self, user: User, sent: QueryDict | None = None) -> None:
        super().__init__(user, sent)
        if not user.has_usable_password():
            del self.fields["current"]


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
