"""Decides whether a reviewed job is for practice or for gates, by a hash, so that any room can tell without asking."""

from enum import StrEnum

from teachback.hash_draws import draw_uniform

GATE_SHARE = 0.5


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
    return Split.GATE if draw_uniform(salt, "split", group) < gate_share else Split.PRACTICE
