"""The API of a job's story: the five answers and everything that the job led to."""

from http import HTTPStatus

from ninja import Router, Status

from teachback_server.jobs.api import KeyRequest
from teachback_server.jobs.api_models import Problem
from teachback_server.jobs.queries import find_job
from teachback_server.site.job_page import story_as_json, tell_story
from teachback_server.workflows.access import Scope
from teachback_server.workflows.key_access import KeyAccess

router = Router(tags=["lineage"], auth=KeyAccess(Scope.READ))


@router.get(
    "/workflows/{workflow_name}/jobs/{int:number}/lineage",
    response={HTTPStatus.OK: dict[str, object], HTTPStatus.NOT_FOUND: Problem},
    summary="Read what a job led to",
)
def read_lineage(request: KeyRequest, workflow_name: str, number: int) -> dict[str, object] | Status[Problem]:
    """From a job forward: its corrections, their patterns, the changes that followed, gates and releases."""
    job = find_job(request.auth.workflow, number)
    if job is None:
        problem = Problem(detail=f"There is no job {number} in this workflow. Use the number you got for it.")
        return Status(HTTPStatus.NOT_FOUND, problem)
    return story_as_json(tell_story(job, request.auth.workflow))
