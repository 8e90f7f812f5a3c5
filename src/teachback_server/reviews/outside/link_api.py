"""The API of links: a program gets one for the person who uses a job next, to put into whatever it sends them."""

from datetime import datetime, timedelta
from http import HTTPStatus

from django.urls import reverse
from ninja import Router, Schema, Status
from pydantic import Field

from teachback_server.jobs.api import KeyRequest
from teachback_server.jobs.api_models import Problem
from teachback_server.jobs.queries import find_job
from teachback_server.people.public_address import spell_address
from teachback_server.reviews.outside.links import LONGEST, USUAL, LinkRefused, make_outcome_link
from teachback_server.workflows.access import Scope
from teachback_server.workflows.key_access import KeyAccess

router = Router(tags=["jobs"], auth=KeyAccess(Scope.JOBS))
_HOUR = timedelta(hours=1)


class WantedLink(Schema):
    """For whom a link is, and how long it is good."""

    for_name: str = Field(description="The name that will stand with what they say.")
    hours: int = Field(USUAL // _HOUR, ge=1, le=LONGEST // _HOUR, description="How long it is good.")


class LinkAnswer(Schema):
    """A link, told this once."""

    url: str
    expires_at: datetime


@router.post(
    "/workflows/{workflow_name}/jobs/{int:number}/outcome-link",
    response={HTTPStatus.OK: LinkAnswer, HTTPStatus.NOT_FOUND: Problem, HTTPStatus.UNPROCESSABLE_ENTITY: Problem},
    summary="Make a link to say with one click whether a job was used",
)
def make_link(request: KeyRequest, workflow_name: str, number: int, wanted: WantedLink) -> LinkAnswer | Status[Problem]:
    """A link for the person who uses the output next. It shows them the output and two buttons, and works once."""
    job = find_job(request.auth.workflow, number)
    if job is None:
        return Status(HTTPStatus.NOT_FOUND, Problem(detail=f"There is no job {number} in this workflow."))
    try:
        new = make_outcome_link(request.auth.actor, job, for_name=wanted.for_name, lasts=wanted.hours * _HOUR)
    except LinkRefused as refusal:
        return Status(HTTPStatus.UNPROCESSABLE_ENTITY, Problem(detail=str(refusal)))
    url = spell_address(request, reverse("open-outcome", args=[new.token]))
    return LinkAnswer(url=url, expires_at=new.link.expires_at)
