"""Background work of backtests: a run that was started in the browser goes on piece by piece, whatever gets killed."""

import time
from pathlib import Path

from django.conf import settings
from django_tasks import task

from teachback_server.backtest.actions import continue_backtest, find_kept_file, note_failure, prepare_file, settings_of
from teachback_server.backtest.models import BacktestRun
from teachback_server.people.actor import SYSTEM

PIECE_SECONDS = 20.0


@task()
def continue_backtest_now(run_id: int) -> None:
    """Send the next jobs of a run through the loop for a few seconds, then ask for another turn until it is done."""
    run = BacktestRun.objects.select_related("workflow").filter(pk=run_id).first()
    if run is None or run.state != "running":
        return
    kept: Path | None = find_kept_file(run)
    if kept is None:
        note_failure(run, f"The file {run.file_name} is no longer in {settings.UPLOADS_FOLDER}. Upload it again.")
        return
    until = time.monotonic() + PIECE_SECONDS
    prepared = prepare_file(kept, settings_of(run).mapping)
    continue_backtest(SYSTEM, run, prepared, lambda done, total: time.monotonic() < until)
    if run.state == "running":
        continue_backtest_now.enqueue(run.pk)
