"""Reads of autonomy: what was certified and what was watched since, never mixed, and what more evidence would allow."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from teachback.release_document import parse_release_document
from teachback.vocabulary import GateVerdict, JobStatus, Lever, ReviewVerdict, RoutingKind
from teachback_server.evals.models import Gate
from teachback_server.improvements.earning import EarningPlan
from teachback_server.improvements.evidence import list_family
from teachback_server.improvements.models import GuardRecord, LearningState
from teachback_server.releases.actions import ReleaseEventKind
from teachback_server.releases.models import Release, ReleaseEvent
from teachback_server.releases.queries import LiveState, get_live_state
from teachback_server.results.counts import count_stretch, count_work
from teachback_server.results.curve import choose_slice_jobs
from teachback_server.results.measures import WITHOUT_WAITING, Counts, measure_skipped, measure_unwaited_error
from teachback_server.results.phrases import HARD_SPACE, spell_jobs
from teachback_server.results.queries import RECENT_JOBS, last_job_number
from teachback_server.results.risk import JudgedJob, RiskPoint, draw_risk
from teachback_server.statistics.selection import RateEstimate
from teachback_server.statistics.thresholds import zero_error_minimum
from teachback_server.workflows.models import Workflow

RISK_JOBS = 4000  # the newest under the live release
EXPLAINED_JOBS = 1000
SHOWN_CERTIFICATES = 12
SHOWN_HAPPENINGS = 60
ALARM_AT = 20.0  # the evidence of the guard at which it takes autonomy back

# The beginnings of what `teachback.routing` says, each with the same in words that hold for many jobs.
_PLAIN_REASONS: Mapping[str, str] = {
    "Too unsure": "The agent was not sure enough.",
    "Sure enough": "The agent was sure enough.",
    "Random audit": "Drawn at random for an audit.",
    "A test case for": "A test case for a release that earns its autonomy.",
}
_WORDS_OF_TURNS: Mapping[str, tuple[str, str]] = {
    "earned": ("Earned", "good"),
    ReleaseEventKind.WENT_LIVE: ("Starts anew", "info"),
    ReleaseEventKind.ROLLED_BACK: ("Starts anew", "info"),
    ReleaseEventKind.AUTONOMY_OFF: ("Taken back", "bad"),
}


@dataclass(frozen=True, kw_only=True)
class Certified:
    """What a certificate says: decided before, from jobs that the release was not made from."""

    error_limit: float
    certainty: float
    from_jobs: int
    errors: int  # among those
    threshold: float
    share: float | None  # of jobs that it lets skip review, as it was expected then


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What audits have shown since: an estimate over all jobs that skipped review under the release."""

    skipped_jobs: int
    audits: int  # of those, decided by a person
    error: RateEstimate  # weighted by the probability of review; its band holds all the time
    alarm_evidence: float | None  # of the guard; it takes autonomy back at `ALARM_AT`
    alarmed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class CertifiedRelease:
    """A release that earned autonomy, with both figures beside each other."""

    release_number: int
    went_live_at: datetime
    from_job: int
    certified: Certified
    watched: Watched


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What more evidence would allow."""

    earning_number: int | None  # the release that is earning autonomy now; None: no release is
    needed_jobs: int | None  # decided jobs that the next certificate is tried on; None: nothing is likely to pass yet
    decided_jobs: int  # of those so far
    likely_share: float | None  # of jobs that would skip review then
    chance: float | None  # of the certificate
    fewest_jobs: int  # without a single error, so many decided jobs show the limit; with fewer nothing can
    last_number: int | None  # the release for which a certificate was tried last
    last_sentence: str  # what came of it


@dataclass(frozen=True, kw_only=True)
class Happening:
    """Something that gave autonomy, refused it or took it back."""

    at: datetime
    word: str
    tone: str  # good, warn, bad or info
    release_number: int
    from_job: int | None
    by: str
    why: str


@dataclass(frozen=True, kw_only=True)
class WayIn:
    """Why jobs came to a person, or did not, and how many of the newest."""

    routing: str
    reason: str
    jobs: int


@dataclass(frozen=True, kw_only=True)
class Autonomy:
    """The whole Autonomy page of one workflow."""

    workflow: str
    title: str
    is_on: bool
    live_number: int
    error_limit: float
    certainty: float
    recent_jobs: int
    skipped: RateEstimate  # of the newest jobs
    current: CertifiedRelease | None  # the live release, if it is certified
    certificates: tuple[CertifiedRelease, ...]  # all of them, the newest first
    outlook: Outlook
    risk: tuple[RiskPoint, ...]
    risk_jobs: int
    ways_in: tuple[WayIn, ...]
    explained_jobs: int
    history: tuple[Happening, ...]

    @property
    def skipped_jobs(self) -> int:
        """How many of the newest jobs did not wait for a person."""
        return round((self.skipped.estimate or 0.0) * self.skipped.jobs)

    @property
    def limit_words(self) -> str:
        """The owner's limit on errors: "5 %"."""
        return f"{self.error_limit * 100:g}{HARD_SPACE}%"

    @property
    def certainty_words(self) -> str:
        """How sure a certificate must be."""
        return f"to be certified with {self.certainty * 100:g}{HARD_SPACE}% certainty"

    @property
    def explained_words(self) -> str:
        """Which jobs the ways in are about."""
        return f"The newest {spell_jobs(self.explained_jobs)}"

    @property
    def risk_words(self) -> str:
        """Which jobs the risk was seen in."""
        return f"From the newest {spell_jobs(self.risk_jobs)} under what is live" if self.risk else ""


def read_autonomy(workflow: Workflow) -> Autonomy:
    """Everything that the Autonomy page shows."""
    live = get_live_state(workflow)
    jobs = last_job_number(workflow)
    recent = count_stretch(workflow, max(1, jobs - RECENT_JOBS + 1), jobs)
    certificates = _list_certificates(workflow, jobs)
    judged = _list_judged(workflow, live, jobs)
    ways_in = _list_ways_in(workflow, jobs)
    return Autonomy(
        workflow=workflow.name,
        title=workflow.title,
        is_on=live.is_autonomy_on,
        live_number=live.release.number,
        error_limit=workflow.error_limit,
        certainty=workflow.certainty,
        recent_jobs=min(jobs, RECENT_JOBS),
        skipped=measure_skipped(recent),
        current=next((one for one in certificates if one.release_number == live.release.number), None),
        certificates=certificates,
        outlook=_read_outlook(workflow, live),
        risk=draw_risk(judged),
        risk_jobs=len(judged),
        ways_in=ways_in,
        explained_jobs=sum(way.jobs for way in ways_in),
        history=_list_history(workflow),
    )


def describe_way_in(reason: str) -> str:
    """The reason of a routing without its figures, so that alike ones are counted together."""
    return next((plain for start, plain in _PLAIN_REASONS.items() if reason.startswith(start)), reason)


def _list_certificates(workflow: Workflow, jobs: int) -> tuple[CertifiedRelease, ...]:
    events = list(
        ReleaseEvent.objects.filter(workflow=workflow, kind=ReleaseEventKind.WENT_LIVE, release__lever=Lever.APPROVAL)
        .select_related("release", "release__guard")
        .order_by("-pk")[:SHOWN_CERTIFICATES]
    )
    if not events:
        return ()
    counts = count_work(workflow, choose_slice_jobs(jobs))
    shares = _list_certified_shares(workflow, [event.release_id for event in events])
    return tuple(_certified_release(event, counts, shares) for event in events)


def _list_certified_shares(workflow: Workflow, release_ids: Sequence[int]) -> dict[int, float]:
    gates = Gate.objects.filter(workflow=workflow, lever=Lever.APPROVAL, candidate_id__in=release_ids)
    return {
        candidate_id: float(report["share"])
        for candidate_id, report in gates.values_list("candidate_id", "report")
        if "share" in report
    }


def _certified_release(event: ReleaseEvent, counts: Counts, shares: dict[int, float]) -> CertifiedRelease:
    release = event.release
    approval = parse_release_document(release.document).approval
    return CertifiedRelease(
        release_number=release.number,
        went_live_at=event.at,
        from_job=event.from_job,
        certified=Certified(
            error_limit=approval.error_limit or release.workflow.error_limit,
            certainty=approval.certainty or release.workflow.certainty,
            from_jobs=approval.certified_from_jobs,
            errors=approval.certified_errors,
            threshold=approval.threshold or 0.0,
            share=shares.get(release.pk),
        ),
        watched=_watch(release, counts),
    )


def _watch(release: Release, counts: Counts) -> Watched:
    of_release = Counts(
        ended=[group for group in counts.ended if group.release_id == release.pk and group.routing in WITHOUT_WAITING],
        decided=[
            group for group in counts.decided if group.release_id == release.pk and group.routing in WITHOUT_WAITING
        ],
    )
    guard: GuardRecord | None = getattr(release, "guard", None)
    return Watched(
        skipped_jobs=sum(group.jobs for group in of_release.ended),
        audits=sum(group.jobs for group in of_release.decided),
        error=measure_unwaited_error(of_release),
        alarm_evidence=math.exp(guard.state["log_wealth"]) if guard is not None and guard.state else None,
        alarmed_at=guard.alarmed_at if guard is not None else None,
    )


def _list_judged(workflow: Workflow, live: LiveState, jobs: int) -> list[JudgedJob]:
    rows = (
        workflow.jobs.filter(release_id__in=list_family(live.release), number__gt=jobs - RISK_JOBS)
        .exclude(status=JobStatus.RUNNING)
        .exclude(routing=RoutingKind.OBSERVED)
        .values_list("status", "confidence", "routing", "review_probability", "review__verdict")
    )
    return [
        JudgedJob(
            confidence=confidence if status == JobStatus.FINISHED else None,
            did_wait=routing not in WITHOUT_WAITING,
            probability=probability or 1.0,
            is_wrong=None if verdict is None else verdict != ReviewVerdict.ACCEPTED,
        )
        for status, confidence, routing, probability, verdict in rows
    ]


def _list_ways_in(workflow: Workflow, jobs: int) -> tuple[WayIn, ...]:
    newest = workflow.jobs.filter(number__gt=jobs - EXPLAINED_JOBS).exclude(status=JobStatus.RUNNING)
    ways = Counter(
        (routing, describe_way_in(reason)) for routing, reason in newest.values_list("routing", "routing_reason")
    )
    return tuple(WayIn(routing=routing, reason=reason, jobs=n) for (routing, reason), n in ways.most_common())


def _read_outlook(workflow: Workflow, live: LiveState) -> Outlook:
    state = LearningState.objects.filter(workflow=workflow).select_related("earning").first()
    earning = state.earning if state is not None else None
    plan = EarningPlan(**state.earning_plan) if state is not None and state.earning_plan else None
    decided = 0
    if state is not None and plan is not None and earning is not None:
        pool = workflow.jobs.filter(number__gte=state.earning_from_job, review__isnull=False)
        if earning.pk != live.release.pk:
            pool = pool.filter(is_test_case=True)
        decided = pool[: plan.jobs].count()
    tries = Gate.objects.filter(workflow=workflow, lever=Lever.APPROVAL).select_related("candidate")
    last = tries.order_by("-pk").first()
    return Outlook(
        earning_number=earning.number if earning is not None else None,
        needed_jobs=plan.jobs if plan is not None else None,
        decided_jobs=decided,
        likely_share=plan.likely_share if plan is not None else None,
        chance=plan.chance if plan is not None else None,
        fewest_jobs=zero_error_minimum(workflow.error_limit, 1 - workflow.certainty),
        last_number=last.candidate.number if last is not None else None,
        last_sentence=last.report.get("sentence", "") if last is not None else "",
    )


def _list_history(workflow: Workflow) -> tuple[Happening, ...]:
    events = ReleaseEvent.objects.filter(workflow=workflow).select_related("release").order_by("pk")
    happenings = list(_list_turns(events))
    refused = Gate.objects.filter(workflow=workflow, lever=Lever.APPROVAL).exclude(verdict=GateVerdict.PROVEN)
    happenings += [
        Happening(
            at=gate.judged_at,
            word="Not earned yet",
            tone="unsure",
            release_number=gate.candidate.number,
            from_job=None,
            by="Teachback",
            why=gate.report.get("sentence", ""),
        )
        for gate in refused.select_related("candidate")
    ]
    in_order = sorted(happenings, key=lambda one: one.at)  # what happened at one moment stays in its order
    return tuple(in_order[: -SHOWN_HAPPENINGS - 1 : -1])


def _list_turns(events: Iterable[ReleaseEvent]) -> Iterator[Happening]:
    """The moments at which autonomy came or went, the oldest first."""
    is_on = False
    for event in events:
        is_earned = event.kind == ReleaseEventKind.WENT_LIVE and event.release.lever == Lever.APPROVAL
        word, tone = _WORDS_OF_TURNS["earned" if is_earned else event.kind]
        if is_earned or is_on:
            yield Happening(
                at=event.at,
                word=word,
                tone=tone,
                release_number=event.release.number,
                from_job=event.from_job,
                by=event.by,
                why=event.release.change if is_earned else event.why,
            )
        is_on = is_earned
