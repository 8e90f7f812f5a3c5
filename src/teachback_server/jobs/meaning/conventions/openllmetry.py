"""OpenLLMetry: the names of Traceloop's instrumentations, beside those of OpenTelemetry that they send, too."""

from teachback.vocabulary import StepKind
from teachback_server.jobs.meaning.convention import Convention, Means

OPENLLMETRY = Convention(
    name="OpenLLMetry",
    markers=(
        "traceloop.span.kind",
        "traceloop.workflow.name",
        "traceloop.entity.name",
        "traceloop.entity.input",
        "traceloop.entity.output",
        "llm.request.type",
    ),
    scopes=(
        "opentelemetry.instrumentation.alephalpha",
        "opentelemetry.instrumentation.cohere",
        "opentelemetry.instrumentation.crewai",
        "opentelemetry.instrumentation.groq",
        "opentelemetry.instrumentation.haystack",
        "opentelemetry.instrumentation.llamaindex",
        "opentelemetry.instrumentation.mcp",
        "opentelemetry.instrumentation.ollama",
        "opentelemetry.instrumentation.replicate",
        "opentelemetry.instrumentation.sagemaker",
        "opentelemetry.instrumentation.together",
        "opentelemetry.instrumentation.transformers",
        "opentelemetry.instrumentation.voyageai",
        "opentelemetry.instrumentation.watsonx",
        "opentelemetry.instrumentation.writer",
    ),
    attributes={
        # What kind of step, and whose
        "traceloop.span.kind": Means.KIND,
        "llm.request.type": Means.KIND,
        "traceloop.entity.name": Means.STEP_NAME,
        "gen_ai.task.name": Means.STEP_NAME,
        "gen_ai.handoff.to_agent": Means.STEP_NAME,
        "traceloop.association.properties.session_id": Means.SESSION,
        "traceloop.association.properties.conversation_id": Means.SESSION,
        "traceloop.association.properties.thread_id": Means.SESSION,
        "traceloop.workflow.name": Means.SETTING,
        # What went in and came out
        "traceloop.entity.input": Means.INPUT,
        "traceloop.entity.output": Means.OUTPUT,
        "gen_ai.task.input": Means.INPUT,
        "gen_ai.task.output": Means.OUTPUT,
        # Older names of messages and tokens
        "llm.prompts.*": Means.MESSAGES_IN,
        "llm.completions": Means.MESSAGES_OUT,
        "llm.completions.*": Means.MESSAGES_OUT,
        "llm.request.model": Means.MODEL,
        "llm.response.model": Means.MODEL,
        "llm.usage.prompt_tokens": Means.INPUT_TOKENS,
        "llm.usage.completion_tokens": Means.OUTPUT_TOKENS,
        "llm.usage.total_tokens": Means.TOTAL_TOKENS,
        # A guard, which looks at what goes in or came out
        "gen_ai.guardrail.name": Means.STEP_NAME,
        "gen_ai.guardrail.input": Means.INPUT,
        "gen_ai.guardrail.output": Means.OUTPUT,
        "gen_ai.guardrail.error.message": Means.ERROR,
        "gen_ai.guardrail.*": Means.SETTING,
        # How it was done
        "traceloop.association.properties.*": Means.SETTING,
        "traceloop.prompt.*": Means.SETTING,
        "traceloop.*": Means.SETTING,
        "gen_ai.task.*": Means.SETTING,
        "gen_ai.handoff.*": Means.SETTING,
        "llm.request.*": Means.SETTING,
        "llm.response.*": Means.SETTING,
        "llm.usage.*": Means.SETTING,
        "llm.watsonx.*": Means.SETTING,
        "llm.chat.*": Means.SETTING,
    },
    kinds={
        "workflow": StepKind.OTHER,
        "task": StepKind.OTHER,
        "guard": StepKind.OTHER,
        "server": StepKind.OTHER,
        "session": StepKind.OTHER,
    },
)
