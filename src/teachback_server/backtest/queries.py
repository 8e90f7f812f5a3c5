"""Reads of backtests: how far a run has come, who works on it, and the figures of one that is done."""

from dataclasses import dataclass

from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from teachback.json_types import Json
from teachback_server.backtest.models import BacktestRun, HistoryUpload
from teachback_server.backtest.reading import UploadState
from teachback_server.backtest.scoring import KeyedOutcome
from teachback_server.improvements.models import Pattern
from teachback_server.people.actor import Actor
from teachback_server.releases.models import LiveRelease
from teachback_server.statistics.intervals import wilson_interval
from teachback_server.workflows.models import Workflow

RECENT_JOBS = 250
MOST_CORRECTED = 3
_OPEN = (TaskResultStatus.READY, TaskResultStatus.RUNNING)


class RunNotDone(LookupError):
    """The run is not done, so it has no figures yet. Let it go on to its end first."""


@dataclass(frozen=True, kw_only=True)
class BacktestProgress:
    """How far a run has come, and how it has done lately."""

    state: str
    done: int
    total: int
    message: str
    recent_jobs: int  # the last ones, of which the next ones tell
    recent_right: int
    recent_low: float  # Wilson interval of right, 95 %
    recent_high: float
    recent_handed_back: int
    recent_wrong: int
    release_number: int  # the one that is live now
    is_under_way: bool  # a worker is at it, or it waits for one
    is_resumable: bool  # its file is kept here, so that the browser can let it go on

    @property
    def recent_share(self) -> float | None:
        """The share of the last jobs that was right; None before there are any."""
        return self.recent_right / self.recent_jobs if self.recent_jobs else None


def find_run(workflow: Workflow) -> BacktestRun | None:
    """The backtest that a workflow came from; None where it came from elsewhere."""
    return BacktestRun.objects.select_related("workflow", "upload").filter(workflow=workflow).first()


def find_progress(workflow: Workflow) -> BacktestProgress | None:
    """The progress of a workflow's backtest; None where it has none."""
    run = find_run(workflow)
    if run is None:
        return None
    done = run.keyed_jobs.count()
    recent = list(run.keyed_jobs.order_by("-job__number").values_list("outcome", flat=True)[:RECENT_JOBS])
    interval = wilson_interval(recent.count(KeyedOutcome.RIGHT), len(recent))
    return BacktestProgress(
        state=run.state,
        done=done,
        total=run.total,
        message=run.message,
        recent_jobs=len(recent),
        recent_right=recent.count(KeyedOutcome.RIGHT),
        recent_low=interval.low,
        recent_high=interval.high,
        recent_handed_back=recent.count(KeyedOutcome.HANDED_BACK),
        recent_wrong=recent.count(KeyedOutcome.WRONG),
        release_number=LiveRelease.objects.values_list("release__number", flat=True).get(workflow=workflow),
        is_under_way=is_run_under_way(run),
        is_resumable=hasattr(run, "upload"),
    )


def get_figures(run: BacktestRun) -> dict[str, Json]:
    """The figures of a run as they stood at its end, whatever came into its workflow since. Raises RunNotDone."""
    if run.figures is None:
        raise RunNotDone(f"The backtest of {run.file_name} is not done, so it has no figures yet.")
    figures: dict[str, Json] = run.figures
    return figures


def list_most_corrected(workflow: Workflow) -> list[str]:
    """What people corrected most often, in words, the most frequent first."""
    patterns = Pattern.objects.filter(workflow=workflow).order_by("-count", "id")
    return list(patterns.values_list("title", flat=True)[:MOST_CORRECTED])


def list_open_uploads(actor: Actor) -> list[HistoryUpload]:
    """The files of a person that may become a backtest and are none yet, the newest first."""
    uploads = HistoryUpload.objects.filter(uploaded_by_id=actor.user_id, run=None)
    return list(uploads.exclude(state=UploadState.REFUSED).order_by("-pk"))


def is_run_under_way(run: BacktestRun) -> bool:
    """Whether a worker is at a run, or it waits for one."""
    return _has_open_task("teachback_server.backtest.tasks.continue_backtest_now", run.pk)


def is_reading_under_way(upload: HistoryUpload) -> bool:
    """Whether a worker reads a file, or it waits for one."""
    return _has_open_task("teachback_server.backtest.tasks.read_upload_now", upload.pk)


def _has_open_task(path: str, number: int) -> bool:
    tasks = DBTaskResult.objects.filter(task_path=path, status__in=_OPEN)
    return tasks.filter(args_kwargs={"args": [number], "kwargs": {}}).exists()
