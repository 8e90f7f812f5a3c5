"""Lets a backtest go on to its end. It loads agents and statistics, so pages do not import it."""

import logging
import time

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from teachback_server.agents.open_releases import OpenReleases
from teachback_server.backtest.actions import PreparedFile, note_failure
from teachback_server.backtest.driver import Driver, Progress, order_rows
from teachback_server.backtest.figures import measure_run
from teachback_server.backtest.models import BacktestRun
from teachback_server.backtest.process_locks import hold_run
from teachback_server.backtest.uploads import UploadGone, prepare_file_of_run
from teachback_server.people.actor import SYSTEM, Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.results.actions import tally_work

PIECE_SECONDS = 20.0
READINGS_PER_PIECE = 4  # a piece lasts at least this many times as long as reading its file again took

logger = logging.getLogger("teachback.backtest")


def continue_backtest(actor: Actor, run: BacktestRun, prepared: PreparedFile, on_progress: Progress) -> None:
    """Send what is left of a file through the loop, until its end or a pause. A finished run stays as it is."""
    if run.state == "done":
        return
    rows = order_rows(prepared.rows, run.settings["seed"])
    driver = Driver(run=run, workflow=run.workflow, rows=rows, agents=OpenReleases(settings.MODELS_FOLDER))
    if not driver.continue_run(on_progress):
        return
    figures = measure_run(run)
    with transaction.atomic():
        run.state = "done"
        run.finished_at = timezone.now()
        run.figures = figures
        run.save(update_fields=["state", "finished_at", "figures"])
        record_act(actor, Act.BACKTEST_FINISHED, run.file_name, workflow_id=run.workflow_id)
    tally_work(run.workflow)


def continue_for_a_while(run_id: int) -> bool:
    """Continue a run that was started in the browser for some seconds. Returns whether it needs another turn.

    Does nothing while another worker is at it; that one asks for the next turn itself.
    """
    with hold_run(run_id) as is_held:
        run = BacktestRun.objects.select_related("workflow").filter(pk=run_id, state="running").first()
        if run is None or not is_held:
            return False
        try:
            _continue_piece(run)
        except Exception as error:
            note_failure(
                run,
                f"The program stopped at an error ({type(error).__name__}: {error}). All jobs done so far are kept. "
                "Press “Go on” to try again; if it stops at the same place, show this text to whoever runs Teachback.",
            )
            raise
        return run.state == "running"


def _continue_piece(run: BacktestRun) -> None:
    started = time.monotonic()
    try:
        prepared = prepare_file_of_run(run)
    except UploadGone as gone:
        note_failure(run, str(gone))
        return
    read_seconds = time.monotonic() - started
    until = time.monotonic() + max(PIECE_SECONDS, READINGS_PER_PIECE * read_seconds)
    continue_backtest(SYSTEM, run, prepared, lambda done, total: time.monotonic() < until)
