"""Applies the rules of a release to one job: the same decision in the agent's program and in the server."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from teachback.field_names import require_field, require_known_fields
from teachback.json_types import Json, JsonObject
from teachback.output_fields import with_field, without_field
from teachback.release_document import Rule
from teachback.safe_cel import CelRefused, CelResult, compile_expression
from teachback.schema_problems import list_schema_problems


class RuleRefused(ValueError):
    """A rule that cannot be released; the message says what is wrong with it and what to do."""


class RuleAction(StrEnum):
    """What a rule does to a job when its condition holds."""

    HAND_BACK = "hand_back"
    REVIEW = "review"
    SET_FIELD = "set_field"
    CLEAR_FIELD = "clear_field"


@dataclass(frozen=True, kw_only=True)
class RuleOutcome:
    """What the rules made of one job. `output` is the input's own output where no rule changed a field."""

    output: JsonObject
    hand_back_reason: str = ""  # empty: not handed back
    review_reason: str = ""  # empty: no rule asks for a person
    applied: tuple[str, ...] = ()  # names of the rules that acted, in order
    notes: tuple[str, ...] = ()  # which rules could not be computed for this job, and why


def apply_rules(
    rules: Sequence[Rule], *, input: JsonObject, output: JsonObject, confidence: float | None
) -> RuleOutcome:
    """Apply rules to one job in their order; each sees the output as the rules before it left it.

    A rule that hands back ends it. A rule whose condition cannot be computed does not hold and leaves a note. A rule
    whose condition holds but whose new value cannot be computed asks for a person, because the output needed a change.
    """
    outcome = RuleOutcome(output=output)
    for rule in rules:
        values: dict[str, Json] = {"input": input, "output": outcome.output, "confidence": confidence}
        condition = _compute(rule.when, values, must_be_condition=True)
        if condition.note:
            outcome = _with_note(outcome, rule, condition.note)
        elif condition.value is True:
            outcome = _act(outcome, rule, values)
        if outcome.hand_back_reason:
            break
    return outcome


def validate_rule(rule: Rule, output_schema: JsonObject, input_schema: JsonObject | None = None) -> None:
    """Raise RuleRefused, with a message for the person who wrote the rule, unless it can be released."""
    if not rule.name.strip():
        raise RuleRefused("The rule has no name: give it one that a reviewer understands.")
    if rule.action not in set(RuleAction):
        raise RuleRefused(f"“{rule.action}” is not something that a rule can do: choose {', '.join(RuleAction)}.")
    try:
        require_known_fields(rule.when, output_schema=output_schema, input_schema=input_schema)
    except CelRefused as refusal:
        raise RuleRefused(f"The condition of the rule “{rule.name}”: {refusal}") from None
    if rule.action in (RuleAction.SET_FIELD, RuleAction.CLEAR_FIELD):
        _validate_field(rule, output_schema)
    if rule.action == RuleAction.SET_FIELD:
        _validate_value(rule, output_schema, input_schema)


def _act(outcome: RuleOutcome, rule: Rule, values: dict[str, Json]) -> RuleOutcome:
    reason = rule.reason or f"rule “{rule.name}”"
    applied = (*outcome.applied, rule.name)
    if rule.action == RuleAction.HAND_BACK:
        return replace(outcome, hand_back_reason=reason, applied=applied)
    if rule.action == RuleAction.REVIEW:
        return replace(outcome, review_reason=_join(outcome.review_reason, reason), applied=applied)
    if rule.action == RuleAction.CLEAR_FIELD:
        return replace(outcome, output=without_field(outcome.output, rule.field), applied=applied)
    if rule.action == RuleAction.SET_FIELD:
        value = _compute(rule.value, values, must_be_condition=False)
        if value.note:
            wish = f"the rule “{rule.name}” could not set {rule.field}"
            return _with_note(replace(outcome, review_reason=_join(outcome.review_reason, wish)), rule, value.note)
        return replace(outcome, output=with_field(outcome.output, rule.field, value.value), applied=applied)
    return _with_note(outcome, rule, f"“{rule.action}” is not something that a rule can do.")


def _compute(expression: str, values: dict[str, Json], *, must_be_condition: bool) -> CelResult:
    try:
        compiled = compile_expression(expression)
    except CelRefused as refusal:
        return CelResult(note=str(refusal))
    return compiled.holds(values) if must_be_condition else compiled.evaluate(values)


def _with_note(outcome: RuleOutcome, rule: Rule, note: str) -> RuleOutcome:
    return replace(outcome, notes=(*outcome.notes, f"Rule “{rule.name}”: {note}"))


def _join(reasons: str, reason: str) -> str:
    return f"{reasons}; {reason}" if reasons else reason


def _validate_field(rule: Rule, output_schema: JsonObject) -> None:
    if "[" in rule.field:
        raise RuleRefused(f"The rule “{rule.name}” cannot change items of a list: let it ask for a review instead.")
    try:
        require_field(rule.field, output_schema)
    except ValueError as problem:
        raise RuleRefused(f"The rule “{rule.name}”: {problem}") from None


def _validate_value(rule: Rule, output_schema: JsonObject, input_schema: JsonObject | None) -> None:
    try:
        require_known_fields(rule.value, output_schema=output_schema, input_schema=input_schema)
    except CelRefused as refusal:
        raise RuleRefused(f"The new value of the rule “{rule.name}”: {refusal}") from None
    compiled = compile_expression(rule.value)
    if compiled.names:
        return
    constant = compiled.evaluate({})
    problems = list_schema_problems(output_schema, with_field({}, rule.field, constant.value), only_field=rule.field)
    if constant.note or problems:
        why = constant.note or problems[0].as_sentence()
        raise RuleRefused(f"The new value of the rule “{rule.name}”: {why}")
