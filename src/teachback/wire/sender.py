"""Brings encoded spans to the server by threads of its own, so that the program never waits for network or disk."""

import random
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from teachback.configuration import Settings
from teachback.faults import OnceLog, log, note_fault
from teachback.json_types import Json, content_hash
from teachback.wire.delivering import Delivered, Fate, deliver
from teachback.wire.delivery import Delivery
from teachback.wire.otlp_spans import join_spans
from teachback.wire.outbox import Outbox
from teachback.wire.parcels import Parcel, is_due, make_call_parcel, make_trace_parcel, postpone
from teachback.wire.span_queue import SpanQueue
from teachback.wire.spool import Spool

_SCOPE_NAME = "teachback"
_BATCH_SPANS = 512
_BATCH_BYTES = 1_000_000
_POLL_SECONDS = 0.1
_LOOK_SECONDS = 2.0  # how often an idle sender looks for what is due on disk, its own and that of other processes
_LONGEST_REST_SECONDS = 60.0
_PACKING_SECONDS = 2.0  # at exit
_MOST_OUTCOMES = 100_000  # that wait for the packer
_MOST_TRIES = 24  # of an outcome whose job the server does not know: more than an hour


@dataclass(kw_only=True)
class _Counts:
    """Written by the sending thread only, but for what the program itself has to drop."""

    sent_spans: int = 0
    refused_spans: int = 0
    sent_outcomes: int = 0
    refused_outcomes: int = 0
    dropped_outcomes: int = 0
    last_problem: str = ""


class Sender:
    """The way to one server with one key. Its threads start with the first record and again in a forked child."""

    def __init__(self, settings: Settings, key: str, resource: bytes) -> None:
        self._settings = settings
        self._key = key
        self._resource = resource
        self.begin()

    def begin(self) -> None:
        """Start with empty hands: in a forked child, the parent still has and sends what was recorded before."""
        self._queue = SpanQueue(self._settings.most_queued_bytes)
        self._outcomes: deque[Parcel] = deque()
        self._outbox = Outbox(self._find_spool())
        self._counts = _Counts()
        self._refusal_log = OnceLog()
        self._drop_log = OnceLog()
        self._failures = 0
        self._resting_until = 0.0
        self._is_hurried = False
        self._is_started = False
        self._is_packing = False
        self._start_lock = threading.RLock()
        self._stop_packing = threading.Event()
        self._stop_sending = threading.Event()
        self._has_work = threading.Event()
        self._packer = threading.Thread(target=self._pack_until_stopped, name="teachback-packer", daemon=True)
        self._carrier = threading.Thread(target=self._send_until_stopped, name="teachback-sender", daemon=True)

    def add_span(self, span: bytes) -> None:
        """Take one encoded span."""
        self._queue.add(span)
        self._set_going()

    def add_outcome(self, path: str, content: Json) -> None:
        """Take a JSON call. While the server does not know the job, it is tried again for more than an hour."""
        self._outcomes.append(make_call_parcel(path, content))  # the packer goes on with it: it may have to go to disk
        if len(self._outcomes) > _MOST_OUTCOMES:
            self._outcomes.popleft()
            self._counts.dropped_outcomes += 1
        self._set_going()

    def start(self) -> None:
        """Start the threads, if they do not run. Also sends what an earlier process left on disk."""
        with self._start_lock:
            if self._is_started or self._stop_packing.is_set():
                return
            self._is_started = True
            try:
                self._packer.start()
                self._carrier.start()
            except RuntimeError:  # the interpreter is shutting down: `close` packs by itself
                log.debug("Teachback started no thread at exit.")
        self._close_with_forked_child()

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until the server has everything; False where it has not within the time."""
        self._is_hurried = True
        self.start()
        deadline = time.monotonic() + timeout_seconds
        while not self._is_empty():
            if time.monotonic() >= deadline:
                return False
            self._has_work.set()
            time.sleep(0.01)
        return True

    def hurry(self) -> None:
        """Send what waits for company without waiting longer."""
        self._is_hurried = True

    def close(self) -> None:
        """Send for a moment, then put the rest on disk, as all that comes after it."""
        self._stop_packing.set()
        if not self._is_started or self._stop_sending.is_set():
            return
        if self._packer.is_alive():
            self._packer.join(_PACKING_SECONDS)
        self._pack()  # what was added since, or all of it where no thread could start
        deadline = time.monotonic() + self._settings.exit_seconds
        self._has_work.set()
        while self._outbox.has_due() and time.monotonic() < deadline and not self._is_resting():
            time.sleep(0.005)
        self._stop_sending.set()
        self._has_work.set()
        self._outbox.put_on_disk()

    def count(self) -> Delivery:
        """What became of the records so far."""
        counts, outbox = self._counts, self._outbox
        return Delivery(
            sent_spans=counts.sent_spans,
            waiting_spans=len(self._queue) + outbox.spans,
            spooled_parcels=len(outbox.spool.list_names()) if outbox.spool else 0,
            refused_spans=counts.refused_spans,
            dropped_spans=self._queue.dropped + outbox.dropped_spans,
            sent_outcomes=counts.sent_outcomes,
            refused_outcomes=counts.refused_outcomes,
            dropped_outcomes=counts.dropped_outcomes + outbox.dropped_outcomes,
            last_problem=counts.last_problem,
        )

    def _set_going(self) -> None:
        if self._stop_packing.is_set():  # the last acts of a program that ends, or a job that outlived its settings
            self._pack()
            self._outbox.put_on_disk()
        elif not self._is_started:
            self.start()

    def _find_spool(self) -> Spool | None:
        if self._settings.home is None:
            return None
        destination = content_hash([self._settings.base_url, self._key])
        return Spool(self._settings.home / "unsent" / destination, self._settings.most_spooled_bytes)

    def _close_with_forked_child(self) -> None:
        """A child of `multiprocessing` leaves without `atexit`; it has a list of its own for such last acts."""
        exits = sys.modules.get("multiprocessing.util")
        if exits is not None:
            exits.Finalize(None, self.close, exitpriority=0)

    def _is_empty(self) -> bool:
        spool = self._outbox.spool
        waits = len(self._queue) or len(self._outcomes) or self._is_packing or len(self._outbox)
        return not waits and not (spool and spool.list_names())

    def _is_resting(self) -> bool:
        return time.monotonic() < self._resting_until

    def _pack_until_stopped(self) -> None:
        seconds = self._settings.batch_seconds
        while not self._stop_packing.wait(min(_POLL_SECONDS, seconds)):
            if (
                self._is_hurried
                or self._outcomes
                or self._queue.is_due(spans=_BATCH_SPANS, size=_BATCH_BYTES, seconds=seconds)
            ):
                self._is_hurried = False
                _keep_going("pack records", self._pack)
            self._say_dropped()

    def _pack(self) -> None:
        self._is_packing = True  # before the queue is empty, so that nobody sees both empty meanwhile
        try:
            for batch in _list_batches(self._queue.take_all()):
                self._outbox.add(make_trace_parcel(join_spans(self._resource, _SCOPE_NAME, batch), len(batch)))
                self._has_work.set()
            while self._outcomes:
                self._outbox.add(self._outcomes.popleft())
                self._has_work.set()
        finally:
            self._is_packing = False

    def _say_dropped(self) -> None:
        """Say once that records are lost; `count` knows how many."""
        outbox = self._outbox
        if self._queue.dropped + self._counts.dropped_outcomes + outbox.dropped_spans + outbox.dropped_outcomes:
            self._drop_log.warn(
                "Teachback drops the oldest unsent records: there is no more room for them in memory or on disk. "
                "teachback.delivery() counts them."
            )

    def _send_until_stopped(self) -> None:
        while not self._stop_sending.is_set():
            rest = self._resting_until - time.monotonic()
            self._has_work.wait(max(0.0, min(rest, _LOOK_SECONDS)) if rest > 0 else _LOOK_SECONDS)
            self._has_work.clear()
            _keep_going("send records", self._send)

    def _send(self) -> None:
        if not self._is_resting() and self._drain_spool():
            for parcel in self._outbox.list_parcels():
                if is_due(parcel.name) and not self._send_parcel(parcel):
                    break
        if self._is_resting():
            self._outbox.put_on_disk()

    def _drain_spool(self) -> bool:
        """Send what is on disk, in order; False where the server did not take it."""
        spool = self._outbox.spool
        if spool is None or not spool.list_names():
            return True
        with spool.draining() as is_mine:
            for name in spool.list_names() if is_mine else ():
                if self._stop_sending.is_set():
                    break
                if not is_due(name):
                    continue
                parcel = spool.find(name)
                if parcel is not None and not self._send_parcel(parcel):
                    return False
        return True

    def _send_parcel(self, parcel: Parcel) -> bool:
        """Try one parcel; False where the server is away, so that others need not be tried."""
        tried = deliver(
            parcel,
            base_url=self._settings.base_url,
            key=self._key,
            timeout_seconds=self._settings.timeout_seconds,
        )
        self._counts.last_problem = tried.problem
        if tried.fate is Fate.SERVER_AWAY:
            self._rest(tried)
            return False
        self._failures = 0
        if tried.fate is Fate.NOT_KNOWN_YET and parcel.tries < _MOST_TRIES:
            self._outbox.keep_for_later(postpone(parcel, 2.0**parcel.tries))
        else:
            self._count(parcel, tried)
        self._outbox.remove(parcel)
        return True

    def _count(self, parcel: Parcel, tried: Delivered) -> None:
        counts = self._counts
        if tried.fate is Fate.ARRIVED:
            counts.sent_spans += parcel.spans - tried.rejected_spans
            counts.refused_spans += tried.rejected_spans
            counts.sent_outcomes += parcel.spans == 0
        else:
            counts.refused_spans += parcel.spans
            counts.refused_outcomes += parcel.spans == 0
        if tried.problem:
            self._refusal_log.warn(f"Teachback: {tried.problem}")
        else:
            self._refusal_log.is_well()

    def _rest(self, tried: Delivered) -> None:
        """Leave a server alone that is away: for as long as it asked, else twice as long as the last time."""
        wait = tried.wait_seconds
        if wait is None:
            longest = min(self._settings.first_rest_seconds * 2**self._failures, _LONGEST_REST_SECONDS)
            wait = longest * random.uniform(0.75, 1.0)  # so that many agents do not come back in one moment
        self._failures = min(self._failures + 1, 30)
        self._resting_until = time.monotonic() + wait
        log.info("Teachback waits %.1f s before it sends again: %s", wait, tried.problem)


def _list_batches(spans: Sequence[bytes]) -> list[list[bytes]]:
    batches: list[list[bytes]] = []
    size = 0
    for span in spans:
        if not batches or len(batches[-1]) >= _BATCH_SPANS or size + len(span) > _BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(span)
        size += len(span)
    return batches


def _keep_going(what: str, act: Callable[[], None]) -> None:
    try:
        act()
    # The outermost edge of a thread: one bad moment must not end it.
    except Exception:  # noqa: BLE001
        note_fault(what)
        time.sleep(_POLL_SECONDS)
