"""Names a device by what its browser says of itself, well enough for its owner to know it again."""

from collections.abc import Sequence

# The first sign that is found counts: most browsers also name those that came before them.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "a Mac"),
    ("Linux", "Linux"),
)


def name_device(user_agent: str) -> str:
    """Browser and system in words: "Firefox on Windows", "Safari on an iPhone"."""
    browser = _find(user_agent, _BROWSERS) or "A browser"
    system = _find(user_agent, _SYSTEMS)
    return f"{browser} on {system}" if system else browser


def _find(text: str, signs: Sequence[tuple[str, str]]) -> str | None:
    return next((name for sign, name in signs if sign in text), None)
