"""Reads what people decided since the last look: reviews become cases, and their corrections join patterns."""

from dataclasses import dataclass, field

from django.db import transaction

from teachback.vocabulary import Cause, PatternState
from teachback_server.evals.actions import keep_cases, spend_late_cases
from teachback_server.improvements.models import LearningState, Pattern, PatternCorrection
from teachback_server.improvements.patterns.by_structure import CorrectionFacts, Structure, structure_of
from teachback_server.improvements.patterns.states import PatternHistory, next_state
from teachback_server.reviews.models import Correction, Review
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn

MOST_REVIEWS_AT_ONCE = 2000


@dataclass(kw_only=True)
class _Members:
    """Corrections of one structure among the reviews of one look."""

    structure: Structure
    corrections: list[Correction] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    ordinals: list[int] = field(default_factory=list)


def take_in_reviews(workflow: Workflow) -> int:
    """Turn reviews since the cursor into cases, let their corrections join patterns, and return how many were read.

    One transaction moves the cursor with what was read: a killed worker reads nothing twice and misses nothing, and of
    two workers that read the same reviews only one stores them.
    """
    state, _ = LearningState.objects.get_or_create(workflow=workflow)
    reviews = list(
        Review.objects.filter(workflow=workflow, pk__gt=state.last_review_id)
        .select_related("job")
        .order_by("pk")[:MOST_REVIEWS_AT_ONCE]
    )
    if not reviews:
        return 0
    for review in reviews:
        review.job.workflow = workflow
    with transaction.atomic():
        take_turn(workflow.pk)
        if _move_cursor(state, reviews):
            standing = _list_standing(workflow, reviews)
            keep_cases(standing)
            if any(review.job.is_test_case and review.job.number <= state.judged_through for review in standing):
                spend_late_cases(workflow.pk, judged_through=state.judged_through)
            _group_corrections(workflow, standing, reviews_before=state.reviews)
    return len(reviews)


def _list_standing(workflow: Workflow, reviews: list[Review]) -> list[Review]:
    """Those that nobody took back since they were read; within the turn, so that nobody does from now on."""
    between = Review.objects.filter(workflow=workflow, pk__gte=reviews[0].pk, pk__lte=reviews[-1].pk)
    ids = set(between.values_list("pk", flat=True))
    return [review for review in reviews if review.pk in ids]


def _move_cursor(state: LearningState, reviews: list[Review]) -> bool:
    """Whether the cursor still stood where it was read."""
    unmoved = LearningState.objects.filter(pk=state.pk, last_review_id=state.last_review_id)
    moved = unmoved.update(last_review_id=reviews[-1].pk, reviews=state.reviews + len(reviews))
    return bool(moved)


def _group_corrections(workflow: Workflow, reviews: list[Review], *, reviews_before: int) -> None:
    ordinals = {review.pk: ordinal for ordinal, review in enumerate(reviews, start=reviews_before + 1)}
    by_id = {review.pk: review for review in reviews}
    groups: dict[str, _Members] = {}
    for correction in Correction.objects.filter(review_id__in=by_id).order_by("pk"):
        review = by_id[correction.review_id]
        structure = structure_of(_facts(correction, review))
        members = groups.setdefault(structure.key, _Members(structure=structure))
        members.corrections.append(correction)
        members.reviews.append(review)
        members.ordinals.append(ordinals[review.pk])
    known = {pattern.key: pattern for pattern in Pattern.objects.filter(workflow=workflow, key__in=groups)}
    patterns = [_joined(workflow, known.get(key), members) for key, members in groups.items()]
    new = [pattern for pattern in patterns if pattern.pk is None]
    Pattern.objects.bulk_create(new)
    Pattern.objects.bulk_update(
        [pattern for pattern in patterns if pattern.key in known], ["count", "last_job", "last_review", "state"]
    )
    PatternCorrection.objects.bulk_create(
        PatternCorrection(correction=correction, pattern=pattern)
        for pattern, members in zip(patterns, groups.values(), strict=True)
        for correction in members.corrections
    )


def _facts(correction: Correction, review: Review) -> CorrectionFacts:
    return CorrectionFacts(
        field=correction.field,
        kind=correction.kind,
        from_value=correction.from_value,
        to_value=correction.to_value,
        reason_code=correction.reason_code,
        stuck_step=review.stuck_step,
    )


def _joined(workflow: Workflow, pattern: Pattern | None, members: _Members) -> Pattern:
    """The pattern with its new members, not stored yet."""
    first, last = members.reviews[0], members.reviews[-1]
    if pattern is None:
        pattern = Pattern(
            workflow=workflow,
            key=members.structure.key,
            title=members.structure.title,
            field=members.structure.field,
            kind=members.structure.kind,
            reason_code=members.corrections[0].reason_code,
            stuck_step=first.stuck_step,
            state=PatternState.NEW,
            cause=Cause.UNRESOLVED,
            first_job=first.job.number,
            first_review=members.ordinals[0],
        )
    pattern.count += len(members.corrections)
    pattern.last_job = last.job.number
    pattern.last_review = members.ordinals[-1]
    history = PatternHistory(
        appearances=pattern.count,
        reviews_before_last=pattern.last_review - pattern.first_review + 1,
        reviews_since_last=0,
    )
    pattern.state = next_state(PatternState(pattern.state), history, has_new=True)
    return pattern
