"""Limits how many spans a key may send: a bucket of tokens for each, in the memory of the process that serves."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

MOST_KEYS = 10_000  # with a bucket; the one that was idle longest is forgotten, and so full again


@dataclass(kw_only=True, slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class RateLimit:
    """So many tokens a second, and so many at once. Threads may share it."""

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key: str, tokens: float) -> float:
        """Take tokens; returns 0, or the seconds after which to try again.

        What is larger than a full bucket waits for a full one and then runs into debt, or it could never pass.
        """
        with self._lock:
            now = self._clock()
            bucket = self._buckets.pop(key, None) or _Bucket(tokens=self._burst, filled_at=now)
            bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.filled_at) * self._per_second)
            bucket.filled_at = now
            self._buckets[key] = bucket  # the newest stands last
            if len(self._buckets) > MOST_KEYS:
                del self._buckets[next(iter(self._buckets))]
            needed = min(tokens, self._burst)
            if bucket.tokens < needed:
                return (needed - bucket.tokens) / self._per_second
            bucket.tokens -= tokens
            return 0.0
