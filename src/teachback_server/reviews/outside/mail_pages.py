"""The page on which people say whether, about what, and from which hour on they want mails about waiting jobs."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render

from teachback_server.people.actions import check_password, choose_mail_address
from teachback_server.people.models import User
from teachback_server.people.network_address import find_address
from teachback_server.people.page_access import Access, PageRequest, page
from teachback_server.people.public_address import list_missing_settings
from teachback_server.people.queries import find_mail_address
from teachback_server.people.throttle import MustWait
from teachback_server.reviews.models import MailWish
from teachback_server.reviews.outside.mails import list_decided_workflows, wish_for_mails
from teachback_server.workflows.models import Workflow

_USUAL_HOUR = 7


class MailForm(forms.Form):
    """About which workflows, from which hour on, and where to."""

    workflows = forms.MultipleChoiceField(
        label="About", required=False, widget=forms.CheckboxSelectMultiple, help_text="None: no mails."
    )
    hour = forms.TypedChoiceField(
        label="From which hour on (UTC)",
        choices=[(str(hour), f"{hour:02d}:00") for hour in range(24)],
        coerce=int,
        initial=str(_USUAL_HOUR),
    )
    address = forms.EmailField(
        label="To which address",
        required=False,
        max_length=254,
        error_messages={"invalid": "This is no e-mail address. Write it like ann@example.org."},
        widget=forms.EmailInput({"autocomplete": "email"}),
    )

    password = forms.CharField(
        label="Your password",
        required=False,
        help_text="Only to change the address: a link to choose a new password by is mailed there, too.",
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: User, choices: list[Workflow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not user.has_usable_password():
            del self.fields["password"]
        names = [(str(workflow.pk), workflow.title) for workflow in choices]
        self.fields["workflows"].choices = names  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Whoever wants mails says where to."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("workflows") and not values.get("address") and "address" not in self.errors:
            self.add_error("address", "Write where the mails go: your user name is no e-mail address.")
        return values


@page(Access.SIGNED_IN, methods=("GET", "POST"))
def mails(request: PageRequest) -> HttpResponseBase:
    """What one gets mails about; what is sent to it is a choice."""
    user = User.objects.get(username=request.actor.name)
    choices = list_decided_workflows(user)
    sent = request.POST if request.method == "POST" else None
    form = MailForm(sent, user=user, choices=choices, initial=_find_initial(user))
    if form.is_bound and form.is_valid() and _may_change_address(request, user, form):
        chosen = [workflow for workflow in choices if str(workflow.pk) in form.cleaned_data["workflows"]]
        if form.cleaned_data["address"]:
            choose_mail_address(user, form.cleaned_data["address"])
        wish_for_mails(user, chosen, hour=form.cleaned_data["hour"])
        messages.success(request, _confirm(chosen, form.cleaned_data["hour"]))
        return redirect("account-mails")
    shown = {
        "form": form,
        "choices": choices,
        "missing": list_missing_settings(),
        "problem": MailWish.objects.filter(user=user).exclude(problem="").values_list("problem", flat=True).first(),
        "last": MailWish.objects.filter(user=user).order_by("-last_sent_on").exclude(last_sent_on=None).first(),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "reviews/mails.html", shown, status=status)


def _may_change_address(request: PageRequest, user: User, form: MailForm) -> bool:
    """Whether the address stays, or it is really them: who finds a browser open must not get at the account by it."""
    address = form.cleaned_data["address"]
    if "password" not in form.fields or address in ("", find_mail_address(user)):
        return True
    try:
        is_right = check_password(user.username, form.cleaned_data["password"], find_address(request)) is not None
    except MustWait as refusal:
        form.add_error("password", str(refusal))
        return False
    if not is_right:
        form.add_error("password", "Write your password to change the address.")
    return is_right


def _find_initial(user: User) -> dict[str, object]:
    wishes = list(MailWish.objects.filter(user=user))
    return {
        "workflows": [str(wish.workflow_id) for wish in wishes],
        "hour": str(wishes[0].hour if wishes else _USUAL_HOUR),
        "address": find_mail_address(user),
    }


def _confirm(chosen: list[Workflow], hour: int) -> str:
    if not chosen:
        return "You get no mails."
    return f"You get a mail a day, from {hour:02d}:00 UTC on, whenever something waits."
