"""The page for somebody who forgot their password; its answer is the same whether or not the name exists."""

from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import render

from teachback_server.people.forgotten import ask_for_password_link
from teachback_server.people.forms import ForgottenForm
from teachback_server.people.network_address import find_address
from teachback_server.people.page_access import Access, PageRequest, page
from teachback_server.people.public_address import list_missing_settings
from teachback_server.people.throttle import MustWait


@page(Access.PUBLIC, methods=("GET", "POST"))
def forgotten(request: PageRequest) -> HttpResponse:
    """Ask whose password it is, and have a link mailed to them."""
    form = ForgottenForm(request.POST if request.method == "POST" and not list_missing_settings() else None)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    if form.is_bound and form.is_valid():
        try:
            ask_for_password_link(form.cleaned_data["username"], find_address(request))
        except MustWait as refusal:
            form.add_error(None, str(refusal))
            answer = _show(request, form, HTTPStatus.TOO_MANY_REQUESTS)
            answer["Retry-After"] = str(refusal.seconds)
            return answer
        return render(request, "people/forgotten.html", {"is_sent": True})
    return _show(request, form, status)


def _show(request: PageRequest, form: ForgottenForm, status: HTTPStatus) -> HttpResponse:
    shown = {"form": form, "can_mail": not list_missing_settings()}
    return render(request, "people/forgotten.html", shown, status=status)
