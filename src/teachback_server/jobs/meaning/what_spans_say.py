"""The forms in which a span's meaning is given: narrow facts of a step, its content, a job, and feedback on one."""

from dataclasses import dataclass, field
from typing import Literal

from teachback.json_types import Json, JsonObject
from teachback.vocabulary import JobStatus, ReviewVerdict, RoutingKind, StepKind


@dataclass(kw_only=True, slots=True)
class StepFacts:
    """What is kept of every step in a row of its own, so that it can be counted."""

    name: str  # of the model, tool or agent where the span names one, else the span's own name
    kind: StepKind
    is_error: bool
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    convention: str = ""  # the table that understood the span; empty: none did
    unread: tuple[str, ...] = ()  # attributes that seem to carry messages and that no table knows


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message to or from a model."""

    role: str
    text: str
    tool_calls: tuple["ToolCall", ...] = ()


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """A tool that was asked for, or that was used; the result is None where it is not known."""

    id: str
    name: str
    arguments: Json
    result: Json = None


@dataclass(frozen=True, kw_only=True)
class StepContent:
    """What a person reads of one step."""

    input: Json = None
    output: Json = None
    messages_in: tuple[Message, ...] = ()
    messages_out: tuple[Message, ...] = ()
    tool: ToolCall | None = None
    documents: tuple[str, ...] = ()  # that a retrieval found
    error: str = ""
    beside: JsonObject = field(default_factory=dict)  # further input and output that it carries, by attribute


@dataclass(frozen=True, kw_only=True)
class JobRouting:
    """How the sender routed a job by itself, under the release that it held."""

    kind: RoutingKind
    reason: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class JobContent:
    """What a trace says about the job that it is of."""

    external_id: str = ""  # the sender's own id for the job; empty: it gave none
    input: JsonObject | None = None  # None: the trace carries none
    output: JsonObject | None = None
    status: JobStatus = JobStatus.FINISHED
    hand_back_reason: str = ""
    error: str = ""
    confidence: float | None = None
    session: str = ""  # groups jobs that are not independent
    release: str = ""  # content hash of the release that the sender worked under
    routing: JobRouting | None = None  # None: it was used before we saw it
    provenance: JsonObject = field(default_factory=dict)
    retries: int = 0  # steps that repeat one which had failed


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What somebody or something said about a job, sent as a span."""

    about: Literal["trace", "span"]
    trace_id: str
    span_id: str
    name: str
    annotator: Literal["person", "model", "code"]
    verdict: ReviewVerdict | None  # None: it is an outcome or a score, not a decision
    is_used: bool | None
    score: float | None
    label: str = ""
    explanation: str = ""
    identifier: str = ""  # tells two pieces of feedback of one name apart
