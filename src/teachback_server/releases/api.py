"""The JSON calls with which an agent fetches the release that it works under, and the examples that it names."""

import json
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field, JsonValue

from teachback.json_types import canonical_json, content_hash
from teachback_server.releases.live_document import CountAutoJobs, LiveTag, find_live_tag, get_tagged_document
from teachback_server.releases.models import Example, LiveRelease
from teachback_server.releases.queries import find_examples, list_example_hashes
from teachback_server.workflows.access import Scope
from teachback_server.workflows.key_access import KeyAccess, KeyHolder
from teachback_server.workflows.models import Workflow

MOST_EXAMPLES = 100  # in one answer
_READERS = KeyAccess(Scope.READ, Scope.JOBS)


class LiveReleaseOut(Schema):
    """The live release of a workflow, with all that an agent needs to decide as the server would."""

    workflow: str
    number: int
    content_hash: str = Field(description="Names exactly this document; jobs done under it may say so.")
    live_since: datetime
    is_autonomy_on: bool
    valid_until: datetime | None = Field(
        description="Until then jobs may skip review under this copy. After it, or if null, each needs a person."
    )
    is_early: bool = Field(description="Few jobs skipped review under it so far: audit with the early share.")
    earning_release: str = Field(
        description="Which release earns its autonomy now, so that every test case is reviewed; empty for none."
    )
    salt: str = Field(description="Of the draws that decide about audits and test cases.")
    input_schema: dict[str, JsonValue]
    output_schema: dict[str, JsonValue] = Field(description="An output that does not fit it waits for a person.")
    document: dict[str, JsonValue] = Field(
        description="All levers: instructions, examples by hash, rules, checks, approval."
    )


class ExampleOut(Schema):
    """A reviewed job from which agents may learn."""

    content_hash: str
    input: dict[str, JsonValue]
    output: dict[str, JsonValue] = Field(description="What a person stood behind.")


class ExamplesOut(Schema):
    """Examples, sorted by hash. One whose job was deleted is left out for good."""

    examples: list[ExampleOut]
    after: str = Field(description="Ask for what comes after this hash; empty at the end.")


class KeyedRequest(HttpRequest):
    """A request that came in with a key."""

    auth: KeyHolder


def make_releases_router(count_auto_jobs: CountAutoJobs) -> Router:
    """The routes of releases; `count_auto_jobs` comes from the room of jobs, which this one does not know."""
    router = Router(tags=["releases"])

    @router.get(
        "/workflows/{workflow_name}/release",
        auth=_READERS,
        response={HTTPStatus.OK: LiveReleaseOut, HTTPStatus.NOT_MODIFIED: None},
        summary="The live release",
    )
    def get_live_release(
        request: KeyedRequest, workflow_name: str, response: HttpResponse
    ) -> LiveReleaseOut | HttpResponse:
        """The live release with an ETag; send it back as If-None-Match, and the answer is 304 while nothing changed."""
        workflow = request.auth.workflow
        tag = find_live_tag(workflow, now=timezone.now(), count_auto_jobs=count_auto_jobs)
        if tag is None:
            raise HttpError(404, f"The workflow '{workflow.name}' has no release yet. Open it in the browser first.")
        unchanged = get_conditional_response(request, etag=tag.etag)
        if unchanged is not None:
            return _with_headers(unchanged, tag.etag)
        _with_headers(response, tag.etag)
        return _answer_release(workflow, tag)

    router.get(
        "/workflows/{workflow_name}/release/examples",
        auth=_READERS,
        response={HTTPStatus.OK: ExamplesOut, HTTPStatus.NOT_MODIFIED: None},
        summary="All examples of the live release, page by page",
    )(_list_examples_of_release)
    router.get(
        "/workflows/{workflow_name}/examples",
        auth=_READERS,
        response={HTTPStatus.OK: ExamplesOut, HTTPStatus.NOT_MODIFIED: None},
        summary="Examples by their hashes",
    )(_find_examples)
    return router


def _answer_release(workflow: Workflow, tag: LiveTag) -> LiveReleaseOut:
    return LiveReleaseOut(
        workflow=workflow.name,
        number=tag.number,
        content_hash=tag.content_hash,
        live_since=tag.live_since,
        is_autonomy_on=tag.is_autonomy_on,
        valid_until=tag.valid_until,
        is_early=tag.is_early,
        earning_release=tag.earning_release,
        salt=workflow.salt,
        input_schema=workflow.input_schema,
        output_schema=workflow.output_schema,
        document=json.loads(canonical_json(get_tagged_document(workflow, tag))),
    )


def _list_examples_of_release(
    request: KeyedRequest, workflow_name: str, response: HttpResponse, after: Query[str] = ""
) -> ExamplesOut | HttpResponse:
    """The examples of the live release with hashes beyond `after`, a hundred at most, with an ETag."""
    workflow = request.auth.workflow
    live = LiveRelease.objects.select_related("release__example_list").filter(workflow=workflow).first()
    if live is None:
        raise HttpError(404, f"The workflow '{workflow.name}' has no release yet. Open it in the browser first.")
    beyond = [name for name in list_example_hashes(live.release) if name > after]
    asked = beyond[:MOST_EXAMPLES]
    return _answer_examples(
        request, response, find_examples(workflow, asked), after=asked[-1] if len(beyond) > len(asked) else ""
    )


def _find_examples(
    request: KeyedRequest, workflow_name: str, response: HttpResponse, hash: Query[list[str]]
) -> ExamplesOut | HttpResponse:
    """The examples with these hashes, a hundred at most, with an ETag: so an agent fetches only what it has not yet."""
    if len(hash) > MOST_EXAMPLES:
        raise HttpError(422, f"{len(hash)} hashes are asked for at once. Ask for {MOST_EXAMPLES} at most.")
    return _answer_examples(request, response, find_examples(request.auth.workflow, hash), after="")


def _answer_examples(
    request: HttpRequest, response: HttpResponse, examples: Sequence[Example], *, after: str
) -> ExamplesOut | HttpResponse:
    # A hash names the content of an example for good, so the hashes name the answer.
    etag = f'"{content_hash([after, *(example.content_hash for example in examples)])}"'
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return _with_headers(unchanged, etag)
    _with_headers(response, etag)
    return ExamplesOut(
        examples=[
            ExampleOut(content_hash=example.content_hash, input=example.input, output=example.output)
            for example in examples
        ],
        after=after,
    )


def _with_headers(response: HttpResponse, etag: str) -> HttpResponse:
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response
