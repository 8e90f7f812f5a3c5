"""Decisions that were written down elsewhere, in a program or a spreadsheet: each is stored or refused for itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor
from teachback_server.reviews.actions import (
    Decision,
    DecisionRefused,
    JobAlreadyDecided,
    JobClaimedByAnother,
    decide_review,
)
from teachback_server.reviews.models import Review
from teachback_server.workflows.models import Reason

LONGEST_NOTE = 1000
_VERDICTS: Mapping[str, ReviewVerdict] = {
    **{verdict.value: verdict for verdict in ReviewVerdict},
    "accept": ReviewVerdict.ACCEPTED,
    "correct": ReviewVerdict.CORRECTED,
    "reject": ReviewVerdict.REJECTED,
    "escalate": ReviewVerdict.ESCALATED,
}


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What became of one: the review, or why there is none and what to do."""

    job: Job | None
    review: Review | None = None
    problem: str = ""


def store_decision(actor: Actor, decision: Decision) -> Stored:
    """Store one decision for itself. The same idempotency key again is harmless."""
    try:
        return Stored(job=decision.job, review=decide_review(actor, decision))
    except (DecisionRefused, JobAlreadyDecided, JobClaimedByAnother) as refusal:
        return Stored(job=decision.job, problem=str(refusal))


def read_verdict(word: str) -> ReviewVerdict:
    """The decision that a word stands for. Raises DecisionRefused."""
    verdict = _VERDICTS.get(word.strip().casefold())
    if verdict is None:
        raise DecisionRefused(f"“{word.strip()[:40]}” is no decision. Write accept, correct, reject or escalate.")
    return verdict


def read_reason(word: str, verdict: ReviewVerdict, reasons: Iterable[Reason]) -> str:
    """The code of a reason that was written as its label or its code; accepting needs none. Raises DecisionRefused."""
    if verdict is ReviewVerdict.ACCEPTED:
        return ""
    known = list(reasons)
    labels = {reason.label.casefold(): reason.code for reason in known}
    by_word = labels | {reason.code.casefold(): reason.code for reason in known}
    code = by_word.get(word.strip().casefold())
    if code is None:
        choices = ", ".join(reason.label for reason in known)
        raise DecisionRefused(f"Say why, with one of the reasons of this workflow: {choices}.")
    return code


def read_note(text: str) -> str:
    """A note as it is stored. Raises DecisionRefused rather than cut it off."""
    note = text.strip()
    if len(note) > LONGEST_NOTE:
        raise DecisionRefused(f"The note has more than {LONGEST_NOTE} letters. Shorten it.")
    return note
