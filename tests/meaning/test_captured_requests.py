"""Shows that what real instrumentations sent is understood: the bounds of what bench/meaning.py prints."""

import pytest

from absent import skip_or_fail
from captured_spans.measuring import Understood, measure_suite
from captured_spans.reading import find_archive, read_suites

pytestmark = pytest.mark.data
LOWEST_SHARE = 0.95


@pytest.fixture(scope="module")
def figures() -> list[Understood]:
    try:
        archive = find_archive()
    except FileNotFoundError as problem:
        skip_or_fail("data", str(problem))
    return [measure_suite(suite, spans) for suite, spans in read_suites(archive).items()]


def test_every_suite_is_there_with_its_spans(figures: list[Understood]) -> None:
    assert len(figures) >= 16
    assert all(one.spans >= one.traces > 0 and one.jobs > 0 for one in figures)


def test_input_and_output_are_found_where_a_job_carries_any(figures: list[Understood]) -> None:
    assert {one.suite: one.input_share for one in figures if one.input_share < LOWEST_SHARE} == {}
    assert {one.suite: one.output_share for one in figures if one.output_share < LOWEST_SHARE} == {}


def test_tokens_are_found_wherever_they_are_named(figures: list[Understood]) -> None:
    assert {
        one.suite: one.with_tokens - one.tokens_found for one in figures if one.tokens_found < one.with_tokens
    } == {}
    assert sum(one.with_tokens for one in figures) > 900


def test_no_attribute_that_carries_messages_is_unread(figures: list[Understood]) -> None:
    assert {one.suite: one.unread for one in figures if one.unread} == {}


def test_the_texts_of_indexed_messages_are_shown(figures: list[Understood]) -> None:
    assert sum(one.unshown for one in figures) <= 2  # inputs of embeddings, which are shown part by part
