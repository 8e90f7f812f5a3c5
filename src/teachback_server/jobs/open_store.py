"""Opens the one trace store of this process, as the settings name it."""

from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from teachback_server.jobs.sql_trace_store import SqlTraceStore
from teachback_server.jobs.trace_store import TraceStore

_OPEN_CLICKHOUSE = "teachback_server.jobs.clickhouse_trace_store.open_clickhouse"


@cache
def open_trace_store() -> TraceStore:
    """The store that holds the steps of all traces; threads share it."""
    if not settings.CLICKHOUSE_URL:
        return SqlTraceStore()
    try:
        # By its name, as its client is an extra that most installations do without.
        open_clickhouse = import_string(_OPEN_CLICKHOUSE)
    except ImportError as problem:
        raise ImproperlyConfigured(
            "TEACHBACK_TRACES_URL names a ClickHouse. Its client is missing: pip install 'teachback[clickhouse]'"
        ) from problem
    store: TraceStore = open_clickhouse(settings.CLICKHOUSE_URL)
    return store
