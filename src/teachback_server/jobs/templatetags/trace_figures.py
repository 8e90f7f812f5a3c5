"""`{{ seconds|step_duration }}`: how long a step took; steps are often shorter than a tenth of a second."""

from django import template

register = template.Library()
_HARD_SPACE = "\u00a0"


@register.filter
def step_duration(seconds: float) -> str:
    """Seconds as "0.4 ms", "85 ms", "1.2 s" or "75 s"; what is too short to tell as "under 0.1 ms"."""
    if seconds < 0.00005:
        return f"under 0.1{_HARD_SPACE}ms"
    if seconds < 0.00995:
        return f"{seconds * 1000:.1f}{_HARD_SPACE}ms"
    if seconds < 0.995:
        return f"{seconds * 1000:.0f}{_HARD_SPACE}ms"
    return f"{seconds:.1f}{_HARD_SPACE}s" if seconds < 59.95 else f"{seconds:,.0f}{_HARD_SPACE}s"


@register.filter
def step_start(seconds: float) -> str:
    """How long after the start of the job a step begins; the first one after "0 ms"."""
    return f"0{_HARD_SPACE}ms" if seconds < 0.00005 else step_duration(seconds)
