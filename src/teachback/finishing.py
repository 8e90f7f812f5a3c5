"""What the rules and checks of a release make of an output: one decision, the same in the agent and in the server."""

from collections.abc import Sequence
from dataclasses import dataclass

from teachback.checks import CheckFailure, CheckKind, run_checks
from teachback.json_types import JsonObject
from teachback.release_document import ReleaseDocument
from teachback.rules import apply_rules
from teachback.schema_problems import list_schema_problems


@dataclass(frozen=True, kw_only=True)
class FinishedOutput:
    """An output after the rules, and what they, the checks and the boundary say about it."""

    output: JsonObject | None  # None where a rule handed the job back
    hand_back_reason: str = ""  # empty: not handed back
    wants_review: str = ""  # why a person must look; empty: nothing asks for one


def finish_output(
    document: ReleaseDocument,
    *,
    input: JsonObject,
    output: JsonObject,
    confidence: float | None,
    output_schema: JsonObject,
    wants_review: str = "",
) -> FinishedOutput:
    """Apply the rules in their order, then run the checks on what they left.

    `wants_review` is the agent's own wish; it comes first. An output that does not fit the boundary always waits for a
    person, whatever the release checks.
    """
    ruled = apply_rules(document.rules, input=input, output=output, confidence=confidence)
    if ruled.hand_back_reason:
        return FinishedOutput(output=None, hand_back_reason=ruled.hand_back_reason)
    failures = run_checks(document.checks, input=input, output=ruled.output, output_schema=output_schema)
    wishes = [
        wants_review,
        ruled.review_reason,
        *(f"{failure.name}: {failure.message}" for failure in failures),
        _find_unfit(document, output_schema, ruled.output, failures),
    ]
    return FinishedOutput(output=ruled.output, wants_review="; ".join(wish for wish in wishes if wish))


def _find_unfit(
    document: ReleaseDocument, output_schema: JsonObject, output: JsonObject, failures: Sequence[CheckFailure]
) -> str:
    """What in an output does not fit the boundary; empty where it fits, or where a check of the schema says it."""
    schema_checks = {check.name for check in document.checks if check.kind == CheckKind.SCHEMA}
    if any(failure.name in schema_checks for failure in failures):
        return ""
    problems = list_schema_problems(output_schema, output)
    return f"the boundary: {' '.join(problem.as_sentence() for problem in problems)}" if problems else ""
