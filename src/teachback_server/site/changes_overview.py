"""What the pages of changes show: each with its verdict, the difference that it makes, and the jobs behind it."""

from dataclasses import dataclass
from datetime import date, datetime

from django.core.paginator import Page, Paginator
from django.db.models import ExpressionWrapper, Q, QuerySet
from django.db.models.fields import BooleanField

from teachback.split import Split
from teachback.vocabulary import GateVerdict, JobStatus, Lever
from teachback_server.evals.models import Case, CaseResult, EvalRun, Gate
from teachback_server.improvements.candidates import ChangeState
from teachback_server.improvements.edits import apply_edit, parse_edit
from teachback_server.improvements.evidence import list_family
from teachback_server.improvements.gate_words import FEW_CASES, Figure, describe_ground, describe_wait, list_figures
from teachback_server.improvements.models import Change, Pattern
from teachback_server.releases.actions import ReleaseEventKind
from teachback_server.releases.differences import DocumentDifference, describe_difference
from teachback_server.releases.models import Release, ReleaseEvent
from teachback_server.releases.queries import get_document, get_live_state
from teachback_server.reviews.agreement.freezing import find_freeze
from teachback_server.workflows.models import Workflow

CHANGES_PER_PAGE = 25
OPEN_STATES = (ChangeState.PROPOSED, ChangeState.PASSED)


@dataclass(frozen=True, kw_only=True)
class ChangeRow:
    """One change as the list shows it."""

    change_id: int
    title: str
    lever: str
    state: str
    verdict: str  # empty while it waits for its gate
    sentence: str
    ground: str
    release_number: int | None
    proposed_by: str
    proposed_at: datetime
    owner: str
    due_on: date | None
    is_closed: bool


@dataclass(frozen=True, kw_only=True)
class ChangePage:
    """One page of a workflow's changes; those that wait for somebody come first."""

    rows: tuple[ChangeRow, ...]
    page: Page[Change]
    counts: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class AffectedJob:
    """A job that two releases did not do alike."""

    number: int
    before: str  # right, wrong or handed_back
    after: str


@dataclass(frozen=True, kw_only=True)
class ChangeDetail:
    """One change with everything that its page shows."""

    change: Change
    row: ChangeRow
    difference: DocumentDifference
    base_number: int
    figures: tuple[Figure, ...]
    affected: tuple[tuple[str, tuple[AffectedJob, ...]], ...]  # under a heading each
    patterns: tuple[Pattern, ...]
    hand_back_score: float  # what a hand-back counts, where right counts 1
    kept_back: int  # decided jobs that could judge it now
    has_few_cases: bool
    waits_for: str  # what must happen before it can be tested; empty where it can
    is_up_to_date: bool  # else another release went live since it was judged, and accepting it would undo that one


def read_change_page(workflow: Workflow, *, state: str, page_number: str | int) -> ChangePage:
    """Changes of a workflow that the caller may see, of one state or, without one, of all."""
    changes = Change.objects.filter(workflow=workflow)
    states = list(changes.values_list("state", flat=True))
    chosen = changes.filter(state=state) if state else changes
    is_closed = ExpressionWrapper(~Q(state__in=OPEN_STATES), output_field=BooleanField())
    ordered = chosen.select_related("gate", "candidate", "owner").order_by(is_closed, "-pk")
    page = Paginator(ordered, CHANGES_PER_PAGE).get_page(page_number)
    return ChangePage(
        rows=tuple(describe_change(change) for change in page.object_list),
        page=page,
        counts={one: states.count(one) for one in sorted(set(states))},
    )


def find_change(workflow: Workflow, change_id: int) -> Change | None:
    """A change of this workflow."""
    related = ("workflow", "gate__base__example_list", "candidate__example_list", "candidate__parent", "owner")
    return Change.objects.filter(workflow=workflow, pk=change_id).select_related(*related).first()


def read_change(workflow: Workflow, change: Change) -> ChangeDetail:
    """One change of this workflow: left what it would change, right what speaks for it."""
    live = get_live_state(workflow)
    base = change.gate.base if change.gate else live.release
    kept_back = _list_judges(workflow).count()
    return ChangeDetail(
        change=change,
        row=describe_change(change),
        difference=_find_difference(workflow, change, base),
        base_number=base.number,
        figures=list_figures(change.gate.report, change.lever) if change.gate else (),
        affected=_list_affected(change.gate) if change.gate else (),
        patterns=tuple(Pattern.objects.filter(workflow=workflow, changes=change).order_by("-count", "pk")),
        hand_back_score=1 - workflow.hand_back_cost,
        kept_back=kept_back,
        has_few_cases=kept_back < FEW_CASES,
        waits_for=find_wait(workflow),
        is_up_to_date=base.pk in list_family(live.release),
    )


def find_wait(workflow: Workflow) -> str:
    """What must happen before any change can be tested; empty where a reviewed job can judge, and may."""
    if find_freeze(workflow) is not None:
        return (
            "Learning is paused, as people decided too many jobs differently. An owner lets it go on under Agreement."
        )
    if _list_judges(workflow).exists():
        return ""
    return describe_wait(workflow.jobs.filter(is_test_case=True, is_waiting=True).count())


def describe_change(change: Change) -> ChangeRow:
    """A change as a list shows it; its gate, candidate and owner should be loaded with it."""
    verdict = change.gate.verdict if change.gate else ""
    is_released = change.state == ChangeState.RELEASED
    return ChangeRow(
        change_id=change.pk,
        title=change.title,
        lever=change.lever,
        state=change.state,
        verdict=verdict,
        sentence=str(change.gate.report.get("sentence", "")) if change.gate else "",
        ground=_find_ground(change, verdict, is_released=is_released) if verdict else "",
        release_number=change.candidate.number if change.candidate else None,
        proposed_by=change.proposed_by,
        proposed_at=change.proposed_at,
        owner=change.owner.username if change.owner else "",
        due_on=change.due_on,
        is_closed=change.state not in OPEN_STATES,
    )


def _list_judges(workflow: Workflow) -> QuerySet[Case]:
    return Case.objects.filter(workflow=workflow, split=Split.GATE, spent_by=None)


def _find_ground(change: Change, verdict: str, *, is_released: bool) -> str:
    accepted_by = ""
    if is_released and verdict == GateVerdict.NOT_WORSE and change.lever != Lever.EXAMPLES:
        event = ReleaseEvent.objects.filter(release=change.candidate, kind=ReleaseEventKind.WENT_LIVE).first()
        accepted_by = event.by if event else ""
    return describe_ground(verdict, change.lever, is_released=is_released, accepted_by=accepted_by)


def _find_difference(workflow: Workflow, change: Change, base: Release) -> DocumentDifference:
    before = get_document(base)
    if change.candidate is not None:
        return describe_difference(before, get_document(change.candidate))
    return describe_difference(before, apply_edit(before, parse_edit(change.edit)))


def _list_affected(gate: Gate) -> tuple[tuple[str, tuple[AffectedJob, ...]], ...]:
    """The jobs that the candidate and the release before it did not do alike; none where only one of them ran."""
    before, after = _list_results(gate, gate.base), _list_results(gate, gate.candidate)
    jobs = [
        AffectedJob(number=number, before=before[number], after=after[number])
        for number in sorted(before.keys() & after.keys())
        if before[number] != after[number]
    ]
    scores = {"right": 1.0, "wrong": 0.0, "handed_back": 1 - gate.workflow.hand_back_cost}
    return (
        ("Fixed", tuple(job for job in jobs if scores[job.after] > scores[job.before])),
        ("Broken", tuple(job for job in jobs if scores[job.after] < scores[job.before])),
        ("Otherwise different", tuple(job for job in jobs if scores[job.after] == scores[job.before])),
    )


def _list_results(gate: Gate, release: Release) -> dict[int, str]:
    runs = EvalRun.objects.filter(gate=gate, release=release)
    results = CaseResult.objects.filter(run__in=runs).values_list("case__job__number", "status", "is_right")
    return {
        number: "right" if is_right else "wrong" if status == JobStatus.FINISHED else "handed_back"
        for number, status, is_right in results
    }
