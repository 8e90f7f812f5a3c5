"""Reads of backtests: how far a run has come, and the figures of one that is done."""

from dataclasses import dataclass

from teachback.json_types import Json
from teachback_server.backtest.models import BacktestRun
from teachback_server.workflows.models import Workflow


class RunNotDone(LookupError):
    """The run is not done, so it has no figures yet. Let it go on to its end first."""


@dataclass(frozen=True, kw_only=True)
class BacktestProgress:
    """How far a run has come."""

    state: str
    done: int
    total: int
    message: str


def find_progress(workflow: Workflow) -> BacktestProgress | None:
    """The progress of a workflow's backtest; None where it has none."""
    run = BacktestRun.objects.filter(workflow=workflow).first()
    if run is None:
        return None
    return BacktestProgress(state=run.state, done=run.keyed_jobs.count(), total=run.total, message=run.message)


def get_figures(run: BacktestRun) -> dict[str, Json]:
    """The figures of a run as they stood at its end, whatever came into its workflow since. Raises RunNotDone."""
    if run.figures is None:
        raise RunNotDone(f"The backtest of {run.file_name} is not done, so it has no figures yet.")
    figures: dict[str, Json] = run.figures
    return figures
