"""Opens the one trace store of this process, as the settings name it."""

from functools import cache

from teachback_server.jobs.sql_trace_store import SqlTraceStore
from teachback_server.jobs.trace_store import TraceStore


@cache
def open_trace_store() -> TraceStore:
    """The store that holds the steps of all traces; threads share it."""
    return SqlTraceStore()
