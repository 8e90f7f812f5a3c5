"""The form in which a convention is written down: which attribute means what, as a table that a person can read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from teachback.vocabulary import StepKind


class Means(StrEnum):
    """What an attribute of a span can tell us."""

    # Of a step
    KIND = "what kind of step it is"
    STEP_NAME = "what the step is called"
    AGENT_NAME = "which agent took the step"
    MODEL = "which model answered, or was asked"
    INPUT_TOKENS = "tokens that a model read"
    OUTPUT_TOKENS = "tokens that a model wrote"
    TOTAL_TOKENS = "tokens read and written together"
    SOME_INPUT_TOKENS = "some of the tokens that a model read: of text, of pictures, of sound"
    SOME_OUTPUT_TOKENS = "some of the tokens that a model wrote"
    USAGE = "a JSON object of token counts"
    COST_USD = "what the step cost, in US dollars"
    INPUT_COST_USD = "what its input cost, in US dollars"
    OUTPUT_COST_USD = "what its output cost, in US dollars"
    COSTS_USD = "a JSON object of costs in US dollars"

    # What went in and came out
    INPUT = "what the step was given, in any form"
    OUTPUT = "what the step gave back, in any form"
    MESSAGES_IN = "messages to a model"
    MESSAGES_OUT = "messages from a model"
    CONVERSATION = "messages to and from a model in one list; those at its end are from the model"
    INSTRUCTIONS = "the system's instructions to a model, apart from the messages"
    TEXT_OUT = "text that a model wrote"
    REASONING = "what a model thought before it answered"
    TOOL_CALLS = "tools that a model asked for"
    TOOL_NAME = "which tool was used"
    TOOL_CALL_ID = "the id of the use of a tool"
    TOOL_ARGUMENTS = "what a tool was given"
    TOOL_PARAMETERS = "what a tool was given, or only what it can be given: senders differ"
    TOOL_RESULT = "what a tool gave back"
    QUERY = "what was searched for"
    DOCUMENTS = "what was found"
    HOW_MANY = "how many documents were asked for"
    ERROR = "what went wrong"

    # Of a job
    SESSION = "jobs with the same value belong together"
    WORKFLOW = "which workflow the job belongs to"
    JOB_ID = "the sender's own id for the job"
    JOB_INPUT = "the input of the job, as JSON"
    JOB_OUTPUT = "the output of the job, as JSON"
    JOB_STATUS = "where the job stands"
    HAND_BACK_REASON = "why the agent could not finish"
    CONFIDENCE = "how sure the agent is, from 0 to 1"
    RELEASE = "under which release it worked"
    ROUTING = "how the sender routed the job by itself"
    ROUTING_REASON = "why it was routed so"
    REVIEW_PROBABILITY = "how probable a review was, from 0 to 1"
    PROVENANCE = "where each field of the output comes from"

    # Of what somebody said about it
    FEEDBACK = "a judgement of a step or a job"

    SETTING = "how something was done; no part of the work itself"


@dataclass(frozen=True, kw_only=True)
class Convention:
    """One way of naming attributes.

    In `attributes`, a name that ends in `.*` stands for every name that begins with what is before it. Where two
    attributes of a span mean the same, the one that stands first in the table counts.
    """

    name: str
    markers: tuple[str, ...]  # a span with any of these attributes follows this convention
    attributes: Mapping[str, Means]
    scopes: tuple[str, ...] = ()  # beginnings of the instrumentation's name, for spans without a marker
    kinds: Mapping[str, StepKind] = field(default_factory=dict)  # what the values of KIND say, in lower case
