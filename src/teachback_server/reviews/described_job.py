"""A job with what became of it in plain JSON, as programs are told it by the API and by messages."""

from datetime import UTC, datetime

from teachback.json_types import JsonObject
from teachback.vocabulary import ReviewVerdict, RoutingKind
from teachback_server.jobs.described_job import describe_job
from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import list_outcomes
from teachback_server.reviews.queries import ReviewFacts, find_review

_IN_USE = (RoutingKind.AUTO, RoutingKind.AUDIT, RoutingKind.OBSERVED)


def describe_decided_job(job: Job) -> JsonObject:
    """The job, whether its output can be used, the decision of a person and the outcome; see `DecidedJobAnswer`."""
    review = find_review(job, job.workflow.output_schema)
    outcomes = list_outcomes(job)
    is_final, final_output = _final_output(job, review)
    outcome: JsonObject | None = (
        {"number": job.number, "used": outcomes[0].is_used, "at": _stamp(outcomes[0].at)} if outcomes else None
    )
    return {
        **describe_job(job),
        "is_final": is_final,
        "final_output": final_output,
        "review": None if review is None else _describe_review(review),
        "outcome": outcome,
    }


def _final_output(job: Job, review: ReviewFacts | None) -> tuple[bool, JsonObject | None]:
    """A person's word counts; without one, an output that skipped review is final, and one that waits is not."""
    if review is not None:
        is_final = review.verdict in (ReviewVerdict.ACCEPTED, ReviewVerdict.CORRECTED)
        return is_final, review.output if is_final else None
    is_final = job.routing in _IN_USE and job.output is not None
    return is_final, job.output if is_final else None


def _describe_review(review: ReviewFacts) -> JsonObject:
    return {
        "verdict": review.verdict,
        "reason": review.reason,
        "note": review.note,
        "reviewer": review.reviewer,
        "decided_at": _stamp(review.decided_at),
        "corrections": [
            {"field": row.field, "kind": row.kind, "from_value": row.from_value, "to_value": row.to_value}
            for row in review.corrections
        ],
    }


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
