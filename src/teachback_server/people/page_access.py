"""The declared rule of every page: who may open it, checked before the view runs."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, Protocol, TypeAlias, cast
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_cache_control

from teachback_server.people.actions import actor_of
from teachback_server.people.actor import Actor, PermissionMissing
from teachback_server.people.models import User
from teachback_server.people.sessions import note_seen

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails


class Access(StrEnum):
    """Who may open a page that belongs to no single workflow; `workflows.page_access` has the rest."""

    PUBLIC = "public"
    SIGNED_IN = "signed in"
    ADMINISTRATOR = "administrator"


class PageRequest(HttpRequest):
    """The request as a page sees it: with the signed-in person as an actor. A public page has no `actor`."""

    actor: Actor
    htmx: "HtmxDetails"


class Declared(Protocol):
    """A view that says who may open it; a test fails for a route whose view does not."""

    declared_rule: str
    declared_methods: tuple[str, ...]

    def __call__(self, request: HttpRequest, /, *args: object, **kwargs: object) -> HttpResponseBase: ...


View: TypeAlias = Callable[..., HttpResponseBase]
PageView: TypeAlias = Callable[Concatenate[PageRequest, ...], HttpResponseBase]
Check: TypeAlias = Callable[[PageRequest, dict[str, object]], None]


def page(rule: Access, *, methods: Sequence[str] = ("GET",)) -> Callable[[PageView], Declared]:
    """Declare who may open a page, and by which methods. The view gets a `PageRequest`."""

    def check(request: PageRequest, kwargs: dict[str, object]) -> None:
        if rule is Access.ADMINISTRATOR and not request.actor.is_administrator:
            raise PermissionMissing("This page is for administrators. Ask one of them.")

    return guard(rule.value, check, methods=methods, is_public=rule is Access.PUBLIC)


def guard(rule: str, check: Check, *, methods: Sequence[str], is_public: bool = False) -> Callable[[View], Declared]:
    """Build a decorator from a check; a room that knows more brings its own check (see workflows.page_access)."""

    def decorate(view: View) -> Declared:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: object, **kwargs: object) -> HttpResponseBase:
            if not is_public and not request.user.is_authenticated:
                return _send_to_sign_in(request)
            if request.method not in _with_head(methods):
                return HttpResponseNotAllowed(_with_head(methods))
            response = _answer(view, check, cast(PageRequest, request), is_public, args, kwargs)
            if not response.has_header("Cache-Control"):
                patch_cache_control(response, private=True, no_store=True)
            return response

        declared = cast(Declared, guarded)
        declared.declared_rule = rule
        declared.declared_methods = tuple(methods)
        return declared

    return decorate


def _answer(
    view: View,
    check: Check,
    request: PageRequest,
    is_public: bool,
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> HttpResponseBase:
    try:
        if not is_public:
            request.actor = actor_of(cast(User, request.user))
            note_seen(request)
            check(request, kwargs)
        return view(request, *args, **kwargs)
    except PermissionMissing as missing:
        raise PermissionDenied(str(missing)) from missing


def _send_to_sign_in(request: HttpRequest) -> HttpResponse:
    came_from = request.get_full_path() if request.method == "GET" and not _is_htmx(request) else ""
    address = reverse("sign-in") + (f"?{urlencode({'next': came_from})}" if came_from else "")
    if _is_htmx(request):
        return HttpResponse(status=401, headers={"HX-Redirect": address})
    return redirect(address)


def _is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _with_head(methods: Sequence[str]) -> tuple[str, ...]:
    return (*methods, "HEAD") if "GET" in methods else tuple(methods)
