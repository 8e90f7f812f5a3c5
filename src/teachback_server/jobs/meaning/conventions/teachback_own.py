"""Our own names, for what no convention has a name for yet."""

from teachback.vocabulary import StepKind
from teachback_server.jobs.meaning.convention import Convention, Means

TEACHBACK = Convention(
    name="Teachback",
    markers=("teachback.workflow", "teachback.job.id", "teachback.input", "teachback.step.kind", "teachback.tool.name"),
    scopes=("teachback",),
    attributes={
        # Of a job. The longer spelling is accepted, too: people write it by analogy with teachback.job.id.
        "teachback.workflow": Means.WORKFLOW,
        "teachback.job.id": Means.JOB_ID,
        "teachback.release": Means.RELEASE,
        "teachback.job.release": Means.RELEASE,
        "teachback.input": Means.JOB_INPUT,
        "teachback.job.input": Means.JOB_INPUT,
        "teachback.output": Means.JOB_OUTPUT,
        "teachback.job.output": Means.JOB_OUTPUT,
        "teachback.confidence": Means.CONFIDENCE,
        "teachback.job.confidence": Means.CONFIDENCE,
        "teachback.status": Means.JOB_STATUS,
        "teachback.job.status": Means.JOB_STATUS,
        "teachback.hand_back.reason": Means.HAND_BACK_REASON,
        "teachback.job.hand_back.reason": Means.HAND_BACK_REASON,
        "teachback.routing": Means.ROUTING,
        "teachback.job.routing": Means.ROUTING,
        "teachback.routing.reason": Means.ROUTING_REASON,
        "teachback.job.routing.reason": Means.ROUTING_REASON,
        "teachback.review_probability": Means.REVIEW_PROBABILITY,
        "teachback.job.review_probability": Means.REVIEW_PROBABILITY,
        "teachback.provenance": Means.PROVENANCE,
        "teachback.job.provenance": Means.PROVENANCE,
        "teachback.session": Means.SESSION,
        # Of a step
        "teachback.step.kind": Means.KIND,
        "teachback.step.name": Means.STEP_NAME,
        "teachback.step.input": Means.INPUT,
        "teachback.step.output": Means.OUTPUT,
        "teachback.tool.name": Means.TOOL_NAME,
        "teachback.tool.call.id": Means.TOOL_CALL_ID,
        "teachback.tool.arguments": Means.TOOL_ARGUMENTS,
        "teachback.tool.result": Means.TOOL_RESULT,
        "teachback.tool.*": Means.SETTING,
    },
    kinds={kind.value: kind for kind in StepKind},
)
