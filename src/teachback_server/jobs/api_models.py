"""What a program may send about jobs and what it gets back, as Pydantic models."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field

from teachback.json_types import Json, JsonObject
from teachback.vocabulary import JobStatus, StepKind
from teachback_server.agents.protocol import AgentResult, StepResult
from teachback_server.jobs.actions import Arrival
from teachback_server.jobs.described_job import describe_job
from teachback_server.jobs.history_row import RowRefused
from teachback_server.jobs.json_lines import refuse_unusable
from teachback_server.jobs.models import Job

MOST_STEPS = 1000


def _plain_object(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError('write a JSON object, for example {"message": "…"}')
    try:
        refuse_unusable(value)
    except RowRefused as refusal:
        raise ValueError(f"{refusal.reason}; {refusal.remedy}") from None
    _refuse_endless(value)
    return value


def _refuse_endless(value: Json) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("NaN and Infinity are no JSON numbers; write a number, or leave the field out")
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for item in inner:
        _refuse_endless(item)


def _plain_text(value: str) -> str:
    if not value.isprintable():
        raise ValueError("use letters, digits and signs, no line breaks or control characters")
    return value


# The validator looks at the whole object, so Pydantic need not rebuild it.
PlainObject = Annotated[dict[str, object], BeforeValidator(_plain_object)]
Line = Annotated[str, AfterValidator(_plain_text)]


class _Sent(Schema):
    model_config = ConfigDict(extra="forbid")


class GivenJob(_Sent):
    """A piece of work for the workflow's agent."""

    id: Line = Field(
        min_length=1, max_length=200, description="Your own id of this job. Sending it again with the same is safe."
    )
    input: PlainObject = Field(description="What the job takes in, as the boundary says.")
    group: Line = Field("", max_length=200, description="Customer or conversation: jobs of one group are related.")
    at: AwareDatetime | None = Field(None, description="When the work came in, with its time zone. Left out: now.")
    draft: PlainObject | None = Field(None, description="What a machine had proposed; the agent `recorded` returns it.")
    draft_confidence: float | None = Field(None, ge=0, le=1)

    def as_arrival(self) -> Arrival:
        """The job as the rest of Teachback knows it."""
        return Arrival(
            external_id=self.id,
            input=_object(self.input),
            group=self.group,
            at=self.at,
            draft=None if self.draft is None else _object(self.draft),
            draft_confidence=self.draft_confidence,
        )


class GivenStep(_Sent):
    """One thing that the agent did."""

    name: Line = Field(min_length=1, max_length=200)
    kind: Literal["model", "tool", "retrieval", "hand_off", "other"] = "other"
    status: Literal["ok", "stuck", "error"] = "ok"
    detail: str = Field("", max_length=20_000)
    duration_ms: float = Field(0, ge=0, le=1e10)
    tokens: int = Field(0, ge=0, le=2_000_000_000)
    cost_usd: float = Field(0, ge=0, le=1e9)

    def as_step(self) -> StepResult:
        """The step as the rest of Teachback knows it."""
        return StepResult(
            name=self.name,
            kind=StepKind(self.kind),
            status=self.status,
            detail=self.detail,
            duration_ms=self.duration_ms,
            tokens=self.tokens,
            cost_usd=self.cost_usd,
        )


class RecordedJob(GivenJob):
    """A piece of work that an agent of yours has done."""

    status: Literal["finished", "handed_back", "failed"] = "finished"
    output: PlainObject | None = Field(None, description="What the agent handed over; only for a finished job.")
    confidence: float | None = Field(None, ge=0, le=1, description="How sure the agent is that all of it is right.")
    hand_back_reason: str = Field("", max_length=500)
    provenance: PlainObject | None = Field(
        None, description="Field of the output → where its value comes from, as docs/sdk.md says."
    )
    steps: list[GivenStep] = Field(default_factory=list, max_length=MOST_STEPS)
    used_already: bool = Field(False, description="Whether the output was used without waiting for this answer.")

    def as_result(self) -> AgentResult:
        """The result as the rest of Teachback knows it."""
        return AgentResult(
            status=JobStatus(self.status),
            output=None if self.output is None else _object(self.output),
            confidence=self.confidence,
            hand_back_reason=self.hand_back_reason,
            provenance=None if self.provenance is None else _object(self.provenance),
            steps=tuple(step.as_step() for step in self.steps),
        )


class GivenOutcome(_Sent):
    """What the next step says about a job."""

    used: bool
    worth_usd: float | None = Field(None, ge=-1e12, le=1e12)
    note: str = Field("", max_length=500)
    at: AwareDatetime | None = None


class NamedOutcome(GivenOutcome):
    """What the next step says about a job that it knows by your own id."""

    id: Line = Field(min_length=1, max_length=200, description="Your own id of the job.")


class RoutingAnswer(Schema):
    """What happens to the job now, why, and how likely it was to be reviewed."""

    kind: str = Field(description="auto: use it · audit: use it, it is reviewed too · review: wait · observed")
    reason: str
    probability: float


class JobAnswer(Schema):
    """A job as its sender sees it."""

    number: int = Field(description="The job's number in the workflow, for its address.")
    id: str
    status: str
    output: dict[str, object] | None
    confidence: float | None
    hand_back_reason: str
    routing: RoutingAnswer
    release: int = Field(description="The number of the release that it ran under.")
    waits_for_review: bool


class OutcomeAnswer(Schema):
    """What is noted about a job."""

    number: int
    used: bool
    at: datetime


class DocumentAnswer(Schema):
    """A document that is kept with a job."""

    number: int = Field(description="The job's.")
    name: str
    media_type: str
    size_bytes: int


class Problem(Schema):
    """Why something was refused, and what to do."""

    detail: str


def answer_job(job: Job) -> JobAnswer:
    """What a sender gets back about a job."""
    return JobAnswer.model_validate(describe_job(job))


def _object(value: dict[str, object]) -> JsonObject:
    return value  # type: ignore[return-value]
