"""The three stores of traces, each on a database of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from absent import skip_or_fail
from postgres import make_database, start_postgres
from stores.clickhouse import LIBRARY, start_clickhouse
from teachback_server.jobs.clickhouse_trace_store import open_clickhouse
from teachback_server.jobs.models import Step
from teachback_server.jobs.sql_trace_store import SqlTraceStore
from teachback_server.jobs.trace_store import TraceStore
from teachback_server.project.databases import read_databases

KINDS = ("sqlite", "postgresql", "clickhouse")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL that runs for these tests alone."""
    with start_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def clickhouse_url() -> Iterator[str]:
    """The address of a ClickHouse that runs for these tests alone."""
    if not LIBRARY.exists():
        skip_or_fail("clickhouse", "There is no ClickHouse here: see .ci/run for how to get the library for this test.")
    with start_clickhouse() as url:
        yield url


@pytest.fixture(scope="module", params=KINDS)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[TraceStore]:
    """Each kind of store in turn, empty at first; tests keep apart by the workflows that they write to."""
    if request.param == "clickhouse":
        yield open_clickhouse(request.getfixturevalue("clickhouse_url"))
        return
    is_postgresql = request.param == "postgresql"
    url = make_database(request.getfixturevalue("postgres_url"), "steps") if is_postgresql else ""
    with django_db_blocker.unblock(), _open(request.param, url, tmp_path_factory.mktemp("store")) as alias:
        yield SqlTraceStore(alias)


@contextmanager
def _open(kind: str, url: str, folder: Path) -> Iterator[str]:
    alias = f"store_{kind}"
    traces = read_databases({"TEACHBACK_DATABASE_URL": url}, folder)["traces"]
    connections.settings[alias] = connections.configure_settings({"default": {}, alias: traces})[alias]
    connection = connections[alias]
    with connection.schema_editor() as editor:
        editor.create_model(Step)
    try:
        yield alias
    finally:
        connection.close()
        del connections[alias], connections.settings[alias]
