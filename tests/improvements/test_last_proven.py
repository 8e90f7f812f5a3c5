"""Which release a candidate must not fall behind, beside the live one: the last that a gate has shown to be better."""

from dataclasses import replace

import pytest

from builders import MORNING
from loops import Loop, always_right, make_loop
from teachback.vocabulary import GateVerdict, Lever
from teachback_server.evals.models import Gate
from teachback_server.improvements.judging import find_last_proven
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import make_release, put_live
from teachback_server.releases.models import Release

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture
def loop(db: None) -> Loop:
    return make_loop(always_right)


def release_after(loop: Loop, parent: Release, verdict: GateVerdict, *are_allowed: bool) -> Release:
    document = replace(loop.live.document, instructions=f"after {parent.number}")
    release = make_release(
        SYSTEM, loop.workflow, document, parent=parent, lever=Lever.INSTRUCTIONS, change="More words", at=MORNING
    )
    Gate.objects.create(
        workflow=loop.workflow,
        base=parent,
        candidate=release,
        lever=Lever.INSTRUCTIONS,
        verdict=verdict,
        cases=100,
        report={"claims": [{"is_allowed": is_allowed} for is_allowed in are_allowed]},
        judged_at=MORNING,
    )
    put_live(SYSTEM, release, from_job=1, why="Ours", at=MORNING)
    return release


def test_without_a_proof_it_is_release_1(loop: Loop) -> None:
    first = loop.live.release
    second = release_after(loop, first, GateVerdict.NOT_WORSE, False)
    assert find_last_proven(second) == first


def test_a_release_that_is_proven_better_than_the_live_one_is_it_for_all_that_follow(loop: Loop) -> None:
    second = release_after(loop, loop.live.release, GateVerdict.PROVEN, True)
    third = release_after(loop, second, GateVerdict.NOT_WORSE, False)
    assert find_last_proven(third) == second


def test_a_release_that_is_proven_better_than_the_last_proven_one_is_it_too(loop: Loop) -> None:
    second = release_after(loop, loop.live.release, GateVerdict.NOT_WORSE, False)
    third = release_after(loop, second, GateVerdict.NOT_WORSE, False, True)
    assert find_last_proven(third) == third


def test_a_release_that_people_went_back_from_counts_no_more(loop: Loop) -> None:
    first = loop.live.release
    release_after(loop, first, GateVerdict.PROVEN, True)
    other = release_after(loop, first, GateVerdict.NOT_WORSE, False)
    assert find_last_proven(other) == first
