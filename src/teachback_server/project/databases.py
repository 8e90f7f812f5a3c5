"""Reads from the environment where the databases are: files in the data folder, PostgreSQL, or ClickHouse."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

DATABASE_URL = "TEACHBACK_DATABASE_URL"
TRACES_URL = "TEACHBACK_TRACES_URL"
TRACES_SCHEMA = "traces"  # of PostgreSQL, in which the tables of traces stand apart from those of the state
POSTGRESQL = "teachback_server.project.postgresql"
_POSTGRESQL_SCHEMES = ("postgres", "postgresql")
_CLICKHOUSE_SCHEMES = ("http", "https")
_KEEP_CONNECTION_SECONDS = 60

Connection: TypeAlias = dict[str, object]  # one entry of django's DATABASES


def read_databases(environment: Mapping[str, str], home: Path) -> dict[str, Connection]:
    """The connections `default` and `traces`. Raises ImproperlyConfigured for an address that cannot be used."""
    state_url, traces_url = environment.get(DATABASE_URL, ""), environment.get(TRACES_URL, "")
    # A backtest may be repeated from its file, so it may trade a power cut's last second for speed; a decision may not.
    synchronous = environment.get("TEACHBACK_SQLITE_SYNCHRONOUS", "FULL")
    traces_url = state_url if read_clickhouse_url(environment) or not traces_url else traces_url
    return {
        "default": (
            _postgresql(DATABASE_URL, state_url, "public")
            if state_url
            else _sqlite(home / "state.sqlite3", synchronous)
        ),
        "traces": (
            _postgresql(TRACES_URL, traces_url, TRACES_SCHEMA)
            if traces_url
            else _sqlite(home / "traces.sqlite3", synchronous)
        ),
    }


def read_clickhouse_url(environment: Mapping[str, str]) -> str:
    """Where the steps of traces go if not into the database of the alias `traces`; empty: they do go there."""
    url = environment.get(TRACES_URL, "")
    scheme = urlsplit(url).scheme
    if not url or scheme in _POSTGRESQL_SCHEMES:
        return ""
    if scheme not in _CLICKHOUSE_SCHEMES:
        raise ImproperlyConfigured(
            f"{TRACES_URL} starts with '{scheme}:'. Write http://user:password@host:8123/database for ClickHouse, or "
            "postgres://user:password@host/database."
        )
    return url


def _sqlite(path: Path, synchronous: str) -> Connection:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": None,  # opening a file anew for every request costs a tenth of a small one
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; PRAGMA wal_autocheckpoint=20000;"
                " PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-1000;"
            ),
        },
    }


def _postgresql(variable: str, url: str, schema: str) -> Connection:
    """Its query, such as ?sslmode=require, goes to PostgreSQL's client library as it stands."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise ImproperlyConfigured(f"{variable} cannot be read: {problem}.") from problem
    if find_spec("psycopg") is None:
        raise ImproperlyConfigured(
            f"{variable} names a PostgreSQL. Its client is missing: pip install 'teachback[postgres]'"
        )
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in _POSTGRESQL_SCHEMES or not name:
        raise ImproperlyConfigured(
            f"{variable} names no PostgreSQL database. Write postgres://user:password@host:5432/database, or leave it "
            "out to keep everything in SQLite files in the data folder."
        )
    return {
        "ENGINE": POSTGRESQL,
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "CONN_MAX_AGE": _KEEP_CONNECTION_SECONDS,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**dict(parse_qsl(parts.query)), "options": f"-c search_path={schema}"},
    }
