"""Showing the JSON of a job to people, and marking where its values come from."""

import pytest

from teachback.json_types import Json, JsonObject
from teachback_server.jobs.shown_values import ShownKind, label_of, list_shown_values, spell_value
from teachback_server.jobs.source_marks import list_sourced_values, mark_sources

SCHEMA: JsonObject = {
    "properties": {
        "last_name": {"type": "string", "x-teachback-source": "message"},
        "time": {"type": "string", "x-teachback-source": "message"},
        "queue": {"type": "string", "enum": ["a"]},
    }
}


def test_fields_come_in_the_order_of_the_schema_and_then_of_the_value() -> None:
    shown = list_shown_values({"zip": 1, "time": "7:30", "last_name": "Li"}, SCHEMA)
    assert [(value.name, value.label) for value in shown] == [
        ("last_name", "Last name"), ("time", "Time"), ("zip", "Zip")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("short", ShownKind.SHORT),
        ("two\nlines", ShownKind.TEXT),
        ("x" * 200, ShownKind.TEXT),
        (0, ShownKind.SHORT),
        (False, ShownKind.SHORT),
        (None, ShownKind.NOTHING),
        ("", ShownKind.NOTHING),
        ([], ShownKind.NOTHING),
        (["a"], ShownKind.LIST),
        ([{"a": 1}], ShownKind.GROUPS),
        ({"a": 1}, ShownKind.GROUP),
    ],
)
def test_each_value_is_shown_by_its_kind(value: Json, kind: ShownKind) -> None:
    assert list_shown_values({"f": value}, {})[0].kind is kind


def test_endless_nesting_ends_as_json() -> None:
    value: Json = "x"
    for _ in range(30):
        value = {"a": value}
    shown = list_shown_values({"f": value}, {})[0]
    for _ in range(6):
        shown = shown.inner[0]
    assert shown.text.startswith('{"a":{"a":')


@pytest.mark.parametrize(
    ("name", "schema", "label"),
    [
        ("first_name", None, "First name"),
        ("orderNumber", {}, "Order number"),
        ("VAT", {}, "VAT"),
        ("vat", {"title": "VAT number"}, "VAT number"),
        ("___", {}, "___"),
    ],
)
def test_a_field_has_its_title_or_its_name_in_words(name: str, schema: JsonObject | None, label: str) -> None:
    assert label_of(name, schema) == label


def test_values_are_spelled_for_people() -> None:
    assert [spell_value(value) for value in (True, None, ["a", "b"], [], 3.5, {"a": [1]})] == [
        "Yes", "nothing", "a, b", "nothing", "3.5", '{"a":[1]}'
    ]  # fmt: skip


def test_values_taken_from_the_input_are_found_by_their_source() -> None:
    output: JsonObject = {"last_name": " Li ", "time": "7", "queue": "a"}
    assert list_sourced_values(output, SCHEMA) == {"message": {"last_name": "Li"}}
    assert list_sourced_values(None, SCHEMA) == {}


def test_marks_stand_at_whole_words_and_join_back_to_the_text() -> None:
    text = "Livia, a table for Li at 7:30 PM, or 7:30."
    pieces = mark_sources(text, {"last_name": "li", "time": "7:30 pm"})
    assert "".join(piece.text for piece in pieces) == text
    assert [(piece.field, piece.text) for piece in pieces if piece.field] == [("last_name", "Li"), ("time", "7:30 PM")]


def test_two_values_never_share_a_place() -> None:
    pieces = mark_sources("Anna Anna Berg", {"first_name": "Anna", "full_name": "Anna Berg"})
    assert [(piece.field, piece.text) for piece in pieces if piece.field] == [
        ("first_name", "Anna"), ("full_name", "Anna Berg")
    ]  # fmt: skip


def test_a_text_whose_small_letters_are_longer_is_marked_in_the_right_place() -> None:
    pieces = mark_sources("İİ table for Berg", {"name": "Berg"})
    assert [piece.text for piece in pieces if piece.field] == ["Berg"]
