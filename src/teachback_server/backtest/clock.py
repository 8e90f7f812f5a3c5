"""The clock of a backtest: when each piece of work in a history arrived, and the first of them. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from teachback_server.jobs.history_row import HistoryRow

FIRST_MOMENT = datetime(2024, 1, 1, tzinfo=UTC)  # of a history that does not say when its work arrived
MINUTES_BETWEEN_JOBS = 10


def moment_of(row: HistoryRow, position: int) -> datetime:
    """When a row arrived; where it does not say, as far into the history as its position, which counts from 0."""
    return row.at or FIRST_MOMENT + timedelta(minutes=MINUTES_BETWEEN_JOBS * position)


def find_first_moment(rows: Iterable[HistoryRow]) -> datetime:
    """A moment before which no row arrived, in whatever order they come."""
    return min((row.at or FIRST_MOMENT for row in rows), default=FIRST_MOMENT)
