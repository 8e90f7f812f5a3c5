"""Decisions by spreadsheet: waiting jobs go out as CSV, and come back with what people wrote beside them."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from teachback.json_types import Json, JsonObject, content_hash
from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import find_job
from teachback_server.people.actor import Actor
from teachback_server.reviews.actions import DecisionRefused, find_changes
from teachback_server.reviews.outside.sheet_cells import list_changed, read_cell, write_cell, write_fields
from teachback_server.reviews.outside.written import Stored, Written, decide_written, read_written, reasons_by_word
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Reason, Workflow
from teachback_server.workflows.typed_cells import type_cells

MOST_ROWS = 5000
LARGEST_BYTES = 8 * 1024 * 1024
_JOB, _ID, _STATE = "job", "id", "row"
_DECISION, _REASON, _NOTE = "decision", "reason", "note"
_CAME_IN, _PROPOSED = "came in: ", "proposed: "
_BYTE_ORDER_MARK = "\ufeff"  # by which spreadsheet programs know UTF-8
_DELIMITERS = (",", ";", "\t")


class SheetRefused(ValueError):
    """A file that is no sheet of this workflow. The message says what to do."""


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    """One row that says something: its line in the file, the job, and what was written; or what is wrong with it."""

    line: int
    job: Job | None = None
    written: Written | None = None
    changed: tuple[str, ...] = ()  # fields
    problem: str = ""


def write_waiting(actor: Actor, workflow: Workflow) -> Iterator[str]:
    """The waiting jobs as CSV, piece by piece: blind as at the desk, with empty columns for the decision."""
    require_role(actor, workflow.pk, Role.REVIEWER)
    came_in, proposed = _names(workflow.input_schema), _names(workflow.output_schema)
    yield _BYTE_ORDER_MARK
    of_fields = [*(_CAME_IN + name for name in came_in), *(_PROPOSED + name for name in proposed)]
    yield _line([_JOB, _ID, *of_fields, _DECISION, _REASON, _NOTE, _STATE])
    waiting = Job.objects.filter(workflow=workflow, is_waiting=True).order_by("number")
    for job in waiting.iterator(chunk_size=500):
        cells = [str(job.number), write_cell(job.external_id)]
        cells += write_fields(came_in, job.input) + write_fields(proposed, job.output)
        yield _line([*cells, "", "", "", _state_of(job)])


def read_sheet(workflow: Workflow, data: bytes) -> list[SheetRow]:
    """What was written in a sheet that went out. Rows without a decision and without a change are left out.

    Raises SheetRefused where the file as a whole cannot be read.
    """
    rows = _read_rows(data)
    reasons = list(workflow.reasons.all())
    read = (_read_row(workflow, line, cells, reasons) for line, cells in rows)
    return [row for row in read if row is not None]


def decide_sheet(actor: Actor, workflow: Workflow, rows: Sequence[SheetRow]) -> list[Stored]:
    """Store the decisions of the rows that are in order, each for itself."""
    return decide_written(actor, workflow, [row.written for row in rows if row.written is not None])


def _names(schema: JsonObject) -> list[str]:
    properties = schema.get("properties")
    return list(properties) if isinstance(properties, Mapping) else []


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def _state_of(job: Job) -> str:
    """By which a row is known to be about the job as it still is."""
    return content_hash({"job": job.pk, "output": job.output})[:16]


def _read_rows(data: bytes) -> list[tuple[int, dict[str, str]]]:
    if len(data) > LARGEST_BYTES:
        raise SheetRefused(f"The file is larger than {LARGEST_BYTES // 1024**2} MB. Send a part of its rows at a time.")
    text = _decode(data)
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        heads = [head.strip() for head in next(reader, [])]
        missing = [name for name in (_JOB, _DECISION, _STATE) if name not in heads]
        if missing:
            raise SheetRefused(f"This is no sheet of waiting jobs: it has no column “{missing[0]}”. Take a fresh one.")
        rows = [(reader.line_num, dict(zip(heads, cells, strict=False))) for cells in reader if any(cells)]
    except csv.Error as error:
        raise SheetRefused(f"The file cannot be read as CSV: {error}. Save it as CSV (UTF-8) and try again.") from error
    if len(rows) > MOST_ROWS:
        raise SheetRefused(f"The sheet has more than {MOST_ROWS} rows. Send a part of them at a time.")
    return rows


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _read_row(workflow: Workflow, line: int, cells: Mapping[str, str], reasons: Sequence[Reason]) -> SheetRow | None:
    decision = cells.get(_DECISION, "").strip()
    number = cells.get(_JOB, "").strip()
    job = find_job(workflow, int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else None
    if job is None:
        return SheetRow(line=line, problem=f"There is no job “{number[:40]}” in this workflow.") if decision else None
    of_fields = {head.removeprefix(_PROPOSED): cell for head, cell in cells.items() if head.startswith(_PROPOSED)}
    changed = list_changed(_names(workflow.output_schema), job.output, of_fields)
    if not decision:
        if not changed:
            return None
        return SheetRow(line=line, job=job, problem="Something was changed, but no decision is written beside it.")
    if not job.is_waiting:
        return SheetRow(line=line, job=job, problem="It was decided before; this row changes nothing.")
    if cells.get(_STATE, "").strip() != _state_of(job):
        return SheetRow(line=line, job=job, problem="The job has changed since the sheet went out. Take a fresh one.")
    written = Written(
        verdict=decision,
        number=job.number,
        reason=read_cell(cells.get(_REASON, "")),
        note=read_cell(cells.get(_NOTE, ""))[:1000],
        output=_change(workflow, job, changed),
    )
    try:
        meant = read_written(workflow, job, written, reasons_by_word(reasons))
        if changed and meant.output is None:
            raise DecisionRefused(f"{', '.join(changed)} was changed. Write “correct”, or put it back as it was.")
        find_changes(meant, workflow, {one.code: one for one in reasons})
    except DecisionRefused as refusal:
        return SheetRow(line=line, job=job, changed=tuple(changed), problem=str(refusal))
    return SheetRow(line=line, job=job, written=written, changed=tuple(changed))


def _change(workflow: Workflow, job: Job, changed: Mapping[str, str]) -> dict[str, Json]:
    """The output with the cells that were changed; an emptied cell takes its field out."""
    output: dict[str, Json] = dict(job.output or {})
    written = {name: _read_object(text) for name, text in changed.items() if text.strip()}
    output.update(type_cells(written, workflow.output_schema))
    for name, text in changed.items():
        if not text.strip():
            output.pop(name, None)
    return output


def _read_object(text: str) -> Json:
    """What is written as a JSON object is one; any other text is read by the type of its field."""
    try:
        read = json.loads(text) if text.lstrip().startswith("{") else text
    except (ValueError, RecursionError):
        return text
    return read if isinstance(read, dict) else text
