"""Pydantic AI and Logfire: their own names, beside those of OpenTelemetry that they send, too."""

from teachback_server.jobs.meaning.convention import Convention, Means

PYDANTIC_AI = Convention(
    name="Pydantic AI",
    markers=("pydantic_ai.all_messages", "all_messages_events", "model_request_parameters", "logfire.msg"),
    scopes=("pydantic-ai", "logfire"),
    attributes={
        # Whose step
        "agent_name": Means.AGENT_NAME,
        "model_name": Means.MODEL,
        # On an agent's run: what its calls to models used together
        "gen_ai.aggregated_usage.input_tokens": Means.INPUT_TOKENS,
        "gen_ai.aggregated_usage.output_tokens": Means.OUTPUT_TOKENS,
        "gen_ai.aggregated_usage.*": Means.SETTING,
        # The whole conversation of an agent's run, by generation
        "pydantic_ai.all_messages": Means.CONVERSATION,
        "all_messages_events": Means.CONVERSATION,
        "all_messages": Means.CONVERSATION,
        "events": Means.CONVERSATION,
        "final_result": Means.OUTPUT,
        # One request to a model, as Logfire's own instrumentations send it
        "request_data": Means.INPUT,
        "response_data": Means.OUTPUT,
        # Tools
        "tool_arguments": Means.TOOL_ARGUMENTS,
        "tool_response": Means.TOOL_RESULT,
        # A function that Logfire's decorator records
        "return": Means.OUTPUT,
        # How it was done
        "model_request_parameters": Means.SETTING,
        "pydantic_ai.*": Means.SETTING,
        "logfire.*": Means.SETTING,
    },
)
