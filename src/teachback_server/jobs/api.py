"""The API of jobs: give one to the workflow's agent, record one done elsewhere, say what the next step made of it."""

from dataclasses import replace
from http import HTTPStatus

from django.http import HttpRequest
from ninja import File, Router, Status, UploadedFile

from teachback_server.jobs.actions import record_outcome
from teachback_server.jobs.api_models import (
    DocumentAnswer,
    GivenJob,
    GivenOutcome,
    JobAnswer,
    NamedOutcome,
    OutcomeAnswer,
    Problem,
    RecordedJob,
    answer_job,
)
from teachback_server.jobs.attachments import LARGEST_BYTES, AttachmentRefused, keep_attachment
from teachback_server.jobs.giving import (
    InputRefused,
    JobIdTaken,
    describe_unfit_output,
    give_job,
    record_job_done_elsewhere,
)
from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import find_job, find_job_by_external_id
from teachback_server.jobs.running import AgentNotReady, RunningAgents
from teachback_server.workflows.access import Scope
from teachback_server.workflows.key_access import KeyAccess, KeyHolder

_OUTPUT_MISSING = "A finished job needs its output. Send the output, or the status handed_back or failed."
_OUTPUT_TOO_MUCH = "A job that was handed back or failed has no output. Leave it out, or send the status finished."


class KeyRequest(HttpRequest):
    """A request that came in with a key."""

    auth: KeyHolder


def make_jobs_router(agents: RunningAgents) -> Router:
    """The routes of jobs; `agents` are the open agents of this process."""
    router = Router(tags=["jobs"], auth=KeyAccess(Scope.JOBS))
    refusals = {HTTPStatus.CONFLICT: Problem, HTTPStatus.UNPROCESSABLE_ENTITY: Problem}

    @router.post(
        "/workflows/{workflow_name}/jobs",
        response={HTTPStatus.OK: JobAnswer, HTTPStatus.SERVICE_UNAVAILABLE: Problem, **refusals},
        summary="Give a job to the agent",
    )
    def give(request: KeyRequest, workflow_name: str, job: GivenJob) -> JobAnswer | Status[Problem]:
        """Do a job under the live release. The answer holds the output and whether it may be used now or waits.

        A job that waits for review has its final output later: read `GET …/jobs/NUMBER`.
        """
        try:
            return answer_job(give_job(request.auth.actor, request.auth.workflow, job.as_arrival(), agents))
        except JobIdTaken as refusal:
            return _refuse(HTTPStatus.CONFLICT, refusal)
        except InputRefused as refusal:
            return _refuse(HTTPStatus.UNPROCESSABLE_ENTITY, refusal)
        except AgentNotReady as refusal:
            return _refuse(HTTPStatus.SERVICE_UNAVAILABLE, refusal)

    router.post(
        "/workflows/{workflow_name}/jobs/recorded",
        response={HTTPStatus.OK: JobAnswer, **refusals},
        summary="Record a job done elsewhere",
    )(_record)
    router.post(
        "/workflows/{workflow_name}/jobs/outcome",
        response={HTTPStatus.OK: OutcomeAnswer, HTTPStatus.NOT_FOUND: Problem},
        summary="Say whether the next step used it, by your own id",
    )(_say_outcome_by_own_id)
    router.post(
        "/workflows/{workflow_name}/jobs/{int:number}/outcome",
        response={HTTPStatus.OK: OutcomeAnswer, HTTPStatus.NOT_FOUND: Problem},
        summary="Say whether the next step used it",
    )(_say_outcome)
    router.post(
        "/workflows/{workflow_name}/jobs/{int:number}/documents",
        response={HTTPStatus.OK: DocumentAnswer, HTTPStatus.NOT_FOUND: Problem, **refusals},
        summary="Attach a document to a job",
    )(_attach)
    return router


def _attach(
    request: KeyRequest, workflow_name: str, number: int, file: File[UploadedFile]
) -> DocumentAnswer | Status[Problem]:
    """Keep a PDF, an image or a text with a job, as a form sends a file; sending it again is safe.

    Whoever decides the job sees it at the desk, with the places marked that the job's `provenance` names.
    """
    job = find_job(request.auth.workflow, number)
    if job is None:
        return _refuse_number(number)
    name = file.name or ""
    try:
        # One byte more than is kept is enough to refuse it.
        kept = keep_attachment(request.auth.actor, job, name, file.read(LARGEST_BYTES + 1))
    except AttachmentRefused as refusal:
        return _refuse(HTTPStatus.UNPROCESSABLE_ENTITY, refusal)
    return DocumentAnswer(number=job.number, name=kept.name, media_type=kept.media_type, size_bytes=kept.size_bytes)


def _record(request: KeyRequest, workflow_name: str, job: RecordedJob) -> JobAnswer | Status[Problem]:
    """Record a job that an agent of yours has done, and learn whether its output may be used or waits for a person."""
    if (job.status == "finished") != (job.output is not None):
        return _refuse(HTTPStatus.UNPROCESSABLE_ENTITY, _OUTPUT_MISSING if job.output is None else _OUTPUT_TOO_MUCH)
    holder = request.auth
    result = job.as_result()
    result = replace(result, wants_review=describe_unfit_output(holder.workflow, result.output))
    try:
        recorded = record_job_done_elsewhere(
            holder.actor, holder.workflow, job.as_arrival(), result, was_used=job.used_already
        )
    except JobIdTaken as refusal:
        return _refuse(HTTPStatus.CONFLICT, refusal)
    except InputRefused as refusal:
        return _refuse(HTTPStatus.UNPROCESSABLE_ENTITY, refusal)
    return answer_job(recorded)


def _say_outcome(
    request: KeyRequest, workflow_name: str, number: int, outcome: GivenOutcome
) -> OutcomeAnswer | Status[Problem]:
    """Say whether the next step could use the output. It may be said again; the newest word counts."""
    job = find_job(request.auth.workflow, number)
    if job is None:
        return _refuse_number(number)
    return _note_outcome(request, job, outcome)


def _say_outcome_by_own_id(
    request: KeyRequest, workflow_name: str, outcome: NamedOutcome
) -> OutcomeAnswer | Status[Problem]:
    """The same for a job to which you gave this id. One that was sent as a trace is there a moment later."""
    job = find_job_by_external_id(request.auth.workflow, outcome.id)
    if job is None:
        return _refuse(
            HTTPStatus.NOT_FOUND, f"There is no job with the id '{outcome.id}' in this workflow yet. Send it first."
        )
    return _note_outcome(request, job, outcome)


def _note_outcome(request: KeyRequest, job: Job, outcome: GivenOutcome) -> OutcomeAnswer:
    noted = record_outcome(
        request.auth.actor,
        job,
        is_used=outcome.used,
        worth_usd=outcome.worth_usd,
        note=outcome.note,
        at=outcome.at,
    )
    return OutcomeAnswer(number=job.number, used=noted.is_used, at=noted.at)


def _refuse_number(number: int) -> Status[Problem]:
    return _refuse(HTTPStatus.NOT_FOUND, f"There is no job {number} in this workflow. Use the number you got for it.")


def _refuse(status: HTTPStatus, why: Exception | str) -> Status[Problem]:
    return Status(status, Problem(detail=str(why)))
