"""Traces in ClickHouse, for more steps than one SQL database should hold; the newest version of each counts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from operator import attrgetter
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from django.db.utils import OperationalError

from teachback_server.jobs.trace_store import (
    NameSums,
    StepRow,
    TraceSums,
    add_name_sums,
    in_parts,
    make_name_sums,
    make_trace_sums,
)

TRACES_PER_QUERY = 1000  # their ids go into the address of the query
TABLE = "teachback_step"

_COLUMNS = tuple(field.name for field in fields(StepRow))
_read_row = attrgetter(*_COLUMNS)
# Every part is on disk before ClickHouse answers: a request that is marked as digested has its steps.
_MAKE_TABLE = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    workflow_id Int64, trace_id String, span_id String, parent_id String, request_id Int64,
    name String, kind LowCardinality(String), is_error Bool, model LowCardinality(String),
    started_ns Int64, duration_ms Float64, input_tokens Int64, output_tokens Int64, cost_usd Float64,
    convention LowCardinality(String), is_stuck Bool, detail String
) ENGINE = ReplacingMergeTree(request_id) ORDER BY (workflow_id, trace_id, span_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"""
_OF_TRACE = "workflow_id = {workflow_id:Int64} AND trace_id = {trace_id:String}"
_OF_TRACES = "workflow_id = {workflow_id:Int64} AND trace_id IN {trace_ids:Array(String)}"
_LIST = (
    f"SELECT {', '.join(_COLUMNS)} FROM {TABLE} FINAL WHERE {_OF_TRACE}"
    " ORDER BY started_ns, span_id LIMIT {most:UInt64}"
)
_PAIRS = ", ".join(
    f"sumIf({name}, kind = 'model'), maxIf({name}, kind != 'model')"
    for name in ("input_tokens", "output_tokens", "cost_usd")
)
_LATEST_NS = 9_200_000_000_000_000_000  # in the year 2261; a clock that is later would leave what an integer holds
_SUMS = f"""
SELECT trace_id, count(), countIf(is_error), min(started_ns),
       max(started_ns + if(started_ns + duration_ms * 1000000 < {_LATEST_NS},
                           toInt64(round(duration_ms * 1000000)), 0)),
       {_PAIRS}
FROM {TABLE} FINAL WHERE {_OF_TRACES} GROUP BY trace_id"""
_REQUESTS = f"SELECT DISTINCT trace_id, request_id FROM {TABLE} FINAL WHERE {_OF_TRACES} ORDER BY request_id"
_NAME_SUMS = f"""
SELECT name, min(kind), count(), uniqExact(trace_id), uniqExactIf(trace_id, is_error OR is_stuck),
       countIf(is_last), sum(duration_ms)
FROM (SELECT name, kind, trace_id, is_error, is_stuck, duration_ms,
             row_number() OVER (PARTITION BY trace_id ORDER BY started_ns DESC, span_id DESC) = 1 AS is_last
      FROM {TABLE} FINAL WHERE {_OF_TRACES})
GROUP BY name"""
_WITH_ERROR = f"SELECT DISTINCT trace_id FROM {TABLE} FINAL WHERE {_OF_TRACES} AND is_error AND kind = {{kind:String}}"
_MOVE = (
    f"INSERT INTO {TABLE} ({', '.join(_COLUMNS)})"
    f" SELECT {{to_workflow_id:Int64}}, {', '.join(_COLUMNS[1:])} FROM {TABLE} FINAL WHERE {_OF_TRACE}"
)
_KNOWN = f"SELECT DISTINCT trace_id FROM {TABLE} WHERE {_OF_TRACES}"
_DELETE = f"DELETE FROM {TABLE} WHERE {_OF_TRACES}"


class ClickHouseTraceStore:
    """A TraceStore over one ClickHouse table, which it makes where it is not there yet. Threads may share one."""

    def __init__(self, client: Client) -> None:
        self._client = client
        with _waited_out():
            client.command(_MAKE_TABLE)

    def write_steps(self, rows: Sequence[StepRow]) -> None:
        """Store steps in one part; which version of a step counts is settled when it is read."""
        if rows:
            with _waited_out():
                self._client.insert(TABLE, [_read_row(row) for row in rows], column_names=_COLUMNS)

    def list_steps(self, workflow_id: int, trace_id: str, *, most: int) -> list[StepRow]:
        """The steps of one trace in the order of their start, at most so many."""
        found = self._ask(_LIST, workflow_id=workflow_id, trace_id=trace_id, most=most)
        return [StepRow(**dict(zip(_COLUMNS, values, strict=True))) for values in found]

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
        """Give a trace to another workflow. A crash in between leaves it with both, and moving it again mends that."""
        if from_workflow_id == to_workflow_id:
            return
        here = {"workflow_id": from_workflow_id, "trace_id": trace_id, "to_workflow_id": to_workflow_id}
        with _waited_out():
            self._client.command(_MOVE, parameters=here)
        self.delete_traces(from_workflow_id, [trace_id])

    def delete_traces(self, workflow_id: int, trace_ids: Sequence[str]) -> None:
        """Forget the steps of these traces. Deleting is dear here, so it is first asked whether there are any."""
        known = [trace_id for (trace_id,) in self._ask_in_parts(_KNOWN, workflow_id, trace_ids)]
        for part in in_parts(known, TRACES_PER_QUERY):
            with _waited_out():
                self._client.command(_DELETE, parameters={"workflow_id": workflow_id, "trace_ids": part})

    def sum_names(self, workflow_id: int, trace_ids: Sequence[str]) -> list[NameSums]:
        """What the steps of these traces add up to by their name, in no order."""
        return add_name_sums(map(make_name_sums, self._ask_in_parts(_NAME_SUMS, workflow_id, trace_ids)))

    def find_traces_with_error(self, workflow_id: int, trace_ids: Sequence[str], kind: str) -> set[str]:
        """Those of these traces in which a step of this kind failed."""
        return {trace_id for (trace_id,) in self._ask_in_parts(_WITH_ERROR, workflow_id, trace_ids, kind=kind)}

    def _ask(self, wanted: str, **parameters: object) -> list[tuple[Any, ...]]:
        with _waited_out():
            return [tuple(row) for row in self._client.query(wanted, parameters=parameters).result_rows]

    def _ask_in_parts(
        self, wanted: str, workflow_id: int, trace_ids: Sequence[str], **more: str
    ) -> Iterator[tuple[Any, ...]]:
        for part in in_parts(trace_ids, TRACES_PER_QUERY):
            yield from self._ask(wanted, workflow_id=workflow_id, trace_ids=part, **more)


def open_clickhouse(url: str) -> ClickHouseTraceStore:
    """The store behind an address such as http://user:password@host:8123/database. Raises OperationalError."""
    with _waited_out():
        # Without a session of its own, as the threads of a process share it.
        client = clickhouse_connect.get_client(dsn=url, autogenerate_session_id=False)
    return ClickHouseTraceStore(client)


@contextmanager
def _waited_out() -> Iterator[None]:
    """Trouble with ClickHouse is the same to its callers as trouble with any other database."""
    try:
        yield
    except ClickHouseError as problem:
        raise OperationalError(f"ClickHouse could not do it: {problem}") from problem
