"""Reads the parts of a message: texts, thoughts, pictures, calls of tools and what they gave back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from teachback.json_types import Json
from teachback_server.jobs.meaning.loose_json import is_empty, read_json, write_text
from teachback_server.jobs.meaning.what_spans_say import ToolCall

_THOUGHTS = frozenset({"reasoning", "thinking", "redacted_thinking", "summary_text", "thought", "reasoning_text"})
_CALLS = frozenset({"tool_call", "tool_use", "tool-call", "function_call", "server_tool_use", "tooluse"})
_ANSWERS = frozenset(
    {
        "tool_call_response",
        "tool_result",
        "tool-result",
        "function_call_output",
        "function_response",
        "toolresult",
        "tool_response",
    }
)
_WRAPPERS = ("toolUse", "tool_use", "functionCall", "function_call", "tool_call", "message_content")
_THOUGHT_WRAPPERS = ("reasoningContent", "reasoning_content", "reasoningText")
_ANSWER_WRAPPERS = ("toolResult", "tool_result", "functionResponse", "function_response")
_TEXTS = ("text", "content", "thinking", "reasoning", "refusal", "output_text", "input_text", "transcript", "value")
_PICTURED = ("image", "audio", "video", "file", "document", "blob", "uri", "input_audio", "inline_data", "file_data")
_ENCLOSED = frozenset({"blob", "uri"})  # a file, or where it is: no text, although it may stand under "content"
_DEEPEST = 24


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a message."""

    text: str = ""
    is_thought: bool = False
    call: ToolCall | None = None
    is_answer: bool = False  # what a tool gave back
    answers: str = ""  # the id of the call that it gives the result of
    result: Json = None


def list_parts(content: Json, depth: int = 0) -> list[Part]:
    """Read the parts of a message's content: a text, one part, or a list of them."""
    if is_empty(content) or depth > _DEEPEST:
        return []
    if isinstance(content, str):
        return _read_text(content, depth)
    if isinstance(content, list | tuple):
        return [part for item in content for part in list_parts(item, depth + 1)]
    if isinstance(content, Mapping):
        return list(_read_part(content, depth))
    return [Part(text=write_text(content))]


def read_tool_call(value: Json) -> ToolCall | None:
    """Read the call of a tool that a model asked for; None where the value is none."""
    if not isinstance(value, Mapping):
        return None
    for wrapper in ("tool_call", "function_call", "functionCall", "toolUse"):
        inside = value.get(wrapper)
        if isinstance(inside, Mapping):
            return read_tool_call({"id": value.get("id"), **inside})
    function = value.get("function")
    source = {**value, **function} if isinstance(function, Mapping) else value
    name = _first_text(source, ("name", "toolName", "tool_name", "tool"))
    if not name and isinstance(function, str):
        name = function
    arguments = next(
        (source[key] for key in ("arguments", "args", "input", "parameters") if not is_empty(source.get(key))), None
    )
    call_id = _first_text(value, ("call_id", "id", "tool_call_id", "toolCallId", "toolUseId"))
    if not name and arguments is None:
        return None
    return ToolCall(id=call_id, name=name, arguments=read_json(arguments))


def _read_text(content: str, depth: int) -> list[Part]:
    # Some senders write the list of parts as a text. A plain JSON object is somebody's text, not a part.
    if content.startswith('[{"'):
        again = read_json(content)
        if isinstance(again, list) and all(isinstance(item, Mapping) and "type" in item for item in again):
            return list_parts(again, depth + 1)
    return [Part(text=content)]


def _read_part(part: Mapping[str, Json], depth: int) -> Iterator[Part]:
    kind = str(part.get("type", part.get("block_type", part.get("kind", "")))).lower()
    if kind in _ANSWERS:
        yield _read_answer(part)
        return
    if kind in _CALLS:
        yield Part(call=read_tool_call(part))
        return
    for wrapper in _ANSWER_WRAPPERS:
        inside = part.get(wrapper)
        if isinstance(inside, Mapping):
            yield _read_answer(inside)
            return
    for wrapper in _THOUGHT_WRAPPERS:
        inside = part.get(wrapper)
        if isinstance(inside, Mapping):
            thought = inside.get("reasoningText", inside)
            yield from _read_words(thought if isinstance(thought, Mapping) else {"text": thought}, "thinking", depth)
            return
    for wrapper in _WRAPPERS:
        inside = part.get(wrapper)
        if isinstance(inside, Mapping):
            if wrapper == "message_content":
                yield from _read_part(inside, depth + 1)
            else:
                yield Part(call=read_tool_call(inside))
            return
    yield from _read_words(part, kind, depth)


def _read_words(part: Mapping[str, Json], kind: str, depth: int) -> Iterator[Part]:
    if kind in _ENCLOSED:
        yield Part(text=f"[{_first_text(part, ('modality',)) or kind}]")
        return
    is_thought = kind in _THOUGHTS or part.get("thought") is True
    for name in _TEXTS:
        said = part.get(name)
        if isinstance(said, str) and said:
            yield Part(text=said, is_thought=is_thought)
            return
        if isinstance(said, list | Mapping) and said and depth < _DEEPEST:
            for inner in list_parts(said, depth + 1):
                yield replace(inner, is_thought=is_thought)
            return
    pictured = next((name for name in _PICTURED if name in kind or name in part), "")
    if pictured:
        yield Part(text=f"[{pictured.replace('_', ' ')}]")
    elif not is_thought and not any(name in part for name in _TEXTS) and not set(part) <= {"type", "id", "index"}:
        yield Part(text=write_text(part))


def _read_answer(part: Mapping[str, Json]) -> Part:
    names = ("result", "response", "content", "output")
    result = read_json(next((part[name] for name in names if not is_empty(part.get(name))), None))
    call_id = _first_text(part, ("id", "tool_call_id", "tool_use_id", "toolCallId", "toolUseId", "call_id"))
    said = (
        [inner.text for inner in list_parts(result, _DEEPEST)] if isinstance(result, str) else [_write_result(result)]
    )
    return Part(text="\n".join(said), is_answer=True, answers=call_id, result=result)


def _write_result(result: Json) -> str:
    if isinstance(result, list) and all(isinstance(item, Mapping) and "text" in item for item in result):
        return "\n".join(part.text for part in list_parts(result, 1) if part.text)
    return "" if result is None else write_text(result)


def _first_text(value: Mapping[str, Json], names: tuple[str, ...]) -> str:
    return next((said for name in names if isinstance(said := value.get(name), str) and said), "")
