"""Pages for administrators: who may sign in, adding and deactivating people, and handing them a link to a password."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from teachback_server.people.actions import (
    LINK_LASTS,
    MustStayActive,
    UserNameTaken,
    activate_user,
    deactivate_user,
    make_one_time_link,
    make_user,
)
from teachback_server.people.forms import PersonForm
from teachback_server.people.models import User
from teachback_server.people.page_access import Access, PageRequest, page
from teachback_server.people.public_address import spell_address
from teachback_server.people.queries import find_former_person, find_person, list_former_people, list_people


@page(Access.ADMINISTRATOR, methods=("GET", "POST"))
def people(request: PageRequest) -> HttpResponse:
    """Everyone who may sign in; adding a person leads to the link that lets them in."""
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = make_user(
                request.actor, form.cleaned_data["username"], is_administrator=form.cleaned_data["is_administrator"]
            )
        except UserNameTaken as refusal:
            form.add_error("username", str(refusal))
        else:
            return _show_new_link(request, user)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    shown = {"people": list_people(), "former_people": list_former_people(), "form": form}
    return render(request, "people/people.html", shown, status=status)


@page(Access.ADMINISTRATOR, methods=("POST",))
def make_link(request: PageRequest, user_id: int) -> HttpResponse:
    """Make a link by which somebody chooses a new password, and show it, the only time that anybody sees it."""
    return _show_new_link(request, _get_or_404(find_person(user_id)))


@page(Access.ADMINISTRATOR, methods=("POST",))
def deactivate(request: PageRequest, user_id: int) -> HttpResponse:
    """Let somebody in no more, from now on."""
    user = _get_or_404(find_person(user_id))
    try:
        deactivate_user(request.actor, user)
    except MustStayActive as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{user.username} is signed out and cannot sign in any more.")
    return redirect("people")


@page(Access.ADMINISTRATOR, methods=("POST",))
def activate(request: PageRequest, user_id: int) -> HttpResponse:
    """Let somebody in again who was deactivated."""
    user = _get_or_404(find_former_person(user_id))
    activate_user(request.actor, user)
    messages.success(request, f"{user.username} may sign in again.")
    return redirect("people")


def _get_or_404(user: User | None) -> User:
    if user is None:
        raise Http404("There is no such person, or somebody else was faster. Open the list of people again.")
    return user


def _show_new_link(request: PageRequest, user: User) -> HttpResponse:
    token = make_one_time_link(request.actor, user, chooses_password=True)
    link = {
        "whom": user,
        "address": spell_address(request, reverse("sign-in-link", args=[token])),
        "hours": int(LINK_LASTS.total_seconds() // 3600),
    }
    return render(request, "people/new_link.html", link)
