"""The loop over one order of real work, through the product's pure decisions and with no database."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from policy_simulation.predictions import MixedAgents, Predictions
from teachback.release_document import Approval
from teachback.routing import AutonomyState, decide_routing
from teachback.split import GATE_SHARE
from teachback.vocabulary import GateVerdict, JobStatus, Lever, RoutingKind
from teachback_server.evals.gate_test import Claim, GateReport, PairedCase, account_of, judge_change, may_release
from teachback_server.improvements.batching import BatchState, is_batch_due
from teachback_server.improvements.earning import (
    POOL_SIZES,
    EarningPlan,
    Risk,
    fewest_share,
    plan_earning,
    risk_after_growth,
    risk_from_confidences,
    risk_from_results,
)
from teachback_server.statistics.audit_guard import GuardState, advance_guard, is_alarm
from teachback_server.statistics.thresholds import learn_then_test, spent_delta

CHUNK_JOBS = 32
PLAN_AGAIN_AFTER = 1.5  # as in improvements.planning, which needs tables
FEWEST_JOBS_AHEAD = 1000  # likewise


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the owner sets, and whether anything may skip review."""

    limit: float = 0.05
    certainty: float = 0.90
    hand_back_cost: float = 0.5
    may_certify: bool = True


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """One certificate: what was shown, and what only the answer key knows."""

    at_job: int
    share: float
    upper_bound: float  # what the page shows: at most so many of the jobs that skip review are wrong
    true_error: float


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What came of one order; arrays have one entry per job in the order of arrival."""

    is_reviewed: NDArray[np.bool_]
    is_auto: NDArray[np.bool_]
    is_right: NDArray[np.bool_]
    certificates: tuple[Certificate, ...]
    alarms: int
    releases: int
    fitted_examples: int  # summed over all fits: what they cost
    last_examples: int


@dataclass(kw_only=True)
class _Release:
    examples: int = 0  # 0: release 1, which hands everything back
    approval: Approval = field(default_factory=Approval)
    proven_examples: int = 0  # of the newest release in its line that a gate has shown to be better; 0: release 1
    share: float = 0.0
    attempts: int = 0
    confidences: list[float] = field(default_factory=list)  # of judged cases, with
    wrong: list[bool] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)  # jobs that each of them stands for


class Loop:
    """One workflow that meets its jobs in one order."""

    def __init__(self, predictions: Predictions, terms: Terms, *, seed: int, most_jobs: int | None = None) -> None:
        draws = np.random.default_rng(seed)
        self.terms = terms
        self.agents = MixedAgents(predictions=predictions, draws=draws.random(predictions.jobs))
        self.order = draws.permutation(predictions.jobs)[:most_jobs]
        jobs = self.order.size
        self.is_gate = draws.random(jobs) < GATE_SHARE
        self.audit_draws = draws.random(jobs)
        self.is_reviewed, self.is_auto, self.is_right, self.is_spent = (np.zeros(jobs, dtype=bool) for _ in range(4))
        self.chances = np.ones(jobs)  # of review, as recorded at routing
        self.done = 0
        self.live = _Release()
        self.is_on = False
        self.auto_jobs = 0
        self.guard = GuardState(limit=terms.limit)
        self.earning: _Release | None = None
        self.earning_from = 0
        self.plan: EarningPlan | None = None
        self.judged_through = 0
        self.last_try = 0
        self.claims: list[Claim] = []
        self.certificates: list[Certificate] = []
        self.reports: list[GateReport] = []
        self.alarms = self.releases = self.fitted = 0

    def run(self) -> RunResult:
        """Meet every job."""
        while self.done < self.order.size:
            self._do_chunk(np.arange(self.done, min(self.done + CHUNK_JOBS, self.order.size)))
            while self._take_step():
                pass
        return RunResult(
            is_reviewed=self.is_reviewed,
            is_auto=self.is_auto,
            is_right=self.is_right,
            certificates=tuple(self.certificates),
            alarms=self.alarms,
            releases=self.releases,
            fitted_examples=self.fitted,
            last_examples=self.live.examples,
        )

    def _do_chunk(self, jobs: NDArray[np.int64]) -> None:
        self.done = int(jobs[-1]) + 1
        if not self.live.examples:
            self.is_reviewed[jobs] = True
            return
        confidences, _, self.is_right[jobs] = self.agents.answer(self.live.examples, self.order[jobs])
        autonomy = AutonomyState(is_on=self.is_on, reviews_test_cases=self._has_shadow())
        for job, confidence in zip(jobs.tolist(), confidences.tolist(), strict=True):
            routing = decide_routing(
                status=JobStatus.FINISHED,
                confidence=confidence,
                wants_review="",
                approval=self.live.approval,
                autonomy=replace(autonomy, auto_jobs_so_far=self.auto_jobs),
                is_test_case=bool(self.is_gate[job]),
                draw=float(self.audit_draws[job]),
            )
            self.chances[job] = routing.probability
            self.is_auto[job] = routing.kind is not RoutingKind.REVIEW
            self.is_reviewed[job] = routing.kind is not RoutingKind.AUTO
            self.auto_jobs += int(self.is_auto[job])
            if routing.kind is RoutingKind.AUDIT:
                self.guard = advance_guard(self.guard, not self.is_right[job])
        if self.is_on and is_alarm(self.guard):
            self.is_on, self.alarms = False, self.alarms + 1
            self._stop_shadow()

    def _take_step(self) -> bool:
        if self.terms.may_certify and (self._plan_when_due() or self._certify_when_due()):
            return True
        return self._try_batch_when_due()

    def _has_shadow(self) -> bool:
        return self.is_on and self.plan is not None and self.earning is not self.live

    def _stop_shadow(self) -> None:
        if self.earning is not self.live:
            self.earning, self.plan = None, None

    def _plan_when_due(self) -> bool:
        if self.is_on or not self.live.examples:
            return False
        has_waited = self.plan is None and self.done + 1 >= PLAN_AGAIN_AFTER * self.earning_from
        if self.earning is self.live and not has_waited:
            return False
        self._start_earning(self.live, self._plan_live())
        return True

    def _plan_live(self) -> EarningPlan | None:
        if not self.live.wrong:
            return None
        return plan_earning(
            risk_from_results(self.live.confidences, self.live.wrong, self.live.weights),
            limit=self.terms.limit,
            certainty=self.terms.certainty,
            attempt=self.live.attempts + 1,
            horizon_jobs=max(FEWEST_JOBS_AHEAD, self.done),
            least_share=fewest_share(self.done),
            most_jobs=max(POOL_SIZES[0], self.done / 2),
        )

    def _start_earning(self, release: _Release, plan: EarningPlan | None) -> None:
        self.earning, self.earning_from, self.plan = release, self.done, plan

    def _certify_when_due(self) -> bool:
        if self.earning is None or self.plan is None:
            return False
        release, is_shadow = self.earning, self.earning is not self.live
        since = np.arange(self.earning_from, self.done)
        pool = since[self.is_gate[since]] if is_shadow else since
        if pool.size < self.plan.jobs:
            return False
        pool = pool[: self.plan.jobs]
        confidences, _, right = self.agents.answer(release.examples, self.order[pool])
        release.attempts += 1
        found = learn_then_test(
            confidences,
            ~right,
            confidences,
            self.terms.limit,
            spent_delta(1 - self.terms.certainty, release.attempts),
            fractions=self.plan.shares,
        )
        self.is_spent[pool] = True
        release.confidences += confidences.tolist()
        release.wrong += (~right).tolist()
        release.weights += (1 / self.chances[pool]).tolist()
        is_better = found is not None and found.share > (self.live.share if self.is_on else 0.0)
        if found is not None:
            self.certificates.append(self._certificate(release, found.threshold, found.share))
        self.earning, self.plan = None, None
        if found is None or not is_better:
            if not is_shadow:
                self._start_earning(self.live, self._plan_live())
            return True
        release.approval = Approval(threshold=found.threshold, error_limit=self.terms.limit)
        release.share = found.share
        self.releases += 1
        self.live, self.is_on, self.auto_jobs = release, True, 0
        self.guard = GuardState(limit=self.terms.limit)
        return True

    def _certificate(self, release: _Release, threshold: float, share: float) -> Certificate:
        confidences, _, right = self.agents.answer(release.examples, np.arange(self.agents.predictions.jobs))
        return Certificate(
            at_job=self.done,
            share=share,
            upper_bound=self.terms.limit,
            true_error=float(1 - right[confidences >= threshold].mean()),
        )

    def _try_batch_when_due(self) -> bool:
        if self.plan is not None:
            return False
        seen = np.arange(self.done)
        may_teach = seen[self.is_reviewed[seen] & (~self.is_gate[seen] | self.is_spent[seen])]
        is_known_or_new = self.is_reviewed[seen] | (seen >= self.judged_through)
        gate_jobs = seen[self.is_gate[seen] & ~self.is_spent[seen] & is_known_or_new]
        state = BatchState(
            examples=may_teach.size,
            live_examples=self.live.examples,
            last_try_examples=self.last_try,
            gate_jobs=gate_jobs.size,
            live_accuracy=1 - float(np.average(self.live.wrong, weights=self.live.weights)) if self.live.wrong else 0.0,
        )
        if not is_batch_due(state) or not self._is_worth_it(may_teach.size):
            return False
        self.last_try, self.fitted = may_teach.size, self.fitted + may_teach.size
        self._judge_batch(may_teach.size, gate_jobs)
        return True

    def _is_worth_it(self, examples: int) -> bool:
        if not self.is_on:
            return True
        risk = risk_from_results(self.live.confidences, self.live.wrong, self.live.weights)
        return self._plan_shadow(risk_after_growth(risk, examples / self.live.examples)) is not None

    def _plan_shadow(self, risk: Risk) -> EarningPlan | None:
        return plan_earning(
            risk,
            limit=self.terms.limit,
            certainty=self.terms.certainty,
            attempt=1,
            horizon_jobs=self.done,
            share_now=self.live.share,
            pool_share=GATE_SHARE,
        )

    def _judge_batch(self, examples: int, gate_jobs: NDArray[np.int64]) -> None:
        rows, reviewed = self.order[gate_jobs], self.is_reviewed[gate_jobs]
        confidences, answers, right = self.agents.answer(examples, rows)
        proven_examples = self.live.proven_examples
        proven_cases = None
        if proven_examples != self.live.examples:
            proven_cases = self._pair(proven_examples, rows, reviewed, answers, right)
        report = judge_change(
            self._pair(self.live.examples, rows, reviewed, answers, right),
            account=account_of(self.claims),
            proven_cases=proven_cases,
            lowest=-1.0 if self.live.examples else self.terms.hand_back_cost - 1,
        )
        self.claims += report.claims
        self.reports.append(report)
        self.is_spent[gate_jobs[reviewed]] = True
        self.judged_through = self.done
        if not may_release(report, Lever.EXAMPLES):
            return
        candidate = _Release(
            examples=examples,
            proven_examples=examples if _is_proof(report) else proven_examples,
            confidences=confidences[reviewed].tolist(),
            wrong=(~right[reviewed]).tolist(),
            weights=(1 / self.chances[gate_jobs[reviewed]]).tolist(),
        )
        if not self.is_on:
            self.live, self.releases = candidate, self.releases + 1
            return
        plan = self._plan_shadow(risk_from_confidences(confidences))
        if plan is not None:
            self._start_earning(candidate, plan)

    def _pair(
        self,
        base_examples: int,
        rows: NDArray[np.int64],
        reviewed: NDArray[np.bool_],
        answers: NDArray[np.int64],
        right: NDArray[np.bool_],
    ) -> list[PairedCase]:
        """Each job under a release and the candidate; what a hand-back is worth is known without a review."""
        if not base_examples:
            base, is_known = np.full(rows.size, 1 - self.terms.hand_back_cost), np.ones(rows.size, dtype=bool)
            is_same = np.zeros(rows.size, dtype=bool)
        else:
            _, base_answers, base_right = self.agents.answer(base_examples, rows)
            base, is_known, is_same = base_right.astype(float), reviewed, answers == base_answers
        return [
            PairedCase(
                group=str(row),
                base_score=float(before) if is_base_known else None,
                candidate_score=float(after) if known else None,
                is_same_result=bool(same),
            )
            for row, before, after, same, known, is_base_known in zip(
                rows, base, right, is_same, reviewed, is_known, strict=True
            )
        ]


def _is_proof(report: GateReport) -> bool:
    """Whether a gate has shown the candidate to be better: than the live release, or than the last proven one."""
    return report.verdict is GateVerdict.PROVEN or any(claim.is_allowed for claim in report.claims[1:])
