"""What other settings of routing would have done with past jobs: who comes to people, what of the rest is wrong.

Pure. A picture of what was seen, not a certificate: settings are tried side by side, and only Learn-then-Test may let
a job skip review.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from teachback_server.results.risk import FEWEST_REVIEWED, JudgedJob, estimate_error
from teachback_server.statistics.selection import RateEstimate

HANDED_BACK = "The agent handed it back, or failed."
UNSURE = "The agent is not sure enough, or does not say."
EVERYTHING = "Everything is reviewed."


@dataclass(frozen=True, kw_only=True, slots=True)
class PastJob:
    """One job that ended: what routing knew of it, and what a person found, if one looked."""

    judged: JudgedJob  # its confidence is None where it was handed back, failed, or did not say
    is_finished: bool
    asked_by: str  # the rule or check because of which a person had to look; empty: none


@dataclass(frozen=True, kw_only=True)
class RoutingSettings:
    """Settings to try. `threshold` None means that everything is reviewed."""

    threshold: float | None
    asking: frozenset[str]  # the rules and checks that stay switched on
    audit_share: float  # in (0, 1]


@dataclass(frozen=True, kw_only=True)
class WayToPeople:
    """Why jobs would come to a person, and how many."""

    why: str
    jobs: int


@dataclass(frozen=True, kw_only=True)
class RoutingPreview:
    """What settings would have done. `wrong` is None while too few of the skipping jobs were reviewed."""

    jobs: int
    ways: tuple[WayToPeople, ...]  # the most frequent first; audits come on top
    waiting: int
    skipping: int
    audits: float  # of the skipping ones, as expected
    reviewed: int  # of the skipping ones, in fact
    wrong: RateEstimate | None  # among the skipping ones

    @property
    def to_people(self) -> float:
        """The jobs that a person would look at, audits included."""
        return self.waiting + self.audits


def preview_routing(jobs: Sequence[PastJob], settings: RoutingSettings) -> RoutingPreview:
    """Route past jobs anew by `teachback.routing`'s order of reasons, and estimate the error among those that skip.

    Formula: `statistics.selection.stratified_rate` over the recorded probabilities of review of the jobs that would
    skip; with fewer than 30 of them reviewed there is no estimate. Its band holds at 95 % for one look at one setting.
    Assumptions: as there, and that the jobs to come are like these. Raises ValueError for an audit share not in (0, 1].
    """
    if not 0.0 < settings.audit_share <= 1.0:
        raise ValueError(f"An audit share of {settings.audit_share} is none; audits never stop: give it above 0.")
    whys = [_why_to_people(job, settings) for job in jobs]
    skipping = [job.judged for job, why in zip(jobs, whys, strict=True) if not why]
    reviewed = sum(job.is_wrong is not None for job in skipping)
    ways = Counter(why for why in whys if why)
    return RoutingPreview(
        jobs=len(jobs),
        ways=tuple(WayToPeople(why=why, jobs=count) for why, count in ways.most_common()),
        waiting=ways.total(),
        skipping=len(skipping),
        audits=settings.audit_share * len(skipping),
        reviewed=reviewed,
        wrong=estimate_error(skipping) if reviewed >= FEWEST_REVIEWED else None,
    )


def _why_to_people(job: PastJob, settings: RoutingSettings) -> str:
    """Empty: it would skip."""
    if not job.is_finished:
        return HANDED_BACK
    if job.asked_by in settings.asking:
        return f"Asked for by “{job.asked_by}”."
    if settings.threshold is None:
        return EVERYTHING
    confidence = job.judged.confidence
    return "" if confidence is not None and confidence >= settings.threshold else UNSURE
