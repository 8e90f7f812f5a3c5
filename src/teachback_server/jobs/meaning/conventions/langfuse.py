"""Langfuse: names that begin with `langfuse.`."""

from teachback.vocabulary import StepKind
from teachback_server.jobs.meaning.convention import Convention, Means

LANGFUSE = Convention(
    name="Langfuse",
    markers=(
        "langfuse.observation.type",
        "langfuse.observation.input",
        "langfuse.observation.output",
        "langfuse.trace.name",
        "langfuse.trace.input",
    ),
    scopes=("langfuse",),
    attributes={
        # What kind of step, and whose
        "langfuse.observation.type": Means.KIND,
        "langfuse.session.id": Means.SESSION,
        # Of the whole trace, on its first span: this is the job
        "langfuse.trace.input": Means.INPUT,
        "langfuse.trace.output": Means.OUTPUT,
        # Of one step
        "langfuse.observation.input": Means.INPUT,
        "langfuse.observation.output": Means.OUTPUT,
        "langfuse.observation.status_message": Means.ERROR,
        # The model, what it read and wrote
        "langfuse.observation.model.name": Means.MODEL,
        "langfuse.observation.usage_details": Means.USAGE,
        "langfuse.observation.cost_details": Means.COSTS_USD,
        # How it was done
        "langfuse.observation.*": Means.SETTING,
        "langfuse.*": Means.SETTING,
    },
    kinds={
        "generation": StepKind.MODEL,
        "span": StepKind.OTHER,
        "event": StepKind.OTHER,
    },
)
