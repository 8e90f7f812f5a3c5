"""Weighs patterns now and then: which have fallen silent, and what the evidence says of their cause."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from teachback.field_diff import is_same_output
from teachback.json_types import Json, JsonObject, canonical_json
from teachback.vocabulary import PatternState, StepKind
from teachback_server.evals.models import Case
from teachback_server.improvements.models import LearningState, Pattern
from teachback_server.improvements.patterns.causes import CauseEvidence, CauseFinding, find_cause
from teachback_server.improvements.patterns.states import PatternHistory, next_state
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.reviews.models import Correction
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn

FIRST_AFTER_REVIEWS = 50  # then at twice as many each time, so that a small desk need not wait for months
REVIEWS_BETWEEN = 500  # at most
MOST_CAUSES = 30  # the patterns that come back most are the ones that somebody will look at
MOST_CORRECTIONS = 50  # of one pattern, the newest
SOURCE_KEYWORD = "x-teachback-source"  # in an output schema: the value is read from this input field


def weigh_patterns(workflow: Workflow) -> bool:
    """Bring states and causes up to date if enough was read since the last time; returns whether it did."""
    state = LearningState.objects.filter(workflow=workflow).first()
    if state is None or state.reviews < state.patterns_weighed_at + _reviews_until_next(state.patterns_weighed_at):
        return False
    patterns = list(
        Pattern.objects.filter(workflow=workflow).exclude(state=PatternState.IGNORED).order_by("-count", "pk")
    )
    states = {
        pattern: next_state(PatternState(pattern.state), _history(pattern, state.reviews), has_new=False)
        for pattern in patterns
    }
    causes = {
        pattern: find_cause(_evidence(workflow, pattern))
        for pattern in patterns[:MOST_CAUSES]
        if not pattern.cause_said_by
    }
    with transaction.atomic():
        take_turn(workflow.pk)
        unmoved = LearningState.objects.filter(pk=state.pk, patterns_weighed_at=state.patterns_weighed_at)
        if not unmoved.update(patterns_weighed_at=state.reviews):
            return False
        _store_states(states)
        _store_causes(causes)
    return True


def _reviews_until_next(weighed_at: int) -> int:
    return min(max(FIRST_AFTER_REVIEWS, weighed_at), REVIEWS_BETWEEN)


def _store_states(states: Mapping[Pattern, PatternState]) -> None:
    """Only where it changed, and only if nobody else, such as a person who ignores it, was there first."""
    for pattern, state in states.items():
        if state != pattern.state:
            Pattern.objects.filter(pk=pattern.pk, state=pattern.state).update(state=state)


def _store_causes(findings: Mapping[Pattern, CauseFinding]) -> None:
    for pattern, finding in findings.items():
        if (finding.cause, finding.evidence) != (pattern.cause, pattern.cause_evidence):
            unsaid = Pattern.objects.filter(pk=pattern.pk, cause_said_by="")
            unsaid.update(cause=finding.cause, cause_evidence=finding.evidence)


def _history(pattern: Pattern, reviews: int) -> PatternHistory:
    return PatternHistory(
        appearances=pattern.count,
        reviews_before_last=pattern.last_review - pattern.first_review + 1,
        reviews_since_last=reviews - pattern.last_review,
    )


def _evidence(workflow: Workflow, pattern: Pattern) -> CauseEvidence:
    corrections = list(
        Correction.objects.filter(membership__pattern=pattern).select_related("job").order_by("-pk")[:MOST_CORRECTIONS]
    )
    traces = [correction.job.trace_id for correction in corrections]
    failed = open_trace_store().find_traces_with_error(workflow.pk, traces, StepKind.TOOL)
    contradicted = _contradicted_groups(workflow, {correction.job.group for correction in corrections})
    source = _source_field(workflow.output_schema, pattern.field)
    return CauseEvidence(
        corrections=len(corrections),
        with_failed_tool=sum(trace in failed for trace in traces),
        with_contradiction=sum(correction.job.group in contradicted for correction in corrections),
        with_answer_not_in_input=sum(_is_missing_from_input(correction, source) for correction in corrections),
        with_policy_reason=sum(correction.reason_code == "against_policy" for correction in corrections),
        handed_back=sum(correction.kind == "handed_back" for correction in corrections),
    )


def _contradicted_groups(workflow: Workflow, groups: Iterable[str]) -> set[str]:
    """Groups of jobs with one and the same input to which people gave different answers."""
    cases = Case.objects.filter(workflow=workflow, group__in=groups, expected__isnull=False)
    answers: dict[tuple[str, str], JsonObject | None] = {}
    contradicted = set()
    for group, given, answer in cases.values_list("group", "job__input", "expected").order_by("pk"):
        first = answers.setdefault((group, canonical_json(given)), answer)
        if not is_same_output(first, answer):
            contradicted.add(group)
    return contradicted


def _source_field(output_schema: JsonObject, field: str) -> str:
    properties = output_schema.get("properties")
    schema = properties.get(field) if isinstance(properties, dict) else None
    return str(schema.get(SOURCE_KEYWORD, "")) if isinstance(schema, dict) else ""


def _is_missing_from_input(correction: Correction, source: str) -> bool:
    wanted: Json = correction.to_value
    if not source or not isinstance(wanted, str):
        return False
    return wanted.strip().casefold() not in str(correction.job.input.get(source, "")).casefold()
