"""One step of a job while it is recorded, and the names under which it is known."""

import os
import random
import time
from dataclasses import dataclass, field

from teachback.configuration import Attribute

# Our own generator: a program that seeds the common one must not give two jobs one name. It is seeded anew in a child
# process, which would else repeat its parent's names.
_random = random.Random(os.urandom(16))
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _random.seed(os.urandom(16)))


@dataclass(kw_only=True, slots=True)  # not frozen: it is filled while the step runs
class SpanRecord:
    """A step, as it goes to the server."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes  # empty: the job itself
    name: str
    start_ns: int
    end_ns: int = 0
    attributes: dict[str, Attribute] = field(default_factory=dict)
    error_type: str = ""  # empty: no error
    error_message: str = ""
    events: list[tuple[str, int, dict[str, Attribute]]] = field(default_factory=list)  # name, nanoseconds, attributes


def new_trace_id() -> bytes:
    """A name for a trace: 16 random bytes."""
    return _random.getrandbits(128).to_bytes(16, "big")


def new_span_id() -> bytes:
    """A name for a span: 8 random bytes."""
    return _random.getrandbits(64).to_bytes(8, "big")


def now_ns() -> int:
    """Nanoseconds since 1970-01-01 UTC."""
    return time.time_ns()
