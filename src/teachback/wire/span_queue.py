"""Encoded spans in memory until a batch is made of them: bounded, and quick to add to from any thread."""

import threading
import time
from collections import deque


class SpanQueue:
    """The oldest spans go when there are too many; `dropped` counts them."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.RLock()  # one that a signal handler may take while its own thread holds it
        self._spans: deque[bytes] = deque()
        self._bytes = 0
        self._first_at = 0.0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._spans)

    def add(self, span: bytes) -> None:
        """Append one span. Costs a microsecond, whatever happens elsewhere."""
        with self._lock:
            if not self._spans:
                self._first_at = time.monotonic()
            self._spans.append(span)
            self._bytes += len(span)
            while self._bytes > self._most_bytes and self._spans:
                self._bytes -= len(self._spans.popleft())
                self.dropped += 1

    def is_due(self, *, spans: int, size: int, seconds: float) -> bool:
        """Whether there are so many spans or bytes, or one has waited for so long."""
        if not self._spans:
            return False
        return len(self._spans) >= spans or self._bytes >= size or time.monotonic() - self._first_at >= seconds

    def take_all(self) -> list[bytes]:
        """Take everything out, the oldest first."""
        with self._lock:
            taken = list(self._spans)
            self._spans.clear()
            self._bytes = 0
        return taken
