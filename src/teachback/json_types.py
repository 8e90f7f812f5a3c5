"""What crosses every border of Teachback: values that JSON can carry, and their one canonical spelling."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, Json]


def canonical_json(value: Json) -> str:
    """Spell a value the same way whatever the order of its keys, so that equal values hash equal.

    Raises ValueError for NaN and infinities, which JSON cannot carry.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_hash(value: Json) -> str:
    """Name a value by its content: the first 32 hexadecimal digits of SHA-256 over its canonical spelling."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:32]
