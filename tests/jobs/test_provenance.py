"""Where an agent says that it took its values from: read whatever was sent, and marked where it can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from teachback.json_types import Json
from teachback_server.jobs.provenance import Box, Place, read_provenance
from teachback_server.jobs.source_marks import Piece, list_sourced_values, mark_sources

ANYTHING = some.recursive(
    some.none() | some.booleans() | some.floats() | some.integers() | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=5) | some.dictionaries(some.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("the second mail", Place(field="total", words="the second mail")),
        (
            {"document": "bill.pdf", "page": 2, "box": [0.1, 0.2, 0.5, 0.25]},
            Place(field="total", document="bill.pdf", page=2, box=Box(left=0.1, top=0.2, right=0.5, bottom=0.25)),
        ),
        ({"input": "text", "start": 3, "end": 7}, Place(field="total", input_field="text", start=3, end=7)),
        ({"input": "text", "start": 7, "end": 3}, Place(field="total", input_field="text")),
        ({"file": "bill.pdf", "quote": "Total 9"}, Place(field="total", document="bill.pdf", quote="Total 9")),
        ({"document": "a.png", "box": [0, 0, 2, 1]}, Place(field="total", document="a.png")),
        ({"document": "a.png", "page": True}, Place(field="total", document="a.png")),
    ],
)
def test_a_place_is_read_as_it_was_meant_and_nonsense_in_it_is_left_out(said: Json, place: Place) -> None:
    assert read_provenance({"total": said}) == (place,)


@given(ANYTHING)
def test_whatever_is_sent_is_read_without_a_fault(said: Json) -> None:
    assert all(place.said or place.start is not None for place in read_provenance(said))
    assert isinstance(read_provenance({"field": said}), tuple)


def test_a_place_is_told_in_words_for_whoever_sees_no_mark() -> None:
    (place,) = read_provenance({"total": {"document": "bill.pdf", "page": 2, "text": "Total 9"}})
    assert place.said == "bill.pdf, page 2, “Total 9”"


def test_a_passage_of_the_input_is_marked_where_the_agent_says_and_not_where_it_stands_first() -> None:
    places = read_provenance({"number": {"input": "text", "start": 5, "end": 7}})
    sources = list_sourced_values(None, {}, places)
    assert mark_sources("A1 = A1.", sources["text"]) == (
        Piece(text="A1 = "),
        Piece(text="A1", field="number"),
        Piece(text="."),
    )


def test_a_passage_beyond_the_end_is_not_marked() -> None:
    assert mark_sources("short", {"number": (3, 99)}) == (Piece(text="short"),)
