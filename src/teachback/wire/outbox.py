"""Parcels between packing and arrival: in memory while the server answers, on disk while it does not."""

import threading
from collections.abc import Sequence

from teachback.faults import OnceLog
from teachback.wire.parcels import Parcel, is_due
from teachback.wire.spool import Spool

_MOST_BYTES = 8_000_000


class Outbox:
    """Parcels in memory, the oldest first, with a spool behind them if there is a disk."""

    def __init__(self, spool: Spool | None) -> None:
        self.spool = spool
        self.dropped_spans = 0
        self.dropped_outcomes = 0
        self._lock = threading.Lock()  # taken by our own two threads and at exit, never by the program
        self._parcels: dict[str, Parcel] = {}
        self._bytes = 0
        self._disk_log = OnceLog()

    def __len__(self) -> int:
        return len(self._parcels)

    @property
    def spans(self) -> int:
        """How many spans wait in memory."""
        with self._lock:
            return sum(parcel.spans for parcel in self._parcels.values())

    def add(self, parcel: Parcel) -> None:
        """Append a parcel; where memory is full, everything moves to disk, or the oldest goes."""
        with self._lock:
            self._parcels[parcel.name] = parcel
            self._bytes += parcel.size
        if self._bytes > _MOST_BYTES:
            self.put_on_disk()

    def keep_for_later(self, parcel: Parcel) -> None:
        """Keep a parcel that is not due yet: on disk, so that it outlives the process, else in memory."""
        if not self._keep_on_disk(parcel):
            self.add(parcel)

    def has_due(self) -> bool:
        """Whether something in memory could be sent now."""
        return any(is_due(parcel.name) for parcel in self.list_parcels())

    def list_parcels(self) -> Sequence[Parcel]:
        """What is in memory now, in the order of sending."""
        with self._lock:
            return [self._parcels[name] for name in sorted(self._parcels)]

    def remove(self, parcel: Parcel) -> None:
        """Forget a parcel, in memory and, as it may have moved there meanwhile, on disk."""
        if not self._take_out(parcel.name) and self.spool is not None:
            self.spool.remove(parcel.name)

    def put_on_disk(self) -> None:
        """Move everything to disk; what the disk refuses stays in memory as far as there is room."""
        for parcel in self.list_parcels():
            if not self._keep_on_disk(parcel):
                break
            self._take_out(parcel.name)
        self._drop_oldest()

    def _keep_on_disk(self, parcel: Parcel) -> bool:
        if self.spool is None:
            return False
        try:
            gone = self.spool.keep(parcel)
        except OSError as problem:
            self._disk_log.warn(f"Teachback cannot keep unsent records on disk: {problem.strerror or problem}")
            return False
        self._disk_log.is_well()
        self.dropped_spans += sum(one.spans for one in gone)
        self.dropped_outcomes += sum(one.spans == 0 for one in gone)
        return True

    def _drop_oldest(self) -> None:
        for parcel in self.list_parcels():
            if self._bytes <= _MOST_BYTES:
                break
            self._take_out(parcel.name)
            self.dropped_spans += parcel.spans
            self.dropped_outcomes += parcel.spans == 0

    def _take_out(self, name: str) -> bool:
        """Forget a parcel in memory; False where it was not there any more."""
        with self._lock:
            parcel = self._parcels.pop(name, None)
            self._bytes -= parcel.size if parcel is not None else 0
        return parcel is not None
