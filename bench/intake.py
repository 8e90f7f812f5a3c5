"""Measures intake of traces: ours, Arize Phoenix and MLflow on the same batches, in one run.

Run `python bench/intake.py --all`, or `--target teachback`. The others must be installed beforehand, each in an
environment of its own, as they cannot share one:

    python -m venv RIVALS/phoenix && RIVALS/phoenix/bin/pip install arize-phoenix
    python -m venv RIVALS/mlflow && RIVALS/mlflow/bin/pip install mlflow
    python bench/intake.py --all --rivals RIVALS

`--target URL` sends to any server that takes OTLP over HTTP and measures what can be seen from outside.
Figures are processor seconds of the server's whole process tree, so they compare within one run, not between machines.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from intake_load.batches import LoadPlan, make_lanes
from intake_load.measuring import Cost, Loss, measure_cost, measure_loss, read_percentile
from intake_load.sending import Endpoint, Sender
from intake_load.servers import Server, make_mlflow, make_phoenix
from intake_load.teachback_home import make_teachback

TARGETS: dict[str, Callable[[Path, Path], Server]] = {
    "teachback": lambda rivals, folder: make_teachback(folder),
    "mlflow": make_mlflow,
    "phoenix": make_phoenix,
}
TIMES_RIVAL = {"mlflow": 10, "phoenix": 50}  # what we promise: so many times their spans per processor second
MOST_MEMORY_BYTES = 300_000_000
READABLE_WITHIN_SECONDS = 2.0
TRICKLE_SPANS_A_SECOND = 60


@dataclass(frozen=True, kw_only=True)
class Result:
    """The figures of one server."""

    name: str
    start_seconds: float
    cost: Cost
    burst: Loss | None
    trickle: Loss | None


def main() -> int:
    """Print the table; exit 1 where a promise about ours is broken."""
    arguments = _read_arguments()
    if arguments.target and arguments.target.startswith("http"):
        _measure_url(arguments)
        return 0
    names = list(TARGETS) if arguments.all else [arguments.target or "teachback"]
    results = []
    for name in names:
        results.append(_measure(name, arguments))
        print(_row(results[-1]) if len(results) > 1 else f"{_HEADER}\n{_row(results[-1])}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(result) for result in results], indent=1))
    broken = list_broken_promises(results)
    print("\n".join(broken) or "Every promise that this run can judge is kept.")
    return 1 if broken else 0


def list_broken_promises(results: list[Result]) -> list[str]:
    """What the issue promises of ours and this run does not show, in words."""
    by_name = {result.name: result for result in results}
    if (ours := by_name.get("teachback")) is None:
        return []
    broken = [
        f"Only {ratio:.1f} times the spans per processor second of {rival}; promised: {times}."
        for rival, times in TIMES_RIVAL.items()
        if rival in by_name
        and (ratio := ours.cost.spans_per_cpu_second / by_name[rival].cost.spans_per_cpu_second) < times
    ]
    if ours.cost.peak_memory_bytes > MOST_MEMORY_BYTES:
        broken.append(f"{ours.cost.peak_memory_bytes / 1e6:.0f} MB at the most; promised: 300.")
    if ours.cost.readable_after_seconds > READABLE_WITHIN_SECONDS:
        broken.append(f"Readable only after {ours.cost.readable_after_seconds:.1f} s; promised: 2.")
    lost = ours.cost.missing_spans + sum(loss.lost_spans for loss in (ours.burst, ours.trickle) if loss)
    if lost:
        broken.append(f"{lost} acknowledged spans are gone; promised: none.")
    return broken


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", help=f"{', '.join(TARGETS)}, or the address of a server that runs already")
    parser.add_argument("--all", action="store_true", help="all three, one after the other")
    parser.add_argument("--batches", type=int, default=24, help="requests to send (24)")
    parser.add_argument("--spans", type=int, default=500, help="spans in each (500)")
    parser.add_argument("--connections", type=int, default=4, help="exporters that send at once (4)")
    parser.add_argument("--agents", type=int, default=20, help="traces that grow side by side in each exporter (20)")
    parser.add_argument("--gzip", action="store_true", help="send compressed bodies")
    parser.add_argument("--shuffle", action="store_true", help="spans of a trace in any order, over all batches")
    parser.add_argument("--late-roots", type=float, default=0.1, help="share of roots that come batches later (0.1)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other traces")
    parser.add_argument("--burst-seconds", type=float, default=3.0, help="kill -9 after so long; 0: no kill")
    parser.add_argument(
        "--trickle-seconds", type=float, default=0.0, help="the same at 60 spans a second; 0: not tried"
    )
    parser.add_argument("--header", action="append", default=[], help="NAME: VALUE, sent to an address of your own")
    parser.add_argument("--rivals", type=Path, default=Path(tempfile.gettempdir()) / "bench", help="where they are")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    return parser.parse_args()


def make_plan(arguments: argparse.Namespace) -> LoadPlan:
    """The load that the arguments ask for, of traces that began some minutes ago."""
    return LoadPlan(
        seed=arguments.seed,
        batches=arguments.batches,
        lanes=arguments.connections,
        agents_at_once=arguments.agents,
        spans_a_batch=arguments.spans,
        late_roots=arguments.late_roots,
        is_shuffled=arguments.shuffle,
        is_gzipped=arguments.gzip,
        started_ns=time.time_ns() - 600_000_000_000,
    )


def _measure(name: str, arguments: argparse.Namespace) -> Result:
    plan = make_plan(arguments)
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-", ignore_cleanup_errors=True) as folder:
        server = TARGETS[name](arguments.rivals, Path(folder))
        try:
            server.start()
            start_seconds = server.start_seconds
            cost = measure_cost(server, plan)
            burst = _try_burst(server, plan, arguments)
            trickle = _try_trickle(server, plan, arguments)
        finally:
            server.stop()
    return Result(name=name, start_seconds=start_seconds, cost=cost, burst=burst, trickle=trickle)


def _try_burst(server: Server, plan: LoadPlan, arguments: argparse.Namespace) -> Loss | None:
    if not arguments.burst_seconds:
        return None
    return measure_loss(server, plan, seconds=arguments.burst_seconds)


def _try_trickle(server: Server, plan: LoadPlan, arguments: argparse.Namespace) -> Loss | None:
    if not arguments.trickle_seconds:
        return None
    small = LoadPlan(seed=plan.seed + 1, batches=400, lanes=2, spans_a_batch=10, started_ns=plan.started_ns)
    return measure_loss(server, small, seconds=arguments.trickle_seconds, spans_a_second=TRICKLE_SPANS_A_SECOND)


def _measure_url(arguments: argparse.Namespace) -> None:
    headers = dict(header.split(": ", 1) for header in arguments.header)
    sender = Sender(endpoint=Endpoint(url=arguments.target, headers=headers))
    lanes, began = make_lanes(make_plan(arguments)), time.monotonic()
    sender.start(lanes)
    sender.wait()
    spans = sum(len(one.batch.keys) - one.refused_spans for one in sender.acknowledged)
    print(f"{spans} spans acknowledged in {time.monotonic() - began:.2f} s; refusals by status: {sender.refusals}")
    if sender.acknowledged:
        half, most = (read_percentile(sender.acknowledged, share) for share in (0.50, 0.99))
        print(f"answers after {half * 1000:.0f} ms (median), {most * 1000:.0f} ms (p99)")


_HEADER = (
    "           spans  spans/CPU-s  CPU-s   idle  spans/s     p50 ms   p99 ms  readable after s  peak MB  idle MB"
    "  processes  missing  lost in burst    lost in trickle  start s"
)


def _row(result: Result) -> str:
    cost = result.cost
    cells = [
        f"{result.name:<10}",
        f"{cost.spans:>5}",
        f"{cost.spans_per_cpu_second:>12,.0f}",
        f"{cost.cpu_seconds:>6.1f}",
        f"{cost.idle_cpu_share:>6.1%}",
        f"{cost.spans_per_second:>8,.0f}",
        f"{cost.latency_p50_seconds * 1000:>10.0f}",
        f"{cost.latency_p99_seconds * 1000:>8.0f}",
        f"{cost.readable_after_seconds:>17.1f}",
        f"{cost.peak_memory_bytes / 1e6:>8.0f}",
        f"{cost.idle_memory_bytes / 1e6:>8.0f}",
        f"{cost.processes:>10}",
        f"{cost.missing_spans:>8}",
        f"{_show_loss(result.burst):>14}",
        f"{_show_loss(result.trickle):>18}",
        f"{result.start_seconds:>8.1f}",
    ]
    return " ".join(cells)


def _show_loss(loss: Loss | None) -> str:
    return f"{loss.lost_spans}/{loss.acknowledged_spans}" if loss else "-"


if __name__ == "__main__":
    sys.exit(main())
