"""What kind of cause a pattern has, as far as the evidence in its jobs goes; unresolved where it does not. Pure."""

from dataclasses import dataclass

from teachback.vocabulary import Cause


@dataclass(frozen=True, kw_only=True)
class CauseEvidence:
    """Counts over the jobs of one pattern."""

    corrections: int
    with_failed_tool: int  # a step that used a tool ended in an error
    with_contradiction: int  # people answered the very same input in different ways
    with_answer_not_in_input: int  # the field is read from the input, and the right value does not occur there
    with_policy_reason: int  # a person said "against policy"
    handed_back: int


@dataclass(frozen=True, kw_only=True)
class CauseFinding:
    """A cause with the sentence that says why we think so."""

    cause: Cause
    evidence: str


def find_cause(evidence: CauseEvidence) -> CauseFinding:
    """Name the first cause that at least half of the corrections speak for."""
    total = max(evidence.corrections, 1)
    candidates = (
        (Cause.TOOL, evidence.with_failed_tool, "a tool failed in {n} of {total} of these jobs"),
        (
            Cause.UNCLEAR_CRITERIA,
            evidence.with_contradiction,
            "people answered the same input in different ways in {n} of {total} of these jobs",
        ),
        (
            Cause.SOURCE_DATA,
            evidence.with_answer_not_in_input,
            "the right value does not stand in the input in {n} of {total} of these jobs",
        ),
        (
            Cause.INSTRUCTIONS,
            evidence.with_policy_reason,
            "people said that it goes against policy in {n} of {total} of these jobs",
        ),
        (Cause.MODEL, evidence.handed_back, "the agent found no answer in {n} of {total} of these jobs"),
    )
    for cause, count, sentence in candidates:
        if 2 * count >= total and count:
            return CauseFinding(cause=cause, evidence=sentence.format(n=count, total=total))
    return CauseFinding(cause=Cause.UNRESOLVED, evidence="nothing in these jobs points to one cause yet")
