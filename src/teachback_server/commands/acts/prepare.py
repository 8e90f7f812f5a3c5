"""Makes a data folder ready: tables up to date, and on demand an administrator with a link to sign in with."""

from django.conf import settings
from django.core.files import locks
from django.core.management import call_command

from teachback_server.jobs.trace_store import TRACES
from teachback_server.people.actions import find_or_make_administrator, make_one_time_link
from teachback_server.people.actor import SYSTEM

LINK = "link"


def run(*arguments: str) -> None:
    """Bring the tables up to date; with `link`, print the token of a one-time link for the administrator."""
    bring_tables_up_to_date()
    if LINK in arguments:
        print(make_one_time_link(SYSTEM, find_or_make_administrator(SYSTEM)))


def bring_tables_up_to_date() -> None:
    """Run what is new of the migrations in each database. Of two that start at once, one waits for the other."""
    with (settings.HOME / "migrating.lock").open("w") as file:
        locks.lock(file, locks.LOCK_EX)
        call_command("migrate", verbosity=0, interactive=False)
        # Only the room of jobs keeps something there, and the history of all the others takes a second to go through.
        call_command("migrate", "jobs", database=TRACES, verbosity=0, interactive=False)
