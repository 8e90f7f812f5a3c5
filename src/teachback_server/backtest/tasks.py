"""Background work of backtests: runs go on and large files are read piece by piece, whatever gets killed."""

from django.utils.module_loading import import_string
from django_tasks import task

_ROOM = "teachback_server.backtest"


@task()
def continue_backtest_now(run_id: int) -> None:
    """Send the next jobs of a run through the loop, then ask for another turn until it is done."""
    # By its name, because the pages that ask for this task must not load agents and statistics with it.
    continue_for_a_while = import_string(f"{_ROOM}.running.continue_for_a_while")
    if continue_for_a_while(run_id):
        continue_backtest_now.enqueue(run_id)


@task()
def read_upload_now(upload_id: int) -> None:
    """Read an uploaded file that is too large to be read while its person waits for the page."""
    import_string(f"{_ROOM}.uploads.read_waiting_upload")(upload_id)
