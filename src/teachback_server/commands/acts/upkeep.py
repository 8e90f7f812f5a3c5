"""What a worker sees to every few seconds: lost tasks, tallies, and workflows in which people decided something."""

from pathlib import Path

from teachback_server.backtest.models import BacktestRun
from teachback_server.commands.acts.lost_tasks import take_back_lost_tasks
from teachback_server.improvements.tasks import advance_workflow_now, list_workflows_to_advance
from teachback_server.results.actions import tally_all_work


def see_to_everything(worker_folder: Path) -> None:
    """One round. Raises OperationalError while the database is busy; the next round makes up for it."""
    take_back_lost_tasks(worker_folder)
    # A backtest lets its own loop learn, by its own clock.
    under_way = set(BacktestRun.objects.filter(state="running").values_list("workflow_id", flat=True))
    for workflow_id in list_workflows_to_advance():
        if workflow_id not in under_way:
            advance_workflow_now.enqueue(workflow_id)
    tally_all_work()
