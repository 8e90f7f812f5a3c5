"""The five answers that the system gives after every job, in plain words. Pure but for the facts that it is given."""

from collections.abc import Sequence
from dataclasses import dataclass

from teachback.vocabulary import JobStatus, PatternState, ReviewVerdict, RoutingKind
from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import OutcomeFacts
from teachback_server.reviews.queries import WORDS_OF_CHANGE, ReviewFacts
from teachback_server.site.job_lineage import JobLineage
from teachback_server.site.wording import Tone

_WRONG = (ReviewVerdict.CORRECTED, ReviewVerdict.REJECTED)


@dataclass(frozen=True, kw_only=True)
class FiveAnswer:
    """One question with its answer: a word or two, and a sentence that says more."""

    question: str
    word: str
    tone: Tone
    sentence: str


@dataclass(frozen=True, kw_only=True)
class JobStory:
    """What is known about one job."""

    job: Job
    review: ReviewFacts | None
    outcomes: Sequence[OutcomeFacts]
    lineage: JobLineage


def answer_five(story: JobStory) -> tuple[FiveAnswer, ...]:
    """The five questions, answered from what is known so far."""
    return (_ended(story), _stepped_in(story), _kind_of_correction(story), _was_usable(story), _would_recur(story))


def _answer(question: str, word: str, tone: Tone, sentence: str = "") -> FiveAnswer:
    return FiveAnswer(question=question, word=word, tone=tone, sentence=sentence)


def _ended(story: JobStory) -> FiveAnswer:
    question = "Did the agent finish or hand it back?"
    match story.job.status:
        case JobStatus.FINISHED:
            return _answer(question, "Finished", Tone.GOOD, "It gave an output.")
        case JobStatus.HANDED_BACK:
            reason = story.job.hand_back_reason or "It gave no reason."
            return _answer(question, "Handed back", Tone.WARN, reason)
        case JobStatus.FAILED:
            return _answer(question, "Failed", Tone.BAD, story.job.hand_back_reason or "It ended with an error.")
        case _:
            return _answer(question, "Running", Tone.INFO, "It has not ended yet.")


def _stepped_in(story: JobStory) -> FiveAnswer:
    question = "Where did a person step in?"
    review = story.review
    if review is None:
        if story.job.is_waiting:
            return _answer(question, "Waits", Tone.INFO, "A person is to decide; nobody has yet.")
        return _answer(question, "Nowhere", Tone.GOOD, "It was used without waiting for a person.")
    at_step = f" They marked the step “{review.stuck_step}”." if review.stuck_step else ""
    who = review.reviewer
    match review.verdict:
        case ReviewVerdict.ACCEPTED:
            return _answer(question, "Only to look", Tone.GOOD, f"{who} accepted it as it was.{at_step}")
        case ReviewVerdict.CORRECTED:
            fields = ", ".join(item.label for item in review.corrections if item.field)
            what = f"at {fields}" if fields else "by filling in the whole output"
            return _answer(question, "Corrected", Tone.WARN, f"{who} stepped in {what}.{at_step}")
        case ReviewVerdict.REJECTED:
            return _answer(question, "Rejected", Tone.BAD, f"{who} rejected the output.{at_step}")
        case _:
            return _answer(question, "Escalated", Tone.INFO, f"{who} passed it on to somebody else.{at_step}")


def _kind_of_correction(story: JobStory) -> FiveAnswer:
    question = "What kind of correction was it?"
    review = story.review
    if review is None:
        return _answer(question, "Not known", Tone.UNSURE, "Nobody has reviewed this job.")
    if review.verdict == ReviewVerdict.ACCEPTED:
        return _answer(question, "None", Tone.GOOD, "Nothing was changed.")
    kinds = [f"{item.label}: {WORDS_OF_CHANGE.get(item.kind, item.kind)}" for item in review.corrections]
    return _answer(question, review.reason or "No reason given", Tone.WARN, "; ".join(kinds) or review.note)


def _was_usable(story: JobStory) -> FiveAnswer:
    question = "Was the output usable in the next step?"
    if story.outcomes:
        newest = story.outcomes[0]
        said = f"{newest.by} said so." + (f" {newest.note}" if newest.note else "")
        return _answer(question, *(("Used", Tone.GOOD) if newest.is_used else ("Not used", Tone.BAD)), said)
    verdict = story.review.verdict if story.review else ""
    if verdict == ReviewVerdict.ACCEPTED:
        return _answer(question, "Yes, says the reviewer", Tone.GOOD, "The next step has not said anything yet.")
    if verdict == ReviewVerdict.CORRECTED:
        return _answer(question, "After correction", Tone.WARN, "The next step has not said anything yet.")
    if verdict == ReviewVerdict.REJECTED:
        return _answer(question, "No, says the reviewer", Tone.BAD, "The output was rejected.")
    is_in_use = story.job.routing in (RoutingKind.AUTO, RoutingKind.AUDIT, RoutingKind.OBSERVED)
    sentence = (
        "It went on to the next step, which has not said anything yet." if is_in_use else "It has not gone on yet."
    )
    return _answer(question, "Not known yet", Tone.UNSURE, sentence)


def _would_recur(story: JobStory) -> FiveAnswer:
    question = "Would the same failure happen again?"
    review = story.review
    if review is None or review.verdict == ReviewVerdict.ESCALATED:
        return _answer(question, "Not known yet", Tone.UNSURE, "Nobody has said what would have been right.")
    if review.verdict not in _WRONG:
        return _answer(question, "No failure", Tone.GOOD, "The output was right.")
    tries = story.lineage.later_tries
    if tries:
        return _from_tries(question, tries[-1].release_number, is_right=tries[-1].is_right)
    patterns = [item.pattern for item in story.lineage.corrections if item.pattern]
    if patterns and all(pattern.state == PatternState.RESOLVED for pattern in patterns):
        return _answer(question, "Probably not", Tone.GOOD, "What was corrected here has stopped coming back.")
    if any(pattern.count > 1 for pattern in patterns):
        most = max(pattern.count for pattern in patterns)
        return _answer(question, "Yes", Tone.WARN, f"The same was corrected in {most} jobs so far.")
    if review.would_recur is None:
        return _answer(question, "Not known yet", Tone.UNSURE, "The reviewer did not say.")
    word, tone = ("Yes", Tone.WARN) if review.would_recur else ("No", Tone.GOOD)
    return _answer(question, f"{word}, says the reviewer", tone, "No later release was tried on this job yet.")


def _from_tries(question: str, release: int, *, is_right: bool) -> FiveAnswer:
    if is_right:
        return _answer(question, "No", Tone.GOOD, f"Release {release} got this very job right when it was tried on it.")
    return _answer(question, "Yes", Tone.BAD, f"Release {release} still got this job wrong when it was tried on it.")
