"""What the desk sends when a person decides: read into a decision, or refused at the field that is wrong."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from teachback.json_types import JsonObject
from teachback.schema_problems import list_schema_problems
from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.models import Job
from teachback_server.jobs.provenance import read_provenance
from teachback_server.reviews.actions import Decision
from teachback_server.reviews.controls import (
    Control,
    build_controls,
    fill_controls,
    has_edits,
    with_errors,
    with_sources,
)
from teachback_server.reviews.form_reading import read_controls
from teachback_server.workflows.models import Workflow

_LONGEST_SECONDS = 4 * 3600.0  # whoever left a job open over lunch did not spend that time on it
_VERDICTS_WITH_RECURRENCE = (ReviewVerdict.CORRECTED, ReviewVerdict.REJECTED)


class FormRefused(ValueError):
    """The form cannot be saved as it is. The form that comes with it shows what was typed, with a message."""

    def __init__(self, message: str, form: "DeskForm") -> None:
        super().__init__(message)
        self.form = form


@dataclass(frozen=True, kw_only=True)
class DeskForm:
    """The form of one shown job. Its key makes a decision safe to send twice."""

    key: str
    shown_at_ms: int
    controls: tuple[Control, ...]
    reason_code: str = ""
    note: str = ""
    would_recur: bool = True
    stuck_step: str = ""
    message: str = ""

    @property
    def errors(self) -> dict[str, str]:
        """The messages at the controls, by the name of the control."""
        return _collect_errors(self.controls)

    @property
    def has_edits(self) -> bool:
        """Whether the form shows anything but the agent's own values."""
        return has_edits(self.controls)


def fresh_form(job: Job, workflow: Workflow, *, now: datetime, stuck_step: str = "") -> DeskForm:
    """The form of a job that is shown for the first time."""
    return DeskForm(
        key=uuid4().hex,
        shown_at_ms=int(now.timestamp() * 1000),
        controls=_build_controls(job, workflow),
        stuck_step=stuck_step,
    )


def filled_form(job: Job, workflow: Workflow, posted: Mapping[str, str]) -> DeskForm:
    """The form as a person sent it, whatever they typed."""
    return DeskForm(
        key=posted.get("key", "")[:80] or uuid4().hex,
        shown_at_ms=_whole_number(posted.get("shown_at", "")),
        controls=fill_controls(_build_controls(job, workflow), posted),
        reason_code=posted.get("reason", ""),
        note=posted.get("note", "").strip(),
        would_recur="would_recur" in posted,
        stuck_step=posted.get("stuck_step", ""),
    )


def _build_controls(job: Job, workflow: Workflow) -> tuple[Control, ...]:
    sources: dict[str, list[str]] = {}
    for place in read_provenance(job.provenance):
        sources.setdefault(place.field, []).append(place.said)
    controls = build_controls(workflow.output_schema, job.output)
    return with_sources(controls, {field: " and ".join(filter(None, said)) for field, said in sources.items()})


def read_decision(job: Job, workflow: Workflow, posted: Mapping[str, str]) -> Decision:
    """The decision that a person sent. Raises FormRefused when it cannot be saved."""
    form = filled_form(job, workflow, posted)
    verdict = _read_verdict(posted.get("verdict", ""), form)
    return Decision(
        job=job,
        verdict=verdict,
        idempotency_key=form.key,
        output=_read_output(form, workflow) if verdict is ReviewVerdict.CORRECTED else None,
        reason_code="" if verdict is ReviewVerdict.ACCEPTED else form.reason_code,
        note=form.note,
        would_recur=form.would_recur if verdict in _VERDICTS_WITH_RECURRENCE else None,
        stuck_step=form.stuck_step,
        seconds=_read_seconds(posted, form),
    )


def _read_verdict(text: str, form: DeskForm) -> ReviewVerdict:
    if text not in list(ReviewVerdict):
        raise FormRefused("Choose what to do: accept, save your edit, reject or escalate.", form)
    verdict = ReviewVerdict(text)
    if verdict is not ReviewVerdict.CORRECTED and form.has_edits:
        raise FormRefused("You changed something. Save your edit, or put it back as it was first.", form)
    return verdict


def _read_output(form: DeskForm, workflow: Workflow) -> JsonObject:
    read = read_controls(form.controls)
    errors = dict(read.errors)
    for problem in list_schema_problems(workflow.output_schema, read.output):
        field = _nearest_control(form.controls, problem.field)
        errors.setdefault(field, _sentence(problem.problem, problem.remedy))
    if errors:
        message = errors.get("") or "Not saved: something is wrong in a field. See the message there."
        raise FormRefused(message, replace(form, controls=with_errors(form.controls, errors)))
    return read.output


def _nearest_control(controls: tuple[Control, ...], field: str) -> str:
    """The dotted path of the control in which a problem is to be mended: the field itself, or what holds it."""
    path = field.split("[")[0]
    known = {control.dotted for control in _walk(controls)}
    while path and path not in known:
        path = path.rpartition(".")[0]
    return path


def _walk(controls: tuple[Control, ...]) -> list[Control]:
    return [found for control in controls for found in (control, *_walk(control.inner))]


def _collect_errors(controls: tuple[Control, ...]) -> dict[str, str]:
    return {control.name: control.error for control in _walk(controls) if control.error}


def _sentence(problem: str, remedy: str) -> str:
    return f"{problem[:1].upper()}{problem[1:]}: {remedy}."


def _read_seconds(posted: Mapping[str, str], form: DeskForm) -> float | None:
    """As the browser measured them; without its script, the time since the page was made."""
    try:
        seconds = float(posted.get("seconds", ""))
    except ValueError:
        seconds = time.time() - form.shown_at_ms / 1000
    return round(seconds, 1) if 0 <= seconds <= _LONGEST_SECONDS else None


def _whole_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
