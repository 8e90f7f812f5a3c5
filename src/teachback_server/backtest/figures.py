"""Measures a run that went to its end: the figures that `--json` writes and the page of the run shows."""

from teachback.json_types import Json
from teachback.vocabulary import ReviewVerdict, RoutingKind
from teachback_server.backtest.models import BacktestRun
from teachback_server.backtest.scoring import (
    FIRST_JOBS,
    KeyedOutcome,
    KeyedResult,
    curve_of,
    field_scores,
    last_slice,
    rate_of,
    true_auto_error,
)
from teachback_server.improvements.models import Change, Pattern
from teachback_server.releases.models import ReleaseEvent
from teachback_server.reviews.models import Review
from teachback_server.statistics.intervals import clopper_pearson_upper
from teachback_server.workflows.models import Workflow

AUTO_KINDS = (RoutingKind.AUTO, RoutingKind.AUDIT)
ERROR_CERTAINTY = 0.05  # one-sided level of the bound on the error of jobs that skipped review


def measure_run(run: BacktestRun) -> dict[str, Json]:
    """All figures of a run, in the form that `teachback backtest --json` writes (see the README)."""
    results = _list_results(run)
    return {
        "jobs": len(results),
        "reviewed": sum(result.is_reviewed for result in results),
        "auto": sum(result.is_auto for result in results),
        "cpu_seconds": round(run.cpu_seconds, 2),
        "first": rate_of(results[:FIRST_JOBS]),
        "last": rate_of(last_slice(results)),
        "curve": curve_of(results),
        "fields": field_scores(last_slice(results)),
        "releases": _list_releases(run.workflow),
        "auto_error": _audited_error(run.workflow),
        "auto_true": true_auto_error(results),
        "patterns": Pattern.objects.filter(workflow=run.workflow).count(),
    }


def _list_results(run: BacktestRun) -> list[KeyedResult]:
    rows = run.keyed_jobs.order_by("job__number").values_list(
        "job__number", "outcome", "job__routing", "job__release__number", "fields"
    )
    return [
        KeyedResult(
            number=number,
            outcome=KeyedOutcome(outcome),
            is_reviewed=routing in (RoutingKind.REVIEW, RoutingKind.AUDIT),
            is_auto=routing in AUTO_KINDS,
            release=release,
            fields=fields,
        )
        for number, outcome, routing, release, fields in rows.iterator(chunk_size=2000)
    ]


def _list_releases(workflow: Workflow) -> list[dict[str, Json]]:
    changes = {
        change.candidate_id: change for change in Change.objects.filter(workflow=workflow).select_related("gate")
    }
    events = ReleaseEvent.objects.filter(workflow=workflow, kind="went_live").select_related("release").order_by("id")
    return [_release_row(event, changes.get(event.release_id)) for event in events]


def _release_row(event: ReleaseEvent, change: Change | None) -> dict[str, Json]:
    gate = change.gate if change else None
    return {
        "number": event.release.number,
        "from_job": event.from_job,
        "lever": event.release.lever or None,
        "changes": event.release.change,
        "verdict": gate.verdict if gate else None,
        "evidence_jobs": gate.cases if gate else 0,
    }


def _audited_error(workflow: Workflow) -> dict[str, Json]:
    audits = Review.objects.filter(workflow=workflow, job__routing=RoutingKind.AUDIT)
    audited = audits.count()
    errors = audits.exclude(verdict=ReviewVerdict.ACCEPTED).count()
    return {
        "errors": errors,
        "audited": audited,
        "estimate": errors / audited if audited else None,
        "upper": clopper_pearson_upper(errors, audited, ERROR_CERTAINTY) if audited else None,
    }
