"""Decides what happens to a job that has ended: used at once, used and audited, or kept for a person."""

from dataclasses import dataclass

from teachback.hash_draws import hash_to_unit
from teachback.release_document import Approval
from teachback.spelled_share import spell_share
from teachback.vocabulary import JobStatus, RoutingKind

_ASKED_FOR = "Asked for by "


@dataclass(frozen=True, kw_only=True)
class AutonomyState:
    """What routing must know beside the release: counts and switches that the server hands to whoever routes."""

    is_on: bool  # False: the guard or a person took autonomy back, or it was never earned
    auto_jobs_so_far: int = 0  # jobs that skipped review under the examples and threshold of this release
    reviews_test_cases: bool = False  # True: every test case is reviewed, because a release is earning its autonomy
    earning_release: str = ""  # which release that is, for the reason: "release 7"


@dataclass(frozen=True, kw_only=True)
class Routing:
    """What happens to one job, in words why, and the probability with which it was to be reviewed (never 0)."""

    kind: RoutingKind
    reason: str
    probability: float
    is_offered: bool = True  # for review; False only for a job that was used before it was seen, and not drawn


def draw_uniform(salt: str, job_id: str) -> float:
    """The draw in [0, 1) that decides whether a job is audited: a hash, so server, SDK and a resumed run agree.

    It is independent of the job's side of the split, and of everything else but the workflow's salt and the job's id.
    """
    return hash_to_unit(salt, "audit", job_id)


def decide_routing(
    *,
    status: JobStatus,
    confidence: float | None,
    wants_review: str,
    approval: Approval,
    autonomy: AutonomyState,
    is_test_case: bool,
    draw: float,
) -> Routing:
    """Route one job that has ended.

    `wants_review` names the rule or check because of which a person must look (empty: none). `draw` comes from
    `draw_uniform`. The probability is that of a review given everything known before the draw: 1 for jobs that wait for
    a person and for test cases while a release is earning, otherwise the audit share, which is never 0.

    Raises ValueError when the release asks for an audit share outside (0, 1].
    """
    reason = _find_review_reason(status, confidence, wants_review, approval, autonomy)
    if reason:
        return Routing(kind=RoutingKind.REVIEW, reason=reason, probability=1.0)
    if is_test_case and autonomy.reviews_test_cases:
        earning = autonomy.earning_release or "the next release"
        return Routing(kind=RoutingKind.AUDIT, reason=f"A test case for {earning}.", probability=1.0)
    share = _audit_share(approval, autonomy.auto_jobs_so_far)
    if draw < share:
        return Routing(
            kind=RoutingKind.AUDIT, reason=f"Random audit of {spell_share(share)} of such jobs.", probability=share
        )
    sure = f"Sure enough: {_spell_beside(confidence or 0.0, approval.threshold or 0.0)} is needed."
    return Routing(kind=RoutingKind.AUTO, reason=sure, probability=share)


def routing_of_observed(*, status: JobStatus = JobStatus.FINISHED, share: float = 1.0, draw: float = 0.0) -> Routing:
    """The routing of work that was used before Teachback saw it: all that was no success, and a share of the rest.

    `share`, in (0, 1], is the probability with which a finished job is offered for review, `draw` is from
    `draw_uniform`. Raises ValueError for another share, as a job that can never be reviewed says nothing of the rest.
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"A share of {share} of observed jobs cannot be reviewed; give it above 0, at most 1.")
    used = "It was used before Teachback saw it"
    if status is not JobStatus.FINISHED or share == 1.0:
        return Routing(kind=RoutingKind.OBSERVED, reason=f"{used}.", probability=1.0)
    reason = f"{used}; a random {spell_share(share)} of such jobs is reviewed."
    return Routing(kind=RoutingKind.OBSERVED, reason=reason, probability=share, is_offered=draw < share)


def is_asked_for(reason: str) -> bool:
    """Whether a rule, a check or the agent itself asked for a person, by the reason of a routing."""
    return reason.startswith(_ASKED_FOR)


def _find_review_reason(
    status: JobStatus, confidence: float | None, wants_review: str, approval: Approval, autonomy: AutonomyState
) -> str:
    if status is JobStatus.HANDED_BACK:
        return "The agent handed it back."
    if status is not JobStatus.FINISHED:
        return "The agent failed."
    if wants_review:
        return f"{_ASKED_FOR}“{wants_review}”."
    if approval.threshold is None:
        return "Everything is reviewed: this release has not earned autonomy yet."
    if not autonomy.is_on:
        return "Everything is reviewed: autonomy is off."
    if confidence is None:
        return "The agent did not say how sure it is."
    if not confidence >= approval.threshold:  # so that NaN waits for a person too
        return f"Too unsure: {_spell_beside(confidence, approval.threshold)} is needed."
    return ""


def _audit_share(approval: Approval, auto_jobs_so_far: int) -> float:
    share = approval.audit_share
    if auto_jobs_so_far < approval.early_audit_jobs:
        share = max(share, approval.early_audit_share)
    if not 0.0 < share <= 1.0:
        raise ValueError(
            f"The release asks for an audit share of {share}; audits never stop: give it above 0, at most 1."
        )
    return share


def _spell_beside(confidence: float, threshold: float) -> str:
    """Both numbers with as few digits as tell them apart."""
    digits = next((n for n in range(2, 9) if f"{confidence:.{n}f}" != f"{threshold:.{n}f}"), 2)
    return f"{confidence:.{digits}f}, and {threshold:.{digits}f}"
