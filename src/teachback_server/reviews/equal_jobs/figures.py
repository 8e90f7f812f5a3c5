"""What became of jobs that were accepted as equal to another: how many there are, and what a second look found."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from teachback.vocabulary import ReviewVerdict
from teachback_server.reviews.agreement.asking import SecondKind, answer_of_review
from teachback_server.reviews.agreement.same_answer import answer_of
from teachback_server.reviews.models import BulkMember, Review, SecondReview
from teachback_server.workflows.models import Workflow

_LOOKS_READ = 1000  # the newest


@dataclass(frozen=True, kw_only=True)
class EqualFigures:
    """Jobs that were accepted without opening them, and the sample that somebody else decided once more."""

    jobs: int  # whose decision stands
    looked_at: int  # of all that were accepted so, lately
    same: int  # of those, on which both said the same


def get_equal_figures(workflow: Workflow) -> EqualFigures:
    """The figures of a workflow; the second looks among its newest 1,000."""
    members = BulkMember.objects.filter(bulk__workflow=workflow)
    accepted = Exists(BulkMember.objects.filter(job_id=OuterRef("job_id")))
    given = SecondReview.objects.filter(accepted, workflow=workflow, kind=SecondKind.SECOND, is_waiting=False)
    looks = list(given.select_related("job").order_by("-pk")[:_LOOKS_READ])
    return EqualFigures(
        jobs=Review.objects.filter(pk__in=members.values("review_id")).count(),
        looked_at=len(looks),
        same=sum(answer_of_review(look) == answer_of(ReviewVerdict.ACCEPTED, look.job.output) for look in looks),
    )
