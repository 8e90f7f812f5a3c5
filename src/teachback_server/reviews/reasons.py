"""What may happen to a workflow's reasons: renamed, merged into another, or made from decisions that others hid.

Decisions never change. A merge and a move say under which reason they are counted from now on.
"""

from collections.abc import Sequence
from enum import StrEnum

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify

from teachback.vocabulary import ReviewVerdict
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.reviews.models import ReasonEvent, ReasonMove, Review
from teachback_server.reviews.note_groups import NoteGroup, group_notes
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Reason, Workflow
from teachback_server.workflows.turns import take_turn

OTHER = "other"
MOST_NOTES = 2000  # the newest of them are looked through
_LONGEST_LABEL = 100


class ReasonEventKind(StrEnum):
    """What happened to a reason."""

    RENAMED = "renamed"
    MERGED = "merged"
    MADE = "made"


class ReasonRefused(ValueError):
    """The reasons stay as they are. The message says what is wrong."""


def rename_reason(actor: Actor, reason: Reason, label: str) -> Reason:
    """Give a reason other words; it keeps its code, so what it counted goes on."""
    require_role(actor, reason.workflow_id, Role.EDITOR)
    label = _read_label(reason.workflow, label, besides=reason)
    with transaction.atomic():
        take_turn(reason.workflow_id)
        _append(actor, reason, ReasonEventKind.RENAMED, old_label=reason.label, new_label=label)
        reason.label = label
        reason.save(update_fields=["label"])
    return reason


def merge_reason(actor: Actor, reason: Reason, into: Reason) -> None:
    """Take a reason off the list and count all that was decided with it under another one."""
    require_role(actor, reason.workflow_id, Role.EDITOR)
    if reason.pk == into.pk or reason.workflow_id != into.workflow_id or not into.is_offered:
        raise ReasonRefused("Choose two different reasons of this workflow that are on its list.")
    if reason.code == OTHER:
        raise ReasonRefused("“Other” stays: people need it where no reason fits. Make reasons from its notes instead.")
    with transaction.atomic():
        take_turn(reason.workflow_id)
        _append(
            actor,
            reason,
            ReasonEventKind.MERGED,
            old_label=reason.label,
            new_label=into.label,
            into_code=into.code,
        )
        reason.is_offered = False
        reason.save(update_fields=["is_offered"])


def make_reason(actor: Actor, workflow: Workflow, label: str, review_ids: Sequence[int]) -> Reason:
    """Put a new reason on the list, and count these decisions under it, which were given another one."""
    require_role(actor, workflow.pk, Role.EDITOR)
    label = _read_label(workflow, label)
    with transaction.atomic():
        take_turn(workflow.pk)
        last = workflow.reasons.aggregate(last=Max("position"))["last"] or 0
        reason = Reason.objects.create(
            workflow=workflow, code=_free_code(workflow, label), label=label, position=last + 1
        )
        moved = _move_reviews(workflow, reason, review_ids)
        _append(actor, reason, ReasonEventKind.MADE, old_label=f"{moved} decisions", new_label=label)
    return reason


def group_other_notes(workflow: Workflow) -> tuple[NoteGroup, ...]:
    """What people keep writing where they chose “Other”, without decisions that were moved to a reason already."""
    others = Review.objects.filter(workflow=workflow, reason__code=OTHER, moved=None).exclude(note="").order_by("-pk")
    return group_notes(dict(others.values_list("pk", "note")[:MOST_NOTES]))


def find_counted_as(workflow: Workflow) -> dict[str, str]:
    """Under which code each merged reason is counted; a reason that came back to the list counts by itself again."""
    gone = set(Reason.objects.filter(workflow=workflow, is_offered=False).values_list("code", flat=True))
    merges = ReasonEvent.objects.filter(workflow=workflow, kind=ReasonEventKind.MERGED, code__in=gone).order_by("pk")
    into = dict(merges.values_list("code", "into_code"))
    return {code: _follow(into, code) for code in into}


def _follow(into: dict[str, str], code: str) -> str:
    """The end of a chain of merges; one that leads back to where it began ends before that."""
    seen = {code}
    while (following := into.get(code)) is not None and following not in seen:
        seen.add(following)
        code = following
    return code


def _move_reviews(workflow: Workflow, reason: Reason, review_ids: Sequence[int]) -> int:
    reviews = Review.objects.filter(workflow=workflow, pk__in=review_ids, reason__isnull=False)
    reviews = reviews.exclude(verdict=ReviewVerdict.ACCEPTED)
    moves = [ReasonMove(review_id=pk, reason=reason) for pk in reviews.values_list("pk", flat=True)]
    ReasonMove.objects.bulk_create(moves, update_conflicts=True, unique_fields=["review"], update_fields=["reason"])
    return len(moves)


def _read_label(workflow: Workflow, label: str, *, besides: Reason | None = None) -> str:
    label = " ".join(label.split())
    if not label or len(label) > _LONGEST_LABEL:
        raise ReasonRefused(f"Give the reason a name of at most {_LONGEST_LABEL} characters.")
    others = [other for other in workflow.reasons.filter(is_offered=True) if other != besides]
    if any(other.label.casefold() == label.casefold() for other in others):
        raise ReasonRefused(f"“{label}” is on the list already. Choose other words, or merge the two.")
    return label


def _free_code(workflow: Workflow, label: str) -> str:
    stem = slugify(label).replace("-", "_")[:50] or "reason"
    known = set(workflow.reasons.values_list("code", flat=True))
    return next(code for code in [stem, *(f"{stem}_{n}" for n in range(2, len(known) + 3))] if code not in known)


def _append(
    actor: Actor, reason: Reason, kind: ReasonEventKind, *, old_label: str, new_label: str, into_code: str = ""
) -> None:
    now = timezone.now()
    ReasonEvent.objects.create(
        workflow_id=reason.workflow_id,
        code=reason.code,
        kind=kind,
        old_label=old_label,
        new_label=new_label,
        into_code=into_code,
        by=actor.name[:200],
        at=now,
    )
    subject = f"{old_label}, {kind.value}: {new_label}"
    record_act(actor, Act.REASONS_EDITED, subject, workflow_id=reason.workflow_id, at=now)
