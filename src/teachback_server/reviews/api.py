"""The API of decisions: what became of a job, for the program that sent it."""

from datetime import datetime
from http import HTTPStatus

from ninja import Query, Router, Schema, Status
from pydantic import Field

from teachback_server.jobs.api import KeyRequest
from teachback_server.jobs.api_models import JobAnswer, OutcomeAnswer, Problem
from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import find_job, find_job_by_external_id
from teachback_server.reviews.described_job import describe_decided_job
from teachback_server.workflows.access import Scope
from teachback_server.workflows.key_access import KeyAccess

router = Router(tags=["jobs"], auth=KeyAccess(Scope.JOBS))


class CorrectionAnswer(Schema):
    """One field that a person changed."""

    field: str
    kind: str
    from_value: object = None
    to_value: object = None


class ReviewAnswer(Schema):
    """A person's decision."""

    verdict: str
    reason: str
    note: str
    reviewer: str
    decided_at: datetime
    corrections: list[CorrectionAnswer]


class DecidedJobAnswer(JobAnswer):
    """A job with what became of it."""

    is_final: bool = Field(
        description="Whether final_output can be used: it skipped review, or a person stood behind it."
    )
    final_output: dict[str, object] | None = Field(
        description="What to use; null while it waits, or if it was rejected."
    )
    review: ReviewAnswer | None
    outcome: OutcomeAnswer | None


@router.get(
    "/workflows/{workflow_name}/jobs/{int:number}",
    response={HTTPStatus.OK: DecidedJobAnswer, HTTPStatus.NOT_FOUND: Problem},
    summary="Read what became of a job",
)
def read_job(request: KeyRequest, workflow_name: str, number: int) -> DecidedJobAnswer | Status[Problem]:
    """A job by its number: its output, its routing, the decision of a person and the final output."""
    job = find_job(request.auth.workflow, number)
    if job is None:
        return _not_found(
            f"There is no job {number} in this workflow. Use the number you got for it, or …/jobs/find?id=YOUR_ID."
        )
    return _answer(job)


@router.get(
    "/workflows/{workflow_name}/jobs/find",
    response={HTTPStatus.OK: DecidedJobAnswer, HTTPStatus.NOT_FOUND: Problem},
    summary="Find a job by your own id",
)
def find_by_own_id(request: KeyRequest, workflow_name: str, id: Query[str]) -> DecidedJobAnswer | Status[Problem]:
    """The job to which you gave this id."""
    job = find_job_by_external_id(request.auth.workflow, id)
    if job is None:
        return _not_found(f"There is no job with the id '{id[:200]}' in this workflow. Send it first.")
    return _answer(job)


def _answer(job: Job) -> DecidedJobAnswer:
    return DecidedJobAnswer.model_validate(describe_decided_job(job))


def _not_found(message: str) -> Status[Problem]:
    return Status(HTTPStatus.NOT_FOUND, Problem(detail=message))
