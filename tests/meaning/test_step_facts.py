"""Shows what is kept of a span of every convention, and that odd values are kept out."""

from collections.abc import Mapping

import pytest

from span_samples import make_event, make_span
from teachback.json_types import Json
from teachback.vocabulary import StepKind
from teachback_server.jobs.meaning import read_facts
from teachback_server.jobs.meaning.what_spans_say import StepFacts

SPANS: Mapping[str, tuple[Mapping[str, Json], StepFacts]] = {
    "OpenTelemetry, a chat": (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "acme",
            "gen_ai.request.model": "small",
            "gen_ai.response.model": "small-2",
            "gen_ai.usage.input_tokens": 12,
            "gen_ai.usage.output_tokens": 3,
            "gen_ai.input.messages": "[]",
        },
        StepFacts(
            name="small-2",
            kind=StepKind.MODEL,
            is_error=False,
            model="small-2",
            input_tokens=12,
            output_tokens=3,
            convention="OpenTelemetry GenAI",
        ),
    ),
    "OpenTelemetry, a tool": (
        {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find_table", "gen_ai.tool.call.id": "c1"},
        StepFacts(name="find_table", kind=StepKind.TOOL, is_error=False, convention="OpenTelemetry GenAI"),
    ),
    "OpenTelemetry, an agent": (
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "desk", "gen_ai.request.model": "small"},
        StepFacts(name="desk", kind=StepKind.OTHER, is_error=False, model="small", convention="OpenTelemetry GenAI"),
    ),
    "OpenTelemetry, a generation ago": (
        {
            "gen_ai.system": "acme",
            "gen_ai.request.model": "small",
            "gen_ai.usage.prompt_tokens": 7,
            "gen_ai.usage.completion_tokens": 2,
            "gen_ai.prompt": "hello",
        },
        StepFacts(
            name="small",
            kind=StepKind.MODEL,
            is_error=False,
            model="small",
            input_tokens=7,
            output_tokens=2,
            convention="OpenTelemetry GenAI",
        ),
    ),
    "OpenInference, with a cost": (
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "small",
            "llm.token_count.prompt": 20,
            "llm.token_count.completion": 5,
            "llm.token_count.total": 25,
            "llm.cost.prompt": 0.01,
            "llm.cost.completion": 0.02,
            "llm.input_messages.0.message.content": "hello",
        },
        StepFacts(
            name="small",
            kind=StepKind.MODEL,
            is_error=False,
            model="small",
            input_tokens=20,
            output_tokens=5,
            cost_usd=0.03,
            convention="OpenInference",
        ),
    ),
    "OpenInference, a retriever": (
        {"openinference.span.kind": "RETRIEVER", "input.value": "opening hours"},
        StepFacts(name="a step", kind=StepKind.RETRIEVAL, is_error=False, convention="OpenInference"),
    ),
    "OpenLLMetry, a tool": (
        {"traceloop.span.kind": "tool", "traceloop.entity.name": "find_table", "traceloop.workflow.name": "desk"},
        StepFacts(name="find_table", kind=StepKind.TOOL, is_error=False, convention="OpenLLMetry"),
    ),
    "OpenLLMetry, a hand-off": (
        {
            "traceloop.span.kind": "handoff",
            "gen_ai.handoff.from_agent": "desk",
            "gen_ai.handoff.to_agent": "kitchen",
        },
        StepFacts(name="kitchen", kind=StepKind.HAND_OFF, is_error=False, convention="OpenLLMetry"),
    ),
    "Vercel, the call to the model": (
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.model.id": "small",
            "ai.response.model": "small-2",
            "ai.usage.inputTokens": 9,
            "ai.usage.outputTokens": 1,
            "ai.prompt.messages": "[]",
        },
        StepFacts(
            name="small-2",
            kind=StepKind.MODEL,
            is_error=False,
            model="small-2",
            input_tokens=9,
            output_tokens=1,
            convention="Vercel AI SDK",
        ),
    ),
    "Vercel, what is around it": (
        {"ai.operationId": "ai.generateText", "ai.telemetry.functionId": "answer guest", "ai.prompt": "{}"},
        StepFacts(name="answer guest", kind=StepKind.OTHER, is_error=False, convention="Vercel AI SDK"),
    ),
    "Langfuse, tokens and cost as JSON": (
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": "small",
            "langfuse.observation.usage_details": '{"input": 11, "output": 4, "total": 15}',
            "langfuse.observation.cost_details": '{"total": 0.5}',
        },
        StepFacts(
            name="small",
            kind=StepKind.MODEL,
            is_error=False,
            model="small",
            input_tokens=11,
            output_tokens=4,
            cost_usd=0.5,
            convention="Langfuse",
        ),
    ),
    "MLflow, every value as JSON": (
        {
            "mlflow.spanType": '"CHAT_MODEL"',
            "mlflow.llm.model": '"small"',
            "mlflow.chat.tokenUsage": '{"input_tokens": 8, "output_tokens": 2, "total_tokens": 10}',
            "mlflow.llm.cost": '{"input_cost": 0.1, "output_cost": 0.2}',
        },
        StepFacts(
            name="small",
            kind=StepKind.MODEL,
            is_error=False,
            model="small",
            input_tokens=8,
            output_tokens=2,
            cost_usd=0.1 + 0.2,
            convention="MLflow",
        ),
    ),
    "Pydantic AI, an agent's run": (
        {
            "agent_name": "desk",
            "model_name": "small",
            "pydantic_ai.all_messages": "[]",
            "gen_ai.usage.input_tokens": 5,
            "logfire.msg": "desk run",
        },
        StepFacts(
            name="desk", kind=StepKind.OTHER, is_error=False, model="small", input_tokens=5, convention="Pydantic AI"
        ),
    ),
    "Google ADK, a tool": (
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "find_table",
            "gcp.vertex.agent.event_id": "e1",
            "gcp.vertex.agent.llm_request": "{}",
        },
        StepFacts(name="find_table", kind=StepKind.TOOL, is_error=False, convention="Google ADK"),
    ),
    "CrewAI under OpenLLMetry, tokens as a text": (
        {
            "gen_ai.system": "crewai",
            "crewai.crew.result": "booked",
            "crewai.crew.token_usage": "total_tokens=58 prompt_tokens=50 completion_tokens=8",
        },
        StepFacts(
            name="a step",
            kind=StepKind.OTHER,
            is_error=False,
            input_tokens=50,
            output_tokens=8,
            convention="OpenTelemetry GenAI",
        ),
    ),
    "ours, a tool": (
        {"teachback.step.kind": "tool", "teachback.tool.name": "find_table"},
        StepFacts(name="find_table", kind=StepKind.TOOL, is_error=False, convention="Teachback"),
    ),
    "none of them": (
        {"http.method": "GET", "http.url": "http://127.0.0.1/"},
        StepFacts(name="a step", kind=StepKind.OTHER, is_error=False),
    ),
}


@pytest.mark.parametrize("attributes, expected", SPANS.values(), ids=SPANS.keys())
def test_the_facts_of_a_span_are_read(attributes: Mapping[str, Json], expected: StepFacts) -> None:
    assert read_facts(make_span(attributes)) == expected


@pytest.mark.parametrize("odd", [True, -3, float("nan"), float("inf"), 10**30, "many", [3], {"a": 1}, None, ""])
def test_a_count_or_a_cost_that_is_none_counts_nothing(odd: Json) -> None:
    facts = read_facts(
        make_span({"openinference.span.kind": "LLM", "llm.token_count.prompt": odd, "llm.cost.total": odd})
    )
    assert (facts.input_tokens, facts.output_tokens, facts.cost_usd) == (0, 0, 0.0)


def test_tokens_of_which_only_the_sum_is_known_count_as_read() -> None:
    facts = read_facts(make_span({"openinference.span.kind": "LLM", "llm.token_count.total": 40}))
    assert (facts.input_tokens, facts.output_tokens) == (40, 0)


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"gen_ai.usage.input_tokens": 4}, StepKind.MODEL),
        ({"function.args": "('two',)", "gen_ai.output.messages": "Booked."}, StepKind.OTHER),
        ({"gen_ai.agent.name": "desk", "gen_ai.usage.input_tokens": 4}, StepKind.OTHER),
        ({"gen_ai.operation.name": "agent_handoff", "gen_ai.handoff.to_agent": "desk"}, StepKind.HAND_OFF),
        ({"gen_ai.operation.name": "acme_ask", "gen_ai.request.model": "small"}, StepKind.MODEL),
        ({"traceloop.span.kind": "unknown", "gen_ai.request.model": "small"}, StepKind.MODEL),
        ({"traceloop.span.kind": "task", "gen_ai.request.model": "small"}, StepKind.OTHER),
        ({"gen_ai.operation.name": "acme_run", "gen_ai.agent.name": "desk"}, StepKind.OTHER),
        ({"db.system": "qdrant", "db.vector.query.top_k": 3}, StepKind.RETRIEVAL),
        ({"db.system": "chroma", "db.operation": "query"}, StepKind.RETRIEVAL),
        ({"db.system": "chroma", "db.operation": "add"}, StepKind.OTHER),
        ({"db.system": "postgresql", "db.operation": "SELECT"}, StepKind.OTHER),
    ],
)
def test_a_step_that_does_not_name_its_kind_is_told_by_what_it_carries(
    attributes: Mapping[str, Json], kind: StepKind
) -> None:
    assert read_facts(make_span(attributes)).kind is kind


def test_tokens_that_come_only_by_what_they_are_of_are_added_up() -> None:
    of_text, of_sound = {"gen_ai.usage.text.input_tokens": 11}, {"gen_ai.usage.audio.input_tokens": 22}
    wrote = {"gen_ai.usage.image.output_tokens": 44}
    facts = read_facts(make_span({**of_text, **of_sound, **wrote}))
    assert (facts.input_tokens, facts.output_tokens) == (33, 44)
    facts = read_facts(make_span({**of_text, "gen_ai.usage.input_tokens": 40}))
    assert (facts.input_tokens, facts.output_tokens) == (40, 0)


def test_tokens_of_an_agents_whole_run_are_read() -> None:
    facts = read_facts(
        make_span(
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.aggregated_usage.input_tokens": 30,
                "gen_ai.aggregated_usage.output_tokens": 8,
            }
        )
    )
    assert (facts.input_tokens, facts.output_tokens) == (30, 8)


def test_a_number_that_came_as_a_text_counts() -> None:
    assert read_facts(make_span({"gen_ai.usage.input_tokens": "17"})).input_tokens == 17


def test_attributes_that_seem_to_carry_messages_and_stand_in_no_table_are_named() -> None:
    span = make_span(
        {
            "acme.promptbody": "hello",
            "acme.outputfield": [1],
            "acme.inputsize": 4,
            "acme.promptflag": True,
            "a.message": "x",
        }
    )
    assert read_facts(span).unread == ("acme.promptbody", "acme.outputfield")


def test_an_unknown_event_that_seems_to_carry_messages_is_named_and_a_log_message_is_not() -> None:
    span = make_span(
        events=(
            make_event("acme.completion", {"acme.outputbody": "hello"}),
            make_event("log", {"message": "table found", "log.output": "2 tables"}),
            make_event("gen_ai.user.message", {"content": "hello", "message": "hello"}),
        )
    )
    assert read_facts(span).unread == ("acme.completion: acme.outputbody",)
