"""Who acts: a person who signed in, a program with a key, the system itself, or an answer key in a backtest."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The one on whose behalf an act happens; every action takes one."""

    name: str
    user_id: int | None = None
    is_administrator: bool = False
    is_system: bool = False
    key_workflow_id: int | None = None  # a program with a key acts in this workflow alone,
    key_role: str = ""  # in the role that the scope of its key stands for


SYSTEM = Actor(name="Teachback", is_system=True)


class PermissionMissing(PermissionError):
    """The person may not do this here. Ask an owner of the workflow for the role that the message names."""
