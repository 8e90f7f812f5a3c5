"""What a worker sees to every few seconds: lost tasks, tallies, feedback, disputes, overdue jobs, new decisions."""

from pathlib import Path

from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from teachback_server.backtest.models import BacktestRun
from teachback_server.commands.acts.lost_tasks import take_back_lost_tasks
from teachback_server.improvements.tasks import advance_workflow_now, list_workflows_to_advance
from teachback_server.results.actions import tally_all_work
from teachback_server.results.settling import settle_disputes
from teachback_server.reviews.agreement.freezing import see_to_freezes
from teachback_server.reviews.passing_on import pass_on_overdue
from teachback_server.reviews.span_feedback import take_verdicts


def see_to_everything(worker_folder: Path) -> None:
    """One round. Raises OperationalError while the database is busy; the next round makes up for it."""
    take_back_lost_tasks(worker_folder)
    take_verdicts()
    settle_disputes()
    see_to_freezes()
    pass_on_overdue()
    _ask_for_next_steps()
    tally_all_work()


def _ask_for_next_steps() -> None:
    # A backtest lets its own loop learn, by its own clock, also when it goes on after it was stopped.
    unfinished = set(BacktestRun.objects.exclude(state="done").values_list("workflow_id", flat=True))
    to_advance = [pk for pk in list_workflows_to_advance() if pk not in unfinished]
    asked_for = _list_asked_for() if to_advance else set()
    for workflow_id in to_advance:
        if workflow_id not in asked_for:
            advance_workflow_now.enqueue(workflow_id)


def _list_asked_for() -> set[int]:
    """The ids of workflows whose next step waits in the queue or is being taken: one turn reads all decisions."""
    tasks = DBTaskResult.objects.filter(
        task_path=advance_workflow_now.module_path, status__in=[TaskResultStatus.READY, TaskResultStatus.RUNNING]
    )
    return {args_kwargs["args"][0] for args_kwargs in tasks.values_list("args_kwargs", flat=True)}
