"""Measures one server: what intake costs it, how soon spans can be read, and what it loses when it is killed."""

import time
from dataclasses import dataclass, replace

from intake_load.batches import LoadPlan, make_lanes, renew_forever
from intake_load.process_tree import MemoryWatch, read_cpu_seconds, read_memory_bytes
from intake_load.sending import Acknowledged, Sender
from intake_load.servers import Server, wait_until

WARM_UP_BATCHES = 4
LEAST_ANSWERS = 8
READABLE_WITHIN_SECONDS = 600
_IS_IDLE_CPU_SECONDS = 0.1  # in one second
_SETTLES_WITHIN_SECONDS = 40
_UNCHANGED_FOR_SECONDS = 20.0  # a part that starts on a busy machine needs that long until it does anything


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a load cost a server."""

    spans: int
    spans_per_cpu_second: float
    cpu_seconds: float  # of the whole process tree, until everything acknowledged could be read
    idle_cpu_share: float  # of one core, before the load
    spans_per_second: float  # by the wall clock, as far as the sender saw it
    latency_p50_seconds: float
    latency_p99_seconds: float
    readable_after_seconds: float  # after the last answer
    peak_memory_bytes: int
    idle_memory_bytes: int
    processes: int
    refused_spans: int
    refusals: dict[int, int]
    missing_spans: int  # acknowledged and not readable, with no kill at all


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What a kill -9 of everything lost."""

    acknowledged_spans: int
    lost_spans: int


def measure_cost(server: Server, plan: LoadPlan) -> Cost:
    """Warm the server up, send the plan, and wait until all that was acknowledged can be read."""
    _warm_up(server, plan)
    idle_cpu_share = measure_idle_cpu_share(server.pid)
    idle_memory_bytes = read_memory_bytes(server.pid)
    lanes, before = make_lanes(plan), server.spans.count_spans()
    sender = Sender(endpoint=server.endpoint)
    with MemoryWatch(pid=server.pid) as watch:
        cpu_before, began = read_cpu_seconds(server.pid), time.monotonic()
        sender.start(lanes)
        sender.wait()
        spans = sum(len(one.batch.keys) - one.refused_spans for one in sender.acknowledged)
        wait_until_readable(server, before + spans)
        ended, cpu_seconds = time.monotonic(), read_cpu_seconds(server.pid) - cpu_before
    last_answer_at = max(one.at for one in sender.acknowledged)
    return Cost(
        spans=spans,
        spans_per_cpu_second=spans / max(cpu_seconds, 0.01),
        cpu_seconds=cpu_seconds,
        idle_cpu_share=idle_cpu_share,
        spans_per_second=spans / (last_answer_at - began),
        latency_p50_seconds=read_percentile(sender.acknowledged, 0.50),
        latency_p99_seconds=read_percentile(sender.acknowledged, 0.99),
        readable_after_seconds=ended - last_answer_at,
        peak_memory_bytes=watch.peak_bytes,
        idle_memory_bytes=idle_memory_bytes,
        processes=watch.processes,
        refused_spans=sum(one.refused_spans for one in sender.acknowledged),
        refusals=sender.refusals,
        missing_spans=len(sender.list_acknowledged_keys() - server.spans.list_keys()),
    )


def measure_loss(server: Server, plan: LoadPlan, *, seconds: float, spans_a_second: float = 0) -> Loss:
    """Send for some seconds, kill all of the server in the middle of it, start it again, and count what is gone.

    A server that answers slowly is given longer, so that there is something that it could lose.
    """
    sender, lanes = Sender(endpoint=server.endpoint), renew_forever(plan)
    sender.start(lanes, batches_a_second=spans_a_second / plan.spans_a_batch)
    time.sleep(seconds)
    wait_until(lambda: len(sender.acknowledged) >= LEAST_ANSWERS, f"{server.name} to acknowledge anything")
    server.kill()
    sender.stop()
    server.start()
    wait_until_unchanged(server)
    acknowledged = sender.list_acknowledged_keys()
    return Loss(acknowledged_spans=len(acknowledged), lost_spans=len(acknowledged - server.spans.list_keys()))


def wait_until_readable(server: Server, spans: int) -> None:
    """Wait until so many spans can be read."""
    wait_until(
        lambda: server.spans.count_spans() >= spans,
        f"{spans} spans of {server.name} to be readable",
        within_seconds=READABLE_WITHIN_SECONDS,
    )


def wait_until_unchanged(server: Server) -> None:
    """Wait until the number of readable spans has stayed the same for some seconds."""
    deadline = time.monotonic() + READABLE_WITHIN_SECONDS
    spans, since = -1, time.monotonic()
    while time.monotonic() < min(deadline, since + _UNCHANGED_FOR_SECONDS):
        if (now := server.spans.count_spans()) != spans:
            spans, since = now, time.monotonic()
        time.sleep(0.2)


def read_percentile(answers: list[Acknowledged], share: float) -> float:
    """The latency that this share of the answers does not exceed."""
    ordered = sorted(one.latency_seconds for one in answers)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure_idle_cpu_share(pid: int, *, over_seconds: float = 2.0) -> float:
    """What share of one core the server uses while nobody asks anything of it."""
    before = read_cpu_seconds(pid)
    time.sleep(over_seconds)
    return (read_cpu_seconds(pid) - before) / over_seconds


def _warm_up(server: Server, plan: LoadPlan) -> None:
    """Let every part of the server have loaded what it needs before anything is counted."""
    warming = Sender(endpoint=server.endpoint)
    before = server.spans.count_spans()
    warming.start(make_lanes(replace(plan, seed=-1, batches=WARM_UP_BATCHES)))
    warming.wait()
    wait_until_readable(server, before + len(warming.list_acknowledged_keys()))
    deadline = time.monotonic() + _SETTLES_WITHIN_SECONDS
    while measure_idle_cpu_share(server.pid, over_seconds=1.0) > _IS_IDLE_CPU_SECONDS and time.monotonic() < deadline:
        pass
