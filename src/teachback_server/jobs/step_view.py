"""Turns what a step was given and gave into texts that a page can show, long ones cut. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from teachback.json_types import Json
from teachback_server.jobs.meaning.what_spans_say import Message, StepContent, ToolCall

MOST_LETTERS = 4_000  # of one text, unless all of it is asked for
MOST_MESSAGES = 60
MOST_LETTERS_OF_WHOLE = 2_000_000


@dataclass(frozen=True, kw_only=True)
class ShownText:
    """A text, or its beginning; `letters` is how long the whole is."""

    text: str
    letters: int

    @property
    def is_cut(self) -> bool:
        """Whether only the beginning is here."""
        return len(self.text) < self.letters


@dataclass(frozen=True, kw_only=True)
class ShownTool:
    """A tool with what it was given and what it gave; None where that is not known."""

    name: str
    arguments: ShownText | None
    result: ShownText | None


@dataclass(frozen=True, kw_only=True)
class ShownMessage:
    """One message to or from a model."""

    role: str
    text: ShownText | None
    tools: tuple[ShownTool, ...]


@dataclass(frozen=True, kw_only=True)
class ShownContent:
    """What a page shows of one step. Input and output stand only where there are no messages in their place."""

    messages_in: tuple[ShownMessage, ...]
    messages_left_out: int  # of those that came in, the oldest but the first
    messages_out: tuple[ShownMessage, ...]
    input: ShownText | None
    output: ShownText | None
    tool: ShownTool | None
    documents: tuple[ShownText, ...]
    beside: tuple[tuple[str, ShownText], ...]  # further input and output, by the attribute that carries it
    error: str

    @property
    def is_empty(self) -> bool:
        """Whether the trace says nothing about what the step was given and gave."""
        said = (self.messages_in, self.messages_out, self.input, self.output, self.tool, self.documents, self.beside)
        return not any(said) and not self.error

    @property
    def is_cut(self) -> bool:
        """Whether anything is shown only in part."""
        return self.messages_left_out > 0 or any(text.is_cut for text in self._list_texts())

    def _list_texts(self) -> list[ShownText]:
        messages = [*self.messages_in, *self.messages_out]
        tools = [tool for message in messages for tool in message.tools] + ([self.tool] if self.tool else [])
        texts = [self.input, self.output, *self.documents, *(message.text for message in messages)]
        texts += [text for _, text in self.beside]
        texts += [part for tool in tools for part in (tool.arguments, tool.result)]
        return [text for text in texts if text is not None]


def show_content(content: StepContent, *, is_whole: bool = False) -> ShownContent:
    """The content of a step as texts: the beginning of long ones, or all of them up to a size that a browser bears."""
    letters = MOST_LETTERS_OF_WHOLE if is_whole else MOST_LETTERS
    messages = content.messages_in
    kept = messages if is_whole or len(messages) <= MOST_MESSAGES else (messages[0], *messages[1 - MOST_MESSAGES :])
    return ShownContent(
        messages_in=_show_messages(kept, letters),
        messages_left_out=len(messages) - len(kept),
        messages_out=_show_messages(content.messages_out, letters),
        input=None if content.messages_in or content.tool else _show_value(content.input, letters),
        output=None if content.messages_out or _has_result(content.tool) else _show_value(content.output, letters),
        tool=_show_tool(content.tool, letters) if content.tool else None,
        documents=tuple(_cut(text, letters) for text in content.documents),
        beside=tuple(
            (name, text) for name, value in content.beside.items() if (text := _show_value(value, letters)) is not None
        ),
        error=_cut(content.error, letters).text,
    )


def _has_result(tool: ToolCall | None) -> bool:
    return tool is not None and tool.result is not None


def _show_messages(messages: Sequence[Message], letters: int) -> tuple[ShownMessage, ...]:
    return tuple(
        ShownMessage(
            role=message.role,
            text=_cut(message.text, letters) if message.text else None,
            tools=tuple(_show_tool(call, letters) for call in message.tool_calls),
        )
        for message in messages
    )


def _show_tool(call: ToolCall, letters: int) -> ShownTool:
    return ShownTool(
        name=call.name, arguments=_show_value(call.arguments, letters), result=_show_value(call.result, letters)
    )


def _show_value(value: Json, letters: int) -> ShownText | None:
    if value is None or value == "":
        return None
    return _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2), letters)


def _cut(text: str, letters: int) -> ShownText:
    kept = text[:letters].encode("utf-8", "replace").decode("utf-8")  # half a pair of code units cannot be sent
    return ShownText(text=kept, letters=len(text))
