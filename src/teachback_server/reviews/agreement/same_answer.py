"""Whether two people who decided the same job said the same. Pure."""

from typing import TypeAlias

from teachback.json_types import JsonObject, canonical_json
from teachback.vocabulary import ReviewVerdict

Answer: TypeAlias = tuple[str, str]
_STANDS_BEHIND_OUTPUT = (ReviewVerdict.ACCEPTED, ReviewVerdict.CORRECTED)


def answer_of(verdict: str, output: JsonObject | None) -> Answer:
    """What a decision says in the end: the output that the person stood behind, or that they stood behind none.

    Accepting an output and typing the very same one say the same. A job that was rejected or escalated has no output;
    these two differ, and no note or reason makes two answers differ.
    """
    if verdict in _STANDS_BEHIND_OUTPUT and output is not None:
        return "output", canonical_json(output)
    return verdict, ""
