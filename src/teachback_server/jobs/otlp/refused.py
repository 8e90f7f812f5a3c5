"""A span that was refused, with what a person needs to find out why."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RefusedSpan:
    """One span that goes to quarantine."""

    name: str
    reason: str  # what is wrong with it
    sample: str  # the beginning of what came
