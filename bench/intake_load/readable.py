"""Counts what of a load can be read again, in the tables from which each product answers."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from intake_load.batches import SpanKey

Row = Sequence[object]
ReadRows = Callable[[str], Sequence[Row]]  # runs a query on a database of the server, from beside it


class SpanTable(Protocol):
    """The table of spans of a product."""

    def count_spans(self) -> int:
        """How many spans can be read now."""
        ...

    def list_keys(self) -> set[SpanKey]:
        """Which spans can be read now."""
        ...


@dataclass(frozen=True, kw_only=True)
class QueriedSpans:
    """Spans that two queries count and name. Read from beside the server, so that counting costs it nothing."""

    read: ReadRows
    count_sql: str
    keys_sql: str  # rows of two hex texts: trace, span

    def count_spans(self) -> int:
        """How many spans can be read now; 0 before the server has made its tables."""
        return read_number(self.read, self.count_sql)

    def list_keys(self) -> set[SpanKey]:
        """Which spans can be read now."""
        return {(bytes.fromhex(str(trace)), bytes.fromhex(str(span))) for trace, span in self.read(self.keys_sql)}


def read_number(read: ReadRows, sql: str) -> int:
    """The one number that a query asks for; 0 where there is no table yet."""
    rows = read(sql)
    return int(str(rows[0][0] or 0)) if rows else 0


def read_sqlite(path: Path) -> ReadRows:
    """Queries on a SQLite file; no rows as long as the server has not made the file or the table."""

    def read(sql: str) -> Sequence[Row]:
        if not path.exists():
            return []
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            try:
                rows: list[tuple[object, ...]] = connection.execute(sql).fetchall()
            except sqlite3.OperationalError as problem:
                if "no such table" in str(problem):
                    return []
                raise
        return rows

    return read
