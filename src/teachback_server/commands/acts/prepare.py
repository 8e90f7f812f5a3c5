"""Makes a data folder ready: tables up to date, and on demand an administrator with a link to sign in with."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.files import locks
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from teachback_server.jobs.trace_store import TRACES
from teachback_server.people.actions import find_or_make_administrator, make_one_time_link
from teachback_server.people.actor import SYSTEM
from teachback_server.project.databases import make_schema

LINK = "link"
_MIGRATING = 7_340_501  # any number that nothing else locks in the same database


def run(*arguments: str) -> None:
    """Bring the tables up to date; with `link`, print the token of a one-time link for the administrator."""
    bring_tables_up_to_date()
    if LINK in arguments:
        print(make_one_time_link(SYSTEM, find_or_make_administrator(SYSTEM)))


def bring_tables_up_to_date() -> None:
    """Run what is new of the migrations in each database. Of two that start at once, one waits for the other."""
    with (settings.HOME / "migrating.lock").open("w") as file:
        locks.lock(file, locks.LOCK_EX)
        with _taking_turns(connections[DEFAULT_DB_ALIAS]):
            call_command("migrate", verbosity=0, interactive=False)
            make_schema(connections[TRACES])
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
