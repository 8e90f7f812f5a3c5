"""The API of decisions: what waits, and what people decided about it in a program of yours."""

from http import HTTPStatus
from typing import Annotated

from ninja import Query, Router, Schema
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from teachback.json_types import Json, JsonObject, content_hash
from teachback.schema_problems import list_schema_problems
from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.api import KeyRequest
from teachback_server.jobs.api_models import Line, PlainObject
from teachback_server.jobs.api_problems import describe_problems
from teachback_server.jobs.history_row import RowRefused
from teachback_server.jobs.json_lines import refuse_unusable
from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import find_job, find_job_by_external_id
from teachback_server.reviews.actions import Decision, DecisionRefused
from teachback_server.reviews.models import Review
from teachback_server.reviews.outside.written import (
    LONGEST_NOTE,
    Stored,
    read_note,
    read_reason,
    read_verdict,
    store_decision,
)
from teachback_server.workflows.access import Scope
from teachback_server.workflows.key_access import KeyAccess, KeyHolder

router = Router(tags=["reviews"], auth=KeyAccess(Scope.REVIEWS))
_MOST_AT_ONCE = 200
_KEY_USED = "The key “{key}” came before with another decision on this job, which stands. Give each decision its own."


def _storable(text: str) -> str:
    try:
        refuse_unusable(text)
    except RowRefused as refusal:
        raise ValueError(f"{refusal.reason}; {refusal.remedy}") from None
    return text


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

    number: int | None = Field(None, ge=1, strict=True, description="The job's number. Give this or `id`.")
    id: Line = Field("", max_length=200, description="Your own id of the job.")
    verdict: Line = Field(max_length=20, description="accepted · corrected · rejected · escalated")
    reason: Line = Field("", max_length=200, description="Code or label of a reason; not needed to accept.")
    note: Annotated[str, AfterValidator(_storable)] = Field("", max_length=LONGEST_NOTE)
    output: PlainObject | None = Field(None, description="The output as it should have been; only to correct.")
    would_recur: bool | None = None
    by: Line = Field("", max_length=100, description="Who decided. Left out: the name of the key.")
    key: Line = Field("", max_length=200, description="Your own key of this decision: sending it again is safe.")


class UnusableReview(BaseModel):
    """A decision that cannot be read, and why."""

    problem: str


def _refuse_alone(value: object, read: ValidatorFunctionWrapHandler) -> object:
    """Let a decision that cannot be read hold up no other."""
    try:
        return read(value)
    except ValidationError as error:
        problems = [{**problem, "loc": ("", "", *problem["loc"])} for problem in error.errors(include_context=False)]
        return UnusableReview(problem=describe_problems(problems))


class GivenReviews(Schema):
    """Some decisions, each stored or refused for itself."""

    model_config = ConfigDict(extra="forbid")

    reviews: list[Annotated[GivenReview, WrapValidator(_refuse_alone)]] = Field(min_length=1, max_length=_MOST_AT_ONCE)


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
    return ReviewFates(reviews=[_tell(_store(request.auth, one)) for one in given.reviews])


def _store(holder: KeyHolder, given: GivenReview | UnusableReview) -> Stored:
    if isinstance(given, UnusableReview):
        return Stored(job=None, problem=given.problem)
    if (given.number is None) == (not given.id):
        return Stored(job=None, problem="Name the job either by its number or by your own id.")
    job = _find(holder, given)
    if job is None:
        named = given.id if given.number is None else given.number
        return Stored(job=None, problem=f"There is no job {named} in this workflow.")
    try:
        decision = _read(holder, given, job)
    except DecisionRefused as refusal:
        return Stored(job=job, problem=str(refusal))
    stored = store_decision(holder.actor, decision)
    if given.key and stored.review is not None and not _is_same(stored.review, decision):
        return Stored(job=job, problem=_KEY_USED.format(key=given.key))
    return stored


def _find(holder: KeyHolder, given: GivenReview) -> Job | None:
    if given.number is not None:
        return find_job(holder.workflow, given.number)
    return find_job_by_external_id(holder.workflow, given.id)


def _read(holder: KeyHolder, given: GivenReview, job: Job) -> Decision:
    """The decision that was given. Raises DecisionRefused."""
    verdict = read_verdict(given.verdict)
    output = _read_output(holder, given, job, verdict)
    reasons = [reason for reason in holder.workflow.reasons.all() if reason.is_offered]
    reason, note = read_reason(given.reason, verdict, reasons), read_note(given.note)
    said: Json = [verdict.value, reason, note, output, given.would_recur]
    name: Json = given.key or {"by": given.by, "said": said}
    return Decision(
        job=job,
        verdict=verdict,
        # With the job and the key of the program in it, no name that a program chooses can meet another's.
        idempotency_key=content_hash({"job": job.pk, "from": holder.actor.name, "name": name}),
        output=output,
        reason_code=reason,
        note=note,
        would_recur=given.would_recur,
        decided_by=f"{given.by.strip()} (by key)" if given.by.strip() else "",
    )


def _read_output(holder: KeyHolder, given: GivenReview, job: Job, verdict: ReviewVerdict) -> JsonObject | None:
    output: JsonObject | None = given.output  # type: ignore[assignment]
    if output is None:
        return None
    if verdict is not ReviewVerdict.CORRECTED:
        if output == job.output:
            return None
        raise DecisionRefused("This output is not the agent's. Send it as corrected, or leave it out.")
    if problems := list_schema_problems(holder.workflow.output_schema, output):
        first = problems[0]
        raise DecisionRefused(f"The output does not fit: {first.field or 'it'}: {first.problem}; {first.remedy}.")
    return output


def _is_same(stored: Review, decision: Decision) -> bool:
    same_words = (stored.verdict, stored.note, stored.reason.code if stored.reason else "") == (
        decision.verdict,
        decision.note,
        decision.reason_code,
    )
    return same_words and (decision.verdict is not ReviewVerdict.CORRECTED or stored.output == decision.output)


def _tell(stored: Stored) -> ReviewFate:
    return ReviewFate(
        number=stored.job.number if stored.job else None, is_stored=stored.review is not None, problem=stored.problem
    )
