"""The demo: a sample support desk goes through the whole loop, and leaves a queue for whoever looks at the pages."""

from pathlib import Path

from django.conf import settings

from teachback_server.agents.open_releases import OpenReleases
from teachback_server.agents.pipeline import run_release
from teachback_server.agents.protocol import JobInput
from teachback_server.backtest.actions import (
    BacktestSettings,
    boundary_of_file,
    prepare_file,
    start_backtest,
)
from teachback_server.backtest.driver import Progress
from teachback_server.backtest.models import BacktestRun
from teachback_server.backtest.running import continue_backtest
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs
from teachback_server.people.actor import Actor
from teachback_server.releases.queries import get_live_state
from teachback_server.workflows.boundary import Boundary
from teachback_server.workflows.models import Workflow

SAMPLE_FOLDER = Path(__file__).parent / "sample"
# In this order of the sample both levers move within its 300 messages; in 12 of 20 orders autonomy would take more.
_ORDER = 9
DEMO_SETTINGS = BacktestSettings(
    workflow="support-desk-sample", agent="local", review="policy", error_limit=0.10, certainty=0.80, seed=_ORDER
)


def run_demo(actor: Actor, on_progress: Progress) -> BacktestRun:
    """Send the sample desk's past through the loop and its new messages to the queue; again is harmless."""
    prepared = prepare_file(SAMPLE_FOLDER / "support_desk.jsonl", DEMO_SETTINGS.mapping)
    boundary = _sample_boundary(boundary_of_file(prepared, DEMO_SETTINGS))
    run = start_backtest(actor, prepared, DEMO_SETTINGS, boundary=boundary)
    continue_backtest(actor, run, prepared, on_progress)
    _give_new_messages(actor, run.workflow)
    return run


def _sample_boundary(inferred: Boundary) -> Boundary:
    return Boundary(
        name=inferred.name,
        title="Support desk (sample data)",
        input_schema=inferred.input_schema,
        output_schema=inferred.output_schema,
        finished_means="Queue, urgency, order number and the need for approval of a refund are right.",
        hands_back_when="The agent has no reviewed examples to go by.",
        next_step="The team of the queue answers the customer.",
        error_limit=DEMO_SETTINGS.error_limit,
        certainty=DEMO_SETTINGS.certainty,
        hand_back_cost=DEMO_SETTINGS.hand_back_cost,
    )


def _give_new_messages(actor: Actor, workflow: Workflow) -> None:
    """Today's messages, done by the agent under the live release; those that need a person wait in the queue."""
    rows = prepare_file(SAMPLE_FOLDER / "support_desk_waiting.jsonl", DEMO_SETTINGS.mapping).rows
    known = set(workflow.jobs.values_list("external_id", flat=True))
    new = [row for row in rows if row.external_id not in known]
    if not new:
        return
    live = get_live_state(workflow)
    opened = OpenReleases(settings.MODELS_FOLDER).open(live.release)
    results = run_release(opened.agent, opened.bundle, [JobInput(input=row.input) for row in new])
    arrivals = [Arrival(external_id=row.external_id, input=row.input) for row in new]
    record_ended_jobs(actor, workflow, live, arrivals, results, source=JobSource.AGENT)
