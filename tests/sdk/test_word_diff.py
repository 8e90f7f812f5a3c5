"""Tests of the word diff: it loses nothing and can be read."""

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from teachback.word_diff import Segment, SegmentKind, diff_words

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
words = st.lists(
    st.sampled_from(["a", "the", "seven", "guests", " ", "\n", "  ", ".", "7:30", "日本", "é"]), max_size=30
)
texts = st.text(max_size=40) | words.map("".join)


def spell(segments: tuple[Segment, ...]) -> str:
    signs = {SegmentKind.EQUAL: "{}", SegmentKind.REMOVED: "[-{}-]", SegmentKind.ADDED: "[+{}+]"}
    return "".join(signs[segment.kind].format(segment.text) for segment in segments)


def join(segments: tuple[Segment, ...], without: SegmentKind) -> str:
    return "".join(segment.text for segment in segments if segment.kind is not without)


@unhurried
@given(texts, texts)
def test_segments_join_back_to_both_texts_exactly(before: str, after: str) -> None:
    segments = diff_words(before, after)
    assert join(segments, without=SegmentKind.ADDED) == before
    assert join(segments, without=SegmentKind.REMOVED) == after


@unhurried
@given(texts, texts)
def test_no_segment_is_empty_and_no_two_neighbours_are_alike(before: str, after: str) -> None:
    segments = diff_words(before, after)
    assert all(segment.text for segment in segments)
    assert all(one.kind != other.kind for one, other in pairwise(segments))


def test_a_changed_word_stands_alone() -> None:
    assert spell(diff_words("Table for two guests", "Table for three guests")) == "Table for [-two-][+three+] guests"


def test_changes_with_one_short_word_between_them_are_one_change() -> None:
    spelled = spell(diff_words("please send it to Anna today", "please call her to Bert today"))
    assert spelled == "please [-send it to Anna-][+call her to Bert+] today"


def test_changes_with_a_long_word_between_them_stay_apart() -> None:
    spelled = spell(diff_words("big reservation now", "small reservation later"))
    assert spelled == "[-big-][+small+] reservation [-now-][+later+]"


def test_two_plain_additions_stay_plain_additions() -> None:
    assert spell(diff_words("call me now please", "call me back now or never please")) == (
        "call me [+back +]now [+or never +]please"
    )


def test_times_and_addresses_are_one_word() -> None:
    assert spell(diff_words("at 7:30 sharp", "at 7:45 sharp")) == "at [-7:30-][+7:45+] sharp"


def test_text_without_spaces_is_compared_sign_by_sign() -> None:
    assert spell(diff_words("東京都に行く", "京都市に行く")) == "[-東-]京都[+市+]に行く"


def test_equal_texts_are_one_segment_and_empty_ones_none() -> None:
    assert diff_words("same", "same") == (Segment(kind=SegmentKind.EQUAL, text="same"),)
    assert diff_words("", "") == ()


def test_very_long_texts_are_compared_line_by_line() -> None:
    lines = [f"line {number} has its words\n" for number in range(900)]
    changed = [*lines[:450], "another one\n", *lines[451:]]
    segments = diff_words("".join(lines), "".join(changed))
    assert [segment.text for segment in segments if segment.kind is SegmentKind.ADDED] == ["another one\n"]


def test_a_book_on_one_line_each_is_replaced_as_a_whole() -> None:
    before, after = "a\n" * 1500, "b\n" * 1500
    assert [segment.text for segment in diff_words(before, after)] == [before, after]
