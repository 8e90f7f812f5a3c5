"""Traces in SQLite and PostgreSQL: plain SQL that both read alike, as models would cost ten times as much per step."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from operator import attrgetter
from typing import Any, get_type_hints

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from teachback_server.jobs.models import Step
from teachback_server.jobs.trace_store import (
    TRACES,
    NameSums,
    StepRow,
    TraceSums,
    add_name_sums,
    in_parts,
    make_name_sums,
    make_trace_sums,
)

TRACES_PER_QUERY = 500  # SQLite and PostgreSQL both take tens of thousands of parameters, but plan few faster

_COLUMNS = tuple(field.name for field in fields(StepRow))
_KEY = ("workflow_id", "trace_id", "span_id")
_TABLE = Step._meta.db_table
_read_row = attrgetter(*_COLUMNS)
_read_key = attrgetter(*_KEY)
_SELECT = f'SELECT {", ".join(_COLUMNS)} FROM "{_TABLE}"'
_OF_TRACES = "WHERE workflow_id = %s AND trace_id IN ({places})"
_ON_CONFLICT = (
    f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in _KEY)
    + f' WHERE excluded.request_id >= "{_TABLE}".request_id'
)
_REQUESTS = f'SELECT DISTINCT trace_id, request_id FROM "{_TABLE}" {_OF_TRACES} ORDER BY trace_id, request_id'
_WITH_ERROR = f'SELECT DISTINCT trace_id FROM "{_TABLE}" {_OF_TRACES} AND is_error AND kind = %s'
_UPSERT = f'INSERT INTO "{_TABLE}" ({", ".join(_COLUMNS)}) VALUES ({", ".join(["%s"] * len(_COLUMNS))}) {_ON_CONFLICT}'
_TYPES = {int: "bigint", float: "double precision", str: "text", bool: "boolean"}
_KINDS: tuple[Callable[[Any], object], ...] = tuple(get_type_hints(StepRow).values())
_ARRAYS = ", ".join(f"%s::{_TYPES[kind]}[]" for kind in get_type_hints(StepRow).values())
_UPSERT_COLUMNS = f'INSERT INTO "{_TABLE}" ({", ".join(_COLUMNS)}) SELECT * FROM unnest({_ARRAYS}) {_ON_CONFLICT}'
_DELETE = f'DELETE FROM "{_TABLE}" WHERE workflow_id = %s AND trace_id = %s'
_MOVE = (
    f'INSERT INTO "{_TABLE}" ({", ".join(_COLUMNS)})'
    f' SELECT %s, {", ".join(_COLUMNS[1:])} FROM "{_TABLE}" WHERE workflow_id = %s AND trace_id = %s {_ON_CONFLICT}'
)
_PAIRS = ", ".join(
    f"SUM(CASE WHEN kind = 'model' THEN {name} ELSE 0 END), MAX(CASE WHEN kind = 'model' THEN 0 ELSE {name} END)"
    for name in ("input_tokens", "output_tokens", "cost_usd")
)
_LATEST_NS = 9_200_000_000_000_000_000  # in the year 2261; a clock that is later would leave what an integer holds
_SUMS = f"""
SELECT trace_id, COUNT(*), SUM(CASE WHEN is_error THEN 1 ELSE 0 END), MIN(started_ns),
       MAX(started_ns + CASE WHEN started_ns + duration_ms * 1000000 < {_LATEST_NS}
                             THEN CAST(ROUND(duration_ms * 1000000) AS BIGINT) ELSE 0 END),
       {_PAIRS}
FROM "{_TABLE}" {_OF_TRACES} GROUP BY trace_id"""
_NAME_SUMS = f"""
SELECT name, MIN(kind), COUNT(*), COUNT(DISTINCT trace_id),
       COUNT(DISTINCT CASE WHEN is_error OR is_stuck THEN trace_id END), SUM(is_last), SUM(duration_ms)
FROM (SELECT name, kind, trace_id, is_error, is_stuck, duration_ms,
             CASE WHEN ROW_NUMBER() OVER (PARTITION BY trace_id ORDER BY started_ns DESC, span_id DESC) = 1
                  THEN 1 ELSE 0 END AS is_last
      FROM "{_TABLE}" {_OF_TRACES}) AS numbered
GROUP BY name"""


class SqlTraceStore:
    """A TraceStore over a database of django's. It holds no connection: threads may share one."""

    def __init__(self, alias: str = TRACES) -> None:
        self._alias = alias

    def write_steps(self, rows: Sequence[StepRow]) -> None:
        """Store steps, all or none."""
        if connections[self._alias].vendor == "postgresql":
            self._write_columns(rows)
            return
        with self._writing() as cursor:
            cursor.executemany(_UPSERT, list(map(_read_row, rows)))

    def list_steps(self, workflow_id: int, trace_id: str, *, most: int) -> list[StepRow]:
        """The steps of one trace in the order of their start, at most so many."""
        wanted = f"{_SELECT} WHERE workflow_id = %s AND trace_id = %s ORDER BY started_ns, span_id LIMIT %s"
        return [_make_row(values) for values in self._ask(wanted, workflow_id, trace_id, most)]

    def sum_traces(self, workflow_id: int, trace_ids: Sequence[str]) -> list[TraceSums]:
        """What the steps of each trace add up to; a trace without steps is not in the answer."""
        found = self._ask_in_parts(_SUMS, workflow_id, trace_ids)
        return [make_trace_sums(workflow_id, values) for values in found]

    def list_requests(self, workflow_id: int, trace_id: str) -> list[int]:
        """The requests that brought steps of this trace, oldest first."""
        return self.list_requests_by_trace(workflow_id, [trace_id]).get(trace_id, [])

    def list_requests_by_trace(self, workflow_id: int, trace_ids: Sequence[str]) -> dict[str, list[int]]:
        """The same for many traces at once; a trace without steps is not in the answer."""
        requests: dict[str, list[int]] = {}
        for trace_id, request_id in self._ask_in_parts(_REQUESTS, workflow_id, trace_ids):
            requests.setdefault(trace_id, []).append(request_id)
        return requests

    def move_trace(self, trace_id: str, *, from_workflow_id: int, to_workflow_id: int) -> None:
        """Give a trace to another workflow; what that one has of it already is replaced."""
        if from_workflow_id == to_workflow_id:
            return
        here = (from_workflow_id, trace_id)
        with self._writing() as cursor:
            cursor.execute(_MOVE, (to_workflow_id, *here))
            cursor.execute(_DELETE, here)

    def delete_traces(self, workflow_id: int, trace_ids: Sequence[str]) -> None:
        """Forget the steps of these traces."""
        with self._writing() as cursor:
            cursor.executemany(_DELETE, [(workflow_id, trace_id) for trace_id in trace_ids])

    def sum_names(self, workflow_id: int, trace_ids: Sequence[str]) -> list[NameSums]:
        """What the steps of these traces add up to by their name, in no order."""
        return add_name_sums(map(make_name_sums, self._ask_in_parts(_NAME_SUMS, workflow_id, trace_ids)))

    def find_traces_with_error(self, workflow_id: int, trace_ids: Sequence[str], kind: str) -> set[str]:
        """Those of these traces in which a step of this kind failed."""
        return {trace_id for (trace_id,) in self._ask_in_parts(_WITH_ERROR, workflow_id, trace_ids, kind)}

    def _write_columns(self, rows: Sequence[StepRow]) -> None:
        """All steps in one statement, a tenth of the time of one for each; there a step may come only once."""
        newest: dict[tuple[object, ...], StepRow] = {}
        for row in rows:
            key = _read_key(row)
            if key not in newest or row.request_id >= newest[key].request_id:
                newest[key] = row
        if not newest:
            return
        columns = zip(*map(_read_row, newest.values()), strict=True)
        # An array is of one type, and whoever counts in floats may bring whole numbers.
        arrays = [list(map(kind, column)) for kind, column in zip(_KINDS, columns, strict=True)]
        with self._writing() as cursor:
            cursor.execute(_UPSERT_COLUMNS, arrays)

    @contextmanager
    def _writing(self) -> Iterator[CursorWrapper]:
        with transaction.atomic(using=self._alias), connections[self._alias].cursor() as cursor:
            yield cursor

    def _ask(self, wanted: str, *values: int | str) -> list[tuple[Any, ...]]:
        with connections[self._alias].cursor() as cursor:
            cursor.execute(wanted, values)
            return list(cursor.fetchall())

    def _ask_in_parts(
        self, wanted: str, workflow_id: int, trace_ids: Sequence[str], *more: str
    ) -> Iterator[tuple[Any, ...]]:
        """Ask about many traces; none is asked about twice, so that sums of the parts are sums of the whole."""
        for part in in_parts(trace_ids, TRACES_PER_QUERY):
            yield from self._ask(wanted.format(places=", ".join(["%s"] * len(part))), workflow_id, *part, *more)


def _make_row(values: Sequence[Any]) -> StepRow:
    row = StepRow(**dict(zip(_COLUMNS, values, strict=True)))
    row.is_error, row.is_stuck = bool(row.is_error), bool(row.is_stuck)  # SQLite has no truth values
    return row
