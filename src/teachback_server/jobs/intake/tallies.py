"""Counts what happens at the intake, by the hour, for the page that shows how it is doing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import connections

from teachback_server.jobs.intake.storable_text import without_nul
from teachback_server.jobs.models import IntakeTally
from teachback_server.jobs.trace_store import TRACES

_TABLE = IntakeTally._meta.db_table
_ADD = (
    f'INSERT INTO "{_TABLE}" (workflow_id, hour, kind, name, count) VALUES (%s, %s, %s, %s, %s)'
    f' ON CONFLICT (workflow_id, hour, kind, name) DO UPDATE SET count = "{_TABLE}".count + excluded.count'
)


class TallyKind(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    SPANS = "spans"
    REFUSED = "refused"  # spans, by the reason
    CUT = "cut"  # attributes that were too long
    UNREAD = "unread"  # attributes that may carry messages and that no convention knows, by their name
    HOMELESS = "homeless"  # spans of no workflow, by "attribute=value"


@dataclass(frozen=True, kw_only=True)
class TallyKey:
    """What one count is of."""

    workflow_id: int
    kind: TallyKind
    name: str = ""


Tallies = Counter[TallyKey]


def add_tallies(tallies: Mapping[TallyKey, int], at: datetime) -> None:
    """Add counts to those of the hour; call it in the transaction of what is counted."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    rows = [
        (key.workflow_id, hour, key.kind.value, without_nul(key.name[:200]), count)
        for key, count in tallies.items()
        if count
    ]
    with connections[TRACES].cursor() as cursor:
        # In one order for everybody, or two that count at once could wait for each other on PostgreSQL.
        cursor.executemany(_ADD, sorted(rows))
