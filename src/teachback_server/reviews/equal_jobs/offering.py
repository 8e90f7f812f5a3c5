"""What the desk says, after a decision, of waiting jobs that equal the one decided, and after they were accepted."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor
from teachback_server.reviews.equal_jobs.finding import find_equal_jobs
from teachback_server.reviews.models import BulkAccept, Review, SecondReview

_WHY = "Why they are decided one by one"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A second step after a decision, which nobody has to take: a sentence and a link."""

    text: str
    link: str
    address: str

    def as_message(self) -> SafeString:
        """The offer for a page that was made without the desk's script."""
        return format_html('{} <a href="{}">{}</a>', self.text, self.address, self.link)

    def as_json(self) -> dict[str, str]:
        """The offer for the desk's script."""
        return {"text": self.text, "link": self.link, "address": self.address}


def find_offer(actor: Actor, job: Job, decided: Review | SecondReview) -> Offer | None:
    """What is offered after a decision at the desk; None where no waiting job equals the one that was accepted."""
    if decided.verdict != ReviewVerdict.ACCEPTED:
        return None
    equal = find_equal_jobs(actor, job, now=timezone.now())
    if not equal.jobs:
        return None
    count = len(equal.jobs)
    more = f"{count} more waiting jobs are" if count > 1 else "1 more waiting job is"
    return Offer(
        text=f"{more} equal to job {job.number}, input and output, word for word.",
        link=_WHY if equal.hindrance else "Look at them" if count > 1 else "Look at it",
        address=reverse("review-equal", args=[job.workflow.name, job.number]),
    )


def describe_accepted(bulk: BulkAccept) -> str:
    """What was done, in a sentence or two."""
    jobs = f"{bulk.jobs} job{'' if bulk.jobs == 1 else 's'} equal to job {bulk.job.number} accepted."
    again = f"{bulk.asked_again} of them, drawn by chance," if bulk.jobs > 1 else "It"
    verb = "is" if bulk.asked_again == 1 else "are"
    return f"{jobs} {again} {verb} decided once more by somebody else. One undo takes all back."
