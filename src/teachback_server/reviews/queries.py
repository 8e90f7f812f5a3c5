"""Reads for the desk and for pages of decided jobs; what the desk gets says nothing about confidence or routing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from teachback.field_diff import ChangeKind
from teachback.json_types import Json, JsonObject
from teachback.schema_fields import find_field_schema
from teachback_server.jobs.models import Job
from teachback_server.jobs.provenance import read_provenance
from teachback_server.jobs.queries import StepFacts, list_telling_steps
from teachback_server.jobs.shown_documents import ShownDocument, list_shown_documents
from teachback_server.jobs.shown_values import ShownValue, label_of, list_shown_values
from teachback_server.jobs.source_marks import Wanted, list_sourced_values
from teachback_server.reviews.agreement.asking import SecondKind
from teachback_server.reviews.agreement.waiting import find_second_for
from teachback_server.reviews.models import BulkMember, Correction, KnownAnswer, Review, SecondReview
from teachback_server.reviews.queue_order import find_due
from teachback_server.workflows.models import Workflow


@dataclass(frozen=True, kw_only=True)
class ReasonChoice:
    """One reason at the desk; the first nine have a digit as their key."""

    code: str
    label: str
    digit: str


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What one of two people decided who differ, shown to the third without a name."""

    verdict: str
    reason: str
    note: str
    output: tuple[ShownValue, ...]


@dataclass(frozen=True, kw_only=True)
class DeskJob:
    """A waiting job as the desk shows it. Blind: neither how sure the agent was nor why the job is here."""

    number: int
    external_id: str
    arrived_at: datetime
    due_at: datetime | None
    status: str
    has_output: bool
    hand_back_reason: str
    input: tuple[ShownValue, ...]
    sources: Mapping[str, Mapping[str, Wanted]]
    documents: tuple[ShownDocument, ...]
    steps: tuple[StepFacts, ...]
    steps_left_out: int  # that the page of the job shows
    reasons: tuple[ReasonChoice, ...]
    opinions: "tuple[Opinion, ...]" = ()

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been decided by now."""
        return self.due_at is not None and self.due_at < timezone.now()


@dataclass(frozen=True, kw_only=True)
class CorrectionFacts:
    """One field that a person changed. The field is empty where they filled in the whole output themselves."""

    id: int
    field: str
    label: str
    kind: str
    from_value: Json
    to_value: Json


@dataclass(frozen=True, kw_only=True)
class ReviewFacts:
    """One person's decision on a job."""

    verdict: str
    reason_code: str
    reason: str
    note: str
    output: JsonObject | None
    would_recur: bool | None
    stuck_step: str
    seconds: float | None
    reviewer: str
    decided_at: datetime
    corrections: tuple[CorrectionFacts, ...]
    equal_to: int | None = None  # the job that was looked at instead, where this one was accepted as equal to it


def describe_for_desk(job: Job, workflow: Workflow, person_id: int = 0) -> DeskJob:
    """What the desk shows of a waiting job: to the third person who decides it, also what the first two said."""
    telling = list_telling_steps(job)
    places = read_provenance(job.provenance)
    asked = None if job.is_waiting else find_second_for(job, person_id)
    return DeskJob(
        number=job.number,
        external_id=job.external_id,
        arrived_at=job.started_at,
        due_at=find_due(job, workflow, asked_at=asked.asked_at if asked else None),
        status=job.status,
        has_output=job.output is not None,
        hand_back_reason=job.hand_back_reason,
        input=list_shown_values(job.input, workflow.input_schema),
        sources=list_sourced_values(job.output, workflow.output_schema, places),
        documents=list_shown_documents(job, places),
        steps=telling.steps,
        steps_left_out=telling.left_out,
        reasons=list_reasons(workflow),
        opinions=_list_opinions(job, workflow) if asked and asked.kind == SecondKind.THIRD else (),
    )


def _list_opinions(job: Job, workflow: Workflow) -> tuple[Opinion, ...]:
    given: list[Review | SecondReview] = [
        *Review.objects.filter(job=job).select_related("reason"),
        *SecondReview.objects.filter(job=job, kind=SecondKind.SECOND).select_related("reason"),
    ]
    return tuple(
        Opinion(
            verdict=one.verdict,
            reason=one.reason.label if one.reason else "",
            note=one.note,
            output=list_shown_values(one.output, workflow.output_schema) if one.output is not None else (),
        )
        for one in given
    )


def list_reasons(workflow: Workflow) -> tuple[ReasonChoice, ...]:
    """The workflow's reasons in its own order."""
    return tuple(
        ReasonChoice(code=reason.code, label=reason.label, digit=str(place) if place <= 9 else "")
        for place, reason in enumerate(workflow.reasons.filter(is_offered=True), start=1)
    )


def find_review(job: Job, output_schema: JsonObject) -> ReviewFacts | None:
    """The decision on a job; None while there is none."""
    row = Review.objects.filter(job=job).select_related("reason").first()
    if row is None:
        return None
    return ReviewFacts(
        verdict=row.verdict,
        reason_code=row.reason.code if row.reason else "",
        reason=row.reason.label if row.reason else "",
        note=row.note,
        output=row.output,
        would_recur=row.would_recur,
        stuck_step=row.stuck_step,
        seconds=row.seconds,
        reviewer=row.reviewer_name,
        decided_at=row.decided_at,
        corrections=tuple(
            _describe(correction, output_schema) for correction in Correction.objects.filter(review=row).order_by("id")
        ),
        equal_to=BulkMember.objects.filter(review_id=row.pk).values_list("bulk__job__number", flat=True).first(),
    )


@dataclass(frozen=True, kw_only=True)
class LaterDecision:
    """What somebody decided about a job after the first decision, without seeing it, or to settle it."""

    kind: str
    verdict: str
    by: str
    at: datetime
    reason: str
    output: tuple[ShownValue, ...]


def list_later_decisions(job: Job, workflow: Workflow) -> tuple[LaterDecision, ...]:
    """The second decisions on a job that were given, and the third."""
    given = SecondReview.objects.filter(job=job, is_waiting=False, decided_at__isnull=False).select_related("reason")
    return tuple(
        LaterDecision(
            kind=row.kind,
            verdict=row.verdict,
            by=row.reviewer_name,
            at=row.decided_at,
            reason=row.reason.label if row.reason else "",
            output=list_shown_values(row.output, workflow.output_schema) if row.output is not None else (),
        )
        for row in given.order_by("pk")
        if row.decided_at is not None
    )


def find_known_answer(job: Job) -> str:
    """Who vouches for the decision on a job; empty where nobody does."""
    return KnownAnswer.objects.filter(job=job).values_list("by", flat=True).first() or ""


def list_corrected_fields(review: Review | SecondReview) -> list[str]:
    """The fields that a decision changed; an empty one stands for an output that was filled in as a whole."""
    if isinstance(review, Review):
        return [row.field for row in review.corrections.all()]
    return [str(one["field"]) for one in review.corrections or ()]


def _describe(row: Correction, output_schema: JsonObject) -> CorrectionFacts:
    path = row.field.replace("[", ".[").split(".")
    name = next((part for part in reversed(path) if not part.startswith("[")), "")
    schema = find_field_schema(output_schema, row.field) if row.field else None
    return CorrectionFacts(
        id=row.pk,
        field=row.field,
        label=label_of(name, schema) if row.field else "Everything",
        kind=row.kind,
        from_value=row.from_value,
        to_value=row.to_value,
    )


WORDS_OF_CHANGE: Mapping[str, str] = {
    ChangeKind.ADDED: "was missing",
    ChangeKind.REMOVED: "should be empty",
    ChangeKind.CHANGED_CHOICE: "another choice",
    ChangeKind.CHANGED_TEXT: "another text",
    ChangeKind.CHANGED_NUMBER: "another number",
    ChangeKind.CHANGED_DATE: "another date",
    ChangeKind.CHANGED_LIST: "another list",
    ChangeKind.CHANGED_TYPE: "of another kind",
    "handed_back": "filled in by a person",
}
