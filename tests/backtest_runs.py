"""Runs of small histories through the loop, and all that a run leaves behind as one comparable value."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from django.db import transaction

from histories import make_rows, write_jsonl
from teachback.json_types import Json
from teachback_server.backtest.actions import BacktestSettings, PreparedFile, prepare_file, start_backtest
from teachback_server.backtest.driver import Progress
from teachback_server.backtest.models import BacktestRun
from teachback_server.backtest.running import continue_backtest
from teachback_server.evals.models import Case, CaseResult, Gate
from teachback_server.improvements.models import Change, Pattern
from teachback_server.people.actor import SYSTEM
from teachback_server.people.models import AuditEvent
from teachback_server.releases.models import Example, ReleaseEvent
from teachback_server.reviews.models import Correction, Review
from teachback_server.workflows.models import Workflow

WANTED = BacktestSettings(workflow="messages", error_limit=0.2, certainty=0.8)
ROWS = 256


def write_history(folder: Path, count: int = ROWS, *, slips: float = 0.0) -> Path:
    """A history in which the queue follows from the message, so that much of it can be learned soon."""
    return write_jsonl(folder / "history.jsonl", make_rows(count, slips=slips))


def begin(path: Path, wanted: BacktestSettings = WANTED) -> tuple[BacktestRun, PreparedFile]:
    """What the command does before the first job."""
    prepared = prepare_file(path, wanted.mapping)
    return start_backtest(SYSTEM, prepared, wanted), prepared


def go_through(
    path: Path, wanted: BacktestSettings = WANTED, on_progress: Progress = lambda done, total: None
) -> BacktestRun:
    """Give the command once; it goes on where it was stopped, with nothing in memory from before."""
    run, prepared = begin(path, wanted)
    continue_backtest(SYSTEM, run, prepared, on_progress)
    return run


def list_traces(run: BacktestRun) -> dict[str, Sequence[Json]]:
    """All that a run has stored, without row numbers, moments of the clock and computing time."""
    workflow = run.workflow
    figures = {name: value for name, value in (run.figures or {}).items() if name != "cpu_seconds"}
    return {
        "figures": [run.state, figures],
        "jobs": _values(
            workflow.jobs.order_by("number"),
            "number external_id status output confidence routing routing_reason review_probability release__number"
            " is_test_case is_waiting finished_at",
        ),
        "answer key": _values(run.keyed_jobs.order_by("job__number"), "job__number outcome fields"),
        "reviews": _values(
            _of(Review, workflow).order_by("job__number"), "job__number verdict output reason__code decided_at"
        ),
        "corrections": _values(
            Correction.objects.filter(review__workflow=workflow).order_by("review__job__number", "field"),
            "review__job__number field kind",
        ),
        "releases": _values(workflow.releases.order_by("number"), "number parent__number lever change content_hash"),
        "events": _values(_of(ReleaseEvent, workflow).order_by("pk"), "kind release__number from_job why"),
        "gates": _values(
            _of(Gate, workflow).order_by("pk"), "candidate__number base__number lever verdict cases report"
        ),
        "cases": _values(
            _of(Case, workflow).order_by("job__number"),
            "job__number split expected was_right spent_by__candidate__number taught__number",
        ),
        "results": _values(
            CaseResult.objects.filter(run__workflow=workflow).order_by("run__pk", "case__job__number"),
            "case__job__number status is_right confidence run__release__number",
        ),
        "examples": _values(_of(Example, workflow).order_by("content_hash"), "content_hash input output"),
        "patterns": _values(_of(Pattern, workflow).order_by("key"), "key count state first_job last_job"),
        "changes": _values(_of(Change, workflow).order_by("pk"), "lever title state candidate__number"),
        "acts": _values(AuditEvent.objects.filter(workflow_id=workflow.pk).order_by("pk"), "kind subject"),
    }


@contextmanager
def rolled_back() -> Iterator[None]:
    """Let everything that is written meanwhile be forgotten; history cannot be deleted otherwise."""
    with transaction.atomic(), transaction.atomic(using="traces"):
        yield
        transaction.set_rollback(True)
        transaction.set_rollback(True, using="traces")


def named(name: str, wanted: BacktestSettings = WANTED) -> BacktestSettings:
    """The same settings for a workflow of another name."""
    return replace(wanted, workflow=name)


def _of(model, workflow: Workflow):  # type: ignore[no-untyped-def]
    return model.objects.filter(workflow=workflow)


def _values(rows, fields: str) -> list[Json]:  # type: ignore[no-untyped-def]
    return [list(row) for row in rows.values_list(*fields.split())]
