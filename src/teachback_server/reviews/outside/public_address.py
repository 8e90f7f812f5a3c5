"""The address under which people reach this server, for links that leave it."""

from django.conf import settings


def find_public_address(path: str) -> str:
    """A path as a whole address; empty where nobody said under which address people reach this server."""
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else ""
