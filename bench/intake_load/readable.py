"""Counts what of a load can be read again, in the tables from which each product answers."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from intake_load.batches import SpanKey


class SpanTable(Protocol):
    """The table of spans of a product."""

    def count_spans(self) -> int:
        """How many spans can be read now."""
        ...

    def list_keys(self) -> set[SpanKey]:
        """Which spans can be read now."""
        ...


@dataclass(frozen=True, kw_only=True)
class SqliteSpans:
    """Spans in a SQLite file that a server writes meanwhile; read from beside it, so that counting costs it nothing."""

    path: Path
    count_sql: str
    keys_sql: str  # rows of two hex texts: trace, span

    def count_spans(self) -> int:
        """How many spans can be read now; 0 before the server has made its tables."""
        rows = self._read(self.count_sql)
        return int(rows[0][0]) if rows else 0

    def list_keys(self) -> set[SpanKey]:
        """Which spans can be read now."""
        return {(bytes.fromhex(trace), bytes.fromhex(span)) for trace, span in self._read(self.keys_sql)}

    def _read(self, sql: str) -> list[tuple[str, str]]:
        if not self.path.exists():
            return []
        with closing(sqlite3.connect(self.path, timeout=30)) as connection:
            try:
                return connection.execute(sql).fetchall()
            except sqlite3.OperationalError as problem:
                if "no such table" in str(problem):
                    return []
                raise
