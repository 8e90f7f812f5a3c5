"""The colours of charts: each is drawn in its light form, and a style sheet within the picture turns it dark. Pure."""

from collections.abc import Mapping

SURFACE, INK, MUTED, LINE, CONTROL = "#ffffff", "#1a2230", "#566074", "#d9dfe7", "#7a8699"
ACCENT, GOOD, WARN, BAD, ON_COLOUR = "#1f5fbf", "#14713d", "#8a5300", "#b3261e", "#fffffe"

_TONES: Mapping[str, str] = {"good": GOOD, "warn": WARN, "bad": BAD, "accent": ACCENT, "quiet": CONTROL}
_DARK: Mapping[str, str] = {
    SURFACE: "#1a212b",
    INK: "#e8ecf2",
    MUTED: "#a3aebf",
    LINE: "#303b4a",
    CONTROL: "#77859a",
    ACCENT: "#84b4ff",
    GOOD: "#62cc91",
    WARN: "#f2b858",
    BAD: "#ff9189",
    ON_COLOUR: "#0f1319",
}


def colour_of(tone: str) -> str:
    """The light colour of a tone (charts.Tone)."""
    return _TONES[tone]


def dark_style() -> str:
    """The style sheet of a picture: where the page around it is dark, each colour gives way to its dark twin."""
    rules = "".join(
        f'[{attribute}="{light}"]{{{attribute}:{dark}}}'
        for light, dark in _DARK.items()
        for attribute in ("fill", "stroke")
    )
    return f"@media (prefers-color-scheme: dark){{{rules}}}"
