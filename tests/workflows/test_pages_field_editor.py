"""The simple field editor: what a person does not touch stays exactly as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachback_server.workflows.field_editor import (
    FieldKind,
    FieldRow,
    is_same_schema,
    rows_of_schema,
    schema_of_rows,
)

RICH = {
    "type": "object",
    "title": "Ticket",
    "$defs": {"money": {"type": "object", "properties": {"amount": {"type": "number"}}}},
    "properties": {
        "queue": {"enum": ["billing", "delivery"], "description": "Where it goes"},
        "urgency": {"type": "integer", "minimum": 1, "maximum": 5},
        "due": {"type": "string", "format": "date"},
        "is_new": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "order": {"type": ["string", "null"], "x-teachback-source": "text"},
        "total": {"$ref": "#/$defs/money"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/money"}},
    },
    "required": ["queue", "due"],
    "additionalProperties": False,
}


def test_a_schema_opens_as_rows_in_its_own_order() -> None:
    rows = rows_of_schema(RICH)
    assert [(row.name, row.kind) for row in rows] == [
        ("queue", FieldKind.CHOICE),
        ("urgency", FieldKind.NUMBER),
        ("due", FieldKind.DATE),
        ("is_new", FieldKind.YES_NO),
        ("tags", FieldKind.LIST),
        ("order", FieldKind.TEXT),
        ("total", FieldKind.OTHER),
        ("lines", FieldKind.OTHER),
    ]
    assert rows[0].values == ("billing", "delivery")
    assert [row.name for row in rows if row.is_required] == ["queue", "due"]


def test_rows_that_nobody_touched_give_the_same_schema_back() -> None:
    assert is_same_schema(schema_of_rows(rows_of_schema(RICH), RICH), RICH)


def test_a_renamed_field_keeps_its_limits() -> None:
    rows = [_renamed(row, "priority") if row.name == "urgency" else row for row in rows_of_schema(RICH)]
    properties = schema_of_rows(rows, RICH)["properties"]
    assert properties["priority"] == {"type": "integer", "minimum": 1, "maximum": 5}
    assert "urgency" not in properties


def test_another_kind_drops_what_belonged_to_the_old_one_and_keeps_the_description() -> None:
    rows = [FieldRow(name="queue", kind=FieldKind.TEXT, was="queue")]
    assert schema_of_rows(rows, RICH)["properties"] == {"queue": {"description": "Where it goes", "type": "string"}}


def test_a_field_that_could_be_null_can_be_null_afterwards() -> None:
    rows = [FieldRow(name="order", kind=FieldKind.CHOICE, values=("A", "B"), was="order")]
    assert schema_of_rows(rows, RICH)["properties"]["order"] == {"type": ["string", "null"], "enum": ["A", "B", None]}


def test_a_choice_of_numbers_stays_one_when_a_value_is_added() -> None:
    base = {"type": "object", "properties": {"stars": {"enum": [1, 2.5]}}}
    rows = [FieldRow(name="stars", kind=FieldKind.CHOICE, values=("1", "2.5", "4"), was="stars")]
    assert schema_of_rows(rows, base)["properties"]["stars"]["enum"] == [1, 2.5, 4]


def test_a_removed_field_is_no_longer_required() -> None:
    rows = [row for row in rows_of_schema(RICH) if row.name != "due"]
    schema = schema_of_rows(rows, RICH)
    assert schema["required"] == ["queue"]
    assert "due" not in schema["properties"]


def test_a_field_of_an_unknown_kind_cannot_be_made_up() -> None:
    with pytest.raises(KeyError, match="only the JSON Schema can say"):
        schema_of_rows([FieldRow(name="x", kind=FieldKind.OTHER)], {})


def test_what_is_nonsense_in_a_schema_is_kept_and_breaks_nothing() -> None:
    odd = {"properties": {"a": True, "b": {"type": 7, "enum": "no list"}, "c": {"type": ["string", "number"]}}}
    assert {row.kind for row in rows_of_schema(odd)} == {FieldKind.OTHER}
    assert schema_of_rows(rows_of_schema(odd), odd)["properties"] == odd["properties"]


_NAMES = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
_ROWS = st.lists(
    st.builds(
        FieldRow,
        name=_NAMES,
        kind=st.sampled_from([kind for kind in FieldKind if kind not in (FieldKind.OTHER, FieldKind.CHOICE)]),
        is_required=st.booleans(),
    )
    | st.builds(
        FieldRow,
        name=_NAMES,
        kind=st.just(FieldKind.CHOICE),
        values=st.lists(_NAMES, min_size=1, max_size=4, unique=True).map(tuple),
        is_required=st.booleans(),
    ),
    unique_by=lambda row: row.name,
    max_size=6,
)


@given(_ROWS)
def test_what_was_typed_is_what_opens_again(rows: list[FieldRow]) -> None:
    opened = rows_of_schema(schema_of_rows(rows, {}))
    assert [(r.name, r.kind, r.values, r.is_required) for r in opened] == [
        (r.name, r.kind, r.values, r.is_required) for r in rows
    ]


def _renamed(row: FieldRow, name: str) -> FieldRow:
    return FieldRow(name=name, kind=row.kind, values=row.values, is_required=row.is_required, was=row.was)
