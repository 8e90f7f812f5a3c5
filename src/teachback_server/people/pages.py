"""Pages for signing in, by password or one-time link, and for signing out."""

from http import HTTPStatus

from django.contrib.auth import login, logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from teachback_server.people.actions import (
    LinkNotValid,
    check_password,
    find_link,
    record_sign_in,
    use_one_time_link,
)
from teachback_server.people.forms import NewPasswordForm, SignInForm
from teachback_server.people.models import OneTimeLink
from teachback_server.people.network_address import find_address
from teachback_server.people.page_access import Access, PageRequest, page
from teachback_server.people.return_address import find_return_address
from teachback_server.people.throttle import MustWait

_DO_NOT_BELONG = (
    "This user name and password do not belong together. Try again, or ask an administrator for a one-time link."
)


@page(Access.PUBLIC, methods=("GET", "POST"))
def sign_in(request: PageRequest) -> HttpResponse:
    """Ask for user name and password; does not say which of the two is wrong."""
    go_on_to = find_return_address(request, reverse("home"))
    if request.user.is_authenticated and request.method != "POST":
        return redirect(go_on_to)
    form = SignInForm(request.POST or None)
    seconds_to_wait = 0
    if request.method == "POST" and form.is_valid():
        try:
            user = check_password(form.cleaned_data["username"], form.cleaned_data["password"], find_address(request))
        except MustWait as refusal:
            form.add_error(None, str(refusal))
            seconds_to_wait = refusal.seconds
        else:
            if user is not None:
                login(request, user)
                record_sign_in(user)
                return redirect(go_on_to)
            form.add_error(None, _DO_NOT_BELONG)
    return _show_sign_in(request, form, go_on_to, seconds_to_wait)


@page(Access.PUBLIC, methods=("GET", "POST"))
def sign_in_by_link(request: PageRequest, token: str) -> HttpResponse:
    """Sign in by a one-time link, some of them with a new password.

    Opening it only shows a button, so that a mail scanner does not spend it.
    """
    link = find_link(token)
    if link is None:
        return _show_link(request, None, None)
    sent = request.POST if request.method == "POST" else None
    form = NewPasswordForm(link.user, sent) if link.chooses_password else None
    if request.method != "POST" or (form is not None and not form.is_valid()):
        return _show_link(request, link, form)
    try:
        user = use_one_time_link(token, password=form.cleaned_data["password"] if form else None)
    except LinkNotValid:
        return _show_link(request, None, None)
    login(request, user)
    return redirect("home")


@page(Access.SIGNED_IN, methods=("POST",))
def sign_out(request: PageRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("sign-in")


def _show_sign_in(request: PageRequest, form: SignInForm, go_on_to: str, seconds_to_wait: int) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    if seconds_to_wait:
        status = HTTPStatus.TOO_MANY_REQUESTS
    response = render(request, "people/sign_in.html", {"form": form, "next": go_on_to}, status=status)
    if seconds_to_wait:
        response["Retry-After"] = str(seconds_to_wait)
    return response


def _show_link(request: PageRequest, link: OneTimeLink | None, form: NewPasswordForm | None) -> HttpResponse:
    status = HTTPStatus.OK if link else HTTPStatus.GONE
    if form is not None and form.is_bound:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    whom = link.user if link else None
    return render(request, "people/sign_in_by_link.html", {"whom": whom, "form": form}, status=status)
