"""The page of one's own account: password, appearance, and where one is signed in."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render

from teachback_server.people.actions import (
    check_password,
    choose_password,
    sign_out_elsewhere,
    sign_out_everywhere_else,
)
from teachback_server.people.forms import ChangePasswordForm
from teachback_server.people.models import User
from teachback_server.people.network_address import find_address
from teachback_server.people.page_access import Access, PageRequest, page
from teachback_server.people.sessions import list_open_sessions
from teachback_server.people.throttle import MustWait


@page(Access.SIGNED_IN, methods=("GET", "POST"))
def account(request: PageRequest) -> HttpResponse:
    """One's own account; what is sent to it is a new password."""
    user = _get_oneself(request)
    form = ChangePasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid() and _proves_who_it_is(request, user, form):
        choose_password(user, form.cleaned_data["password"], keep_session=request.session.session_key)
        update_session_auth_hash(request, user)
        messages.success(request, "Your new password counts from now on. Wherever else you were, you are signed out.")
        return redirect("account")
    shown = {"form": form, "sessions": list_open_sessions(user.pk, request.session)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "people/account.html", shown, status=status)


@page(Access.SIGNED_IN, methods=("POST",))
def end_session(request: PageRequest, session_id: str) -> HttpResponse:
    """Sign out on another device."""
    if sign_out_elsewhere(_get_oneself(request), session_id):
        messages.success(request, "You are signed out there.")
    else:
        messages.warning(request, "That session had ended before.")
    return redirect("account")


@page(Access.SIGNED_IN, methods=("POST",))
def end_other_sessions(request: PageRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    sign_out_everywhere_else(_get_oneself(request), request.session.session_key)
    messages.success(request, "You are signed in here only.")
    return redirect("account")


def _get_oneself(request: PageRequest) -> User:
    return User.objects.get(username=request.actor.name)


def _proves_who_it_is(request: PageRequest, user: User, form: ChangePasswordForm) -> bool:
    # Whoever has not had a password came in by a link, which is proof enough.
    if "current" not in form.fields:
        return True
    try:
        is_right = check_password(user.username, form.cleaned_data["current"], find_address(request)) is not None
    except MustWait as refusal:
        form.add_error("current", str(refusal))
        return False
    if not is_right:
        form.add_error("current", "This is not the password that you have had until now.")
    return is_right
