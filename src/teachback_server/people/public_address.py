"""The address under which people reach this server, for links that leave it, and whether mails can leave it."""

from django.conf import settings
from django.http import HttpRequest


def find_public_address(path: str) -> str:
    """A path as a whole address; empty where nobody said under which address people reach this server."""
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else ""


def spell_address(request: HttpRequest, path: str) -> str:
    """A path as a whole address: under the public one where it is known, else as this visitor sees it."""
    return find_public_address(path) or request.build_absolute_uri(path)


def list_missing_settings() -> tuple[str, ...]:
    """What an administrator has to set before mails can go out; empty where they do."""
    needed = {
        "TEACHBACK_SMTP_URL": settings.EMAIL_HOST,
        "TEACHBACK_MAIL_FROM": settings.DEFAULT_FROM_EMAIL,
        "TEACHBACK_PUBLIC_URL": settings.PUBLIC_URL,
    }
    return tuple(name for name, value in needed.items() if not value)
