"""Light or dark: a person's choice, remembered in a cookie so that the first paint is right."""

from enum import StrEnum

from django.http import HttpRequest, HttpResponse

COOKIE = "teachback_theme"
REMEMBERED_SECONDS = 365 * 24 * 3600


class Theme(StrEnum):
    """The two looks; without a choice the system's own setting decides."""

    LIGHT = "light"
    DARK = "dark"


def find_theme(request: HttpRequest) -> Theme | None:
    """The look that this browser chose, if it chose one."""
    chosen = request.COOKIES.get(COOKIE)
    return Theme(chosen) if chosen in set(Theme) else None


def remember_theme(response: HttpResponse, theme: Theme) -> None:
    """Keep the choice for a year. The cookie holds one word and no secret, so scripts may read it."""
    response.set_cookie(COOKIE, theme.value, max_age=REMEMBERED_SECONDS, samesite="Lax")
