"""Shows what the SDK costs its host: CPU per step against the plain OpenTelemetry SDK, and time added to each job.

Run `python bench/sdk.py`. The plain side makes the same spans with the same attributes, and its batch processor hands
them to an exporter in memory, which neither encodes nor sends. Ours encodes, compresses and sends all of them to a
server in another process, and the CPU of all its threads counts. Both take turns in one process, so that whatever else
the machine does meets both. A job is one span with three steps. Exits with 1 where a target is missed.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import teachback
from sdk_load.sink import MODES, start_sink

LARGEST_RATIO = 1.2
LARGEST_P99_MS = 1.0
SPANS_A_JOB = 4
TICKET = {"id": "t-1", "text": "Where is my order A1234? It was promised for Monday.", "customer": "c-77"}
ORDER = {"number": "A1234", "state": "shipped", "expected": "2026-03-04"}
OUTPUT = {"queue": "delivery", "order": "A1234"}
PROMPT = "Read the message and name the order that it is about."


def main() -> int:
    """Print the figures; exit 1 where one misses its target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2000, help="jobs of each side in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--timed-jobs", type=int, default=1000, help="jobs timed with each kind of server")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        is_cheap = show_cpu(Path(home), arguments.jobs, arguments.rounds)
        is_quick = show_added_time(Path(home), arguments.timed_jobs)
    return 0 if is_cheap and is_quick else 1


def show_cpu(home: Path, jobs: int, rounds: int) -> bool:
    """CPU of both sides; True where ours keeps its target."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": "bench"}))
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=10 * SPANS_A_JOB * jobs))
    plain_job = make_plain_job(provider)
    plain, ours = [], []
    with start_sink("up") as address:
        teachback.configure(url=address, key="tb_bench", home=home / "cpu", release_seconds=3600)
        our_job = make_our_job()
        for job in (plain_job, our_job):  # what is done once only is no cost per step
            repeat(job, 200)
        for _ in range(rounds):
            plain.append(measure_cpu(plain_job, jobs, lambda: provider.force_flush() and exporter.clear()))
            ours.append(measure_cpu(our_job, jobs, lambda: teachback.flush(timeout_seconds=60)))
        delivery = teachback.delivery()
    provider.shutdown()
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, plain, strict=True))
    print(f"CPU per span, median of {rounds} rounds of {jobs:,} jobs with {SPANS_A_JOB} spans each")
    print(f"  plain OpenTelemetry SDK, nothing encoded or sent   {statistics.median(plain) * 1e6:6.1f} µs")
    print(f"  Teachback, encoded, compressed and sent            {statistics.median(ours) * 1e6:6.1f} µs")
    print(
        f"  ratio {ratio:.2f} (at most {LARGEST_RATIO}); {delivery.sent_spans:,} spans arrived, "
        f"{delivery.dropped_spans} were dropped"
    )
    return ratio <= LARGEST_RATIO and delivery.dropped_spans == 0


def show_added_time(home: Path, jobs: int) -> bool:
    """Time that a job of three steps takes more than its bare work, with each kind of server and shipped settings.

    On a machine that does other things, any work of this length is interrupted now and then. So as much plain work
    takes its turn after each job, and p99 misses its target only where it is also clearly above that.
    """
    print(f"\nTime added to a job with three steps, {jobs:,} jobs, 200 a second")
    print(f"  {'server':<10} {'p50':>8} {'p99':>8} {'most':>8}   as much plain work: p99")
    is_quick = True
    for mode in MODES:
        with start_sink(mode) as address:
            teachback.configure(url=address, key="tb_bench", home=home / mode, exit_seconds=0.1)
            job = make_our_job()
            repeat(job, 20)
            bare_ms = statistics.median(time_jobs([lambda: work_bare(TICKET)], 100)[0])
            alike = make_plain_work(statistics.median(time_jobs([job], 100)[0]))
            timed, plain = time_jobs([job, alike], jobs)
        added = [one - bare_ms for one in timed]
        p99, noise = percentile(added, 99), percentile(plain, 99)
        is_quick &= p99 < max(LARGEST_P99_MS, 1.5 * noise)
        print(f"  {mode:<10} {percentile(added, 50):8.3f} {p99:8.3f} {max(added):8.3f}   {noise:8.3f} ms")
    teachback.configure(url="", key="", home=None)
    print(f"  (p99 under {LARGEST_P99_MS} ms)")
    return is_quick


def make_plain_work(milliseconds: float) -> Callable[[], object]:
    """Work of this length that waits for nothing."""
    started, turns = time.perf_counter(), 0
    while (time.perf_counter() - started) * 1000 < 20:
        json.dumps(TICKET)
        turns += 1
    wanted = max(1, round(turns * milliseconds / 20))
    return lambda: repeat(lambda: json.dumps(TICKET), wanted)


def make_plain_job(provider: TracerProvider) -> Callable[[], object]:
    """The job with the plain SDK."""
    tracer = provider.get_tracer("bench")

    def step(name: str, attributes: dict[str, str | bool]) -> None:
        with tracer.start_as_current_span(name) as span:
            for key, value in attributes.items():
                span.set_attribute(key, value)

    def job() -> object:
        with tracer.start_as_current_span("support-desk") as span:
            span.set_attribute("teachback.workflow", "support-desk")
            span.set_attribute("teachback.job.id", TICKET["id"])
            span.set_attribute("teachback.input", json.dumps(TICKET))
            step(
                "read",
                {
                    "teachback.workflow": "support-desk",
                    "teachback.step.kind": "model",
                    "teachback.step.input": json.dumps(PROMPT),
                    "teachback.step.output": json.dumps("A1234"),
                },
            )
            for _ in range(2):
                step(
                    "find order",
                    {
                        "teachback.workflow": "support-desk",
                        "teachback.step.kind": "tool",
                        "teachback.tool.name": "find order",
                        "teachback.tool.has_side_effects": False,
                        "teachback.tool.arguments": json.dumps({"number": "A1234"}),
                        "teachback.tool.result": json.dumps(ORDER),
                    },
                )
            span.set_attribute("teachback.output", json.dumps(OUTPUT))
            span.set_attribute("teachback.status", "finished")
            span.set_attribute("teachback.routing", "review")
            span.set_attribute("teachback.routing.reason", "No release is known here, so everything is reviewed.")
            span.set_attribute("teachback.review_probability", 1.0)
        return OUTPUT

    return job


def make_our_job() -> Callable[[], object]:
    """The same job with Teachback."""
    desk = teachback.workflow("support-desk")

    @teachback.tool("find order")
    def find_order(number: str) -> dict[str, str]:
        return ORDER

    def work(ticket: dict[str, str]) -> dict[str, str]:
        with teachback.step("read", kind="model", input=PROMPT) as step:
            step.output = "A1234"
        for _ in range(2):
            find_order("A1234")
        return OUTPUT

    return lambda: desk.run(work, TICKET, id=TICKET["id"])


def work_bare(ticket: dict[str, str]) -> dict[str, str]:
    """What the job does without anybody looking."""
    return OUTPUT


def repeat(job: Callable[[], object], times: int) -> None:
    """Do a job so many times."""
    for _ in range(times):
        job()


def measure_cpu(job: Callable[[], object], jobs: int, finish: Callable[[], object]) -> float:
    """CPU-seconds of all threads per span, until nothing is left to do."""
    before = time.process_time()
    repeat(job, jobs)
    finish()
    return (time.process_time() - before) / (jobs * SPANS_A_JOB)


def time_jobs(works: Sequence[Callable[[], object]], times: int) -> list[list[float]]:
    """Milliseconds of each piece of work, all in turn, with a pause before each in which other threads work."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(times):
        for work, list_of_it in zip(works, taken, strict=True):
            time.sleep(0.005 / len(works))
            started = time.perf_counter()
            work()
            list_of_it.append((time.perf_counter() - started) * 1000)
    return taken


def percentile(values: list[float], percent: int) -> float:
    """The value below which so many percent lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    sys.exit(main())
