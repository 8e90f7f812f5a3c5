"""A workflow whose loop tests turn by hand: scripted agents do jobs, a key decides them, and the loop looks at them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path

from builders import MORNING, House, make_house
from teachback.json_types import JsonObject
from teachback.release_document import Approval, Rule
from teachback.vocabulary import JobStatus, Lever, ReviewVerdict
from teachback_server.agents.open_releases import OpenRelease, OpenReleases
from teachback_server.agents.pipeline import run_release
from teachback_server.agents.protocol import AgentResult, JobInput, ReleaseBundle
from teachback_server.improvements.actions import advance_workflow
from teachback_server.improvements.candidates import Candidate, ChangeState, Judged, store_verdict
from teachback_server.improvements.certificate import Certificate
from teachback_server.improvements.earning import EarningPlan
from teachback_server.improvements.earning_pool import list_pool
from teachback_server.improvements.examples_lever import make_examples_candidate
from teachback_server.improvements.judging import judge_candidate
from teachback_server.improvements.models import Change, LearningState
from teachback_server.improvements.noticing import take_in_reviews
from teachback_server.improvements.planning import start_earning, stop_earning
from teachback_server.jobs.actions import Arrival, JobSource, next_job_number, record_ended_jobs
from teachback_server.jobs.models import Job
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import make_release, put_live, watch_test_cases
from teachback_server.releases.models import Release
from teachback_server.releases.queries import LiveState, get_live_state
from teachback_server.reviews.actions import Decision, decide_reviews
from teachback_server.statistics.thresholds import CertifiedThreshold
from teachback_server.workflows.models import Workflow

QUEUES = ("billing", "delivery", "returns")
TOPICS = 12

Answer = Callable[[ReleaseBundle, JobInput], AgentResult]


@dataclass(frozen=True, kw_only=True)
class ScriptedAgent:
    """Answers by a function of the release and the job."""

    bundle: ReleaseBundle
    answer: Answer

    def run_jobs(self, jobs: Sequence[JobInput]) -> list[AgentResult]:
        """Do each job."""
        return [self.answer(self.bundle, job) for job in jobs]


class ScriptedReleases(OpenReleases):
    """Opens a scripted agent for every release, whatever agent it names."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(Path("nowhere"))
        self.answer = answer

    def open_bundle(self, bundle: ReleaseBundle) -> OpenRelease:
        """A scripted agent under this bundle."""
        return OpenRelease(bundle=bundle, agent=ScriptedAgent(bundle=bundle, answer=lambda *job: self.answer(*job)))


@dataclass(kw_only=True)
class Loop:
    """One workflow with its agents and the key to its jobs."""

    house: House
    agents: ScriptedReleases
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def workflow(self) -> Workflow:
        """The workflow whose loop turns."""
        return self.house.workflow

    @property
    def live(self) -> LiveState:
        """What it runs under now."""
        return get_live_state(self.workflow)

    @property
    def state(self) -> LearningState:
        """Where its loop stands."""
        return LearningState.objects.get(workflow=self.workflow)

    def do_jobs(self, jobs: int, *, live: LiveState | None = None) -> list[Job]:
        """Let the agent do new jobs under the live release, and record them; nobody decides anything yet."""
        live = live or self.live
        opened = self.agents.open(live.release)
        arrivals = [arrival_of(number) for _, number in zip(range(jobs), self.numbers, strict=False)]
        inputs = [JobInput(input=arrival.input) for arrival in arrivals]
        results = run_release(opened.agent, opened.bundle, inputs)
        return record_ended_jobs(SYSTEM, self.workflow, live, arrivals, results, source=JobSource.AGENT)

    def decide(self, jobs: Sequence[Job] | None = None) -> None:
        """Let Bob decide these jobs, or all that wait, as the key says."""
        waiting = list(self.workflow.jobs.filter(is_waiting=True).order_by("number")) if jobs is None else list(jobs)
        if waiting:
            decide_reviews(self.house.reviewer, self.workflow, [decision_by_key(job) for job in waiting])

    def advance(self, *, may_certify: bool = True) -> None:
        """Let the loop look at what people decided."""
        now = MORNING + timedelta(days=1)
        advance_workflow(self.workflow, self.agents, now=now, may_certify=may_certify)

    def put_live_with(self, *, agent: str = "local", rules: tuple[Rule, ...] = ()) -> Release:
        """Another release that is live, as if a gate had let it in."""
        live = self.live
        document = replace(live.document, agent=agent, rules=rules)
        release = make_release(
            SYSTEM, self.workflow, document, parent=live.release, lever=Lever.MODEL, change="Ours", at=MORNING
        )
        put_live(SYSTEM, release, from_job=next_job_number(self.workflow), why="Ours", at=MORNING)
        return release

    def earn_on(self, jobs: int = 40) -> None:
        """Let the live release earn autonomy by a plan for so many jobs, from the next job on."""
        take_in_reviews(self.workflow)
        start_earning(self.workflow, self.live.release, plan_of(jobs))

    def list_pool(self, count: int, *, only_test_cases: bool = False) -> list[Job] | None:
        """The jobs that judge the release that is earning autonomy; None while they are not complete."""
        take_in_reviews(self.workflow)
        state = self.state
        assert state.earning is not None
        return list_pool(
            self.workflow,
            state.earning,
            from_job=state.earning_from_job,
            count=count,
            only_test_cases=only_test_cases,
        )

    def certify(self, *, threshold: float = 0.7, share: float = 0.4) -> Release:
        """Give the live release autonomy, as a certificate on no case of ours would; returns the new live release."""
        live, bundle = self.live, self.agents.open(self.live.release).bundle
        approval = Approval(threshold=threshold, error_limit=self.workflow.error_limit, certainty=0.9)
        certificate = Certificate(
            limit=self.workflow.error_limit,
            certainty=0.9,
            attempt=1,
            pool=100,
            found=CertifiedThreshold(threshold=threshold, share=share, jobs=60, errors=0, p=0.01),
        )
        candidate = Candidate(
            bundle=replace(bundle, document=replace(live.document, approval=approval)),
            lever=Lever.APPROVAL,
            title="Sure jobs skip review",
        )
        judged = Judged(
            verdict=certificate.verdict,
            report=certificate.as_json(),
            spent_case_ids=(),
            judged_through=0,
            candidate_confidences=(),
            runs=(),
        )
        store_verdict(SYSTEM, self.workflow, live, candidate, judged, outcome=ChangeState.RELEASED, now=MORNING)
        stop_earning(self.workflow)
        return self.live.release

    def let_wait_in_shadow(self, *, pool: int = 30) -> Change:
        """Make and judge a batch of examples, and let it earn autonomy in the shadow of the live release."""
        live = self.live
        candidate = make_examples_candidate(self.workflow, self.agents, live)
        judged = judge_candidate(self.workflow, self.agents, live, candidate)
        change = store_verdict(SYSTEM, self.workflow, live, candidate, judged, outcome=ChangeState.PASSED, now=MORNING)
        assert change.candidate is not None
        watch_test_cases(self.workflow, change.candidate)
        start_earning(self.workflow, change.candidate, plan_of(pool))
        return change

    def turn(self, jobs: int, *, may_certify: bool = True, at_once: int = 50) -> None:
        """Do jobs, decide what waits and advance, some jobs at a time."""
        for start in range(0, jobs, at_once):
            self.do_jobs(min(at_once, jobs - start))
            self.decide()
            self.advance(may_certify=may_certify)


def make_loop(answer: Answer, *, error_limit: float = 0.2, certainty: float = 0.8) -> Loop:
    """The support inbox of Alice and Bob with these agents; the limits are lax, so that few jobs show much."""
    house = make_house()
    house.workflow.error_limit, house.workflow.certainty = error_limit, certainty
    house.workflow.save(update_fields=["error_limit", "certainty"])
    return Loop(house=house, agents=ScriptedReleases(answer))


def plan_of(jobs: int) -> EarningPlan:
    """A plan that tries the whole sequence of shares on so many jobs."""
    return EarningPlan(jobs=jobs, start_share=0.02, chance=0.9, likely_share=0.5)


def arrival_of(number: int) -> Arrival:
    """The job with this number: a message about one of twelve topics, which says its queue."""
    text = f"topic-{number % TOPICS:02d} message {number}"
    return Arrival(external_id=f"job-{number}", input={"text": text}, at=MORNING + timedelta(minutes=number))


def topic_of(text: object) -> str:
    """The topic of a message."""
    return str(text).split()[0]


def key_to(given: JsonObject) -> JsonObject:
    """The right output of a job."""
    return {"queue": QUEUES[int(topic_of(given["text"])[-2:]) % len(QUEUES)]}


def decision_by_key(job: Job) -> Decision:
    """Accept what is right, and correct everything else."""
    expected = key_to(job.input)
    is_right = job.output == expected
    return Decision(
        job=job,
        verdict=ReviewVerdict.ACCEPTED if is_right else ReviewVerdict.CORRECTED,
        idempotency_key=f"key:{job.pk}",
        output=None if is_right else expected,
        reason_code="" if is_right else "wrong_choice",
        decided_at=job.finished_at,
    )


def answer_from_examples(bundle: ReleaseBundle, job: JobInput) -> AgentResult:
    """Right and sure about every topic that an example shows; hands back the others."""
    known = {topic_of(example.input["text"]) for example in bundle.examples}
    if topic_of(job.input["text"]) not in known:
        return hand_back()
    return finish(key_to(job.input), 0.95)


def always_right(bundle: ReleaseBundle, job: JobInput) -> AgentResult:
    """Right and sure."""
    return finish(key_to(job.input), 0.95)


def always_wrong(bundle: ReleaseBundle, job: JobInput) -> AgentResult:
    """Wrong and sure."""
    return finish(wrong_output(job.input), 0.95)


def finish(output: JsonObject, confidence: float | None = 0.9) -> AgentResult:
    """A job that is done."""
    return AgentResult(status=JobStatus.FINISHED, output=output, confidence=confidence)


def hand_back() -> AgentResult:
    """A job that the agent cannot do."""
    return AgentResult(status=JobStatus.HANDED_BACK, hand_back_reason="No example shows how.")


def wrong_output(given: JsonObject) -> JsonObject:
    """An output that is not the right one."""
    queue = str(key_to(given)["queue"])
    return {"queue": QUEUES[(QUEUES.index(queue) + 1) % len(QUEUES)]}


def number_of(job: JobInput) -> int:
    """The number that stands in a message."""
    return int(str(job.input["text"]).split()[-1])
