"""What every ready-made agent is to the rest of Teachback: jobs in, results out, under one release."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from teachback.json_types import JsonObject
from teachback.release_document import ReleaseDocument
from teachback.vocabulary import JobStatus, StepKind


@dataclass(frozen=True, kw_only=True)
class JobInput:
    """One piece of work as an agent gets it."""

    input: JsonObject
    draft: JsonObject | None = None  # what a machine had proposed, where the history has it
    confidence: float | None = None  # and how sure it had been, 0 to 1


@dataclass(frozen=True, kw_only=True)
class Example:
    """A reviewed job from which an agent may learn: an input and the output that a person stood behind."""

    content_hash: str
    input: JsonObject
    output: JsonObject


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """One thing that an agent did in a job."""

    name: str
    kind: StepKind
    status: str = "ok"  # ok, stuck or error
    detail: str = ""
    duration_ms: float = 0.0
    tokens: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True, kw_only=True)
class AgentResult:
    """What an agent made of one job. `output` is None unless the status is finished."""

    status: JobStatus
    output: JsonObject | None = None
    confidence: float | None = None  # calibrated probability that the whole output is right; None: the agent cannot say
    hand_back_reason: str = ""
    wants_review: str = ""  # the name of a rule or check because of which a person must look; empty: none
    steps: tuple[StepResult, ...] = ()
    provenance: JsonObject | None = None  # where each value of the output comes from


@dataclass(frozen=True, kw_only=True)
class ReleaseBundle:
    """What an agent needs to work: the release, the boundary that it must keep to, the examples it may learn from."""

    document: ReleaseDocument
    input_schema: JsonObject
    output_schema: JsonObject
    examples: Sequence[Example]


class Agent(Protocol):
    """Does jobs under one release. Deterministic: the same jobs give the same results, in whatever batches."""

    def run_jobs(self, jobs: Sequence[JobInput]) -> list[AgentResult]:
        """Do each job; results in the order of the jobs. One bad job fails alone and never refuses its neighbours."""
        ...
