"""Says on which side of the split a reviewed job falls as a case: a hash of its group, so that any room can tell."""

from enum import StrEnum

from teachback.hash_draws import hash_to_unit

GATE_SHARE = 0.3  # spent gate cases become practice, so a large share costs learning only a short delay


class Split(StrEnum):
    """What a reviewed job may be used for."""

    PRACTICE = "practice"  # changes are made from it; it never judges
    GATE = "gate"  # judges one change, and is practice from then on


def split_of(group: str, salt: str, gate_share: float = GATE_SHARE) -> Split:
    """Put all jobs of one group (a job without a group is its own, by its id) on the same side.

    The side depends on nothing but the group's name and the workflow's salt, so it says nothing about the job's
    quality: an expected share `gate_share` of all groups are for gates. A workflow must keep its share for life,
    or cases that have taught would turn into judges.
    """
    return Split.GATE if hash_to_unit(salt, "split", group) < gate_share else Split.PRACTICE
