"""The split and the draws behind it: the same everywhere, fair, and independent of each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachback.hash_draws import hash_to_unit
from teachback.routing import draw_uniform
from teachback.split import GATE_SHARE, Split, split_of

NAMES = [f"group-{number}" for number in range(20_000)]


def test_draws_are_the_same_in_every_process_and_version() -> None:
    # A changed value would turn cases that have taught into judges: this test must never be adapted.
    assert hash_to_unit("salt", "split", "group-1") == pytest.approx(0.011182509276431607, abs=1e-15)
    assert draw_uniform("salt", "job-1") == pytest.approx(0.18178321283396914, abs=1e-15)


@given(st.text(), st.text(), st.text())
def test_every_name_has_a_draw_from_zero_up_to_one(salt: str, purpose: str, name: str) -> None:
    assert 0 <= hash_to_unit(salt, purpose, name) < 1


def test_names_that_run_together_are_kept_apart() -> None:
    assert hash_to_unit("ab", "c", "d") != hash_to_unit("a", "bc", "d")
    assert hash_to_unit("a", "b1:", "d") != hash_to_unit("a", "b", "1:d")


def test_lone_surrogates_of_broken_texts_have_a_draw_too() -> None:
    assert 0 <= hash_to_unit("salt", "split", "\ud800") < 1


def test_the_gate_gets_its_share_of_groups() -> None:
    share = sum(split_of(name, "salt") is Split.GATE for name in NAMES) / len(NAMES)
    assert share == pytest.approx(GATE_SHARE, abs=0.015)
    assert all(split_of(name, "salt", 1.0) is Split.GATE for name in NAMES[:100])
    assert all(split_of(name, "salt", 0.0) is Split.PRACTICE for name in NAMES[:100])


def test_a_larger_gate_share_only_adds_groups_to_the_gate() -> None:
    small = {name for name in NAMES if split_of(name, "salt", 0.3) is Split.GATE}
    large = {name for name in NAMES if split_of(name, "salt", 0.5) is Split.GATE}
    assert small < large


def test_another_workflow_splits_the_same_groups_differently() -> None:
    both = sum(split_of(name, "one", 0.5) is split_of(name, "two", 0.5) for name in NAMES) / len(NAMES)
    assert both == pytest.approx(0.5, abs=0.015)


def test_audits_are_drawn_independently_of_the_split() -> None:
    audited = [name for name in NAMES if draw_uniform("salt", name) < 0.2]
    share = sum(split_of(name, "salt", 0.5) is Split.GATE for name in audited) / len(audited)
    assert share == pytest.approx(0.5, abs=0.03)
