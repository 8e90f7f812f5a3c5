"""Runs an agent's function again on recorded jobs in the foreground, and says how it compares with what came then."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from teachback.field_diff import is_same_output
from teachback.json_types import Json, JsonObject
from teachback.testing import Example, RecordedJob, RecordedTool, Release, ReplayedJob, ReplayStatus, make_release
from teachback.testing import replay_job as replay
from teachback.vocabulary import JobStatus, ReviewVerdict, StepKind
from teachback_server.agents.bundles import get_bundle
from teachback_server.agents.python_callable import CallableNotFound, find_callable
from teachback_server.commands.acts.named_workflow import get_named_workflow
from teachback_server.commands.acts.prepare import bring_tables_up_to_date
from teachback_server.commands.acts.progress import messages, refuse_missing_folder, say_count, watch_jobs, write_json
from teachback_server.commands.exit_codes import ExitCode
from teachback_server.jobs.intake.job_spans import list_branch
from teachback_server.jobs.meaning import read_content, read_facts
from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.models import Job
from teachback_server.jobs.trace_reading import read_spans
from teachback_server.releases.queries import get_live_state
from teachback_server.workflows.models import Workflow

SIDE_EFFECTS = "teachback.tool.has_side_effects"
RESULT = "teachback.tool.result"  # a JSON text, as our SDK spells it
CUT = "teachback.cut"
_MOST_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One job then and now. Right and wrong are known where a person has decided it; None elsewhere."""

    number: int
    replayed: ReplayedJob
    is_same: bool
    was_right: bool | None
    is_right: bool | None


def run(function: str, workflow_name: str, *, number: int | None, last: int, json_path: Path | None) -> ExitCode:
    """Replay the newest jobs; 1 where one diverged or raised."""
    refuse_missing_folder(json_path)
    bring_tables_up_to_date()
    workflow = get_named_workflow(workflow_name)
    release = _get_release(workflow, number)
    jobs = _list_jobs(workflow, last)
    compared = list(_replay_all(_find_function(function), release, jobs))
    _say(compared, release)
    if json_path is not None:
        write_json(json_path, json.dumps([_as_json(one) for one in compared], indent=2))
    is_whole = all(one.replayed.status is ReplayStatus.DONE for one in compared)
    return ExitCode.FINE if is_whole else ExitCode.FAILED


def record_job(job: Job) -> RecordedJob:
    """A job with the calls of its tools in their order, as its trace has them."""
    spans = read_spans(job.workflow_id, job.trace_id)
    own = list_branch(job.span_id, spans)
    calls = sorted(
        (span for span in own if read_facts(span).kind is StepKind.TOOL), key=lambda span: (span.start_ns, span.span_id)
    )
    return RecordedJob(
        id=job.external_id, input=job.input, group=job.group, tools=tuple(_record_tool(span) for span in calls)
    )


def _record_tool(span: Span) -> RecordedTool:
    content = read_content(span)
    call = content.tool
    error = content.error or ("The tool failed." if span.is_error else "")
    result, gap = (None, "") if error else _read_result(span, call.result if call is not None else content.output)
    return RecordedTool(
        name=call.name if call is not None and call.name else read_facts(span).name,
        arguments=call.arguments if call is not None else content.input,
        result=result,
        error=error,
        has_side_effects=span.attributes.get(SIDE_EFFECTS) is True,
        gap=gap,
    )


def _read_result(span: Span, understood: Json) -> tuple[Json, str]:
    """What a tool gave, to the letter where our SDK recorded it, or why that is not known."""
    spelled = span.attributes.get(RESULT)
    if RESULT in str(span.attributes.get(CUT, "")).split():
        return None, "its result was too long to be recorded whole."
    if not isinstance(spelled, str):
        return understood, "" if understood is not None else "its result was not recorded."
    try:
        result: Json = json.loads(spelled)  # a number, true and null too, which a page shows as the texts that they are
    except ValueError:
        return None, "its result was not recorded whole."
    return result, ""


def _find_function(address: str) -> Callable[..., object]:
    try:
        return find_callable(address)
    except CallableNotFound as problem:
        raise click.ClickException(str(problem)) from problem


def _get_release(workflow: Workflow, number: int | None) -> Release:
    stored = get_live_state(workflow).release if number is None else workflow.releases.filter(number=number).first()
    if stored is None:
        raise click.ClickException(f"'{workflow.name}' has no release {number}. Its page Releases lists them.")
    bundle = get_bundle(stored)
    return make_release(
        bundle.document,
        number=stored.number,
        input_schema=bundle.input_schema,
        output_schema=bundle.output_schema,
        examples=[Example(input=example.input, output=example.output) for example in bundle.examples],
    )


def _list_jobs(workflow: Workflow, last: int) -> list[Job]:
    ended = workflow.jobs.filter(source__in=["traces", "elsewhere"]).exclude(status=JobStatus.RUNNING)
    newest = list(ended.select_related("review").order_by("-number")[:last])
    if not newest:
        raise click.ClickException(
            f"'{workflow.name}' has no job that an agent of yours did. Send its traces first: see docs/sdk.md."
        )
    return newest[::-1]


def _replay_all(function: Callable[..., object], release: Release, jobs: Sequence[Job]) -> Iterator[Compared]:
    with watch_jobs() as on_progress:
        for done, job in enumerate(jobs, start=1):
            replayed = replay(function, record_job(job), release=release)
            output = replayed.result.output if replayed.result is not None else None
            expected = _find_expected(job)
            yield Compared(
                number=job.number,
                replayed=replayed,
                is_same=_is_same(output, job.output),
                was_right=None if expected is None else _is_same(job.output, expected),
                is_right=None if expected is None else _is_same(output, expected),
            )
            on_progress(done, len(jobs))


def _find_expected(job: Job) -> JsonObject | None:
    """The output that a person stood behind."""
    review = getattr(job, "review", None)
    is_known = review is not None and review.verdict in (ReviewVerdict.ACCEPTED, ReviewVerdict.CORRECTED)
    return review.output if is_known and review is not None else None


def _is_same(one: JsonObject | None, other: JsonObject | None) -> bool:
    return one is None and other is None if one is None or other is None else is_same_output(one, other)


def _say(compared: Sequence[Compared], release: Release) -> None:
    counts = Counter(one.replayed.status for one in compared)
    done = [one for one in compared if one.replayed.status is ReplayStatus.DONE]
    decided = [one for one in done if one.was_right is not None]
    messages.print(f"{say_count(len(compared), 'job')} again, under release {release.number}.")
    messages.print(f"{len(done)} ran to their end; {sum(one.is_same for one in done)} of them with the same output.")
    if decided:
        before, now = (sum(bool(value) for value in values) for values in zip(*map(_rights, decided), strict=True))
        messages.print(
            f"People have decided {len(decided)} of these: {before} were right then, {now} are right now. "
            "Your function may have been made from them, so only a gate can say that it is better."
        )
    for status in (ReplayStatus.DIVERGED, ReplayStatus.RAISED):
        if counts[status]:
            messages.print(f"{say_count(counts[status], 'job')} {status}:")
        for one in [one for one in compared if one.replayed.status is status][:_MOST_SHOWN]:
            messages.print(f"  job {one.number}: {one.replayed.why}")


def _rights(one: Compared) -> tuple[bool | None, bool | None]:
    return one.was_right, one.is_right


def _as_json(one: Compared) -> dict[str, Json]:
    result = one.replayed.result
    return {
        "job": one.number,
        "id": one.replayed.id,
        "status": one.replayed.status,
        "why": one.replayed.why,
        "output": result.output if result is not None else None,
        "is_same": one.is_same,
        "was_right": one.was_right,
        "is_right": one.is_right,
    }
