"""Where a message may be sent: to the open internet, and to nothing inside unless an administrator allowed it."""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve: TypeAlias = Callable[[str, int], list[str]]  # host and port to addresses; raises OSError
_PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 2000
# Addresses of version 6 that carry one of version 4, which could be any (NAT64, 6to4 and Teredo), and those that some
# networks still use inside although they are no longer set apart for it (fec0::/10).
_CARRIERS = ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
_NOT_OPEN = tuple(ipaddress.ip_network(net) for net in (*_CARRIERS, "fec0::/10"))


class TargetRefused(ValueError):
    """Nothing is sent there. The message says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where to connect: the very address that was checked, so that a name cannot lead elsewhere a moment later."""

    host: str
    port: int
    is_tls: bool
    path: str
    address: str


def find_destination(url: str, allowed: Sequence[str], resolve: Resolve) -> Destination:
    """Check a target and resolve its name once. `allowed` names hosts, addresses or networks that may lie inside.

    Raises TargetRefused for anything but http and https without credentials, for a name that leads to no address, and
    where any of its addresses is not one of the open internet and not allowed.
    """
    host, port, scheme, path = _split(url)
    try:
        found = [ipaddress.ip_address(text.split("%")[0]) for text in resolve(host, port)]
    except (OSError, UnicodeError, ValueError) as problem:
        raise TargetRefused(f"The name {host} leads nowhere. Check the address.") from problem
    if not found:
        raise TargetRefused(f"The name {host} leads nowhere. Check the address.")
    inside = [address for address in found if not is_open(address)]
    if inside and not _is_allowed(host, inside, allowed):
        raise TargetRefused(
            f"{host} lies inside a network, so nothing is sent there. An administrator can allow it by naming it in "
            "TEACHBACK_ALLOW_PRIVATE_TARGETS."
        )
    return Destination(host=host, port=port, is_tls=scheme == "https", path=path, address=str(found[0]))


def resolve_by_system(host: str, port: int) -> list[str]:
    """The addresses of a name, as this machine knows them."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_open(address: IpAddress) -> bool:
    """Whether an address belongs to the open internet."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_open(address.ipv4_mapped)
        if any(address in net for net in _NOT_OPEN):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _split(url: str) -> tuple[str, int, str, str]:
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError as problem:
        raise TargetRefused("This is not an address. Write it like https://example.org/hook.") from problem
    is_plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _LONGEST_URL
    if parts.scheme not in _PORTS or not host or not is_plain:
        raise TargetRefused("This is not an address. Write it like https://example.org/hook.")
    if parts.username is not None or parts.password is not None:
        raise TargetRefused("Leave name and password out of the address: the signature proves who sends.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return host, port or _PORTS[parts.scheme], parts.scheme, path


def _is_allowed(host: str, addresses: Sequence[IpAddress], allowed: Sequence[str]) -> bool:
    named = [one.strip().lower() for one in allowed if one.strip()]
    if host.lower() in named:
        return True
    networks = []
    for one in named:
        try:
            networks.append(ipaddress.ip_network(one, strict=False))
        except ValueError:
            continue  # a host's name
    return all(any(address in net for net in networks) for address in addresses)
