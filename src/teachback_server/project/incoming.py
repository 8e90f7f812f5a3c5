"""Reads from the environment under which names requests come in, and through which proxies of one's own."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from teachback_server.project.outgoing import read_public_url

HOSTS = "TEACHBACK_HOSTS"
PROXIES = "TEACHBACK_TRUSTED_PROXIES"
_THIS_MACHINE = "127.0.0.1,localhost,[::1]"


def read_hosts(environment: Mapping[str, str]) -> list[str]:
    """The names that requests may ask for: those given, or this machine's own, and the one of the public address."""
    given = [host.strip() for host in environment.get(HOSTS, _THIS_MACHINE).split(",") if host.strip()]
    public = urlsplit(read_public_url(environment)).hostname
    if not public:
        return given
    spelled = f"[{public}]" if ":" in public else public
    return given if spelled in given else [*given, spelled]


def read_trusted_proxies(environment: Mapping[str, str]) -> list[str]:
    """Addresses or networks of proxies whose word on where a request comes from counts.

    Raises ImproperlyConfigured for anything else, such as a name.
    """
    given = [one.strip() for one in environment.get(PROXIES, "").split(",") if one.strip()]
    for one in given:
        try:
            ipaddress.ip_network(one, strict=False)
        except ValueError:
            raise ImproperlyConfigured(
                f"{PROXIES} cannot be used: {one} is no address. Write it like 127.0.0.1,10.0.0.0/8."
            ) from None
    return given
