"""The API of decisions: what waits, and what people decided about it in a program of yours."""

from http import HTTPStatus

from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from teachback.json_types import JsonObject
from teachback_server.jobs.api import KeyRequest
from teachback_server.jobs.api_models import Line, PlainObject
from teachback_server.reviews.outside.written import Stored, Written, decide_written
from teachback_server.workflows.access import Scope
from teachback_server.workflows.key_access import KeyAccess

router = Router(tags=["reviews"], auth=KeyAccess(Scope.REVIEWS))
_MOST_AT_ONCE = 200


class WaitingJob(Schema):
    """A job that waits for a decision; blind, as at the desk: neither how sure the agent was nor why it waits."""

    number: int
    id: str
    input: dict[str, object]
    output: dict[str, object] | None
    status: str
    hand_back_reason: str


class WaitingJobs(Schema):
    """Some of the jobs that wait, in the order of their numbers."""

    jobs: list[WaitingJob]
    next: int | None = Field(description="Ask with `after` set to this for the following ones; null: these were all.")


class GivenReview(Schema):
    """One person's decision about one job."""

    model_config = ConfigDict(extra="forbid")

    number: int | None = Field(None, ge=1, description="The job's number. Give this or `id`.")
    id: Line = Field("", max_length=200, description="Your own id of the job.")
    verdict: Line = Field(max_length=20, description="accepted · corrected · rejected · escalated")
    reason: Line = Field("", max_length=200, description="Code or label of a reason; not needed to accept.")
    note: str = Field("", max_length=1000)
    output: PlainObject | None = Field(None, description="The output as it should have been; only to correct.")
    would_recur: bool | None = None
    by: Line = Field("", max_length=200, description="Who decided. Left out: the name of the key.")
    key: Line = Field("", max_length=80, description="Your own key of this decision: sending it again is safe.")

    def as_written(self) -> Written:
        """The decision as the rest of Teachback knows it."""
        output: JsonObject | None = self.output  # type: ignore[assignment]
        return Written(
            verdict=self.verdict,
            number=self.number,
            external_id=self.id,
            reason=self.reason,
            note=self.note,
            output=output,
            would_recur=self.would_recur,
            decided_by=self.by,
            key=self.key,
        )


class GivenReviews(Schema):
    """Some decisions, each stored or refused for itself."""

    model_config = ConfigDict(extra="forbid")

    reviews: list[GivenReview] = Field(min_length=1, max_length=_MOST_AT_ONCE)


class ReviewFate(Schema):
    """What became of one decision."""

    number: int | None = Field(description="The job's number; null where there is no such job.")
    is_stored: bool
    problem: str = Field(description="Why it is not stored, and what to do.")


class ReviewFates(Schema):
    """What became of each, in their order."""

    reviews: list[ReviewFate]


@router.get(
    "/workflows/{workflow_name}/reviews/waiting",
    response={HTTPStatus.OK: WaitingJobs},
    summary="List jobs that wait for a decision",
)
def list_waiting(
    request: KeyRequest, workflow_name: str, after: Query[int] = 0, limit: Query[int] = _MOST_AT_ONCE
) -> WaitingJobs:
    """What waits, from the job after a number on; 200 at the most."""
    most = min(max(limit, 1), _MOST_AT_ONCE)
    waiting = request.auth.workflow.jobs.filter(is_waiting=True, number__gt=after).order_by("number")
    rows = list(waiting[: most + 1])
    jobs = [
        WaitingJob(
            number=job.number,
            id=job.external_id,
            input=job.input,
            output=job.output,
            status=job.status,
            hand_back_reason=job.hand_back_reason,
        )
        for job in rows[:most]
    ]
    return WaitingJobs(jobs=jobs, next=jobs[-1].number if len(rows) > most else None)


@router.post(
    "/workflows/{workflow_name}/reviews", response={HTTPStatus.OK: ReviewFates}, summary="Store what people decided"
)
def give_reviews(request: KeyRequest, workflow_name: str, given: GivenReviews) -> ReviewFates:
    """Store decisions that people made elsewhere. One that cannot be stored says why and holds up no other."""
    stored = decide_written(request.auth.actor, request.auth.workflow, [one.as_written() for one in given.reviews])
    return ReviewFates(reviews=[_tell(one) for one in stored])


def _tell(stored: Stored) -> ReviewFate:
    return ReviewFate(
        number=stored.job.number if stored.job else None, is_stored=stored.review is not None, problem=stored.problem
    )
