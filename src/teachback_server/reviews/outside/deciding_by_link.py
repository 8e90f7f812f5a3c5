"""What the holder of a link may do, once: decide its job, or say whether the next step could use it."""

from collections.abc import Mapping
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.actions import record_outcome
from teachback_server.jobs.models import Job, Outcome
from teachback_server.reviews.actions import decide_reviews
from teachback_server.reviews.desk_form import FormRefused, read_decision
from teachback_server.reviews.models import Review, ReviewLink
from teachback_server.reviews.outside.links import LinkState, actor_by_link, tell_state
from teachback_server.workflows.turns import take_turn


class LinkSpent(ValueError):
    """The link opens nothing any more. `state` says why; nothing was changed."""

    def __init__(self, state: LinkState) -> None:
        super().__init__(state.value)
        self.state = state


def decide_by_link(link: ReviewLink, posted: Mapping[str, str]) -> Review:
    """Store what the holder of a link decided, under the name that it was made for.

    The same decision sent once more returns what is stored and changes nothing. Raises LinkSpent, and FormRefused,
    DecisionRefused or JobClaimedByAnother, with which the link stays good.
    """
    with transaction.atomic():
        take_turn(link.workflow_id)
        stored = Review.objects.filter(idempotency_key=_key(link)).select_related("reason").first()
        if stored is not None:
            return _same_again(stored, link, posted)
        job = _spend(link)
        decision = replace(read_decision(job, link.workflow, posted), idempotency_key=_key(link))
        return decide_reviews(actor_by_link(link), link.workflow, [decision])[0]


def say_used_by_link(link: ReviewLink, *, is_used: bool, note: str) -> Outcome:
    """Record what the holder of a link says about its job, once. Raises LinkSpent."""
    with transaction.atomic():
        take_turn(link.workflow_id)
        job = _spend(link)
        return record_outcome(actor_by_link(link), job, is_used=is_used, note=note)


def _spend(link: ReviewLink) -> Job:
    """Use a link up, within the transaction of the act for which it is used; returns its job as it is now."""
    now = timezone.now()
    fresh = ReviewLink.objects.select_for_update(of=("self",)).select_related("job").get(pk=link.pk)
    state = tell_state(fresh, at=now)
    if state is not LinkState.OPEN:
        raise LinkSpent(state)
    ReviewLink.objects.filter(pk=link.pk).update(used_at=now)
    job: Job = fresh.job
    return job


def _same_again(stored: Review, link: ReviewLink, posted: Mapping[str, str]) -> Review:
    """The stored decision, if what arrives now says the same. Raises LinkSpent for another one, from a second tab."""
    try:
        decision = read_decision(link.job, link.workflow, posted)
    except FormRefused:
        raise LinkSpent(LinkState.USED) from None
    is_same = (stored.verdict, stored.note) == (decision.verdict, decision.note[:1000])
    is_same = is_same and (stored.reason.code if stored.reason else "") == decision.reason_code
    if not is_same or (decision.verdict is ReviewVerdict.CORRECTED and stored.output != decision.output):
        raise LinkSpent(LinkState.USED)
    return stored


def _key(link: ReviewLink) -> str:
    """Of the one decision that a link stands for, however often its form arrives."""
    return f"link-{link.pk}"
