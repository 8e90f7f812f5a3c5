"""Writes a share as people read it, the same in routing reasons, verdicts, charts and pages. Pure."""

HARD_SPACE = "\u00a0"


def spell_share(share: float) -> str:
    """A share between 0 and 1 as "87 %": one decimal below 10 % and just short of 100 %, where it matters."""
    value = share * 100
    is_fine = 0 < abs(value) < 9.95 or 98.95 <= value < 100
    shown = f"{min(value, 99.9):.1f}".removesuffix(".0") if is_fine else f"{value:.0f}"
    return f"{shown}{HARD_SPACE}%"
