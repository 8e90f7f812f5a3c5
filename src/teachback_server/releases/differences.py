"""Says how one release differs from the one it was made from, lever by lever, in words that an owner reads. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from teachback.json_types import canonical_json
from teachback.release_document import Approval, Check, ReleaseDocument, Rule
from teachback.word_diff import Segment, SegmentKind, diff_words

Named = TypeVar("Named", Rule, Check)


class Fate(StrEnum):
    """What happened to a rule or check from one release to the next."""

    KEPT = "kept"
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True)
class PartChange:
    """One rule or check in words, and what happened to it."""

    name: str
    words: str
    was: str  # in words, where it was changed
    fate: Fate


@dataclass(frozen=True, kw_only=True)
class DocumentDifference:
    """Every lever of a release beside that of its parent."""

    instructions: tuple[Segment, ...]
    are_instructions_changed: bool
    rules: tuple[PartChange, ...]
    checks: tuple[PartChange, ...]
    examples: int
    examples_added: int
    examples_removed: int
    approval: tuple[str, ...]  # sentences
    approval_before: tuple[str, ...]  # where it was another one
    agent: str
    other_levers: tuple[str, ...]  # tools and model, where they differ


def describe_difference(before: ReleaseDocument | None, after: ReleaseDocument) -> DocumentDifference:
    """How `after` differs from `before`; against None everything is new and nothing is marked as changed."""
    base = before or after
    old_examples, new_examples = set(before.example_hashes if before else ()), set(after.example_hashes)
    instructions = diff_words(base.instructions, after.instructions)
    approval, approval_before = describe_approval(after.approval), describe_approval(base.approval)
    return DocumentDifference(
        instructions=instructions,
        are_instructions_changed=any(segment.kind is not SegmentKind.EQUAL for segment in instructions),
        rules=_compare(base.rules, after.rules, describe_rule),
        checks=_compare(base.checks, after.checks, describe_check),
        examples=len(new_examples),
        examples_added=len(new_examples - old_examples),
        examples_removed=len(old_examples - new_examples),
        approval=approval,
        approval_before=() if approval_before == approval else approval_before,
        agent=after.agent,
        other_levers=_list_other_levers(base, after),
    )


def describe_rule(rule: Rule) -> str:
    """A rule as a sentence."""
    acts = {
        "hand_back": "hand the job back",
        "review": "a person must look",
        "set_field": f"set {rule.field} to {rule.value}",
        "clear_field": f"leave {rule.field} empty",
    }
    because = f", because {rule.reason}" if rule.reason else ""
    return f"When {rule.when}: {acts.get(rule.action, rule.action)}{because}."


def describe_check(check: Check) -> str:
    """A check as a sentence."""
    match check.kind:
        case "schema":
            return f"{check.field or 'The output'} fits the boundary."
        case "expression":
            return f"This holds: {check.expression}."
        case "number_within":
            return f"{check.field} is {_describe_bounds(check.low, check.high)}."
        case "one_of":
            return f"{check.field} is one of {', '.join(check.values)}."
        case "span_of_input":
            return f"{check.field} stands in the input, word for word."
        case _:
            return f"{check.kind} {check.field}".strip() + "."


def describe_approval(approval: Approval) -> tuple[str, ...]:
    """What may skip review, what certified that, and how many of those jobs are reviewed all the same."""
    if approval.threshold is None:
        return ("Every job is reviewed: nothing is certified for this release.",)
    sentences = [f"Jobs of which the agent is at least {_percent(approval.threshold)} sure may skip review."]
    if approval.error_limit is not None and approval.certainty is not None:
        sentences.append(
            f"Certified on {approval.certified_from_jobs} reviewed jobs, {approval.certified_errors} of them wrong:"
            f" at most {_percent(approval.error_limit)} of what skips review is wrong, with"
            f" {_percent(approval.certainty)} certainty."
        )
    sentences.append(
        f"Of what skips review, {_percent(approval.early_audit_share)} of the first {approval.early_audit_jobs} jobs"
        f" and {_percent(approval.audit_share)} of the later ones are reviewed at random."
    )
    return tuple(sentences)


def _compare(old: Sequence[Named], new: Sequence[Named], describe: Callable[[Named], str]) -> tuple[PartChange, ...]:
    before, after = {part.name: part for part in old}, {part.name: part for part in new}
    changes = []
    for name, part in after.items():
        was = before.get(name)
        fate = Fate.ADDED if was is None else Fate.KEPT if was == part else Fate.CHANGED
        words = describe(part)
        changes.append(
            PartChange(name=name, words=words, was=describe(was) if was and fate is Fate.CHANGED else "", fate=fate)
        )
    for name, part in before.items():
        if name not in after:
            changes.append(PartChange(name=name, words=describe(part), was="", fate=Fate.REMOVED))
    return tuple(changes)


def _list_other_levers(before: ReleaseDocument, after: ReleaseDocument) -> tuple[str, ...]:
    pairs = (
        ("agent", before.agent, after.agent),
        ("tools", before.tools, after.tools),
        ("model", before.model, after.model),
    )
    return tuple(
        f"The {name} was {canonical_json(old)} and is {canonical_json(new)}." for name, old, new in pairs if old != new
    )


def _describe_bounds(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"from {low:g} to {high:g}"


def _percent(share: float) -> str:
    return f"{round(100 * share, 2):g}\u00a0%"
