"""Shows that no span, however odd, stops a reader, and that what is read can be stored and shown."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from span_samples import make_event, make_span
from teachback.json_types import Json, canonical_json
from teachback_server.jobs.meaning import list_feedback, names_of_workflow, read_content, read_facts, read_job
from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.meaning.tables import CONVENTIONS
from teachback_server.jobs.meaning.what_spans_say import Message, ToolCall

WORDS = ("message", "messages", "role", "content", "contents", "parts", "text", "type", "tool_calls", "tool_call", "id")
WORDS += (
    "function",
    "name",
    "arguments",
    "message_content",
    "kwargs",
    "lc",
    "data",
    "output",
    "choices",
    "inputs",
    "args",
)
WORDS += (
    "document",
    "annotation",
    "label",
    "score",
    "annotator_kind",
    "candidates",
    "generations",
    "embedding",
    "value",
    "reasoningContent",
    "reasoningText",
    "new_message",
)

texts = st.one_of(
    st.sampled_from(
        ["", "user", "assistant", "tool", "LLM", "TOOL", "chat", "{", "[{", '[{"', "null", "\x00", "\ud800", "1e999"]
    ),
    st.text(max_size=12),
)
numbers = st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.just(10**400))
values = st.recursive(
    st.one_of(texts, numbers),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), texts), inner, max_size=4),
        inner.map(lambda value: json.dumps(value, default=str)),
    ),
    max_leaves=12,
)
tails = st.lists(
    st.one_of(st.sampled_from(WORDS), st.integers(0, 3).map(str), st.just(str(10**25)), st.just("٣"), st.just("")),
    max_size=5,
).map(".".join)
NAMES = sorted({name for convention in CONVENTIONS for name in convention.attributes})
names = st.one_of(
    st.sampled_from(NAMES).flatmap(
        lambda name: tails.map(lambda tail: name.replace("*", tail)) if "*" in name else st.just(name)
    ),
    st.sampled_from(
        ["acme.input", "userPrompt", "messages", "acme.promptbody", ".", "..", "annotations.0.annotation.label"]
    ),
)
attributes = st.dictionaries(names, values, max_size=8)
EVENTS = ("exception", "gen_ai.user.message", "gen_ai.choice", "gen_ai.evaluation.result", "db.query.result")
events = st.lists(
    st.builds(
        make_event, st.sampled_from([*EVENTS, "gen_ai.client.inference.operation.details", "acme.prompt"]), attributes
    ),
    max_size=2,
)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    return make_span(
        draw(attributes),
        number=draw(st.integers(1, 4)),
        parent=draw(st.integers(0, 4)),
        starts_after=draw(st.integers(0, 3)),
        takes=draw(st.integers(0, 2)),
        is_error=draw(st.booleans()),
        events=draw(events),
        resource=draw(attributes),
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(spans(), min_size=1, max_size=4))
def test_any_spans_are_read_without_an_error(trace: list[Span]) -> None:
    for span in trace:
        facts = read_facts(span)
        assert facts.name and facts.input_tokens >= 0 and facts.output_tokens >= 0 and facts.cost_usd >= 0
        list_feedback(span)
        names_of_workflow(span)
        _must_be_storable(_as_json(read_content(span)))
    job = read_job(trace[0], trace)
    for value in (job.input, job.output, job.provenance):
        assert value is None or isinstance(value, Mapping)
        _must_be_storable(value)


def test_a_value_a_thousand_levels_deep_is_read_and_cut() -> None:
    for text in ("[" * 1000 + "]" * 1000, '{"a":' * 1000 + "1" + "}" * 1000, "[" * 100_000, '[{"content":' * 500):
        for name in ("input.value", "gen_ai.input.messages", "llm.input_messages.0.message.content", "tool_arguments"):
            span = make_span({"openinference.span.kind": "LLM", name: text})
            _must_be_storable(_as_json(read_content(span)))
            _must_be_storable(read_job(span, [span]).input)


def test_a_name_with_many_parts_is_read_and_one_with_thousands_is_left() -> None:
    many = "llm.input_messages." + "0.message." * 40 + "content"
    thousands = "llm.output_messages." + "0.message." * 1000 + "content"
    span = make_span({many: "hello", thousands: "unheard", "acme.prompt" + "y" * 2000: "unheard"})
    assert "hello" in repr(read_content(span))
    assert "unheard" not in repr(read_content(span))
    assert read_facts(span).unread == ()


def test_a_very_long_text_is_read_as_it_is() -> None:
    text = "a table, " * 200_000
    span = make_span({"gen_ai.prompt": text, "input.value": text})
    assert read_job(span, [span]).input == {"text": text}


def _must_be_storable(value: Any) -> None:
    canonical_json(value).encode()
    assert not any("\x00" in text for text in _list_texts(value))


def _list_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield name
            yield from _list_texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _list_texts(item)


def _as_json(value: Any) -> Json:
    if isinstance(value, Message):
        return {"role": value.role, "text": value.text, "calls": [_as_json(call) for call in value.tool_calls]}
    if isinstance(value, ToolCall):
        return {"id": value.id, "name": value.name, "arguments": value.arguments, "result": value.result}
    if isinstance(value, tuple):
        return [_as_json(item) for item in value]
    if value is None or isinstance(value, str | int | float | list | dict):
        return value
    return {name: _as_json(getattr(value, name)) for name in value.__dataclass_fields__}
