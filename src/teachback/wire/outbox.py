"""Parcels between packing and arrival: in memory while the server answers, on disk while it does not."""

import threading
from collections.abc import Sequence

from teachback.faults import log
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
        if self._size() > _MOST_BYTES:
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
        with self._lock:
            is_here = self._parcels.pop(parcel.name, None) is not None
        if not is_here and self.spool is not None:
            self.spool.remove(parcel.name)

    def put_on_disk(self) -> None:
        """Move everything to disk; what the disk refuses stays in memory as far as there is room."""
        for parcel in self.list_parcels():
            if not self._keep_on_disk(parcel):
                break
            with self._lock:
                self._parcels.pop(parcel.name, None)
        self._drop_oldest()

    def _keep_on_disk(self, parcel: Parcel) -> bool:
        if self.spool is None:
            return False
        try:
            gone = self.spool.keep(parcel)
        except OSError as problem:
            log.warning("Teachback cannot keep unsent records on disk: %s", problem)
            return False
        self.dropped_spans += sum(one.spans for one in gone)
        self.dropped_outcomes += sum(one.spans == 0 for one in gone)
        return True

    def _drop_oldest(self) -> None:
        while self._size() > _MOST_BYTES:
            with self._lock:
                oldest = self._parcels.pop(min(self._parcels))
            self.dropped_spans += oldest.spans
            self.dropped_outcomes += oldest.spans == 0

    def _size(self) -> int:
        with self._lock:
            return sum(parcel.size for parcel in self._parcels.values())
