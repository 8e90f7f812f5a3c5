"""Names that single frameworks add to whatever convention they follow."""

from teachback_server.jobs.meaning.convention import Convention, Means

FRAMEWORKS = Convention(
    name="a framework's own names",
    markers=("haystack.component.name", "haystack.pipeline.input_data", "mcp.method.name"),
    attributes={
        # CrewAI
        "crew_inputs": Means.INPUT,
        "flow_inputs": Means.INPUT,
        "task_description": Means.INPUT,
        "task_expected_output": Means.SETTING,
        "crewai.task.description": Means.INPUT,
        "crewai.task.prompt_context": Means.INPUT,
        "crewai.crew.tasks": Means.INPUT,
        "crewai.crew.token_usage": Means.USAGE,
        "crewai.crew.usage_metrics": Means.USAGE,
        "crewai.task.expected_output": Means.SETTING,
        "crewai.task.human_input": Means.SETTING,
        "crewai.task.output": Means.OUTPUT,
        "crewai.crew.result": Means.OUTPUT,
        "crewai.crew.tasks_output": Means.OUTPUT,
        "tool.result_as_answer": Means.SETTING,
        "crewai.agent.role": Means.AGENT_NAME,
        "crewai.*": Means.SETTING,
        # Haystack
        "haystack.pipeline.input_data": Means.INPUT,
        "haystack.pipeline.output_data": Means.OUTPUT,
        "haystack.component.input": Means.INPUT,
        "haystack.component.output": Means.OUTPUT,
        "haystack.component.name": Means.STEP_NAME,
        "haystack.*": Means.SETTING,
        # smolagents
        "smolagents.task": Means.INPUT,
        "smolagents.*": Means.SETTING,
        # Model Context Protocol
        "mcp.request.argument": Means.TOOL_ARGUMENTS,
        "mcp.response.value": Means.TOOL_RESULT,
        "mcp.tool.name": Means.TOOL_NAME,
        "mcp.*": Means.SETTING,
        # Guardrails
        "token_consumption": Means.TOTAL_TOKENS,
        # OpenAI Agents
        "openai.agent.*": Means.SETTING,
    },
)
