"""Sends history through the very loop that live work goes through: only the clock and the reviewer are replaced."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction

from teachback.vocabulary import JobStatus, ReviewVerdict
from teachback_server.agents.open_releases import OpenReleases
from teachback_server.agents.pipeline import run_release
from teachback_server.agents.protocol import AgentResult, JobInput
from teachback_server.backtest.clock import moment_of
from teachback_server.backtest.models import BacktestRun, KeyedJob
from teachback_server.backtest.scoring import KeyedOutcome, count_fields
from teachback_server.improvements.actions import advance_workflow
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs, record_outcome
from teachback_server.jobs.history_row import HistoryRow
from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor
from teachback_server.releases.queries import get_live_state
from teachback_server.reviews.actions import Decision, decide_reviews
from teachback_server.reviews.answer_key import reason_by_key, verdict_by_key
from teachback_server.workflows.models import Workflow

CHUNK_JOBS = 32  # jobs between two looks of the loop at what people decided
ANSWER_KEY = Actor(name="answer key", is_system=True)
EVERYTHING = "all"

Progress = Callable[[int, int], bool | None]  # told (done, total); False asks the run to pause


@dataclass(frozen=True, kw_only=True)
class Driver:
    """One run on its way: the rows in their order, and the agents that are open."""

    run: BacktestRun
    workflow: Workflow
    rows: Sequence[HistoryRow]
    agents: OpenReleases

    def continue_run(self, on_progress: Progress) -> bool:
        """Do what is left and return True, or False if asked to pause.

        Every act is stored before the next one, so a run that was killed or paused goes on where it stood.
        """
        rows_by_id = {row.external_id: row for row in self.rows}
        self._review_and_learn(rows_by_id)
        done = self.run.keyed_jobs.count()
        while done < len(self.rows):
            started = time.process_time()
            chunk = self.rows[done : done + CHUNK_JOBS]
            self._do_jobs(chunk, done)
            self._review_and_learn(rows_by_id)
            done += len(chunk)
            self._add_cpu_seconds(time.process_time() - started)
            if on_progress(done, len(self.rows)) is False and done < len(self.rows):
                return False
        return True

    def _do_jobs(self, chunk: Sequence[HistoryRow], done: int) -> None:
        live = get_live_state(self.workflow)
        opened = self.agents.open(live.release)
        results = run_release(opened.agent, opened.bundle, [_job_input(row) for row in chunk])
        arrivals = [_arrival(row, done + offset) for offset, row in enumerate(chunk)]
        with transaction.atomic():
            jobs = record_ended_jobs(ANSWER_KEY, self.workflow, live, arrivals, results, source=JobSource.BACKTEST)
            KeyedJob.objects.bulk_create(
                [self._keyed_job(job, result, row) for job, result, row in zip(jobs, results, chunk, strict=True)]
            )
            for job, row in zip(jobs, chunk, strict=True):
                if row.used is not None:
                    record_outcome(ANSWER_KEY, job, is_used=row.used, at=job.finished_at)

    def _keyed_job(self, job: Job, result: AgentResult, row: HistoryRow) -> KeyedJob:
        return KeyedJob(
            job=job,
            run=self.run,
            outcome=_keyed_outcome(result, row),
            fields=count_fields(result.output, row.output, self.workflow.output_schema),
        )

    def _review_and_learn(self, rows_by_id: dict[str, HistoryRow]) -> None:
        # Live work may come in meanwhile; the answer key knows nothing of it, and people decide it.
        waiting = list(self.workflow.jobs.filter(is_waiting=True, source=JobSource.BACKTEST).order_by("number"))
        for job in waiting:
            job.workflow = self.workflow
        if waiting:
            codes = list(self.workflow.reasons.filter(is_offered=True).values_list("code", flat=True))
            decisions = [_decide(job, rows_by_id[job.external_id], codes) for job in waiting]
            decide_reviews(ANSWER_KEY, self.workflow, decisions)
        last = self.workflow.jobs.order_by("-number").values_list("finished_at", flat=True).first()
        if last is not None:
            advance_workflow(
                self.workflow, self.agents, now=last, may_certify=self.run.settings["review"] != EVERYTHING
            )

    def _add_cpu_seconds(self, seconds: float) -> None:
        self.run.cpu_seconds += seconds
        BacktestRun.objects.filter(pk=self.run.pk).update(cpu_seconds=self.run.cpu_seconds)


def order_rows(rows: Sequence[HistoryRow], seed: int | None) -> list[HistoryRow]:
    """The rows in the file's order, or shuffled by a seed in a way that no library version can change."""
    if seed is None:
        return list(rows)
    return sorted(rows, key=lambda row: hashlib.sha256(f"{seed}:{row.external_id}".encode()).digest())


def _job_input(row: HistoryRow) -> JobInput:
    return JobInput(input=row.input, draft=row.draft, confidence=row.confidence)


def _arrival(row: HistoryRow, position: int) -> Arrival:
    return Arrival(
        external_id=row.external_id,
        input=row.input,
        group=row.group or "",
        at=moment_of(row, position),
        draft=row.draft,
        draft_confidence=row.confidence,
    )


def _keyed_outcome(result: AgentResult, row: HistoryRow) -> KeyedOutcome:
    if result.status is not JobStatus.FINISHED:
        return KeyedOutcome.HANDED_BACK
    is_right = verdict_by_key(result.output, row.output) is ReviewVerdict.ACCEPTED
    return KeyedOutcome.RIGHT if is_right else KeyedOutcome.WRONG


def _decide(job: Job, row: HistoryRow, reason_codes: Sequence[str]) -> Decision:
    verdict = verdict_by_key(job.output, row.output)
    is_right = verdict is ReviewVerdict.ACCEPTED
    schema = job.workflow.output_schema
    reason = "" if is_right else reason_by_key(job.output, row.output, schema, reason_codes)
    return Decision(
        job=job,
        verdict=verdict,
        idempotency_key=f"backtest:{job.pk}",
        output=None if is_right else row.output,
        reason_code=reason,
        would_recur=None if is_right else True,
        seconds=row.seconds,
        decided_at=job.finished_at,
    )
