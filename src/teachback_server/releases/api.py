"""The JSON call with which an agent fetches the release that it works under."""

import json
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from ninja import Router, Schema
from ninja.errors import HttpError
from pydantic import Field, JsonValue

from teachback.json_types import canonical_json
from teachback_server.releases.live_document import LiveTag, find_live_tag, get_tagged_document
from teachback_server.workflows.access import Scope
from teachback_server.workflows.key_access import KeyAccess, KeyHolder

router = Router(tags=["releases"])


class LiveReleaseOut(Schema):
    """The live release of a workflow."""

    workflow: str
    number: int
    content_hash: str = Field(description="Names exactly this document; jobs done under it may say so.")
    live_since: datetime
    is_autonomy_on: bool
    valid_until: datetime | None = Field(
        description="Until then jobs may skip review under this copy. After it, or if null, each needs a person."
    )
    document: dict[str, JsonValue] = Field(
        description="All levers: instructions, examples by hash, rules, checks, approval."
    )


class KeyedRequest(HttpRequest):
    """A request that came in with a key."""

    auth: KeyHolder


@router.get(
    "/workflows/{workflow_name}/release",
    auth=KeyAccess(Scope.READ),
    response={200: LiveReleaseOut, 304: None},
    summary="The live release",
)
def get_live_release(
    request: KeyedRequest, workflow_name: str, response: HttpResponse
) -> LiveReleaseOut | HttpResponse:
    """The live release with an ETag; send it back as If-None-Match, and the answer is 304 while nothing changed."""
    workflow = request.auth.workflow
    tag = find_live_tag(workflow, now=timezone.now())
    if tag is None:
        raise HttpError(404, f"The workflow '{workflow.name}' has no release yet. Open it in the browser first.")
    unchanged = get_conditional_response(request, etag=tag.etag)
    if unchanged is not None:
        return _with_headers(unchanged, tag)
    _with_headers(response, tag)
    return LiveReleaseOut(
        workflow=workflow.name,
        number=tag.number,
        content_hash=tag.content_hash,
        live_since=tag.live_since,
        is_autonomy_on=tag.is_autonomy_on,
        valid_until=tag.valid_until,
        document=json.loads(canonical_json(get_tagged_document(workflow, tag))),
    )


def _with_headers(response: HttpResponse, tag: LiveTag) -> HttpResponse:
    response["ETag"] = tag.etag
    response["Cache-Control"] = "private, no-cache"
    return response
