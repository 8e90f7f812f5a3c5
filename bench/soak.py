"""Sends at one rate for minutes and shows whether anything grows: memory of each process, and the lag of digestion.

Run `python bench/soak.py --minutes 10 --rate 2000`. Every few seconds it notes what each process has allocated and
the age of the oldest request that waits to be digested. Growth is the slope of a line through the second half of the
run, when caches are warm; promised: none.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from crash import name_part
from intake_load.batches import LoadPlan, renew_forever
from intake_load.measuring import read_percentile, wait_until_readable
from intake_load.process_tree import list_tree, read_allocated_bytes, read_command, read_cpu_seconds
from intake_load.sending import Sender
from intake_load.servers import Server
from intake_load.teachback_home import TeachbackTables, find_tables, make_teachback

SPANS_A_BATCH = 500
LOOKS_EVERY_SECONDS = 5.0
# A line through noisy figures is never quite level: what a day of it would add up to must stay small.
MOST_GROWTH_MB_A_MINUTE = 1.0
MOST_LAG_GROWTH_SECONDS_A_MINUTE = 0.05


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one look saw."""

    minutes: float
    memory_mb: dict[str, float]  # by part
    lag_seconds: float
    undigested: int
    acknowledged: int  # spans so far
    cpu_seconds: float


def main() -> int:
    """Print the looks and the slopes; exit 1 where something grows."""
    arguments = _read_arguments()
    with tempfile.TemporaryDirectory(prefix="bench-soak-", ignore_cleanup_errors=True) as folder:
        server = make_teachback(Path(folder))
        try:
            server.start()
            return _soak(arguments, server, find_tables(Path(folder)))
        finally:
            server.stop()


def fit_slope(minutes: Sequence[float], figures: Sequence[float]) -> float:
    """Growth a minute: the slope of the least-squares line through the second half of the figures."""
    half = len(minutes) // 2
    if len(minutes) - half < 2:
        return 0.0
    return float(np.polyfit(minutes[half:], figures[half:], 1)[0])


def _soak(arguments: argparse.Namespace, server: Server, tables: TeachbackTables) -> int:
    sender = Sender(endpoint=server.endpoint)
    lanes = renew_forever(LoadPlan(seed=arguments.seed, batches=60, spans_a_batch=SPANS_A_BATCH))
    began, looks = time.monotonic(), []
    sender.start(lanes, batches_a_second=arguments.rate / SPANS_A_BATCH)
    while time.monotonic() < began + arguments.minutes * 60:
        time.sleep(LOOKS_EVERY_SECONDS)
        looks.append(_look(server, tables, sender, began))
        print(_row(looks[-1]), flush=True)
    sender.stop()
    stopped = time.monotonic()
    spans = sum(len(one.batch.keys) - one.refused_spans for one in sender.acknowledged)
    wait_until_readable(server, spans)
    minutes, used = (stopped - began) / 60, read_cpu_seconds(server.pid) - looks[0].cpu_seconds
    print(
        f"{spans} spans in {minutes:.1f} minutes ({spans / minutes / 60:.0f} a second), all readable "
        f"{time.monotonic() - stopped:.1f} s after the last; {spans / max(used, 0.01):.0f} spans per processor second; "
        f"answers p50 {read_percentile(sender.acknowledged, 0.5) * 1000:.0f} ms, "
        f"p99 {read_percentile(sender.acknowledged, 0.99) * 1000:.0f} ms; refusals {sender.refusals}"
    )
    return _judge(looks)


def _look(server: Server, tables: TeachbackTables, sender: Sender, began: float) -> Look:
    memory_mb: dict[str, float] = {}
    for pid in list_tree(server.pid):
        part = name_part(read_command(pid))
        memory_mb[part] = memory_mb.get(part, 0.0) + read_allocated_bytes(pid) / 1e6
    return Look(
        minutes=(time.monotonic() - began) / 60,
        memory_mb=memory_mb,
        lag_seconds=_find_lag_seconds(tables),
        undigested=tables.count_undigested(),
        acknowledged=len(sender.acknowledged) * SPANS_A_BATCH,
        cpu_seconds=read_cpu_seconds(server.pid),
    )


def _find_lag_seconds(tables: TeachbackTables) -> float:
    oldest = tables.find_oldest_undigested()
    if not oldest:
        return 0.0
    received_at = datetime.fromisoformat(oldest)
    return (datetime.now(UTC) - received_at.replace(tzinfo=received_at.tzinfo or UTC)).total_seconds()


def _judge(looks: Sequence[Look]) -> int:
    """Print the slopes; 1 where something grows."""
    minutes, grows = [look.minutes for look in looks], False
    for part in sorted({part for look in looks for part in look.memory_mb}):
        slope = fit_slope(minutes, [look.memory_mb.get(part, 0.0) for look in looks])
        grows |= slope > MOST_GROWTH_MB_A_MINUTE
        print(f"memory of {part:<8} {slope:+.2f} MB a minute, {looks[-1].memory_mb.get(part, 0.0):.0f} MB at the end")
    slope = fit_slope(minutes, [look.lag_seconds for look in looks])
    grows |= slope > MOST_LAG_GROWTH_SECONDS_A_MINUTE
    print(f"lag {slope:+.3f} s a minute, {max(look.lag_seconds for look in looks):.2f} s at the most")
    print("Something grows." if grows else "Nothing grows.")
    return 1 if grows else 0


def _row(look: Look) -> str:
    memory = "  ".join(f"{part} {size:.0f} MB" for part, size in sorted(look.memory_mb.items()))
    return (
        f"{look.minutes:>5.1f} min  {look.acknowledged:>9} spans  lag {look.lag_seconds:>6.2f} s"
        f"  waiting {look.undigested:>5}  cpu {look.cpu_seconds:>6.1f} s  {memory}"
    )


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="how long (10)")
    parser.add_argument("--rate", type=float, default=2000, help="spans a second (2000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other traces")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
