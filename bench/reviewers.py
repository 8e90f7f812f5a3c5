"""Twenty reviewers decide two thousand jobs at once over HTTP, while reviewers, connections and the server are killed.

Run `python bench/reviewers.py --store sqlite` or `--store postgres`. Promised: each job is decided exactly once, each
acknowledged decision is stored exactly once and as it was sent, none is lost, and no claim outlives its lease.
"""

import argparse
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from desk_load.seeding import make_desk
from intake_load.postgresql import run_postgresql
from intake_load.readable import ReadRows
from intake_load.servers import Server
from intake_load.teachback_home import find_tables

REVIEWER = Path(__file__).parent / "desk_load" / "reviewer.py"
KILLS_EVERY_SECONDS = 1.0
LONGEST_SECONDS = 1500


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the tables say in the end, beside what the reviewers wrote down."""

    jobs: int
    decided_once: int
    waiting: int
    claims_left: int
    sent: int
    acknowledged: int
    acknowledged_and_stored_once: int
    stored_otherwise: int
    refused: int
    undone: int
    decided_again_by_another: int
    again_by_the_same: int
    reviewer_kills: int
    server_kills: int
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether every promise was kept."""
        whole = self.jobs == self.decided_once and not self.waiting and not self.claims_left
        exact = self.acknowledged == self.acknowledged_and_stored_once and not self.stored_otherwise
        return whole and exact and not self.again_by_the_same


def main() -> int:
    """Print what was found; exit 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--server-kills", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-reviewers-", ignore_cleanup_errors=True))
        )
        url = stack.enter_context(run_postgresql(folder)) if wanted.store == "postgres" else ""
        server = make_desk(folder, people=wanted.reviewers, jobs=wanted.jobs, database_url=url)
        try:
            server.start()
            found = _play(wanted, server, folder, find_tables(folder, url).state)
        finally:
            server.stop()
    for name, figure in asdict(found).items():
        print(f"{name.replace('_', ' '):32}{figure:>10}")
    print("Every promise was kept." if found.holds else "A promise was broken.")
    if wanted.json:
        wanted.json.write_text(json.dumps(asdict(found)))
    return 0 if found.holds else 1


def _play(wanted: argparse.Namespace, server: Server, folder: Path, read: ReadRows) -> Found:
    draws, began = random.Random(wanted.seed), time.monotonic()
    journals = [folder / f"reviewer-{number}.journal" for number in range(wanted.reviewers)]
    crew = [_start(server.port, number, journal) for number, journal in enumerate(journals)]
    kills = server_kills = 0
    try:
        while _count_left(read) and time.monotonic() - began < LONGEST_SECONDS:
            time.sleep(KILLS_EVERY_SECONDS)
            left = _count_left(read)
            done = 1 - left / wanted.jobs
            if server_kills < wanted.server_kills and done > (server_kills + 1) / (wanted.server_kills + 1):
                server_kills += 1
                server.kill()
                server.start()
            victim = draws.randrange(wanted.reviewers)
            if crew[victim].poll() is None and draws.random() < 0.7:
                crew[victim].kill()
                crew[victim].wait()
                kills += 1
            for number, process in enumerate(crew):
                if process.poll() is not None and left:
                    crew[number] = _start(server.port, number, journals[number])
    finally:
        for process in crew:
            process.kill()
            process.wait()
    return _compare(read, journals, kills, server_kills, time.monotonic() - began)


def _start(port: int, number: int, journal: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(REVIEWER), str(port), str(number), str(journal)])


def _count_left(read: ReadRows) -> int:
    waiting = read("SELECT count(*) FROM job WHERE is_waiting") or [(1,)]
    again = read("SELECT count(*) FROM second_review WHERE is_waiting AND kind <> 'third'") or [(0,)]
    return int(str(waiting[0][0])) + int(str(again[0][0]))


def _compare(read: ReadRows, journals: Sequence[Path], kills: int, server_kills: int, seconds: float) -> Found:
    lines = [line.split("\t") for journal in journals for line in journal.read_text().splitlines()]
    sent = {key: (number, verdict) for what, key, number, verdict in lines if what == "sent"}
    acknowledged = [key for what, key, _, _ in lines if what == "acknowledged"]
    stored: Counter[str] = Counter()
    said: dict[str, tuple[str, str]] = {}
    for table, condition in (("review", ""), ("retraction", ""), ("second_review", "WHERE NOT t.is_waiting")):
        rows = read(
            f"SELECT t.idempotency_key, j.number, t.verdict FROM {table} t JOIN job j ON j.id = t.job_id {condition}"
        )
        for key, number, verdict in rows:
            stored[str(key)] += 1
            said[str(key)] = (str(number), str(verdict))
    # A second decision that was undone leaves its key to nobody: the trail alone keeps it.
    undone_again = int(str(read("SELECT count(*) FROM audit_event WHERE kind = 'second_review_taken_back'")[0][0]))
    missing = [key for key in acknowledged if stored[key] != 1]
    kept = len(acknowledged) - max(0, len(missing) - undone_again)
    held = read("SELECT count(*) FROM claim c JOIN job j ON j.id = c.job_id WHERE j.is_waiting")
    per_job = read("SELECT j.id, count(r.id) FROM job j LEFT JOIN review r ON r.job_id = j.id GROUP BY j.id")
    return Found(
        jobs=len(per_job),
        decided_once=sum(int(str(count)) == 1 for _, count in per_job),
        waiting=int(str(read("SELECT count(*) FROM job WHERE is_waiting")[0][0])),
        claims_left=int(str(held[0][0])),
        sent=len(sent),
        acknowledged=len(acknowledged),
        acknowledged_and_stored_once=kept,
        stored_otherwise=sum(said[key] != sent[key] for key in sent if key in said),
        refused=sum(what.startswith("refused") for what, *_ in lines),
        undone=sum(what == "undone" for what, *_ in lines),
        decided_again_by_another=int(str(read("SELECT count(*) FROM second_review WHERE NOT is_waiting")[0][0])),
        again_by_the_same=int(
            str(
                read(
                    "SELECT count(*) FROM second_review s JOIN review r ON r.job_id = s.job_id"
                    " WHERE s.reviewer_id = r.reviewer_id AND r.idempotency_key NOT LIKE 'settled-%'"
                )[0][0]
            )
        ),
        reviewer_kills=kills,
        server_kills=server_kills,
        seconds=round(seconds, 1),
    )


if __name__ == "__main__":
    sys.exit(main())
