"""Google's Agent Development Kit: names that begin with `gcp.vertex.agent.`, beside those of OpenTelemetry."""

from teachback_server.jobs.meaning.convention import Convention, Means

GOOGLE_ADK = Convention(
    name="Google ADK",
    markers=("gcp.vertex.agent.event_id", "gcp.vertex.agent.invocation_id", "gcp.vertex.agent.llm_request"),
    scopes=("gcp.vertex.agent",),
    attributes={
        "gcp.vertex.agent.session_id": Means.SESSION,
        # One request to a model
        "gcp.vertex.agent.llm_request": Means.MESSAGES_IN,
        "gcp.vertex.agent.llm_response": Means.MESSAGES_OUT,
        # What was sent to a live agent
        "gcp.vertex.agent.data": Means.MESSAGES_IN,
        # Tools
        "gcp.vertex.agent.tool_call_args": Means.TOOL_ARGUMENTS,
        "gcp.vertex.agent.tool_response": Means.TOOL_RESULT,
        "gcp.vertex.agent.*": Means.SETTING,
    },
)
