"""Where to go on after a detour: only to pages of this very site."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def find_return_address(request: HttpRequest, otherwise: str) -> str:
    """The address that the page asked to come back to, if it is one of ours; else the given one."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if asked and is_ours else otherwise
