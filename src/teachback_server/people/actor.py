"""Who acts: a person who signed in, the system itself, or an answer key in a backtest."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The one on whose behalf an act happens; every action takes one."""

    name: str
    user_id: int | None = None
    is_administrator: bool = False
    is_system: bool = False


SYSTEM = Actor(name="Teachback", is_system=True)


class PermissionMissing(PermissionError):
    """The person may not do this here. Ask an owner of the workflow for the role that the message names."""
