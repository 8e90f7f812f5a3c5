"""Reads messages to and from models in whatever shape a framework writes them down."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from teachback.json_types import Json
from teachback_server.jobs.meaning.loose_json import gather_indexed, is_empty, read_json, write_text
from teachback_server.jobs.meaning.message_parts import Part, list_parts, read_tool_call
from teachback_server.jobs.meaning.what_spans_say import Message, ToolCall

# Names under which the messages stand within a request or an answer.
_LISTS_OF_MESSAGES = ("messages", "contents", "choices", "candidates", "generations", "output", "outputs", "input")
# Names under which one message stands within an entry of such a list.
_WRAPPERS = ("message", "prompt", "completion", "update", "delta", "body")
_NAMES_OF_CONTENT = ("content", "contents", "parts", "blocks", "text", "_content", "value", "transcript")
_NAMES_OF_ROLE = ("role", "_role", "author", "source", "type", "event.name")
_ROLES: Mapping[str, str] = {
    "human": "user",
    "humanmessage": "user",
    "humanmessagechunk": "user",
    "ai": "assistant",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "chatbot": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "systemmessage": "system",
    "toolmessage": "tool",
    "function": "tool",
    "gen_ai.user.message": "user",
    "gen_ai.system.message": "system",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    "gen_ai.choice": "assistant",
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "developer",
    "tool": "tool",
}
# What stands beside the content of a message and is none of it.
_BESIDE_CONTENT = frozenset(
    {
        *_NAMES_OF_ROLE,
        "id",
        "name",
        "index",
        "finish_reason",
        "finish_message",
        "tool_call_id",
        "content_filter_results",
    }
    | {"logprobs", "status", "annotations", "refusal", "audio", "function_call", "tool_calls", "gen_ai.system"}
)
_CALLS_BESIDE = frozenset({"toolCalls", "function_call_name", "function_call_arguments_json"})
THOUGHT = "thought"  # the role of what a model thought before it spoke
_NAMES_OF_MESSAGES_CONTENT = frozenset({"content", "contents", "parts", "_content", "tool_calls", "text"})
_FIELDS_OF_MESSAGES = (_BESIDE_CONTENT | _NAMES_OF_MESSAGES_CONTENT | _CALLS_BESIDE) - {"text", "source", "author"}
_DEEPEST = 24  # levels of lists and wrappers around a message; real ones have up to six


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """One message with what it answers, before calls and their results are brought together."""

    message: Message
    answers: dict[str, Json] = field(default_factory=dict)  # by the id of the call


def read_messages(value: Json, role: str) -> tuple[Message, ...]:
    """Read messages out of a value; those that do not say whose they are have the role given.

    The value is a text, one message, a list, or a whole request or answer of a provider. A result that a later message
    brings stands in the call that it belongs to, too.
    """
    drafts = [draft for draft in _read(value, role, 0) if draft.message.text or draft.message.tool_calls]
    results = {call_id: result for draft in drafts for call_id, result in draft.answers.items() if call_id}
    return tuple(_with_results(draft.message, results) for draft in drafts)


def has_messages(value: Json) -> bool:
    """Tell whether a value is a list of messages, one message, or an object that has a list of them."""
    if isinstance(value, Mapping):
        if is_message(value):
            return True
        value = next((value[name] for name in ("messages", "contents") if isinstance(value.get(name), list)), None)
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    return isinstance(value, list) and bool(value) and all(is_message(item) for item in value)


def is_message(item: Json) -> bool:
    """Tell whether a value is one message."""
    if not isinstance(item, Mapping):
        return False
    if isinstance(item.get("message"), Mapping) or _is_serialized(item):
        return True
    if {"message.role", "_role", "event.name"} & item.keys():
        return True
    said = item["role"] if "role" in item else item.get("type")
    return isinstance(said, str) and said.lower() in _ROLES and not _NAMES_OF_MESSAGES_CONTENT.isdisjoint(item)


def is_nothing_but_message(item: Json) -> bool:
    """Tell whether a value is one message and has no field that a message does not have."""
    if not isinstance(item, Mapping) or not is_message(item):
        return False
    return _is_serialized(item) or item.keys() <= _FIELDS_OF_MESSAGES


def _is_serialized(item: Mapping[str, Json]) -> bool:
    data = item.get("data")
    if isinstance(data, Mapping) and isinstance(item.get("type"), str):
        return "content" in data
    return isinstance(item.get("kwargs"), Mapping) and "lc" in item


def _with_results(message: Message, results: Mapping[str, Json]) -> Message:
    if not any(call.id in results for call in message.tool_calls):
        return message
    calls = tuple(replace(call, result=results.get(call.id, call.result)) for call in message.tool_calls)
    return replace(message, tool_calls=calls)


def _read(value: Json, role: str, depth: int) -> Iterator[_Draft]:
    if depth > _DEEPEST or is_empty(value):
        return
    if isinstance(value, str):
        again = read_json(value) if depth else value
        if isinstance(again, list) or is_message(again):
            yield from _read(again, role, depth + 1)
        else:
            yield _Draft(message=Message(role=role, text=value))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _read(item, role, depth + 1)
    elif isinstance(value, Mapping):
        yield from _read_object(value, role, depth)
    else:
        yield _Draft(message=Message(role=role, text=write_text(value)))


def _read_object(value: Mapping[str, Json], role: str, depth: int) -> Iterator[_Draft]:
    entry = _unwrap(value)
    for name in () if isinstance(entry.get("role"), str) else _LISTS_OF_MESSAGES:
        inside = entry.get(name)
        if isinstance(inside, list | tuple) and inside:
            for system in ("system", "instructions", "system_instruction"):
                yield from _read(entry.get(system), "system", depth + 1)
            yield from _read(inside, role, depth + 1)
            return
    answer = entry.get("output")
    if isinstance(answer, Mapping) and "message" in answer:
        entry = answer
    for wrapper in _WRAPPERS:
        inside = entry.get(wrapper)
        if isinstance(inside, Mapping) and inside and depth < _DEEPEST:
            yield from _read_object(_with_content_beside(inside, entry), _read_role(entry, role), depth + 1)
            return
    content = entry.get("content")
    if isinstance(content, Mapping) and ("parts" in content or "role" in content) and depth < _DEEPEST:
        yield from _read_object(content, _read_role(entry, role), depth + 1)
        return
    spoken = _find_spoken_by_role(entry)
    if spoken:
        yield from _read(entry[spoken], _ROLES[spoken], depth + 1)
    else:
        yield from _read_one(entry, role)


def _with_content_beside(message: Mapping[str, Json], entry: Mapping[str, Json]) -> Mapping[str, Json]:
    # A message that has nothing but its role, with its content next to it: {"message": {"role": …}, "function": […]}.
    if not message.keys() <= set(_NAMES_OF_ROLE):
        return message
    beside: list[Json] = [
        read_json(item)
        for name, value in entry.items()
        if name not in _WRAPPERS and name not in _BESIDE_CONTENT and isinstance(value, list)
        for item in value
    ]
    return {**message, "content": beside} if beside else message


def _unwrap(value: Mapping[str, Json]) -> Mapping[str, Json]:
    if any(name.startswith("message.") for name in value):
        flat = [(name.removeprefix("message."), item) for name, item in value.items()]
        unwrapped = gather_indexed(flat)
        return unwrapped if isinstance(unwrapped, Mapping) else value
    serialized = value.get("kwargs")
    if isinstance(serialized, Mapping) and "lc" in value:
        kind = value.get("id")
        role = kind[-1] if isinstance(kind, list) and kind else ""
        return {"role": role, **{name: item for name, item in serialized.items() if name != "type"}}
    data = value.get("data")
    if isinstance(data, Mapping) and "content" in data:
        return {"role": value.get("type"), **data}
    return value


def _find_spoken_by_role(entry: Mapping[str, Json]) -> str:
    # An old way: {"user": "the text"}
    if len(entry) == 1:
        name = next(iter(entry))
        if name in ("user", "assistant", "system"):
            return name
    return ""


def _read_role(entry: Mapping[str, Json], otherwise: str) -> str:
    for name in _NAMES_OF_ROLE:
        said = entry.get(name)
        if isinstance(said, str) and said:
            known = _ROLES.get(said.rpartition(".")[2].lower() if name != "event.name" else said)
            if known:
                return known
            if name in ("role", "_role"):
                return said[:40]
    return otherwise


def _read_one(entry: Mapping[str, Json], role: str) -> Iterator[_Draft]:
    content = _find_content(entry)
    parts = list_parts(content)
    calls = [part.call for part in parts if part.call is not None]
    calls += [call for call in _list_calls_beside(entry) if call not in calls]
    thoughts = _join_texts(part for part in parts if part.is_thought)
    if thoughts:
        yield _Draft(message=Message(role=THOUGHT, text=thoughts))
    text = _join_texts(part for part in parts if not part.is_thought)
    role = _read_role(entry, role)
    answers = {part.answers: part.result for part in parts if part.answers}
    if role == "user" and parts and all(part.is_answer for part in parts):
        role = "tool"  # senders that know no such role put what tools gave back into a user's mouth
    call_id = entry.get("tool_call_id", entry.get("id"))
    if role == "tool" and isinstance(call_id, str) and not answers:
        answers = {call_id: content}
    yield _Draft(message=Message(role=role, text=text, tool_calls=tuple(_each_once(calls))), answers=answers)


def _find_content(entry: Mapping[str, Json]) -> Json:
    named = [entry[name] for name in _NAMES_OF_CONTENT if name in entry]
    if named:
        return next((content for content in named if not is_empty(content)), None)
    # Of a shape that nobody has told us of: shown as it came, rather than lost.
    strange = {name: value for name, value in entry.items() if name not in _BESIDE_CONTENT and not is_empty(value)}
    return entry if strange and not strange.keys() <= _CALLS_BESIDE else None


def _join_texts(parts: Iterable[Part]) -> str:
    return "\n".join(part.text for part in parts if part.text)


def _list_calls_beside(entry: Mapping[str, Json]) -> Iterator[ToolCall]:
    listed = read_json(entry.get("tool_calls") or entry.get("toolCalls"))
    for item in listed if isinstance(listed, list | tuple) else ():
        call = read_tool_call(item)
        if call is not None:
            yield call
    # OpenAI's way before there were tools
    name = entry.get("function_call_name")
    single = entry.get("function_call")
    if isinstance(name, str) and name:
        yield ToolCall(id="", name=name, arguments=read_json(entry.get("function_call_arguments_json")))
    elif isinstance(single, Mapping):
        call = read_tool_call(single)
        if call is not None:
            yield call


def _each_once(calls: list[ToolCall]) -> list[ToolCall]:
    # Some senders write a call among the contents and again beside them.
    seen: set[str] = set()
    kept = []
    for call in calls:
        if not call.id or call.id not in seen:
            kept.append(call)
        seen.add(call.id)
    return kept
