"""A job in plain JSON, as programs are told it by the API and by messages."""

from teachback.json_types import JsonObject
from teachback_server.jobs.models import Job


def describe_job(job: Job) -> JsonObject:
    """What a sender gets back about a job; `JobAnswer` names the fields and what they mean."""
    return {
        "number": job.number,
        "id": job.external_id,
        "status": job.status,
        "output": job.output,
        "confidence": job.confidence,
        "hand_back_reason": job.hand_back_reason,
        "routing": {
            "kind": job.routing,
            "reason": job.routing_reason,
            "probability": job.review_probability or 0.0,
        },
        "release": job.release.number,
        "waits_for_review": job.is_waiting,
    }
