"""Says on which side of the split a reviewed job falls as a case: a hash of its group, so that any room can tell."""

import hashlib
from enum import StrEnum

GATE_SHARE = 0.4  # spent gate cases become practice, so a large share costs learning only a short delay


class Split(StrEnum):
    """What a case is for."""

    PRACTICE = "practice"  # changes are made from it
    GATE = "gate"  # judges one change, then becomes practice


def split_of(group: str, salt: str, gate_share: float = GATE_SHARE) -> Split:
    """The side of all cases of one group. `salt` is the workflow's own, so that nobody can aim at a side."""
    return Split.GATE if hash_to_unit(f"split:{salt}:{group}") < gate_share else Split.PRACTICE


def hash_to_unit(text: str) -> float:
    """A number from 0 up to 1 that only the text decides, evenly spread over texts."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / 2**56
