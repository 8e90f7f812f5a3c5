"""Export requests: one bad span never refuses its neighbours, in protobuf and in JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otlp_requests import START_NS, asked, make_request, make_span
from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.otlp import request as requests
from teachback_server.jobs.otlp.request import RequestRefused, TakenRequest, take_request, unpack_spans

GOOD_JSON = {
    "traceId": "5B8EFFF798038103D269B633813FC60C",
    "spanId": "eee19b7ec3c1b174",
    "name": "ask",
    "kind": "SPAN_KIND_CLIENT",
    "startTimeUnixNano": str(START_NS),
    "endTimeUnixNano": START_NS + 5,
    "attributes": [
        {"key": "text", "value": {"stringValue": "hello"}},
        {"key": "whole", "value": {"intValue": "12"}},
        {"key": "part", "value": {"doubleValue": 0.5}},
        {"key": "list", "value": {"arrayValue": {"values": [{"boolValue": True}, {}]}}},
        {"key": "map", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"bytesValue": "AAE="}}]}}},
        {"key": "unheard of", "value": {"futureValue": 1}},
    ],
    "events": [{"name": "said", "timeUnixNano": "7", "attributes": []}],
    "links": [{"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"}],
    "status": {"code": 2, "message": "broke"},
    "aFieldOfTomorrow": [1, 2],
}


def in_json(*spans: object) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"scope": {"name": "s"}, "spans": list(spans)}]}]}).encode()


def decode(taken: TakenRequest) -> list[Span]:
    return [packed.decode() for packed in unpack_spans(taken.message)]


def test_a_good_request_is_taken_as_it_came() -> None:
    message = make_request([make_span(1, 1, attributes=asked("Where is it?"))], service="desk")
    taken = take_request(message.SerializeToString(), is_json=False)
    assert (taken.spans, taken.refused, taken.is_changed) == (1, [], False)
    (span,) = decode(taken)
    assert span.attributes["input.value"] == "Where is it?"
    assert span.resource == {"service.name": "desk"}


def test_json_says_the_same_as_protobuf() -> None:
    (span,) = decode(take_request(in_json(GOOD_JSON), is_json=True))
    assert span.trace_id == "5b8efff798038103d269b633813fc60c"
    assert (span.kind, span.is_error, span.status_message, span.scope) == (3, True, "broke", "s")
    assert (span.start_ns, span.end_ns) == (START_NS, START_NS + 5)
    assert span.attributes == {
        "text": "hello",
        "whole": 12,
        "part": 0.5,
        "list": [True, None],
        "map": {"a": "AAE="},
        "unheard of": None,
    }
    assert [event.name for event in span.events] == ["said"]
    assert [link.span_id for link in span.links] == ["eee19b7ec3c1b174"]


def test_a_span_whose_text_is_not_utf_8_leaves_its_neighbours_alone() -> None:
    body = make_request([make_span(1, n, name=f"name{n}") for n in (1, 2, 3)]).SerializeToString()
    taken = take_request(body.replace(b"name2", b"nam\xff\xfe"), is_json=False)
    assert [span.name for span in decode(taken)] == ["name1", "name3"]
    assert [span.reason for span in taken.refused] and "UTF-8" in taken.refused[0].reason
    assert taken.is_changed


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("trace_id", b"short", "trace id must be 16 bytes"),
        ("trace_id", bytes(16), "trace id must be 16 bytes"),
        ("span_id", b"", "span id must be 8 bytes"),
        ("parent_span_id", b"x", "parent must be 8 bytes"),
        ("start_time_unix_nano", 2**63, "times must be nanoseconds"),
    ],
)
def test_a_span_with_a_bad_id_or_time_is_refused_by_itself(field: str, value: object, why: str) -> None:
    bad = make_span(1, 2, name="bad")
    setattr(bad, field, value)
    taken = take_request(make_request([make_span(1, 1), bad]).SerializeToString(), is_json=False)
    assert taken.spans == 1
    (refused,) = taken.refused
    assert refused.name == "bad"
    assert why in refused.reason


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"traceId": "xyz"}, "'traceId' must be hexadecimal"),
        ({"name": 5}, "'name' must be text"),
        ({"name": "\ud800"}, "half of a character"),
        ({"startTimeUnixNano": "soon"}, "whole number"),
        ({"startTimeUnixNano": -1}, "nanoseconds since 1970"),
        ({"attributes": [{"key": "a", "value": "bare"}]}, "value of an attribute"),
        ({"attributes": [{"key": "a", "value": {"intValue": 2**64}}]}, "64 bits"),
        ({"attributes": [{"key": "a", "value": {"bytesValue": "A"}}]}, "base64"),
        ({"status": []}, None),
        ({"status": [1]}, "'status' must be an object"),
        ({"events": {}}, None),
        ({"events": "late"}, "'events' must be a list"),
    ],
)
def test_a_bad_span_in_json_is_refused_by_itself(change: dict[str, object], why: str | None) -> None:
    taken = take_request(in_json(GOOD_JSON, {**GOOD_JSON, **change}, 7), is_json=True)
    assert taken.spans == (1 if why else 2)
    reasons = [span.reason for span in taken.refused]
    assert reasons[-1] == "a span must be an object"
    assert why is None or why in reasons[0]


def test_a_byte_that_is_no_utf_8_costs_its_letter_alone() -> None:
    taken = take_request(in_json(GOOD_JSON).replace(b"hello", b"hel\xfflo"), is_json=True)
    (span,) = decode(taken)
    assert (span.attributes["text"], taken.refused) == ("hel\ufffdlo", [])


def nested(levels: int) -> Any:
    value: dict[str, Any] = {"stringValue": "deep"}
    for _ in range(levels):
        value = {"arrayValue": {"values": [value]}}
    return value


@pytest.mark.parametrize("levels", [32, 33, 300])
def test_attributes_nest_to_a_limit(levels: int) -> None:
    deep = {**GOOD_JSON, "attributes": [{"key": "a", "value": nested(levels)}]}
    taken = take_request(in_json(deep, GOOD_JSON), is_json=True)
    assert taken.spans == (2 if levels <= 32 else 1)
    assert [span.reason for span in taken.refused if "32 lists and objects" not in span.reason] == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b"\xff", b'{"resourceSpans": 5}', b"[" * 100_000, b'{"resourceSpans": [7]}']
)
def test_what_is_no_request_in_json_is_refused_whole_or_holds_nothing(body: bytes) -> None:
    with pytest.raises(RequestRefused):
        take_request(body, is_json=True)


@pytest.mark.parametrize("levels", range(40, 50))
def test_what_was_taken_can_be_read_again_however_deep_it_nests(levels: int) -> None:
    deep = make_span(1, 2)
    value = deep.attributes.add(key="deep").value
    for _ in range(levels):
        value = value.array_value.values.add()
    taken = take_request(make_request([make_span(1, 1), deep]).SerializeToString(), is_json=False)
    kept = taken.message.SerializeToString()
    assert taken.spans + len(taken.refused) == 2
    assert next(span.span_id for span in decode(take_request(kept, is_json=False))).endswith("1")


def test_what_is_no_protobuf_is_refused_whole() -> None:
    with pytest.raises(RequestRefused, match="no OTLP request in protobuf"):
        take_request(b"\x0a\xff\xff\xff", is_json=False)


def test_attributes_that_are_too_long_are_cut_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MOST_ATTRIBUTE_CHARACTERS", 100)
    message = make_request([make_span(1, 1, attributes={"input.value": "x" * 150, "short": "y"})])
    taken = take_request(message.SerializeToString(), is_json=False)
    (span,) = decode(taken)
    assert (taken.cut, taken.is_changed) == (1, True)
    assert span.attributes == {"input.value": "x" * 100 + "… [cut by Teachback: 50 more characters]", "short": "y"}


def test_more_spans_than_one_request_may_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MOST_SPANS", 2)
    with pytest.raises(RequestRefused, match="more than 2 spans"):
        take_request(make_request([make_span(1, n) for n in (1, 2, 3)]).SerializeToString(), is_json=False)


SEED = make_request([make_span(1, n, attributes=asked("a")) for n in (1, 2)]).SerializeToString()


@given(at=st.integers(0, len(SEED) - 1), put=st.binary(min_size=1, max_size=4))
def test_bytes_that_were_damaged_are_taken_or_refused_and_never_break_anything(at: int, put: bytes) -> None:
    for body in (SEED[:at] + put + SEED[at + len(put) :], SEED[:at], SEED[:at] + put + SEED[at:]):
        try:
            decode(take_request(body, is_json=False))
        except RequestRefused as refusal:
            assert str(refusal)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*GOOD_JSON, "key", "value", "values", "stringValue", "arrayValue", "kvlistValue", "code"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(span=JSON_VALUES, resource=JSON_VALUES)
def test_json_of_any_shape_is_taken_or_refused_and_never_breaks_anything(span: object, resource: object) -> None:
    document = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span, GOOD_JSON]}]}]}
    try:
        taken = take_request(json.dumps(document).encode(), is_json=True)
    except RequestRefused as refusal:
        assert str(refusal)
    else:
        assert [one.name for one in decode(taken)][-1] == "ask"
