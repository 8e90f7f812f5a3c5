"""What the rules and checks of a release make of an output: one decision, the same in the agent and in the server."""

from dataclasses import dataclass

from teachback.checks import run_checks
from teachback.json_types import JsonObject
from teachback.release_document import ReleaseDocument
from teachback.rules import apply_rules
from teachback.schema_problems import list_schema_problems

_MOST_PROBLEMS = 5


@dataclass(frozen=True, kw_only=True)
class FinishedOutput:
    """An output after the rules, and what they and the checks say about it."""

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
) -> FinishedOutput:
    """Apply the rules in their order, then run the checks on what they left."""
    ruled = apply_rules(document.rules, input=input, output=output, confidence=confidence)
    if ruled.hand_back_reason:
        return FinishedOutput(output=None, hand_back_reason=ruled.hand_back_reason)
    failures = run_checks(document.checks, input=input, output=ruled.output, output_schema=output_schema)
    wishes = [ruled.review_reason, *(f"{failure.name}: {failure.message}" for failure in failures)]
    return FinishedOutput(output=ruled.output, wants_review="; ".join(wish for wish in wishes if wish))


def describe_unfit_output(output: JsonObject, output_schema: JsonObject) -> str:
    """Why a person must look at an output that does not fit the boundary; empty where it fits."""
    problems = list_schema_problems(output_schema, output)
    if not problems:
        return ""
    spelled = " ".join(
        f"output.{one.field}: {one.problem}; {one.remedy}." if one.field else one.as_sentence()
        for one in problems[:_MOST_PROBLEMS]
    )
    return f"The output does not fit the boundary. {spelled}"
