"""Where a request comes from, as far as the server can know it."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def find_address(request: HttpRequest) -> str:
    """The network address that a request came from, as the server itself saw it: what a header says can be made up.

    Where the server saw a proxy that an administrator trusts, the address is the one that the proxy saw, and so on.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.TRUSTED_PROXIES:
        return address
    networks = [ipaddress.ip_network(one, strict=False) for one in settings.TRUSTED_PROXIES]
    seen = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
    while seen and _is_in(address, networks) and _is_address(seen[-1]):
        address = seen.pop()
    return address


def _is_in(address: str, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
