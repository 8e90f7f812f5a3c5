"""Tests of reading the texts of CSV as the types of a boundary."""

from typing import Any

import pytest

from teachback_server.workflows.typed_cells import type_cells


def typed(text: Any, schema: dict[str, Any]) -> Any:
    return type_cells({"f": text}, {"type": "object", "properties": {"f": schema}})["f"]


@pytest.mark.parametrize(
    ("text", "schema", "expected"),
    [
        ("12", {"type": "integer"}, 12),
        (" -12.50 ", {"type": "number"}, -12.5),
        ("1e3", {"type": "number"}, 1000.0),
        ("yes", {"type": "boolean"}, True),
        ("FALSE", {"type": "boolean"}, False),
        ("a; b;", {"type": "array"}, ["a", "b"]),
        ('["a", 1]', {"type": "array"}, ["a", 1]),
        ("12", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, 12),
        ("12", {"type": ["null", "integer"]}, 12),
        ("12", {"type": ["string", "integer"]}, "12"),
        ("00123", {"type": "string"}, "00123"),
        ("00123", {}, "00123"),
        (7, {"type": "string"}, 7),
        ({"g": "7"}, {"properties": {"g": {"type": "integer"}}}, {"g": 7}),
    ],
)
def test_a_text_becomes_what_its_field_asks_for(text: Any, schema: dict[str, Any], expected: Any) -> None:
    assert typed(text, schema) == expected
    assert type(typed(text, schema)) is type(expected)


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("1,5", {"type": "number"}),
        ("1_0", {"type": "number"}),
        ("nan", {"type": "number"}),
        ("1e999", {"type": "number"}),
        ("9" * 50, {"type": "integer"}),
        ("maybe", {"type": "boolean"}),
        ("[1, 2", {"type": "array"}),
        ("[NaN]", {"type": "array"}),
        ("٣", {"type": "integer"}),
        ("[" * 100_000, {"type": "array"}),
    ],
)
def test_what_cannot_be_read_stays_a_text(text: str, schema: dict[str, Any]) -> None:
    assert typed(text, schema) == text


def test_fields_that_the_boundary_does_not_know_stay_as_they_are() -> None:
    assert type_cells({"other": "12"}, {"type": "object", "properties": {}}) == {"other": "12"}
