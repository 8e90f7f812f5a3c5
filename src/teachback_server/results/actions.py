"""What may happen to results: work is tallied in blocks, so that pages of a long history stay quick."""

from collections.abc import Sequence
from typing import TypeVar

from django.db import models, transaction
from django.db.models import QuerySet

from teachback.vocabulary import JobStatus
from teachback_server.jobs.models import Outcome
from teachback_server.results.counts import (
    TALLIED_SLICE_JOBS,
    Horizon,
    find_horizon,
    group_jobs,
    group_reasons,
    group_reviews,
    outcome_changes,
)
from teachback_server.results.models import JobTally, OutcomeTally, ReasonTally, ReviewTally, TallyCursor
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn

BLOCK_ROWS = 2000  # fewer new rows are counted when a page asks

_Row = TypeVar("_Row", bound=models.Model)


def tally_work(workflow: Workflow, *, block_rows: int = BLOCK_ROWS) -> int:
    """Count whole blocks of new jobs, reviews and later words into the tallies; returns how many blocks.

    Blocks are only ever added, each in a transaction of its own together with the cursor, so a killed process repeats
    at most one. Two processes at once: the second one finds the cursor moved and leaves the block to the first. No
    act of a person and nothing of anybody's history changes here, so nothing goes to the audit trail.
    """
    TallyCursor.objects.get_or_create(workflow=workflow)
    blocks = 0
    for tally_block in (_tally_jobs, _tally_reviews, _tally_outcomes):
        while tally_block(workflow, find_horizon(workflow), block_rows):
            blocks += 1
    return blocks


def tally_all_work() -> int:
    """Do `tally_work` for every workflow; cheap where nothing is new. For the worker's rounds."""
    return sum(tally_work(workflow) for workflow in Workflow.objects.order_by("pk"))


def _tally_jobs(workflow: Workflow, horizon: Horizon, block_rows: int) -> bool:
    new = workflow.jobs.filter(pk__gt=horizon.job_id)
    until = _find_end_of_block(new, block_rows)
    if until is None:
        return False
    block = new.filter(pk__lte=until)
    if block.filter(status=JobStatus.RUNNING).exists():
        return False  # a job counts once it has ended; until then the block is counted when a page asks
    names = ("slice", "release_id", "month", "status", "routing", "probability", "jobs", "tokens", "cost_usd")
    rows = [
        JobTally(workflow=workflow, until_id=until, **dict(zip(names, row, strict=True)))
        for row in group_jobs(block, TALLIED_SLICE_JOBS)
    ]
    return _store_block(workflow, [rows], "last_job_id", horizon.job_id, until)


def _tally_reviews(workflow: Workflow, horizon: Horizon, block_rows: int) -> bool:
    # Within the turn nobody takes back a decision between its being counted here and the cursor's moving past it.
    with transaction.atomic():
        take_turn(workflow.pk)
        return _tally_reviews_in_turn(workflow, horizon, block_rows)


def _tally_reviews_in_turn(workflow: Workflow, horizon: Horizon, block_rows: int) -> bool:
    new = workflow.reviews.filter(pk__gt=horizon.review_id)
    until = _find_end_of_block(new, block_rows)
    if until is None:
        return False
    block = new.filter(pk__lte=until)
    how_it_ended = ("slice", "release_id", "month", "status", "routing", "probability")
    names = (*how_it_ended, "verdict", "jobs", "seconds", "timed")
    decided = [
        ReviewTally(workflow=workflow, until_id=until, **dict(zip(names, row, strict=True)))
        for row in group_reviews(block, TALLIED_SLICE_JOBS)
    ]
    reason_names = ("status", "routing", "probability", "reason_code", "jobs")
    reasons = [
        ReasonTally(workflow=workflow, until_id=until, **dict(zip(reason_names, row, strict=True)))
        for row in group_reasons(block)
    ]
    return _store_block(workflow, [decided, reasons], "last_review_id", horizon.review_id, until)


def _tally_outcomes(workflow: Workflow, horizon: Horizon, block_rows: int) -> bool:
    # An outcome knows no workflow, so its blocks are cut from the words about all of them. Within the turn no word
    # about this one is on its way with a smaller id.
    with transaction.atomic():
        take_turn(workflow.pk)
        until = _find_end_of_block(Outcome.objects.filter(pk__gt=horizon.outcome_id), block_rows)
    if until is None:
        return False
    names = ("routing", "is_used", "jobs", "worth_usd")
    rows = [
        OutcomeTally(workflow=workflow, until_id=until, **dict(zip(names, row, strict=True)))
        for row in outcome_changes(workflow, horizon.outcome_id, until)
    ]
    return _store_block(workflow, [rows], "last_outcome_id", horizon.outcome_id, until)


def _find_end_of_block(new: QuerySet[_Row], block_rows: int) -> int | None:
    ends = new.order_by("pk").values_list("pk", flat=True)[block_rows - 1 : block_rows]
    return next(iter(ends), None)


def _store_block(
    workflow: Workflow, tables: Sequence[Sequence[models.Model]], cursor: str, before: int, until: int
) -> bool:
    with transaction.atomic():
        is_ours = TallyCursor.objects.filter(workflow=workflow, **{cursor: before}).update(**{cursor: until})
        for rows in tables if is_ours else ():
            if rows:
                type(rows[0])._default_manager.bulk_create(rows, batch_size=500)
    return bool(is_ours)
