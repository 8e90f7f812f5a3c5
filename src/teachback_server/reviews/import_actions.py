"""Brings finished work from a file into a workflow: as jobs that were done elsewhere, each with a person's decision."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from django.db import transaction

from teachback.json_types import JsonObject, canonical_json
from teachback.vocabulary import JobStatus, ReviewVerdict
from teachback_server.agents.protocol import AgentResult
from teachback_server.jobs.actions import Arrival, JobSource, OutcomeWord, record_ended_jobs, record_outcomes
from teachback_server.jobs.history_file import ColumnMapping, HistoryRow, RefusedRow, read_history
from teachback_server.jobs.history_row import RowRefused
from teachback_server.jobs.history_text import FileKind, detect_format
from teachback_server.jobs.models import Job
from teachback_server.jobs.refused_rows import write_refused_rows
from teachback_server.people.actor import Actor
from teachback_server.releases.queries import get_live_state
from teachback_server.reviews.actions import Decision, decide_reviews
from teachback_server.reviews.answer_key import reason_by_key, verdict_by_key
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.schema_check import list_row_problems
from teachback_server.workflows.turns import take_turn
from teachback_server.workflows.typed_cells import type_cells

BATCH_ROWS = 200
DONE_BY_A_PERSON = "A person did this job; no agent tried it."
_UNKNOWN_REVIEWER = "somebody before the import"
_NO_MAPPING = ColumnMapping()

Progress = Callable[[int], None]  # rows read so far


class ImportRefused(ValueError):
    """An import cannot start, or cannot go on. The message says why, what is stored, and what to do."""


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import did. Every row of the file is in exactly one of the counts."""

    imported: int  # of which
    with_drafts: int  # had a machine's proposal to compare with the answer; the others were done by a person alone
    already_here: int  # from an earlier import of the same rows, and left as they are
    refused: int
    refused_path: Path | None  # where the refused rows were written with their reasons


class _Counts:
    """The counts of an import on its way."""

    def __init__(self) -> None:
        self.imported = self.with_drafts = self.already_here = self.refused = 0


def import_history(
    actor: Actor,
    workflow: Workflow,
    path: Path,
    mapping: ColumnMapping = _NO_MAPPING,
    *,
    on_progress: Progress = lambda rows: None,
) -> ImportReport:
    """Import a history file row by row; each batch is stored with its decisions or not at all.

    A row with a draft becomes a finished job, decided by comparing the draft with the answer. A row without one becomes
    a job that was handed back and filled in by a person, so that it teaches too. Rows that are here already are left as
    they are, so the same file can be given again after an interruption. Refused rows are written beside the file.
    Raises HistoryFileError, before anything is stored, for a file that cannot be read at all, and ImportRefused.
    """
    require_role(actor, workflow.pk, Role.EDITOR)
    if not workflow.reasons.exists():
        raise ImportRefused("This workflow has no reasons for corrections. Add one in Settings, then try again.")
    rows = read_history(path, mapping)
    is_csv = detect_format(path).kind is FileKind.CSV
    counts = _Counts()
    # Refused rows flow straight into their file, so a file of any size is imported in little memory.
    refused = _import_rows(actor, workflow, rows, counts, on_progress, has_texts_only=is_csv)
    try:
        first = next(refused, None)
        refused_path = write_refused_rows(path, chain([first], refused)) if first is not None else None
    except OSError as problem:
        raise ImportRefused(
            f"The refused rows of {path.name} could not be written beside it ({problem.strerror}). "
            f"{counts.imported} jobs are imported. Make room, or allow writing there, and give the file again."
        ) from problem
    return ImportReport(
        imported=counts.imported,
        with_drafts=counts.with_drafts,
        already_here=counts.already_here,
        refused=counts.refused,
        refused_path=refused_path,
    )


def _import_rows(
    actor: Actor,
    workflow: Workflow,
    rows: Iterator[HistoryRow | RefusedRow],
    counts: _Counts,
    on_progress: Progress,
    *,
    has_texts_only: bool,
) -> Iterator[RefusedRow]:
    """Store the good rows in batches and yield the others."""
    batch: list[HistoryRow] = []
    read = 0
    for read, row in enumerate(rows, start=1):
        fitting = _fit(row, workflow, has_texts_only=has_texts_only)
        if isinstance(fitting, HistoryRow):
            batch.append(fitting)
        else:
            counts.refused += 1
            yield fitting
        if len(batch) == BATCH_ROWS:
            yield from _store_batch(actor, workflow, batch, counts)
            batch = []
            on_progress(read)
    yield from _store_batch(actor, workflow, batch, counts)
    on_progress(read)


def _fit(row: HistoryRow | RefusedRow, workflow: Workflow, *, has_texts_only: bool) -> HistoryRow | RefusedRow:
    """The row with the types of the boundary, or refused where it does not fit."""
    if isinstance(row, RefusedRow):
        return row
    try:
        typed = _give_types(row, workflow) if has_texts_only else row
        problems = list_row_problems(
            input=typed.input,
            output=typed.output,
            input_schema=workflow.input_schema,
            output_schema=workflow.output_schema,
        )
        if problems:
            raise RowRefused(f"{problems[0].field}: {problems[0].problem}", problems[0].remedy)
    except RowRefused as refusal:
        return _refuse(row, refusal.reason, refusal.remedy)
    return typed


def _give_types(row: HistoryRow, workflow: Workflow) -> HistoryRow:
    return replace(
        row,
        input=type_cells(row.input, workflow.input_schema),
        output=type_cells(row.output, workflow.output_schema),
        draft=None if row.draft is None else type_cells(row.draft, workflow.output_schema),
    )


def _store_batch(
    actor: Actor, workflow: Workflow, batch: Sequence[HistoryRow], counts: _Counts
) -> Iterator[RefusedRow]:
    known = _list_known(workflow, batch)
    fresh = [row for row in batch if row.external_id not in known]
    for row in batch:
        if row.external_id in known and not _is_same(row, known[row.external_id]):
            counts.refused += 1
            yield _refuse(
                row,
                f"the workflow has another job with the id “{row.external_id}”",
                "give the row an id of its own, or leave it out",
            )
        elif row.external_id in known:
            counts.already_here += 1
    if fresh:
        _store(actor, workflow, fresh)
    counts.imported += len(fresh)
    counts.with_drafts += sum(row.draft is not None for row in fresh)


def _list_known(workflow: Workflow, batch: Sequence[HistoryRow]) -> dict[str, JsonObject]:
    ids = [row.external_id for row in batch]
    return dict(Job.objects.filter(workflow=workflow, external_id__in=ids).values_list("external_id", "input"))


def _is_same(row: HistoryRow, stored_input: JsonObject) -> bool:
    return canonical_json(row.input) == canonical_json(stored_input)


def _store(actor: Actor, workflow: Workflow, rows: Sequence[HistoryRow]) -> None:
    codes = list(workflow.reasons.values_list("code", flat=True))
    arrivals = [_arrival(row) for row in rows]
    results = [_result(row) for row in rows]
    with transaction.atomic():
        take_turn(workflow.pk)
        live = get_live_state(workflow)
        jobs = record_ended_jobs(actor, workflow, live, arrivals, results, source=JobSource.IMPORT, was_used=True)
        for job in jobs:
            job.workflow = workflow
        decide_reviews(actor, workflow, [_decision(job, row, codes) for job, row in zip(jobs, rows, strict=True)])
        words = [
            OutcomeWord(job=job, is_used=row.used, at=job.finished_at)
            for job, row in zip(jobs, rows, strict=True)
            if row.used is not None
        ]
        record_outcomes(actor, workflow, words)


def _arrival(row: HistoryRow) -> Arrival:
    return Arrival(
        external_id=row.external_id,
        input=row.input,
        group=row.group,
        at=row.at,
        draft=row.draft,
        draft_confidence=row.confidence,
    )


def _result(row: HistoryRow) -> AgentResult:
    if row.draft is None:
        return AgentResult(status=JobStatus.HANDED_BACK, hand_back_reason=DONE_BY_A_PERSON)
    return AgentResult(status=JobStatus.FINISHED, output=row.draft, confidence=row.confidence)


def _decision(job: Job, row: HistoryRow, codes: Sequence[str]) -> Decision:
    verdict = verdict_by_key(job.output, row.output)
    is_right = verdict is ReviewVerdict.ACCEPTED
    reason = "" if is_right else reason_by_key(job.output, row.output, job.workflow.output_schema, codes)
    return Decision(
        job=job,
        verdict=verdict,
        idempotency_key=f"import:{job.pk}",
        output=None if is_right else row.output,
        reason_code=reason,
        seconds=row.seconds,
        decided_at=job.finished_at,
        decided_by=row.reviewer or _UNKNOWN_REVIEWER,
    )


def _refuse(row: HistoryRow, reason: str, remedy: str) -> RefusedRow:
    raw = canonical_json({"id": row.external_id, "input": row.input, "output": row.output})
    return RefusedRow(line=row.line, raw=raw, reason=reason, remedy=remedy)
