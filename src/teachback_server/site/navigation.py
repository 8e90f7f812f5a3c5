"""What every page shows at its top."""

from django.http import HttpRequest


def navigation(request: HttpRequest) -> dict[str, object]:
    """Context for the base template."""
    return {}
