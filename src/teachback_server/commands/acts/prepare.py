"""Makes a data folder ready: tables up to date, and on demand an administrator with a link to sign in with."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from django.conf import settings
from django.core.files import locks
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import OperationalError

from teachback_server.jobs.trace_store import TRACES
from teachback_server.people.actions import find_or_make_administrator, make_one_time_link
from teachback_server.people.actor import SYSTEM
from teachback_server.project.databases import DATABASE_URL, TRACES_SCHEMA, TRACES_URL

LINK = "link"
_MIGRATING = 7_340_501  # any number that nothing else locks in the same database


def run(*arguments: str) -> None:
    """Bring the tables up to date; with `link`, print the token of a one-time link for the administrator."""
    bring_tables_up_to_date()
    if LINK in arguments:
        print(make_one_time_link(SYSTEM, find_or_make_administrator(SYSTEM)))


def bring_tables_up_to_date() -> None:
    """Run what is new of the migrations in each database. Of two that start at once, one waits for the other."""
    with (settings.HOME / "migrating.lock").open("w") as file, _in_plain_words():
        locks.lock(file, locks.LOCK_EX)
        with _taking_turns(connections[DEFAULT_DB_ALIAS]):
            call_command("migrate", verbosity=0, interactive=False)
            _make_schema(connections[TRACES])
            # Only the room of jobs keeps something there, and the history of all others takes a second to go through.
            call_command("migrate", "jobs", database=TRACES, verbosity=0, interactive=False)


@contextmanager
def _taking_turns(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Machines that share a PostgreSQL wait for each other there, as they share no file."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATING])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATING])


@contextmanager
def _in_plain_words() -> Iterator[None]:
    """A database that does not answer is the first thing that goes wrong on a new machine."""
    try:
        yield
    except OperationalError as problem:
        raise click.ClickException(
            f"The database cannot be used: {str(problem).strip()}\nSee that it runs, and that {DATABASE_URL} and"
            f" {TRACES_URL} name it as it is. Without them everything is kept in files in the data folder."
        ) from problem


def _make_schema(connection: BaseDatabaseWrapper) -> None:
    """On PostgreSQL the tables of traces stand in a schema of their own, as both connections may share a database."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {TRACES_SCHEMA}")
