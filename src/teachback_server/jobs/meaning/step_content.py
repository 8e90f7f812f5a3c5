"""Reads what a person wants to see of one step: messages, tools, documents, errors."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from teachback.json_types import Json, JsonObject
from teachback.vocabulary import StepKind
from teachback_server.jobs.meaning.convention import Means
from teachback_server.jobs.meaning.envelopes import open_envelope
from teachback_server.jobs.meaning.gathering import (
    EVENT_OF_ERROR,
    EVENTS_IN,
    EVENTS_OF_DOCUMENTS,
    EVENTS_OUT,
    Gathered,
    find_text,
    find_value,
    gather,
)
from teachback_server.jobs.meaning.loose_json import clean_text, is_empty, read_json, write_text
from teachback_server.jobs.meaning.messages import has_messages, read_messages
from teachback_server.jobs.meaning.spans import Attributes, Span
from teachback_server.jobs.meaning.step_facts import read_kind
from teachback_server.jobs.meaning.tables import LONGEST_NAME, find_place
from teachback_server.jobs.meaning.what_spans_say import Message, StepContent, ToolCall

_NAMES_OF_DOCUMENT = ("document", "node", "entity")
_NAMES_OF_DOCUMENT_TEXT = ("content", "page_content", "text", "document", "snippet", "body", "title", "id")
# Where a provider's request and answer have their text, for spans that carry nothing but them.
_NAMES_OF_PROMPT = ("prompt", "input", "inputs", "query", "inputText")
_NAMES_OF_ANSWERS = ("choices", "candidates", "generations", "output")
_NAMES_OF_ANSWER = ("completion", "output_text", "combined_chunk_content", "generation", "response", "text", "content")
_MAY_STAND_BESIDE = frozenset(
    {Means.INPUT, Means.OUTPUT, Means.QUERY, Means.TEXT_OUT, Means.REASONING, Means.TOOL_ARGUMENTS, Means.TOOL_RESULT}
)
_DEEPEST_DOCUMENT = 8


def read_content(span: Span) -> StepContent:
    """Read what a person reads of one step; what the span does not carry stays empty."""
    said = gather(span)
    kind = read_kind(span.attributes)[0]
    content = StepContent(
        input=_find_first_of(said, Means.JOB_INPUT, Means.INPUT, Means.QUERY),
        output=_find_first_of(said, Means.JOB_OUTPUT, Means.OUTPUT),
        messages_in=read_messages_in(span, said),
        messages_out=read_messages_out(span, said),
        tool=read_tool(span, said, kind),
        documents=tuple(_list_documents(span, said, kind)),
        error=read_error(span, said),
    )
    return replace(content, beside={**_find_asked_beside(said, content), **_find_beside(span.attributes, content)})


def read_messages_in(span: Span, said: Gathered) -> tuple[Message, ...]:
    """Read the messages that a model was given, with the system's instructions before them."""
    instructions = read_messages(find_value(said, Means.INSTRUCTIONS), "system")
    messages = _first_messages(said, Means.MESSAGES_IN, "user") or _read_told(span)[0]
    if not messages:
        conversation = _first_messages(said, Means.CONVERSATION, "user")
        messages = conversation[: _count_before_answer(conversation)]
    if not messages:
        messages = _read_request(find_value(said, Means.INPUT), read_kind(span.attributes)[0])
    told = "\n".join(message.text for message in messages if message.role in ("system", "developer"))
    return tuple(message for message in instructions if message.text not in told) + messages


def read_messages_out(span: Span, said: Gathered) -> tuple[Message, ...]:
    """Read the messages that a model gave back."""
    messages = _first_messages(said, Means.MESSAGES_OUT, "assistant") or _read_told(span)[1]
    if messages:
        return messages
    calls = find_value(said, Means.TOOL_CALLS)
    text = find_text(said, Means.TEXT_OUT) or (find_text(said, Means.REASONING) if calls is None else "")
    if text or calls is not None:
        return read_messages({"role": "assistant", "content": text, "tool_calls": calls}, "assistant")
    conversation = _first_messages(said, Means.CONVERSATION, "user")
    messages = conversation[_count_before_answer(conversation) :]
    if messages:
        return messages
    return _read_answer(find_value(said, Means.OUTPUT), read_kind(span.attributes)[0])


def read_tool(span: Span, said: Gathered, kind: StepKind) -> ToolCall | None:
    """Read the use of a tool with its arguments and result; None where the step is none."""
    arguments, result = find_value(said, Means.TOOL_ARGUMENTS), find_value(said, Means.TOOL_RESULT)
    if kind is StepKind.TOOL:
        arguments = arguments if arguments is not None else find_value(said, Means.INPUT)
        arguments = arguments if arguments is not None else find_value(said, Means.TOOL_PARAMETERS)
        result = result if result is not None else find_value(said, Means.OUTPUT)
    elif arguments is None and result is None:
        return None
    return ToolCall(
        id=find_text(said, Means.TOOL_CALL_ID),
        name=find_text(said, Means.TOOL_NAME) or span.name,
        arguments=open_envelope(arguments),
        result=open_envelope(result),
    )


def list_asked(query: Json) -> list[Json]:
    """List what was searched for, or made into vectors: the vectors that come with it are of no use to a reader."""
    return [_read_embedded(item) for item in query] if isinstance(query, list) else [query]


def _read_embedded(item: Json) -> Json:
    embedding = item.get("embedding") if isinstance(item, Mapping) else None
    return embedding.get("text") if isinstance(embedding, Mapping) else item


def read_found(span: Span, said: Gathered) -> Json:
    """Read the documents that a search found, from its attributes or one event for each; None where it tells none."""
    told = find_value(said, Means.DOCUMENTS)
    if told is not None:
        return told
    return [
        {name.rpartition(".")[2]: read_json(value) for name, value in event.attributes.items()}
        for event in span.events
        if event.name in EVENTS_OF_DOCUMENTS
    ] or None


def read_error(span: Span, said: Gathered) -> str:
    """Read what went wrong: the exception if one was recorded, else what the span's status says."""
    for event in span.events:
        if event.name == EVENT_OF_ERROR:
            kind = event.attributes.get("exception.type")
            message = event.attributes.get("exception.message")
            told = ": ".join(part for part in (kind, message) if isinstance(part, str) and part)
            if told:
                return clean_text(told)
    if span.is_error:
        return clean_text(span.status_message) or find_text(said, Means.ERROR) or "It failed and does not say why."
    kind = span.attributes.get("error.type")
    return clean_text(kind) if isinstance(kind, str) else ""


def _find_first_of(said: Gathered, *meanings: Means) -> Json:
    return next((said[means][0] for means in meanings if said.get(means)), None)


def _find_beside(attributes: Attributes, content: StepContent) -> JsonObject:
    """What was sent as input or output and is nowhere else in the content: a step may carry several of each."""
    shown: list[Json] = [content.input, content.output]
    shown += [message.text for message in (*content.messages_in, *content.messages_out)]
    if content.tool is not None:
        shown += [content.tool.arguments, content.tool.result]
    beside: dict[str, Json] = {}
    for name, value in attributes.items():
        place = find_place(name) if len(name) <= LONGEST_NAME else None
        if place is None or place.prefix or place.means not in _MAY_STAND_BESIDE or isinstance(value, bool):
            continue
        read = read_json(value)
        is_within = any(isinstance(one, Mapping) and one.get(name) == read for one in (content.input, content.output))
        if not is_empty(read) and not is_within and read not in shown and open_envelope(read) not in shown:
            beside[name] = read
    return beside


def _find_asked_beside(said: Gathered, content: StepContent) -> JsonObject:
    """The texts that were searched for or made into vectors, where the input is told in other words."""
    if Means.QUERY not in said or content.input is None or content.input == find_value(said, Means.QUERY):
        return {}
    told = write_text(content.input)
    asked = [text for text in list_asked(find_value(said, Means.QUERY)) if isinstance(text, str) and text not in told]
    return {"query": asked} if asked else {}


def _first_messages(said: Gathered, means: Means, role: str) -> tuple[Message, ...]:
    return next((messages for value in said.get(means, ()) if (messages := read_messages(value, role))), ())


def _read_request(given: Json, kind: StepKind) -> tuple[Message, ...]:
    if has_messages(given):
        return read_messages(given, "user")
    if kind is StepKind.MODEL and isinstance(given, Mapping):
        asked = next((given[name] for name in _NAMES_OF_PROMPT if not is_empty(given.get(name))), None)
        return read_messages(asked, "user")
    return ()


def _read_answer(given: Json, kind: StepKind) -> tuple[Message, ...]:
    if has_messages(given):
        return read_messages(given, "assistant")
    if kind is StepKind.MODEL and isinstance(given, Mapping):
        if any(isinstance(given.get(name), list) for name in _NAMES_OF_ANSWERS):
            return read_messages(given, "assistant")
        answered = next((given[name] for name in _NAMES_OF_ANSWER if isinstance(given.get(name), str)), None)
        return read_messages(answered, "assistant")
    return ()


def _read_told(span: Span) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """Read the messages that events tell of, in and out; without an event for the answer, it is the last told."""
    if not span.events:
        return (), ()
    told, answer = _read_events(span, EVENTS_IN, "user"), _read_events(span, EVENTS_OUT, "assistant")
    count = len(told) if answer else _count_before_answer(told)
    return told[:count], answer or told[count:]


def _read_events(span: Span, names: frozenset[str], role: str) -> tuple[Message, ...]:
    entries: list[Json] = [
        {"event.name": event.name, **_read_body(event.attributes)} for event in span.events if event.name in names
    ]
    return read_messages(entries, role)


def _read_body(attributes: Attributes) -> Mapping[str, Json]:
    read = {name.removeprefix("gen_ai.event."): read_json(value) for name, value in attributes.items()}
    for name in ("body", "event_body", "content"):
        body = read.get(name)
        if isinstance(body, Mapping):
            return {**read, **body}
    message = read.get("message")
    if isinstance(message, str | list):
        read["content"] = message
        del read["message"]
    return read


def _count_before_answer(conversation: tuple[Message, ...]) -> int:
    count = len(conversation)
    while count and conversation[count - 1].role == "assistant":
        count -= 1
    return count


def _list_documents(span: Span, said: Gathered, kind: StepKind) -> Iterator[str]:
    found = read_found(span, said)
    if found is None and kind is StepKind.RETRIEVAL:
        output = find_value(said, Means.OUTPUT)
        found = output.get("documents") if isinstance(output, Mapping) else output
    yield from _list_document_texts(found, 0)


def _list_document_texts(value: Json, depth: int) -> Iterator[str]:
    if is_empty(value) or depth > _DEEPEST_DOCUMENT:
        return
    if isinstance(value, list | tuple):
        for item in value:
            yield from _list_document_texts(item, depth + 1)
    elif isinstance(value, Mapping):
        wrapped = next((value[name] for name in _NAMES_OF_DOCUMENT if isinstance(value.get(name), Mapping)), None)
        if wrapped is not None:
            yield from _list_document_texts(wrapped, depth + 1)
        else:
            told = (value[name] for name in _NAMES_OF_DOCUMENT_TEXT if not is_empty(value.get(name)))
            yield clean_text(write_text(next(told, value)))
    else:
        yield clean_text(write_text(value))
