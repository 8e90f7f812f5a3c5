"""Kills processes of Teachback under load, time after time, and counts what was acknowledged and is not readable.

Run `python bench/crash.py --store sqlite --times 50`, or `--store postgres`. Each time one process, drawn at random
from all that `teachback up` started, or now and then all of them, gets kill -9 at a random moment. Whatever does not
come back by itself is started again. Promised: nothing that got a 2xx is missing, each time.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from intake_load.batches import Batch, LoadPlan, renew_forever
from intake_load.postgresql import run_postgresql
from intake_load.process_tree import kill_all, list_tree, read_command, wait_until_gone
from intake_load.sending import Sender
from intake_load.servers import Server
from intake_load.teachback_home import TeachbackTables, find_tables, make_teachback
from intake_load.traces import TraceId

ALL_AT_ONCE = "everything"
SHARE_OF_ALL_AT_ONCE = 0.15
SPANS_A_BATCH = 100
READABLE_WITHIN_SECONDS = 60.0
# How the parts of `up` can be told apart by their command lines; what is none of these is `up` itself.
PARTS = {"digest": " digest", "worker": " worker", "web": "commands.serving"}


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one kill did."""

    victim: str
    acknowledged_spans: int
    missing_spans: int
    readable_after_seconds: float  # after the sender had stopped


@dataclass(kw_only=True)
class Crashes:
    """The server under load, and what it has acknowledged so far."""

    server: Server
    tables: TeachbackTables
    lanes: Sequence[Iterator[Batch]]
    draws: Random
    batches_a_second: float
    roots: set[TraceId] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)  # processes of the server since its last start
    left_behind: int = 0  # processes that lived on although what started them was gone

    def play_round(self, load_seconds: float) -> Round:
        """Send for some seconds, kill something meanwhile, and wait until everything acknowledged is readable."""
        newest = self.tables.find_newest_request()
        sender = Sender(endpoint=self.server.endpoint)
        began = time.monotonic()
        sender.start(self.lanes, batches_a_second=self.batches_a_second)
        time.sleep(self.draws.uniform(0.2, load_seconds * 0.8))
        victim = self._kill_something()
        while time.monotonic() < began + load_seconds:
            time.sleep(0.1)
            self._start_again_where_needed()
        sender.stop()
        self.roots |= sender.list_acknowledged_roots()
        stopped = time.monotonic()
        missing = self._wait_for(sender, newest)
        return Round(
            victim=victim,
            acknowledged_spans=len(sender.list_acknowledged_keys()),
            missing_spans=missing,
            readable_after_seconds=time.monotonic() - stopped,
        )

    def count_missing_jobs(self) -> int:
        """Traces whose root was acknowledged and that are no job, after some time to become one."""
        deadline = time.monotonic() + READABLE_WITHIN_SECONDS
        while (missing := len(self.roots - self.tables.list_job_traces())) and time.monotonic() < deadline:
            time.sleep(0.5)
        return missing

    def _kill_something(self) -> str:
        tree = list_tree(self.server.pid)
        self.seen.update(tree)
        if self.draws.random() < SHARE_OF_ALL_AT_ONCE:
            self.server.kill()
            self._start_again_where_needed()
            return ALL_AT_ONCE
        pid = self.draws.choice(tree)
        victim = name_part(read_command(pid))
        os.kill(pid, signal.SIGKILL)
        return victim

    def _start_again_where_needed(self) -> None:
        """`up` starts its parts again by itself; where it ended, its parts end with it and we start it again."""
        if self.server.is_running():
            return
        left = wait_until_gone(sorted(self.seen))
        self.seen.clear()
        self.left_behind += len(left)
        kill_all(left)
        self.server.start()

    def _wait_for(self, sender: Sender, newest: int) -> int:
        """`up` may end only now, when it has seen that a part is gone and has stopped the others."""
        acknowledged, deadline = sender.list_acknowledged_keys(), time.monotonic() + READABLE_WITHIN_SECONDS
        while missing := len(acknowledged - self.tables.list_keys_since(newest)):
            if time.monotonic() > deadline:
                return missing
            self._start_again_where_needed()
            time.sleep(0.1)
        return 0


def name_part(command: str) -> str:
    """Which part of the product a command line belongs to."""
    return next((name for name, mark in PARTS.items() if mark in command), "up")


def main() -> int:
    """Print each round and the sum; exit 1 where anything is missing."""
    arguments = _read_arguments()
    with (
        tempfile.TemporaryDirectory(prefix="bench-crash-", ignore_cleanup_errors=True) as folder,
        _open_store(arguments.store, Path(folder)) as url,
    ):
        server = make_teachback(Path(folder), url)
        try:
            server.start()
            return _play(arguments, server, find_tables(Path(folder), url))
        finally:
            server.stop()


def _play(arguments: argparse.Namespace, server: Server, tables: TeachbackTables) -> int:
    plan = LoadPlan(seed=arguments.seed, batches=100, spans_a_batch=SPANS_A_BATCH)
    crashes = Crashes(
        server=server,
        tables=tables,
        lanes=renew_forever(plan),
        draws=Random(arguments.seed),
        batches_a_second=arguments.rate / SPANS_A_BATCH,
    )
    began, rounds = time.monotonic(), []
    for number in range(1, arguments.times + 1):
        rounds.append(crashes.play_round(arguments.load_seconds))
        print(_row(number, rounds[-1]), flush=True)
    missing_jobs = crashes.count_missing_jobs()
    missing = sum(each.missing_spans for each in rounds)
    victims = ", ".join(f"{name} {times}" for name, times in Counter(each.victim for each in rounds).most_common())
    print(
        f"{arguments.store}: {len(rounds)} kills in {time.monotonic() - began:.0f} s ({victims}); "
        f"{sum(each.acknowledged_spans for each in rounds)} spans acknowledged, {missing} missing; "
        f"{len(crashes.roots)} roots acknowledged, {missing_jobs} without a job; "
        f"{crashes.left_behind} processes left behind"
    )
    return 1 if missing or missing_jobs or crashes.left_behind else 0


@contextmanager
def _open_store(store: str, folder: Path) -> Iterator[str]:
    """The address of the database; empty for SQLite."""
    if store == "sqlite":
        yield ""
        return
    with run_postgresql(folder) as url:
        yield url


def _row(number: int, each: Round) -> str:
    return (
        f"{number:>3}  {each.victim:<10} {each.acknowledged_spans:>7} acknowledged {each.missing_spans:>6} missing"
        f"   all readable {each.readable_after_seconds:>5.1f} s after the last answer"
    )


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--times", type=int, default=50, help="kills (50)")
    parser.add_argument("--rate", type=float, default=3000, help="spans a second (3000)")
    parser.add_argument("--load-seconds", type=float, default=2.5, help="load of each round (2.5)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other moments and other victims")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
