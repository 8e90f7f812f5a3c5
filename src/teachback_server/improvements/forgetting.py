"""Lets the loop forget a decision that its person takes back, unless something was made from it already."""

from dataclasses import asdict

from django.db.models import QuerySet

from teachback.vocabulary import Lever, ReviewVerdict, RoutingKind
from teachback_server.evals.models import Case, Gate
from teachback_server.improvements.models import GuardRecord, LearningState, Pattern, PatternCorrection
from teachback_server.jobs.models import Outcome
from teachback_server.reviews.models import Retraction, Review
from teachback_server.reviews.retracting import UndoRefused
from teachback_server.statistics.audit_guard import GuardState, advance_guard_through


def forget_review(review: Review) -> None:
    """Take a decision out of cases, patterns and the audit guard; within the turn of the workflow.

    Raises UndoRefused, and changes nothing, where a release, a gate, a change, an alarm or the next step has used the
    decision.
    """
    case = Case.objects.filter(job_id=review.job_id).first()
    _refuse_if_used(review, case)
    patterns = list(Pattern.objects.filter(memberships__correction__review=review).distinct())
    _refuse_if_last_of_a_change(review, patterns)
    if case is not None:
        case.delete()
    PatternCorrection.objects.filter(correction__review=review).delete()
    _take_out_of_guard(review)
    for pattern in patterns:
        _count_again(pattern)


def _refuse_if_used(review: Review, case: Case | None) -> None:
    job = f"Job {review.job.number}"
    if case is not None and case.taught_id is not None:
        raise UndoRefused(f"{job} cannot be taken back: a release has learned from it. Its decision stands.")
    if case is not None and (case.spent_by_id is not None or case.results.exists()):
        raise UndoRefused(f"{job} cannot be taken back: a change was judged by it. Its decision stands.")
    if review.verdict == ReviewVerdict.ESCALATED and _judging_gates(review).exists():
        raise UndoRefused(f"{job} cannot be taken back: it counted when autonomy was judged. Its decision stands.")
    if (guard := _find_guard_of(review)) is not None and guard.alarmed_at is not None:
        raise UndoRefused(f"{job} cannot be taken back: the alarm of the guard counted it. Its decision stands.")
    if Outcome.objects.filter(job_id=review.job_id, at__gte=review.decided_at).exists():
        raise UndoRefused(f"{job} cannot be taken back: the next step has said already what became of it.")


def _judging_gates(review: Review) -> QuerySet[Gate]:
    """An escalated job becomes no case, so nothing says which judgement of autonomy counted it as wrong."""
    return Gate.objects.filter(workflow_id=review.workflow_id, lever=Lever.APPROVAL, judged_at__gte=review.decided_at)


def _find_guard_of(review: Review) -> GuardRecord | None:
    """The guard that has counted a decision, if it was an audit."""
    if review.job.routing != RoutingKind.AUDIT:
        return None
    return GuardRecord.objects.filter(release_id=review.job.release_id, last_review_id__gte=review.pk).first()


def _take_out_of_guard(review: Review) -> None:
    """Count the audits of the guard again without this one, as if it had not been decided yet.

    The evidence stays valid: however the decision is made anew, it comes after all those that the guard has counted.
    """
    guard = _find_guard_of(review)
    if guard is None or not guard.state:
        return
    others = Review.objects.filter(
        workflow_id=review.workflow_id,
        job__release_id=review.job.release_id,
        job__routing=RoutingKind.AUDIT,
        pk__lte=guard.last_review_id,
    ).exclude(pk=review.pk)
    verdicts = others.order_by("pk").values_list("verdict", flat=True)
    start = GuardState(limit=GuardState(**guard.state).limit)
    state = advance_guard_through(start, (verdict != ReviewVerdict.ACCEPTED for verdict in verdicts))
    GuardRecord.objects.filter(pk=guard.pk).update(audits=state.audits, errors=state.errors, state=asdict(state))


def _refuse_if_last_of_a_change(review: Review, patterns: list[Pattern]) -> None:
    for pattern in patterns:
        others = PatternCorrection.objects.filter(pattern=pattern).exclude(correction__review=review)
        if not others.exists() and pattern.changes.exists():
            raise UndoRefused(
                f"Job {review.job.number} cannot be taken back: a change was proposed from it. Its decision stands."
            )


def _count_again(pattern: Pattern) -> None:
    """Bring a pattern up to date with the corrections that are left; one without any is gone."""
    left = PatternCorrection.objects.filter(pattern=pattern).select_related("correction__job")
    count = left.count()
    if not count:
        pattern.delete()
        return
    first, last = left.order_by("pk")[0].correction, left.order_by("-pk")[0].correction
    pattern.count = count
    pattern.first_job, pattern.last_job = first.job.number, last.job.number
    pattern.first_review = max(pattern.first_review, _place_of(first.review_id, pattern.workflow_id))
    pattern.last_review = min(pattern.last_review, _place_of(last.review_id, pattern.workflow_id))
    pattern.save(update_fields=["count", "first_job", "last_job", "first_review", "last_review"])


def _place_of(review_id: int, workflow_id: int) -> int:
    """As which the loop counted a review: from the newest it read back to this one, decisions taken back included."""
    state = LearningState.objects.get(workflow_id=workflow_id)
    between = {"workflow_id": workflow_id}
    standing = Review.objects.filter(**between, pk__gt=review_id, pk__lte=state.last_review_id)
    taken_back = Retraction.objects.filter(**between, review_id__gt=review_id, review_id__lte=state.last_review_id)
    return max(1, state.reviews - standing.count() - taken_back.count())
