"""Reads for the page of reasons: the share of each, what its decisions say, and what happened to the list."""

from dataclasses import dataclass
from datetime import datetime

from teachback_server.results.counts import count_reasons, count_work
from teachback_server.results.curve import choose_slice_jobs
from teachback_server.results.measures import ReasonShare, measure_reasons
from teachback_server.results.queries import last_job_number
from teachback_server.reviews.models import ReasonEvent, Review
from teachback_server.reviews.note_groups import NoteGroup
from teachback_server.reviews.reasons import group_other_notes
from teachback_server.workflows.models import Reason, Workflow

SPLIT_ROWS = 100
HISTORY_ROWS = 50
_SAID = {
    "renamed": "“{old}” is called “{new}” now",
    "merged": "“{old}” is counted as “{new}”",
    "made": "“{new}” was made, with {old}",
}


@dataclass(frozen=True, kw_only=True)
class ReasonRow:
    """One reason on the list with its share of all changes; None: nobody gave it yet."""

    code: str
    label: str
    measured: ReasonShare | None


@dataclass(frozen=True, kw_only=True)
class ReasonStep:
    """One step in the history of the list."""

    at: datetime
    by: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class SplitRow:
    """One decision with the reason that is to be split."""

    review_id: int
    job_number: int
    note: str
    fields: str


@dataclass(frozen=True, kw_only=True)
class ReasonList:
    """The whole page."""

    rows: tuple[ReasonRow, ...]
    decisions: int  # that gave a reason
    groups: tuple[NoteGroup, ...]
    history: tuple[ReasonStep, ...]


def read_reasons(workflow: Workflow) -> ReasonList:
    """The reasons on the list, the most frequent first, what “Other” hides, and the history."""
    counts = count_work(workflow, choose_slice_jobs(last_job_number(workflow)))
    measured = {one.code: one for one in measure_reasons(counts, count_reasons(workflow))}
    offered = Reason.objects.filter(workflow=workflow, is_offered=True)
    rows = [ReasonRow(code=one.code, label=one.label, measured=measured.get(one.code)) for one in offered]
    events = ReasonEvent.objects.filter(workflow=workflow).order_by("-pk")[:HISTORY_ROWS]
    return ReasonList(
        rows=tuple(sorted(rows, key=lambda row: -row.measured.share if row.measured else 0.0)),
        decisions=sum(one.count for one in measured.values()),
        groups=group_other_notes(workflow),
        history=tuple(
            ReasonStep(
                at=event.at, by=event.by, sentence=_SAID[event.kind].format(old=event.old_label, new=event.new_label)
            )
            for event in events
        ),
    )


def list_split_rows(workflow: Workflow, reason: Reason) -> tuple[SplitRow, ...]:
    """The newest decisions that gave a reason and are still counted under it."""
    reviews = Review.objects.filter(workflow=workflow, reason=reason, moved=None).order_by("-pk")
    newest = reviews.select_related("job").prefetch_related("corrections")[:SPLIT_ROWS]
    return tuple(
        SplitRow(
            review_id=review.pk,
            job_number=review.job.number,
            note=review.note,
            fields=", ".join(sorted({one.field for one in review.corrections.all() if one.field})),
        )
        for review in newest
    )
