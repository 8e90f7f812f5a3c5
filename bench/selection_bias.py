"""A month in which people look at doubtful jobs and a few audits: does the shown override rate cover the truth?

Run `python bench/selection_bias.py`. Each seed is a workflow of its own, whose jobs go through the product's own acts:
recorded under a release that lets sure jobs skip review, decided where they wait, and read from the Results page.
The agent is wrong the more often the less sure it is, so the reviewed jobs are the worse ones. Promised: the interval
of the page covers the true share of wrong outputs in at least 93 % of 200 seeds, and the one of the reviewed jobs
alone in fewer than 5 %.
"""

import argparse
import atexit
import json
import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

HOME = tempfile.mkdtemp(prefix="bench-selection-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ.update(
    TEACHBACK_HOME=HOME,
    TEACHBACK_SQLITE_SYNCHRONOUS="NORMAL",
    DJANGO_SETTINGS_MODULE="teachback_server.project.settings",
)
django.setup()

from teachback.json_types import JsonObject  # noqa: E402 — tables need django.setup first
from teachback.release_document import Approval, ReleaseDocument  # noqa: E402
from teachback.vocabulary import JobStatus, Lever, ReviewVerdict  # noqa: E402
from teachback_server.agents.protocol import AgentResult  # noqa: E402
from teachback_server.commands.acts.prepare import bring_tables_up_to_date  # noqa: E402
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs  # noqa: E402
from teachback_server.jobs.models import Job  # noqa: E402
from teachback_server.people.actor import SYSTEM  # noqa: E402
from teachback_server.releases.actions import make_release, open_workflow, put_live  # noqa: E402
from teachback_server.releases.queries import get_live_state  # noqa: E402
from teachback_server.results.actions import tally_work  # noqa: E402
from teachback_server.results.queries import read_results  # noqa: E402
from teachback_server.reviews.actions import Decision, decide_reviews  # noqa: E402
from teachback_server.statistics.intervals import wilson_interval  # noqa: E402
from teachback_server.workflows.boundary import Boundary  # noqa: E402
from teachback_server.workflows.models import Workflow  # noqa: E402

SEEDS, JOBS = 200, 1200
COVERS_AT_LEAST, ALONE_COVERS_BELOW = 0.93, 0.05
_BEGAN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Month:
    """What one month came to."""

    truth: float
    reviewed: int
    shown: float
    shown_low: float
    shown_high: float
    alone: float  # of the reviewed jobs, as they are
    alone_low: float
    alone_high: float


def main() -> int:
    """Print how often either interval covers the truth; exit 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--jobs", type=int, default=JOBS, help="of a month")
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    bring_tables_up_to_date()
    began = time.process_time()
    months = [play_month(seed, wanted.jobs) for seed in range(wanted.seeds)]
    if wanted.json:
        wanted.json.write_text(json.dumps([asdict(month) for month in months], indent=1))
    shown = sum(month.shown_low <= month.truth <= month.shown_high for month in months) / len(months)
    alone = sum(month.alone_low <= month.truth <= month.alone_high for month in months) / len(months)
    mean = {name: sum(asdict(month)[name] for month in months) / len(months) for name in ("truth", "shown", "alone")}
    reviewed = sum(month.reviewed for month in months) / len(months)
    print(
        f"{len(months)} months of {wanted.jobs} jobs, {reviewed:.0f} reviewed; {time.process_time() - began:.0f} CPU-s"
    )
    print(f"wrong in truth {mean['truth']:.3f}, shown {mean['shown']:.3f}, of the reviewed alone {mean['alone']:.3f}")
    print(f"covers the truth: shown {shown:.1%} of months, reviewed alone {alone:.1%}")
    return 0 if shown >= COVERS_AT_LEAST and alone < ALONE_COVERS_BELOW else 1


def play_month(seed: int, jobs: int) -> Month:
    """One workflow, from its release to what its Results page shows."""
    draws = random.Random(seed)
    sure = [draws.betavariate(5, 1.3) for _ in range(jobs)]
    wrong = [draws.random() < 0.03 + 0.55 * (1 - one) for one in sure]
    workflow = _open_workflow(seed)
    recorded = _record(workflow, sure)
    reviewed = [(job, is_wrong) for job, is_wrong in zip(recorded, wrong, strict=True) if job.is_waiting]
    decide_reviews(SYSTEM, workflow, [_decide(job, is_wrong) for job, is_wrong in reviewed])
    tally_work(workflow)
    shown = read_results(workflow).current.overridden
    corrected = sum(is_wrong for _, is_wrong in reviewed)
    alone = wilson_interval(corrected, len(reviewed))
    return Month(
        truth=sum(wrong) / jobs,
        reviewed=len(reviewed),
        shown=shown.estimate or 0.0,
        shown_low=shown.low,
        shown_high=shown.high,
        alone=corrected / len(reviewed),
        alone_low=alone.low,
        alone_high=alone.high,
    )


def _open_workflow(seed: int) -> Workflow:
    """A workflow whose live release lets jobs of which the agent is sure enough skip review."""
    text: JsonObject = {"type": "object", "properties": {"text": {"type": "string"}}}
    boundary = Boundary(name=f"month-{seed}", title=f"Month {seed}", input_schema=text, output_schema=text)
    workflow, first = open_workflow(SYSTEM, boundary, salt=f"salt {seed}", at=_BEGAN - timedelta(days=1))
    approval = Approval(threshold=0.7, error_limit=0.15, certainty=0.9, certified_from_jobs=300, certified_errors=20)
    document = ReleaseDocument(workflow=workflow.name, instructions="", approval=approval)
    release = make_release(
        SYSTEM, workflow, document, parent=first, lever=Lever.APPROVAL, change="Sure jobs skip review"
    )
    put_live(SYSTEM, release, from_job=1, why="It was certified.")
    return workflow


def _record(workflow: Workflow, sure: list[float]) -> list[Job]:
    arrivals = [
        Arrival(external_id=f"job-{n}", input={"text": f"Message {n}"}, at=_BEGAN + timedelta(minutes=30 * n))
        for n in range(len(sure))
    ]
    results = [
        AgentResult(status=JobStatus.FINISHED, output={"text": f"Answer {n}"}, confidence=one)
        for n, one in enumerate(sure)
    ]
    return record_ended_jobs(SYSTEM, workflow, get_live_state(workflow), arrivals, results, source=JobSource.AGENT)


def _decide(job: Job, is_wrong: bool) -> Decision:
    verdict = ReviewVerdict.CORRECTED if is_wrong else ReviewVerdict.ACCEPTED
    return Decision(
        job=job,
        verdict=verdict,
        idempotency_key=f"{job.pk}",
        output={"text": "Another answer"} if is_wrong else None,
        reason_code="other" if is_wrong else "",
        decided_at=job.finished_at,
    )


if __name__ == "__main__":
    sys.exit(main())
