"""Decisions by spreadsheet: waiting jobs go out as CSV, and come back with what people wrote beside them."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import Count, QuerySet

from teachback.json_types import Json, JsonObject, content_hash
from teachback.vocabulary import JobStatus, ReviewVerdict
from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor
from teachback_server.reviews.actions import Decision, DecisionRefused, FieldChange, find_changes
from teachback_server.reviews.controls import build_controls
from teachback_server.reviews.desk_form import FormRefused, read_decision
from teachback_server.reviews.models import Review
from teachback_server.reviews.outside.sheet_cells import even_lines, read_cell, write_cell
from teachback_server.reviews.outside.sheet_fields import (
    SheetChanges,
    find_sheet_changes,
    list_columns,
    list_errors,
    write_fields,
    write_value,
)
from teachback_server.reviews.outside.sheet_file import MOST_ROWS, SheetLine
from teachback_server.reviews.outside.written import Stored, read_note, read_reason, read_verdict, store_decision
from teachback_server.reviews.skill_queries import decidable_by, list_undecidable
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Reason, Workflow

_JOB, _ID, _HANDED_BACK, _STATE = "job", "id", "handed back", "row"
_DECISION, _REASON, _NOTE = "decision", "reason", "note"
_CAME_IN, _PROPOSED = "came in: ", "proposed: "
NEEDED = (_JOB, _DECISION, _STATE)  # columns
LARGEST_SHEET = 20 * 1024 * 1024  # letters; larger ones open in no spreadsheet program with pleasure
_BYTE_ORDER_MARK = "\ufeff"  # by which spreadsheet programs know UTF-8
_NUMBER = re.compile(r"(\d{1,9})([.,]0+)?")  # some programs write 12 as 12.0
_LOADED_AT_ONCE = 500
_DECIDED = "It was decided before, or taken out of the queue; this row changes nothing."
_SKILL_MISSING = "You lack a skill that this job needs. Ask an owner for it, or leave the row to somebody who has it."
_STALE = "The job has changed since the sheet went out. Take a fresh one."


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    """One row that says something: what it would decide, or what is wrong with it."""

    line: SheetLine
    number: int | None = None  # of the job
    decision: Decision | None = None
    changes: tuple[FieldChange, ...] = ()
    problem: str = ""
    is_stored: bool = False  # already, by this very sheet


def write_waiting(actor: Actor, workflow: Workflow) -> str:
    """The waiting jobs as CSV: blind as at the desk, with empty columns for the decision.

    The oldest ones, as many as can come back; nobody loses the others, as they are in the next sheet.
    """
    require_role(actor, workflow.pk, Role.REVIEWER)
    came_in, proposed = _names(workflow.input_schema), list_columns(workflow.output_schema)
    heads = [*(_CAME_IN + name for name in came_in), *(_PROPOSED + name for name in proposed)]
    lines = [_BYTE_ORDER_MARK + _line([_JOB, _ID, _HANDED_BACK, *heads, _DECISION, _REASON, _NOTE, _STATE])]
    size = 0
    able = decidable_by(workflow.pk, actor.user_id)
    waiting = Job.objects.filter(able, workflow=workflow, is_waiting=True)
    waiting = _with_state(waiting).order_by("number")[:MOST_ROWS]
    for job in waiting.iterator(chunk_size=_LOADED_AT_ONCE):
        cells = [str(job.number), write_value(job.external_id), _say_handed_back(job)]
        cells += [write_value(job.input.get(name)) for name in came_in]
        cells += write_fields(proposed, build_controls(workflow.output_schema, job.output))
        line = _line([*cells, "", "", "", _state_of(job)])
        size += len(line)
        if size > LARGEST_SHEET and len(lines) > 1:
            break
        lines.append(line)
    return "".join(lines)


def judge_lines(actor: Actor, workflow: Workflow, lines: Sequence[SheetLine]) -> list[SheetRow]:
    """What each row of a sheet would decide, or what is wrong with it; nothing is stored.

    Rows without a decision and without a change are left out.
    """
    require_role(actor, workflow.pk, Role.REVIEWER)
    reasons = [reason for reason in workflow.reasons.all() if reason.is_offered]
    judged = [row for row in _judge_all(actor, workflow, lines, reasons) if row is not None]
    return _refuse_contradictions(judged)


def store_rows(actor: Actor, rows: Sequence[SheetRow]) -> list[tuple[SheetRow, Stored]]:
    """Store the decisions of the rows that are in order, each for itself. Again is harmless."""
    return [(row, store_decision(actor, row.decision)) for row in rows if row.decision is not None]


def keep_needed(lines: Sequence[SheetLine]) -> list[SheetLine]:
    """The rows without the columns that are only to be read."""
    needed = (*NEEDED, _REASON, _NOTE)
    return [
        replace(line, cells={k: v for k, v in line.cells.items() if k in needed or k.startswith(_PROPOSED)})
        for line in lines
    ]


def _names(schema: JsonObject) -> list[str]:
    properties = schema.get("properties")
    return list(properties) if isinstance(properties, Mapping) else []


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def _say_handed_back(job: Job) -> str:
    if job.status == JobStatus.FINISHED:
        return ""
    return write_cell(job.hand_back_reason or "The agent gave no reason.")


def _with_state(jobs: QuerySet[Job]) -> QuerySet[Job]:
    return jobs.annotate(times_taken_back=Count("retractions"))


def _state_of(job: Job) -> str:
    """By which a row is known to be about the job as it still is, and about this wait of it for a decision."""
    taken_back: int = job.times_taken_back  # type: ignore[attr-defined]  # of _with_state
    return "r" + content_hash({"job": job.pk, "output": job.output, "taken_back": taken_back})[:16]


def _judge_all(
    actor: Actor, workflow: Workflow, lines: Sequence[SheetLine], reasons: Sequence[Reason]
) -> Iterator[SheetRow | None]:
    for start in range(0, len(lines), _LOADED_AT_ONCE):
        part = lines[start : start + _LOADED_AT_ONCE]
        numbers = {number for line in part if (number := _read_job(line)) is not None}
        found = _with_state(Job.objects.filter(workflow=workflow, number__in=numbers))
        jobs = {job.number: job for job in found}
        decided = [job for job in jobs.values() if not job.is_waiting]
        keys = set(Review.objects.filter(job__in=decided).values_list("idempotency_key", flat=True))
        for job in jobs.values():
            job.workflow = workflow
        undecidable = list_undecidable(workflow.pk, actor.user_id, [job.pk for job in jobs.values() if job.is_waiting])
        for line in part:
            row = _judge(actor, line, jobs.get(_read_job(line) or 0), reasons)
            is_stored = row is not None and row.decision is not None and row.decision.idempotency_key in keys
            row = _settle(row, jobs, is_stored=is_stored)
            if row is not None and row.decision is not None and row.decision.job.pk in undecidable:
                row = replace(row, decision=None, problem=_SKILL_MISSING)
            yield row


def _settle(row: SheetRow | None, jobs: Mapping[int, Job], *, is_stored: bool) -> SheetRow | None:
    """A row about a job that waits no more says nothing new: it is stored already, or comes too late."""
    if row is None or row.number is None or jobs[row.number].is_waiting:
        return row
    if is_stored:
        return replace(row, is_stored=True)
    return replace(row, decision=None, problem=_DECIDED) if _word(row.line, _DECISION) else None


def _judge(actor: Actor, line: SheetLine, job: Job | None, reasons: Sequence[Reason]) -> SheetRow | None:
    if line.problem:
        return SheetRow(line=line, problem=line.problem)
    word = _word(line, _DECISION)
    if job is None:
        named = line.cells.get(_JOB, "").strip()[:40]
        problem = f"There is no job “{named}” in this workflow." if named else "It does not say which job it is about."
        return SheetRow(line=line, problem=problem) if word else None
    of_fields = {head.removeprefix(_PROPOSED): cell for head, cell in line.cells.items() if head.startswith(_PROPOSED)}
    found = find_sheet_changes(build_controls(job.workflow.output_schema, job.output), of_fields)
    row = SheetRow(line=line, number=job.number)
    if not word and (found.changed or _word(line, _REASON) or _says(line, _NOTE)):
        return replace(row, problem="Something was written or changed, but no decision stands beside it.")
    if not word:
        return None
    try:
        decision = _read_decision(actor, line, job, found, reasons)
        changes = find_changes(decision, job.workflow, {one.code: one for one in reasons})
    except FormRefused as refusal:
        return replace(row, problem=" ".join(list_errors(refusal.form.controls)) or str(refusal))
    except DecisionRefused as refusal:
        return replace(row, problem=str(refusal))
    return replace(row, decision=decision, changes=changes)


def _read_decision(actor: Actor, line: SheetLine, job: Job, found: SheetChanges, reasons: Sequence[Reason]) -> Decision:
    """What a row decides. Raises DecisionRefused or FormRefused."""
    state = _word(line, _STATE)
    if job.is_waiting and state != _state_of(job):
        raise DecisionRefused(_STALE)
    verdict = read_verdict(_word(line, _DECISION))
    if found.changed and verdict is not ReviewVerdict.CORRECTED:
        names = ", ".join(found.changed)
        raise DecisionRefused(f"{names}: changed, but not corrected. Write “correct”, or put it back as it was.")
    if found.problem:
        raise DecisionRefused(found.problem)
    reason = read_reason(_word(line, _REASON), verdict, reasons)
    note = read_note(even_lines(_says(line, _NOTE)))
    said = {**found.posted, "verdict": verdict.value, "reason": reason, "note": note}
    by: Json = actor.user_id
    return replace(
        read_decision(job, job.workflow, said),
        would_recur=None,  # the sheet does not ask
        idempotency_key=content_hash({"job": job.pk, "by": by, "row": state, "said": said}),
    )


def _says(line: SheetLine, column: str) -> str:
    return read_cell(line.cells.get(column, "").strip()).strip()


def _word(line: SheetLine, column: str) -> str:
    """A word of ours, before which somebody may have written an apostrophe as before other cells."""
    return _says(line, column).removeprefix("'")


def _read_job(line: SheetLine) -> int | None:
    found = _NUMBER.fullmatch(_word(line, _JOB))
    return int(found[1]) if found else None


def _refuse_contradictions(rows: Sequence[SheetRow]) -> list[SheetRow]:
    """Of rows that say the same about one job the first counts; of others none, as nobody knows which is meant."""
    keys: dict[int, list[str]] = {}
    for row in rows:
        if row.number is not None:
            keys.setdefault(row.number, []).append(row.decision.idempotency_key if row.decision else "")
    seen: Counter[int | None] = Counter()
    kept = []
    for row in rows:
        seen[row.number] += 1
        of_job = keys.get(row.number or 0, [])
        if len(set(of_job)) > 1 and row.decision is not None:
            problem = f"Job {row.number} has {len(of_job)} rows that say different things. Leave one of them."
            kept.append(replace(row, decision=None, problem=problem))
        elif row.decision is None or seen[row.number] == 1:
            kept.append(row)
    return kept
