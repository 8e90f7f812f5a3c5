"""Sample traces of agents at work, as protobuf spans: OpenTelemetry GenAI, OpenInference, and both in one trace."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from intake_load.sample_texts import TOOL_NAMES, make_arguments, make_paragraph, make_request, make_tool_result

TraceId = bytes
Attributes = Mapping[str, str | int | float | bool]

# Instruction texts are long and the same in every call of an agent, as they are in real traffic.
_INSTRUCTIONS = make_paragraph(Random("instructions"), 6)
_MODELS = ("small-2026", "large-2026", "open-weights-32b")
_MILLISECOND_NS = 1_000_000


class Convention(StrEnum):
    """Whose attribute names a trace uses."""

    GEN_AI = "gen_ai"
    OPENINFERENCE = "openinference"
    MIXED = "mixed"  # the frame in one convention, its model calls in the other


@dataclass(frozen=True, kw_only=True)
class SampleTrace:
    """One trace: its spans in the order in which they ended, the root last."""

    trace_id: TraceId
    convention: Convention
    spans: tuple[Span, ...]


class _TraceBuilder:
    """Adds spans one after the other, as a clock runs."""

    def __init__(self, trace_id: TraceId, started_ns: int, draws: Random) -> None:
        self.trace_id = trace_id
        self.now_ns = started_ns
        self.draws = draws
        self.spans: list[Span] = []
        self.root_id = draws.randbytes(8)

    def add(self, name: str, attributes: Attributes, *, milliseconds: float, problem: str = "") -> Span:
        """Add a child of the root that takes so long from now."""
        ended_ns = self.now_ns + int(milliseconds * _MILLISECOND_NS)
        span = self._make(name, self.draws.randbytes(8), self.now_ns, ended_ns, attributes)
        span.parent_span_id = self.root_id
        if problem:
            _mark_as_failed(span, problem)
        self.now_ns = ended_ns + int(self.draws.uniform(0.1, 3) * _MILLISECOND_NS)
        self.spans.append(span)
        return span

    def close(self, name: str, attributes: Attributes, started_ns: int) -> None:
        """Add the root around everything so far."""
        self.spans.append(self._make(name, self.root_id, started_ns, self.now_ns, attributes))

    def _make(self, name: str, span_id: bytes, started_ns: int, ended_ns: int, attributes: Attributes) -> Span:
        return Span(
            trace_id=self.trace_id,
            span_id=span_id,
            name=name,
            kind=Span.SPAN_KIND_INTERNAL,
            start_time_unix_nano=started_ns,
            end_time_unix_nano=ended_ns,
            attributes=list_key_values(attributes),
            status=Status(code=Status.STATUS_CODE_OK),
        )


def make_trace(trace_id: TraceId, started_ns: int, draws: Random) -> SampleTrace:
    """One job of an agent: it looks things up, calls models and tools, and answers. About eight spans."""
    convention = draws.choice(tuple(Convention))
    builder = _TraceBuilder(trace_id, started_ns, draws)
    request, session = make_request(draws), f"session-{draws.randrange(100_000)}"
    call_model, call_tool = _CALLS[convention]
    if draws.random() < 0.7:
        _add_retrieval(builder, request)
    for _ in range(draws.randrange(2, 5)):
        call_model(builder, request)
        call_tool(builder)
    call_model(builder, request)
    answer = make_paragraph(draws, 3)
    _close(builder, convention, (request, answer, session), started_ns)
    return SampleTrace(trace_id=trace_id, convention=convention, spans=tuple(builder.spans))


def list_key_values(attributes: Attributes) -> list[KeyValue]:
    """Attributes as the protocol carries them."""
    return [KeyValue(key=key, value=_make_value(value)) for key, value in attributes.items()]


def _make_value(value: str | int | float | bool) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    return AnyValue(double_value=value) if isinstance(value, float) else AnyValue(string_value=value)


def _mark_as_failed(span: Span, problem: str) -> None:
    span.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message=problem))
    event = span.events.add(name="exception", time_unix_nano=span.end_time_unix_nano)
    event.attributes.extend(list_key_values({"exception.type": "TimeoutError", "exception.message": problem}))


def _call_model_in_gen_ai(builder: _TraceBuilder, request: str) -> None:
    draws, model = builder.draws, builder.draws.choice(_MODELS)
    asked = [{"role": "user", "parts": [{"type": "text", "content": f"{request} {make_paragraph(draws, 2)}"}]}]
    said = [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": make_paragraph(draws, 2)}],
            "finish_reason": "stop",
        }
    ]
    builder.add(
        f"chat {model}",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "example",
            "gen_ai.request.model": model,
            "gen_ai.response.model": model,
            "gen_ai.response.id": f"resp-{draws.getrandbits(64):016x}",
            "gen_ai.request.temperature": 0.2,
            "gen_ai.usage.input_tokens": draws.randrange(200, 3000),
            "gen_ai.usage.output_tokens": draws.randrange(20, 400),
            "gen_ai.system_instructions": json.dumps([{"type": "text", "content": _INSTRUCTIONS}]),
            "gen_ai.input.messages": json.dumps(asked),
            "gen_ai.output.messages": json.dumps(said),
        },
        milliseconds=draws.uniform(300, 4000),
    )


def _call_model_in_openinference(builder: _TraceBuilder, request: str) -> None:
    draws, model = builder.draws, builder.draws.choice(_MODELS)
    prompt, completion = draws.randrange(200, 3000), draws.randrange(20, 400)
    said = make_paragraph(draws, 2)
    messages = "llm.input_messages"
    builder.add(
        "ChatCompletion",
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": model,
            "llm.provider": "example",
            "llm.invocation_parameters": json.dumps({"temperature": 0.2, "max_tokens": 800}),
            f"{messages}.0.message.role": "system",
            f"{messages}.0.message.content": _INSTRUCTIONS,
            f"{messages}.1.message.role": "user",
            f"{messages}.1.message.content": request,
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": said,
            "llm.token_count.prompt": prompt,
            "llm.token_count.completion": completion,
            "llm.token_count.total": prompt + completion,
            "output.value": said,
            "output.mime_type": "text/plain",
        },
        milliseconds=draws.uniform(300, 4000),
    )


def _call_tool_in_gen_ai(builder: _TraceBuilder) -> None:
    draws, name = builder.draws, builder.draws.choice(TOOL_NAMES)
    attributes: Attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": f"call_{draws.getrandbits(64):016x}",
        "gen_ai.tool.call.arguments": make_arguments(draws),
        "gen_ai.tool.call.result": make_tool_result(draws),
    }
    builder.add(f"execute_tool {name}", attributes, milliseconds=draws.uniform(5, 400), problem=_draw_problem(draws))


def _call_tool_in_openinference(builder: _TraceBuilder) -> None:
    draws, name = builder.draws, builder.draws.choice(TOOL_NAMES)
    attributes: Attributes = {
        "openinference.span.kind": "TOOL",
        "tool.name": name,
        "tool.description": make_paragraph(draws, 1),
        "input.value": make_arguments(draws),
        "input.mime_type": "application/json",
        "output.value": make_tool_result(draws),
        "output.mime_type": "application/json",
    }
    builder.add(name, attributes, milliseconds=draws.uniform(5, 400), problem=_draw_problem(draws))


def _draw_problem(draws: Random) -> str:
    return "The other side did not answer within 5 seconds." if draws.random() < 0.03 else ""


def _add_retrieval(builder: _TraceBuilder, request: str) -> None:
    draws = builder.draws
    attributes: dict[str, str | int | float | bool] = {
        "openinference.span.kind": "RETRIEVER",
        "input.value": request,
        "input.mime_type": "text/plain",
    }
    for at in range(3):
        document = f"retrieval.documents.{at}.document"
        attributes[f"{document}.id"] = f"page-{draws.randrange(5000)}"
        attributes[f"{document}.score"] = round(draws.random(), 4)
        attributes[f"{document}.content"] = make_paragraph(draws, 3)
    builder.add("retrieve", attributes, milliseconds=draws.uniform(10, 200))


def _close(builder: _TraceBuilder, convention: Convention, texts: tuple[str, str, str], started_ns: int) -> None:
    request, answer, session = texts
    if convention is Convention.GEN_AI:
        asked = [{"role": "user", "parts": [{"type": "text", "content": request}]}]
        said = [{"role": "assistant", "parts": [{"type": "text", "content": answer}]}]
        attributes: Attributes = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "front-desk",
            "gen_ai.conversation.id": session,
            "gen_ai.input.messages": json.dumps(asked),
            "gen_ai.output.messages": json.dumps(said),
        }
    else:
        attributes = {
            "openinference.span.kind": "AGENT",
            "agent.name": "front-desk",
            "session.id": session,
            "input.value": json.dumps({"message": request}),
            "input.mime_type": "application/json",
            "output.value": json.dumps({"reply": answer}),
            "output.mime_type": "application/json",
        }
    builder.close("invoke_agent front-desk", attributes, started_ns)


_ModelCall = Callable[[_TraceBuilder, str], None]
_ToolCall = Callable[[_TraceBuilder], None]
_CALLS: Mapping[Convention, tuple[_ModelCall, _ToolCall]] = {
    Convention.GEN_AI: (_call_model_in_gen_ai, _call_tool_in_gen_ai),
    Convention.OPENINFERENCE: (_call_model_in_openinference, _call_tool_in_openinference),
    Convention.MIXED: (_call_model_in_gen_ai, _call_tool_in_openinference),
}
