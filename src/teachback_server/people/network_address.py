"""Where a request comes from, as far as the server can know it."""

from django.http import HttpRequest


def find_address(request: HttpRequest) -> str:
    """The network address that a request came from, as the server itself saw it: what a header says can be made up."""
    return str(request.META.get("REMOTE_ADDR", ""))
