"""The proposal as a form: the control of each field, and what comes back from it."""

import pytest

from teachback.json_types import Json, JsonObject
from teachback_server.reviews.controls import Control, ControlKind, build_controls, fill_controls, has_edits
from teachback_server.reviews.form_reading import read_controls

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "queue": {"type": "string", "enum": ["billing", "delivery"]},
        "country": {"enum": ["AT", "CH", "DE", "FR", "IT", "NL"]},
        "level": {"enum": [1, 2, 3]},
        "amount": {"type": "number", "title": "Amount to pay"},
        "is_urgent": {"type": "boolean"},
        "due": {"type": "string", "format": "date"},
        "order_number": {"type": "string", "x-teachback-source": "text"},
        "reply": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}},
        "address": {"type": "object", "properties": {"city": {"type": "string"}, "post_code": {"type": "string"}}},
    },
    "required": ["queue"],
}
OUTPUT: JsonObject = {
    "queue": "billing",
    "country": "CH",
    "level": 2,
    "amount": 59.9,
    "is_urgent": False,
    "due": "2026-03-31",
    "order_number": "48-1192",
    "reply": "Hello,\r\n\r\nit is on its way.",
    "tags": ["kettle", "damage"],
    "lines": [{"price": 3}],
    "address": {"city": "Bern"},
}


def one(schema: JsonObject, value: Json, *, is_required: bool = False) -> Control:
    whole: JsonObject = {"type": "object", "properties": {"f": schema}, "required": ["f"] if is_required else []}
    return build_controls(whole, {"f": value})[0]


def typed(schema: JsonObject, value: Json, text: str) -> tuple[Json, str]:
    """What comes back, and the message at the field, when somebody types a text over a value."""
    whole: JsonObject = {"type": "object", "properties": {"f": schema}}
    read = read_controls(fill_controls(build_controls(whole, {"f": value}), {"field.f": text}))
    return read.output.get("f"), read.errors.get("f", "")


def test_each_field_gets_the_control_that_fits_it() -> None:
    kinds = {control.path[0]: control.kind for control in build_controls(SCHEMA, OUTPUT)}
    assert kinds == {
        "queue": ControlKind.RADIOS,
        "country": ControlKind.SELECT,
        "level": ControlKind.RADIOS,
        "amount": ControlKind.NUMBER,
        "is_urgent": ControlKind.RADIOS,
        "due": ControlKind.DATE,
        "order_number": ControlKind.SHORT_TEXT,
        "reply": ControlKind.LONG_TEXT,
        "tags": ControlKind.LINES,
        "lines": ControlKind.JSON,
        "address": ControlKind.GROUP,
    }


def test_a_form_that_nobody_touches_gives_back_the_very_same_output() -> None:
    controls = build_controls(SCHEMA, OUTPUT)
    assert not has_edits(controls)
    assert read_controls(controls).output == OUTPUT


def test_what_a_browser_sends_back_untouched_is_no_edit() -> None:
    controls = build_controls(SCHEMA, OUTPUT)
    sent = {control.name: control.text.replace("\n", "\r\n") for control in controls if not control.inner}
    filled = fill_controls(controls, sent)
    assert not has_edits(filled)
    assert read_controls(filled).output == OUTPUT


def test_a_field_that_the_schema_does_not_know_is_kept_and_can_be_edited() -> None:
    controls = build_controls(SCHEMA, {"queue": "billing", "extra": "x", "more": {"a": 1}})
    assert {control.dotted for control in controls} >= {"extra", "more"}
    read = read_controls(fill_controls(controls, {"field.extra": "y"}))
    assert read.output == {"queue": "billing", "extra": "y", "more": {"a": 1}}


def test_an_empty_form_reads_as_an_empty_output() -> None:
    assert read_controls(build_controls(SCHEMA, None)).output == {}


def test_a_nested_field_is_named_by_its_path() -> None:
    group = build_controls(SCHEMA, OUTPUT)[-1]
    assert [inner.name for inner in group.inner] == ["field.address.city", "field.address.post_code"]
    read = read_controls(fill_controls(build_controls(SCHEMA, OUTPUT), {"field.address.post_code": "3000"}))
    assert read.output["address"] == {"city": "Bern", "post_code": "3000"}


def test_a_field_with_a_dot_in_its_name_is_not_taken_for_a_nested_one() -> None:
    schema: JsonObject = {"properties": {"a.b": {"type": "string"}, "a": {"properties": {"b": {"type": "string"}}}}}
    flat, group = build_controls(schema, {"a.b": "x", "a": {"b": "y"}})
    assert flat.name != group.inner[0].name


@pytest.mark.parametrize(
    ("schema", "before", "text", "after"),
    [
        ({"type": "number"}, 59.9, "64.90", 64.9),
        ({"type": "number"}, 59.9, " 64 ", 64),
        ({"type": "integer"}, 1, "-7", -7),
        ({"type": "boolean"}, True, "false", False),
        ({"enum": [1, 2]}, 1, "2", 2),
        ({"type": "string", "enum": ["a", "b"]}, "a", "b", "b"),
        ({"type": "string", "format": "date"}, None, "2026-04-01", "2026-04-01"),
        ({"type": "array", "items": {"type": "string"}}, ["a"], "a\r\n\r\n b ", ["a", "b"]),
        ({"type": "array"}, [1], "[1, 2]", [1, 2]),
        ({"type": "string"}, "a", "  b\r\nc", "  b\nc"),
    ],
)
def test_what_is_typed_gets_the_type_of_its_field(schema: JsonObject, before: Json, text: str, after: Json) -> None:
    value, error = typed(schema, before, text)
    assert error == ""
    assert value == after
    assert type(value) is type(after)


@pytest.mark.parametrize(
    ("schema", "before", "text", "says"),
    [
        ({"type": "number"}, 1, "59,90", "with a point"),
        ({"type": "number"}, 1, "1e999", "not a number"),
        ({"type": "number"}, 1, "NaN", "not a number"),
        ({"type": "integer"}, 1, "9" * 5000, "not a number"),
        ({"type": "string", "format": "date"}, None, "31.3.2026", "not a date"),
        ({"type": "string", "enum": ["a", "b"]}, "a", "c", "not one of the choices"),
        ({"type": "boolean"}, True, "maybe", "not one of the choices"),
        ({"type": "array"}, [1], "[1,", "not valid JSON"),
        ({"type": "array"}, [1], "[NaN]", "NaN"),
        ({"type": "array"}, [1], "[" * 100_000, "JSON"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(schema: JsonObject, before: Json, text: str, says: str) -> None:
    value, error = typed(schema, before, text)
    assert says in error
    assert value is None


def test_a_choice_that_is_none_of_the_choices_is_shown_and_marked() -> None:
    control = one({"type": "string", "enum": ["a", "b"]}, "z", is_required=True)
    assert [option.label for option in control.options] == ["a", "b", "z (not one of the choices)"]


def test_a_required_choice_cannot_be_emptied_and_an_optional_one_can() -> None:
    schema: JsonObject = {"type": "string", "enum": ["a", "b"]}
    assert [option.text for option in one(schema, "a", is_required=True).options] == ["a", "b"]
    assert [option.text for option in one(schema, "a").options] == ["", "a", "b"]


def test_a_value_of_the_wrong_type_is_read_again_even_if_nobody_touched_it() -> None:
    whole: JsonObject = {"type": "object", "properties": {"f": {"type": "number"}}}
    controls = build_controls(whole, {"f": "12.5"})
    assert read_controls(controls).output == {"f": 12.5}
    assert not has_edits(controls)


def test_a_list_whose_items_have_line_breaks_is_edited_as_json() -> None:
    assert one({"type": "array", "items": {"type": "string"}}, ["a\nb"]).kind is ControlKind.JSON


def test_a_required_field_that_may_be_null_is_null_when_it_is_emptied() -> None:
    whole: JsonObject = {"properties": {"f": {"type": ["string", "null"]}}, "required": ["f"]}
    assert read_controls(fill_controls(build_controls(whole, {"f": "x"}), {"field.f": ""})).output == {"f": None}
