"""Shows what a person reads of one step, in each way in which senders write messages, tools, documents and errors."""

import json
from collections.abc import Mapping

import pytest

from span_samples import make_event, make_span
from teachback.json_types import Json
from teachback_server.jobs.meaning import read_content
from teachback_server.jobs.meaning.what_spans_say import Message, ToolCall

ASKED = Message(role="user", text="A table for four at eight?")
SYSTEM = Message(role="system", text="You take bookings.")
ANSWERED = Message(role="assistant", text="It is booked.")
CALL = ToolCall(id="c1", name="find_table", arguments={"people": 4}, result="table 7")

_GEN_AI_IN = [
    {"role": "user", "parts": [{"type": "text", "content": "A table for four at eight?"}]},
]
_GEN_AI_OUT = [{"role": "assistant", "parts": [{"type": "text", "content": "It is booked."}], "finish_reason": "stop"}]

ONE_TURN: Mapping[str, Mapping[str, Json]] = {
    "OpenTelemetry, JSON texts": {
        "gen_ai.operation.name": "chat",
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "You take bookings."}]),
        "gen_ai.input.messages": json.dumps(_GEN_AI_IN),
        "gen_ai.output.messages": json.dumps(_GEN_AI_OUT),
    },
    "OpenTelemetry, structured": {
        "gen_ai.operation.name": "chat",
        "gen_ai.system_instructions": [{"type": "text", "content": "You take bookings."}],
        "gen_ai.input.messages": _GEN_AI_IN,
        "gen_ai.output.messages": _GEN_AI_OUT,
    },
    "OpenLLMetry, one attribute for each part": {
        "gen_ai.system": "acme",
        "gen_ai.prompt.0.role": "system",
        "gen_ai.prompt.0.content": "You take bookings.",
        "gen_ai.prompt.1.role": "user",
        "gen_ai.prompt.1.content": "A table for four at eight?",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "It is booked.",
    },
    "OpenInference, one attribute for each part": {
        "openinference.span.kind": "LLM",
        "llm.input_messages.0.message.role": "system",
        "llm.input_messages.0.message.content": "You take bookings.",
        "llm.input_messages.1.message.role": "user",
        "llm.input_messages.1.message.contents.0.message_content.type": "text",
        "llm.input_messages.1.message.contents.0.message_content.text": "A table for four at eight?",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "It is booked.",
    },
    "OpenInference, only what a provider was sent and sent back": {
        "openinference.span.kind": "LLM",
        "input.value": json.dumps(
            {
                "model": "small",
                "messages": [
                    {"role": "system", "content": "You take bookings."},
                    {"role": "user", "content": [{"type": "text", "text": "A table for four at eight?"}]},
                ],
            }
        ),
        "output.value": json.dumps(
            {"id": "r1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "It is booked."}}]}
        ),
    },
    "LangChain, serialized objects": {
        "openinference.span.kind": "LLM",
        "input.value": json.dumps(
            {
                "messages": [
                    [
                        {
                            "lc": 1,
                            "type": "constructor",
                            "id": ["langchain", "schema", "messages", kind],
                            "kwargs": {"content": text, "type": "any"},
                        }
                        for kind, text in (("SystemMessage", SYSTEM.text), ("HumanMessage", ASKED.text))
                    ]
                ]
            }
        ),
        "output.value": json.dumps(
            {
                "generations": [
                    [
                        {
                            "text": "It is booked.",
                            "type": "ChatGeneration",
                            "message": {
                                "lc": 1,
                                "type": "constructor",
                                "id": ["langchain", "schema", "messages", "AIMessage"],
                                "kwargs": {"content": "It is booked."},
                            },
                        }
                    ]
                ],
                "llm_output": {},
            }
        ),
    },
    "Vercel": {
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.prompt.messages": json.dumps(
            [
                {"role": "system", "content": "You take bookings."},
                {"role": "user", "content": [{"type": "text", "text": "A table for four at eight?"}]},
            ]
        ),
        "ai.response.text": "It is booked.",
    },
    "Langfuse": {
        "langfuse.observation.type": "generation",
        "langfuse.observation.input": json.dumps(
            [{"role": "system", "content": "You take bookings."}, {"role": "user", "content": ASKED.text}]
        ),
        "langfuse.observation.output": json.dumps({"role": "assistant", "content": "It is booked."}),
    },
    "MLflow": {
        "mlflow.spanType": '"CHAT_MODEL"',
        "mlflow.spanInputs": json.dumps(
            {
                "messages": [{"role": "system", "content": SYSTEM.text}, {"role": "user", "content": ASKED.text}],
                "temperature": 0,
            }
        ),
        "mlflow.spanOutputs": json.dumps({"choices": [{"message": {"role": "assistant", "content": "It is booked."}}]}),
    },
    "Pydantic AI, events in an attribute": {
        "gen_ai.operation.name": "chat",
        "model_request_parameters": "{}",
        "events": json.dumps(
            [
                {"event.name": "gen_ai.system.message", "content": SYSTEM.text, "role": "system"},
                {"event.name": "gen_ai.user.message", "content": ASKED.text, "role": "user"},
                {
                    "event.name": "gen_ai.choice",
                    "index": 0,
                    "message": {"role": "assistant", "content": "It is booked."},
                },
            ]
        ),
    },
    "Pydantic AI, the whole conversation": {
        "pydantic_ai.all_messages": json.dumps(
            [
                {"role": "system", "parts": [{"type": "text", "content": SYSTEM.text}]},
                *_GEN_AI_IN,
                *_GEN_AI_OUT,
            ]
        ),
    },
    "Logfire": {
        "gen_ai.request.model": "small",
        "request_data": json.dumps(
            {
                "messages": [{"role": "system", "content": SYSTEM.text}, {"role": "user", "content": ASKED.text}],
                "model": "small",
            }
        ),
        "response_data": json.dumps({"message": {"role": "assistant", "content": "It is booked."}, "usage": {}}),
    },
    "Google ADK": {
        "gen_ai.system": "gcp.vertex.agent",
        "gen_ai.request.model": "small",
        "gcp.vertex.agent.llm_request": json.dumps(
            {
                "model": "small",
                "system": SYSTEM.text,
                "contents": [{"role": "user", "parts": [{"text": "A table for four at eight?"}]}],
            }
        ),
        "gcp.vertex.agent.llm_response": json.dumps(
            {"content": {"parts": [{"text": "It is booked."}], "role": "model"}, "finish_reason": "STOP"}
        ),
    },
}


@pytest.mark.parametrize("attributes", ONE_TURN.values(), ids=ONE_TURN.keys())
def test_one_turn_reads_the_same_however_it_was_written(attributes: Mapping[str, Json]) -> None:
    content = read_content(make_span(attributes))
    assert content.messages_in == (SYSTEM, ASKED)
    assert content.messages_out == (ANSWERED,)


TOOL_TURNS: Mapping[str, Mapping[str, Json]] = {
    "OpenTelemetry": {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": json.dumps(
            [
                *_GEN_AI_IN,
                {
                    "role": "assistant",
                    "parts": [{"type": "tool_call", "id": "c1", "name": "find_table", "arguments": {"people": 4}}],
                },
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "result": "table 7"}]},
            ]
        ),
    },
    "OpenInference": {
        "openinference.span.kind": "LLM",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": ASKED.text,
        "llm.input_messages.1.message.role": "assistant",
        "llm.input_messages.1.message.tool_calls.0.tool_call.id": "c1",
        "llm.input_messages.1.message.tool_calls.0.tool_call.function.name": "find_table",
        "llm.input_messages.1.message.tool_calls.0.tool_call.function.arguments": '{"people": 4}',
        "llm.input_messages.2.message.role": "tool",
        "llm.input_messages.2.message.tool_call_id": "c1",
        "llm.input_messages.2.message.content": "table 7",
    },
    "a provider's own way with parts": {
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.prompt.messages": json.dumps(
            [
                {"role": "user", "content": ASKED.text},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "tool-call", "toolCallId": "c1", "toolName": "find_table", "input": {"people": 4}}
                    ],
                },
                {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "c1", "result": "table 7"}]},
            ]
        ),
    },
    "another provider's own way": {
        "openinference.span.kind": "LLM",
        "input.value": json.dumps(
            {
                "messages": [
                    {"role": "user", "content": [{"text": ASKED.text}]},
                    {
                        "role": "assistant",
                        "content": [{"toolUse": {"toolUseId": "c1", "name": "find_table", "input": {"people": 4}}}],
                    },
                    {
                        "role": "tool",
                        "content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "table 7"}]}}],
                    },
                ]
            }
        ),
    },
}


@pytest.mark.parametrize("attributes", TOOL_TURNS.values(), ids=TOOL_TURNS.keys())
def test_a_tool_call_within_messages_has_its_arguments_and_its_result(attributes: Mapping[str, Json]) -> None:
    asked, called, told = read_content(make_span(attributes)).messages_in
    assert asked == ASKED
    assert (called.role, called.text) == ("assistant", "")
    (call,) = called.tool_calls
    assert (call.id, call.name, call.arguments) == (CALL.id, CALL.name, CALL.arguments)
    assert call.result in ("table 7", [{"text": "table 7"}])
    assert (told.role, told.text) == ("tool", "table 7")


TOOL_STEPS: Mapping[str, Mapping[str, Json]] = {
    "OpenTelemetry": {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "find_table",
        "gen_ai.tool.call.id": "c1",
        "gen_ai.tool.call.arguments": '{"people": 4}',
        "gen_ai.tool.call.result": "table 7",
    },
    "OpenInference": {
        "openinference.span.kind": "TOOL",
        "tool.name": "find_table",
        "tool.id": "c1",
        "tool.parameters": '{"type": "object"}',
        "input.value": '{"people": 4}',
        "output.value": "table 7",
    },
    "Vercel": {
        "ai.operationId": "ai.toolCall",
        "ai.toolCall.name": "find_table",
        "ai.toolCall.id": "c1",
        "ai.toolCall.args": '{"people": 4}',
        "ai.toolCall.result": '"table 7"',
    },
    "Pydantic AI": {
        "gen_ai.tool.name": "find_table",
        "gen_ai.tool.call.id": "c1",
        "tool_arguments": '{"people": 4}',
        "tool_response": "table 7",
    },
    "ours": {
        "teachback.step.kind": "tool",
        "teachback.tool.name": "find_table",
        "teachback.tool.call.id": "c1",
        "teachback.tool.arguments": '{"people": 4}',
        "teachback.tool.result": "table 7",
    },
}


@pytest.mark.parametrize("attributes", TOOL_STEPS.values(), ids=TOOL_STEPS.keys())
def test_the_use_of_a_tool_has_its_arguments_and_its_result(attributes: Mapping[str, Json]) -> None:
    assert read_content(make_span(attributes)).tool == CALL


def test_a_step_that_is_no_tool_has_none() -> None:
    assert read_content(make_span(ONE_TURN["Vercel"])).tool is None


def test_messages_that_came_as_events_are_read() -> None:
    span = make_span(
        {"gen_ai.operation.name": "chat"},
        events=(
            make_event("gen_ai.system.message", {"content": SYSTEM.text}),
            make_event("gen_ai.user.message", {"content": json.dumps([{"text": ASKED.text}])}),
            make_event("gen_ai.choice", {"message": json.dumps([{"text": ANSWERED.text}]), "finish_reason": "stop"}),
        ),
    )
    content = read_content(span)
    assert content.messages_in == (SYSTEM, ASKED)
    assert content.messages_out == (ANSWERED,)


def test_an_event_with_the_details_of_an_inference_speaks_for_the_span() -> None:
    details = make_event("gen_ai.client.inference.operation.details", ONE_TURN["OpenTelemetry, structured"])
    content = read_content(make_span({"gen_ai.operation.name": "chat"}, events=(details,)))
    assert (content.messages_in, content.messages_out) == ((SYSTEM, ASKED), (ANSWERED,))


DOCUMENTS: Mapping[str, Mapping[str, Json]] = {
    "OpenInference": {
        "openinference.span.kind": "RETRIEVER",
        "retrieval.documents.0.document.content": "Open until ten.",
        "retrieval.documents.0.document.score": 0.7,
        "retrieval.documents.1.document.content": "Closed on Mondays.",
    },
    "OpenTelemetry": {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.retrieval.documents": json.dumps([{"content": "Open until ten."}, {"content": "Closed on Mondays."}]),
    },
    "an output of a retriever": {
        "traceloop.span.kind": "task",
        "langfuse.observation.type": "retriever",
        "langfuse.observation.output": json.dumps(
            [{"page_content": "Open until ten.", "metadata": {}}, {"page_content": "Closed on Mondays."}]
        ),
    },
}


@pytest.mark.parametrize("attributes", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_documents_that_were_found_are_listed(attributes: Mapping[str, Json]) -> None:
    assert read_content(make_span(attributes)).documents == ("Open until ten.", "Closed on Mondays.")


def test_documents_that_came_as_events_are_listed() -> None:
    found = make_event("db.query.result", {"db.query.result.id": "d1", "db.query.result.document": "Open until ten."})
    assert read_content(make_span(events=(found,))).documents == ("Open until ten.",)


def test_an_error_says_what_was_raised_else_what_the_status_says() -> None:
    raised = make_event("exception", {"exception.type": "TimeoutError", "exception.message": "no answer in 5 s"})
    assert read_content(make_span(is_error=True, events=(raised,))).error == "TimeoutError: no answer in 5 s"
    assert read_content(make_span(is_error=True, status_message="no answer")).error == "no answer"
    assert read_content(make_span({"error.type": "timeout"})).error == "timeout"
    assert read_content(make_span()).error == ""


def test_what_a_model_thought_stands_apart_from_what_it_said() -> None:
    parts = [{"type": "reasoning", "content": "They are four."}, {"type": "text", "content": "It is booked."}]
    span = make_span({"gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": parts}])})
    assert read_content(span).messages_out == (Message(role="thought", text="They are four."), ANSWERED)


def test_a_message_of_a_shape_that_nobody_knows_is_shown_as_it_came() -> None:
    span = make_span({"gen_ai.output.messages": json.dumps([{"role": "assistant", "hologram": "waves"}])})
    assert read_content(span).messages_out == (
        Message(role="assistant", text='{"role": "assistant", "hologram": "waves"}'),
    )


def test_pictures_are_named_and_not_shown() -> None:
    content = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "data:..."}}]
    span = make_span({"gen_ai.input.messages": json.dumps([{"role": "user", "content": content}])})
    assert read_content(span).messages_in == (Message(role="user", text="What is this?\n[image]"),)


def test_indexes_may_have_gaps_and_be_huge() -> None:
    span = make_span(
        {
            f"llm.input_messages.{10**30}.message.content": "last",
            "llm.input_messages.7.message.content": "first",
            "llm.input_messages.007000.message.content": "between",
        }
    )
    assert [message.text for message in read_content(span).messages_in] == ["first", "between", "last"]


def test_attributes_that_only_their_words_explain_are_shown_with_their_names() -> None:
    content = read_content(make_span({"crew.kickoff_inputs": '{"city": "Rome"}', "acme.answer": "booked"}))
    assert (content.input, content.output) == ({"city": "Rome"}, "booked")
    both = read_content(make_span({"acme.question": "where?", "acme.prompt": "Answer briefly."}))
    assert both.input == {"acme.prompt": "Answer briefly.", "acme.question": "where?"}


def test_further_input_and_output_stand_beside_and_nothing_stands_there_twice() -> None:
    content = read_content(
        make_span(
            {
                "openinference.span.kind": "CHAIN",
                "input.value": "Two at nine?",
                "crew_inputs": '{"city": "Rome"}',
                "traceloop.entity.input": "Two at nine?",
                "output.value": "Booked.",
                "acme.answer": "Booked.",
                "llm.input_messages.0.message.content": "Two at nine?",
            }
        )
    )
    assert (content.input, content.output) == ("Two at nine?", "Booked.")
    assert content.beside == {"crew_inputs": {"city": "Rome"}}


def test_a_thought_in_an_envelope_of_bedrock_is_a_thought_and_a_withheld_one_has_no_text() -> None:
    parts = [
        {"reasoningContent": {"reasoningText": {"text": "Four want to sit outside.", "signature": "x"}}},
        {"reasoningContent": {"redactedContent": "AAAA"}},
        {"text": "It is booked."},
    ]
    content = read_content(
        make_span(
            {"gen_ai.operation.name": "chat", "gen_ai.output.messages": [{"role": "assistant", "content": parts}]}
        )
    )
    assert content.messages_out == (Message(role="thought", text="Four want to sit outside."), ANSWERED)


def test_a_file_in_a_message_is_named_by_what_it_is_and_its_bytes_are_not_read_as_text() -> None:
    parts = [
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBORw0KGgo="},
        {"type": "uri", "modality": "audio", "uri": "https://example.org/call.wav"},
        {"type": "blob", "content": "QUJD"},
        {"type": "text", "content": "A table for four at eight?"},
    ]
    content = read_content(
        make_span({"gen_ai.operation.name": "chat", "gen_ai.input.messages": [{"role": "user", "parts": parts}]})
    )
    assert [message.text for message in content.messages_in] == ["[image]\n[audio]\n[blob]\nA table for four at eight?"]


def test_a_call_among_the_contents_of_a_message_is_a_call() -> None:
    contents = "llm.output_messages.0.message.contents"
    content = read_content(
        make_span(
            {
                "openinference.span.kind": "LLM",
                "llm.output_messages.0.message.role": "assistant",
                f"{contents}.0.message_content.type": "text",
                f"{contents}.0.message_content.text": "It is booked.",
                f"{contents}.1.message_content.type": "tool_use",
                f"{contents}.1.tool_call.id": "c1",
                f"{contents}.1.tool_call.function.name": "find_table",
                f"{contents}.1.tool_call.function.arguments": '{"people": 4}',
            }
        )
    )
    call = ToolCall(id="c1", name="find_table", arguments={"people": 4})
    assert content.messages_out == (Message(role="assistant", text="It is booked.", tool_calls=(call,)),)


def test_instructions_are_shown_beside_a_message_of_the_system_unless_it_says_the_same() -> None:
    def instructed(instructions: str) -> list[str]:
        system: Json = {"role": "system", "parts": [{"type": "text", "content": "You take bookings."}]}
        content = read_content(
            make_span(
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.system_instructions": [{"type": "text", "content": instructions}],
                    "gen_ai.input.messages": [system, *_GEN_AI_IN],
                }
            )
        )
        return [message.text for message in content.messages_in]

    assert instructed("Be brief.") == ["Be brief.", "You take bookings.", ASKED.text]
    assert instructed("You take bookings.") == ["You take bookings.", ASKED.text]


def test_a_result_next_to_a_message_that_has_only_a_role_is_its_content() -> None:
    content = read_content(
        make_span(
            {
                "openinference.span.kind": "LLM",
                "llm.input_messages.0.message.role": "user",
                "llm.input_messages.0.message.content": ASKED.text,
                "llm.input_messages.1.message.role": "function",
                "llm.input_messages.1.function.0": '{"name": "find_table", "content": "table 7", "call_id": "c1"}',
            }
        )
    )
    assert content.messages_in == (ASKED, Message(role="tool", text="table 7"))


def test_texts_that_were_made_into_vectors_are_shown_beside_an_input_that_does_not_have_them() -> None:
    embedded: Mapping[str, Json] = {
        "openinference.span.kind": "EMBEDDING",
        "embedding.embeddings.0.embedding.text": "table by the window",
        "embedding.embeddings.0.embedding.vector": [0.1, 0.2],
    }
    assert read_content(make_span({**embedded, "input.value": '{"count": 1}'})).beside == {
        "query": ["table by the window"]
    }
    assert read_content(make_span({**embedded, "input.value": '["table by the window"]'})).beside == {}


def test_an_answer_that_comes_as_the_last_message_told_is_the_answer() -> None:
    asked, answered = ({"content": message.text} for message in (ASKED, ANSWERED))
    told = [make_event("gen_ai.user.message", asked), make_event("gen_ai.assistant.message", answered)]
    content = read_content(make_span({"gen_ai.operation.name": "chat"}, events=told))
    assert (content.messages_in, content.messages_out) == ((ASKED,), (ANSWERED,))
    choice = make_event("gen_ai.choice", {"message": json.dumps({"content": "Outside?"})})
    content = read_content(make_span({"gen_ai.operation.name": "chat"}, events=[*told, choice]))
    assert content.messages_in == (ASKED, ANSWERED)
    assert content.messages_out == (Message(role="assistant", text="Outside?"),)
