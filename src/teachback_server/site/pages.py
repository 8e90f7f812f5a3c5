"""Pages that span rooms: home, the guided start, and the choice of light or dark."""

from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse

from teachback_server.people.page_access import Access, PageRequest, page
from teachback_server.people.return_address import find_return_address
from teachback_server.site.appearance import Theme, remember_theme
from teachback_server.site.home import list_workflow_cards


@page(Access.SIGNED_IN)
def home(request: PageRequest) -> HttpResponse:
    """Every workflow of the person with how it does and what waits for them."""
    return render(request, "site/home.html", {"cards": list_workflow_cards(request.actor)})


@page(Access.PUBLIC, methods=("POST",))
def appearance(request: PageRequest) -> HttpResponse:
    """Remember light or dark and go back to where the person was."""
    chosen = request.POST.get("theme", "")
    if chosen not in set(Theme):
        return HttpResponseBadRequest("The theme is either light or dark.")
    response = redirect(find_return_address(request, reverse("home")))
    remember_theme(response, Theme(chosen))
    return response
