"""The API of decisions: what became of a job, for the program that sent it."""

from datetime import datetime
from http import HTTPStatus

from ninja import Query, Router, Schema, Status
from pydantic import Field

from teachback.vocabulary import ReviewVerdict, RoutingKind
from teachback_server.jobs.api import KeyRequest
from teachback_server.jobs.api_models import JobAnswer, OutcomeAnswer, Problem, answer_job
from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import find_job, find_job_by_external_id, list_outcomes
from teachback_server.reviews.queries import ReviewFacts, find_review
from teachback_server.workflows.access import Scope
from teachback_server.workflows.key_access import KeyAccess

router = Router(tags=["jobs"], auth=KeyAccess(Scope.JOBS))
_IN_USE = (RoutingKind.AUTO, RoutingKind.AUDIT, RoutingKind.OBSERVED)


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
    return answer_decided_job(job)


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
    return answer_decided_job(job)


def answer_decided_job(job: Job) -> DecidedJobAnswer:
    """A job with what became of it, as the API and messages tell it."""
    review = find_review(job, job.workflow.output_schema)
    outcomes = list_outcomes(job)
    is_final, final_output = _final_output(job, review)
    return DecidedJobAnswer(
        **answer_job(job).model_dump(),
        is_final=is_final,
        final_output=final_output,
        review=None if review is None else _answer_review(review),
        outcome=OutcomeAnswer(number=job.number, used=outcomes[0].is_used, at=outcomes[0].at) if outcomes else None,
    )


def _final_output(job: Job, review: ReviewFacts | None) -> tuple[bool, dict[str, object] | None]:
    """A person's word counts; without one, an output that skipped review is final, and one that waits is not."""
    if review is not None:
        is_final = review.verdict in (ReviewVerdict.ACCEPTED, ReviewVerdict.CORRECTED)
        return is_final, dict(review.output) if is_final and review.output is not None else None
    is_final = job.routing in _IN_USE and job.output is not None
    return is_final, job.output if is_final else None


def _answer_review(review: ReviewFacts) -> ReviewAnswer:
    return ReviewAnswer(
        verdict=review.verdict,
        reason=review.reason,
        note=review.note,
        reviewer=review.reviewer,
        decided_at=review.decided_at,
        corrections=[
            CorrectionAnswer(field=row.field, kind=row.kind, from_value=row.from_value, to_value=row.to_value)
            for row in review.corrections
        ],
    )


def _not_found(message: str) -> Status[Problem]:
    return Status(HTTPStatus.NOT_FOUND, Problem(detail=message))
