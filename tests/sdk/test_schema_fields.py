"""Tests of finding a field in a JSON Schema."""

from teachback.schema_fields import find_field_schema, list_field_names

SCHEMA = {
    "type": "object",
    "properties": {
        "queue": {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]},
        "address": {"$ref": "#/$defs/a~1ddress"},
        "loop": {"$ref": "#/properties/loop"},
        "tree": {"$ref": "#"},
        "anything": True,
    },
    "$defs": {"a/ddress": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


def test_references_and_optional_parts_are_followed() -> None:
    assert find_field_schema(SCHEMA, "queue") == {"enum": ["a", "b"]}
    assert find_field_schema(SCHEMA, "address.city") == {"type": "string"}


def test_unknown_fields_have_no_schema() -> None:
    assert find_field_schema(SCHEMA, "address.street") is None
    assert find_field_schema(SCHEMA, "queue.deeper") is None
    assert find_field_schema({}, "queue") is None
    assert find_field_schema({"properties": ["queue"]}, "queue") is None


def test_a_reference_to_itself_says_nothing() -> None:
    assert find_field_schema(SCHEMA, "loop") == {}


def test_a_reference_that_leads_nowhere_says_nothing() -> None:
    schema = {"properties": {"a": {"$ref": "#/nowhere/at/all"}, "b": {"$ref": "https://example.org/schema"}}}
    assert find_field_schema(schema, "a") == {}
    assert find_field_schema(schema, "b") == {}


def test_field_names_are_listed_down_to_the_values() -> None:
    schema = {"properties": {"queue": {}, "address": SCHEMA["$defs"]["a/ddress"]}}
    assert list_field_names(schema) == ("queue", "address.city")
    assert list_field_names({}) == ()
