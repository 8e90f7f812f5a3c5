"""A job in progress: its place in the running code, what is recorded of it, and what is decided at its end."""

import math
from collections.abc import Mapping
from contextlib import suppress
from contextvars import Token
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from teachback.current import JobInProgress, Place, enter_place, find_current_job, leave_place
from teachback.faults import log, note_fault
from teachback.hand_backs import HandedBack
from teachback.job_results import JobResult
from teachback.json_types import JsonObject
from teachback.known_release import Release, route_result
from teachback.plain_json import as_json_object, read_json_object, spell_error
from teachback.recording import Recorder
from teachback.reviewed import DecisionSource
from teachback.routing import Routing, routing_of_observed
from teachback.spans import SpanRecord, new_span_id, new_trace_id, now_ns
from teachback.vocabulary import JobStatus, RoutingKind

_MOST_REASON = 500


@dataclass(frozen=True, kw_only=True)
class JobIdentity:
    """What the program says about a job before it starts."""

    id: str
    group: str = ""  # customer or conversation: jobs of one group are related
    is_used_at_once: bool = False  # the caller uses what the function returns, whatever is decided here


class Job(JobInProgress):
    """One piece of work while it is done. Use it in a `with` block; afterwards `result` says what it came to."""

    def __init__(
        self,
        recorder: Recorder,
        release: Release,
        identity: JobIdentity,
        given: object,
        source: DecisionSource | None,
    ) -> None:
        self.id = identity.id
        self.release = release
        self.confidence: float | None = None  # how sure the agent is that all of the output is right, 0 to 1
        self.provenance: dict[str, object] = {}  # field → where its value comes from: document, page, span
        self.output: object = None  # for the `with` form: what the job came to
        self.result: JobResult | None = None
        self._identity = identity
        self._recorder = recorder
        self._source = source
        self._hand_back_reason: str | None = None
        self._token: Token[Place | None] | None = None
        self._span = SpanRecord(
            trace_id=new_trace_id(),
            span_id=new_span_id(),
            parent_id=b"",
            name=recorder.workflow_name,
            start_ns=now_ns(),
        )
        self._place = Place(self, self._span)
        self._input_text = recorder.set_json(self._span, "teachback.input", given)

    @property
    def workflow_name(self) -> str:
        """The workflow that it is a job of."""
        return self._recorder.workflow_name

    def get_result(self) -> JobResult:
        """What the job came to. Raises RuntimeError while it still runs."""
        if self.result is None:
            raise RuntimeError("The job has not ended: leave its `with` block, or call `finish`, first.")
        return self.result

    @property
    def place(self) -> Place:
        """Where code of this job belongs."""
        return self._place

    @property
    def trace_parent(self) -> str:
        """The `traceparent` header of W3C Trace Context, for a service that goes on with this job elsewhere."""
        return f"00-{self._span.trace_id.hex()}-{self._span.span_id.hex()}-01"

    @property
    def input(self) -> JsonObject:
        """The input as it is recorded."""
        return read_json_object(self._input_text)

    @property
    def group_as_sent(self) -> str:
        """The group as the server will know it, by which both must put a job on the same side of the split."""
        return self._recorder.redact("session.id", self._identity.group)

    @property
    def input_as_sent(self) -> JsonObject:
        """The input as the server will know it, which stands for the group where a job has none."""
        return read_json_object(self._recorder.redact("teachback.input", self._input_text) or "{}")

    def record(self, span: SpanRecord) -> None:
        """Take a step that has ended."""
        self._recorder.record(span)

    def set_json(self, span: SpanRecord, name: str, value: object) -> None:
        """Spell a value into an attribute of a step."""
        self._recorder.set_json(span, name, value)

    def note_hand_back(self, reason: str) -> None:
        """Remember that the agent gave up, and why; the first reason counts."""
        if self._hand_back_reason is None:
            self._hand_back_reason = (reason or "No reason was given.")[:_MOST_REASON]

    def __enter__(self) -> Self:
        self._token = enter_place(self._place)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if self._token is not None:
            leave_place(self._token)
        if self.result is None:
            if error is not None:
                self.fail(error)
            elif self.output is None and self._hand_back_reason is None:
                self.fail(RuntimeError("The job ended without an output."))
            else:
                self.finish(self.output)
        return isinstance(error, HandedBack)

    def fail(self, error: BaseException) -> JobResult:
        """End the job with an exception; one that says that it was handed back is no failure."""
        if isinstance(error, HandedBack):
            self.note_hand_back(error.reason)
            return self._end(None, JobStatus.HANDED_BACK)
        self._span.error_type = type(error).__name__
        self._span.error_message = spell_error(error)
        return self._end(None, JobStatus.FAILED)

    def finish(self, returned: object) -> JobResult:
        """End the job with what it came to: an object, or a pair of it and how sure the agent is."""
        return self._end(returned, JobStatus.FINISHED if self._hand_back_reason is None else JobStatus.HANDED_BACK)

    def _end(self, returned: object, status: JobStatus) -> JobResult:
        if self.result is not None:
            log.warning("Teachback: the job %s has ended already; what comes after that is left out.", self.id)
            return self.result
        try:
            result = self._decide(self._take_confidence(returned, status), status)
            self._record_end(result)
        # The outermost edge towards the host: a fault of ours must cost it nothing but the record.
        except Exception:  # noqa: BLE001
            note_fault("decide about a job")
            result = self._undecided(returned, status)
        self.result = result
        return result

    def _take_confidence(self, returned: object, status: JobStatus) -> object:
        """The output alone, where the agent gave a pair of it and how sure it is."""
        is_pair = status is JobStatus.FINISHED and isinstance(returned, tuple) and len(returned) == 2
        if is_pair and isinstance(returned, tuple) and isinstance(returned[0], Mapping):
            returned, self.confidence = returned
        return returned

    def _decide(self, returned: object, status: JobStatus) -> JobResult:
        output: JsonObject | None = None
        wants_review = ""
        confidence = _read_confidence(self.confidence)
        if status is JobStatus.FINISHED:
            output = as_json_object(returned)
            if self.release.is_known and not self._identity.is_used_at_once:
                output, wants_review = self._apply_release(output, confidence)
                status = JobStatus.FINISHED if output is not None else JobStatus.HANDED_BACK
        return self._as_result(returned, status, output, confidence, self._route(status, confidence, wants_review))

    def _apply_release(self, output: JsonObject, confidence: float | None) -> tuple[JsonObject | None, str]:
        """The output after the rules, or None where one handed it back, and why a person must look."""
        # Not at the top: it takes 0.2 to 0.4 s of CPU to import, and was imported when the release came.
        from teachback.finishing import finish_output  # noqa: PLC0415

        finished = finish_output(
            self.release.document,
            input=self.input,
            output=output,
            confidence=confidence,
            output_schema=self.release.output_schema,
        )
        if finished.output is None:
            self.note_hand_back(finished.hand_back_reason)
        return finished.output, finished.wants_review

    def _route(self, status: JobStatus, confidence: float | None, wants_review: str) -> Routing:
        if self._identity.is_used_at_once and status is JobStatus.FINISHED:
            return routing_of_observed()
        return route_result(
            self.release,
            job_id=self.id,
            group=self.group_as_sent,
            get_input=lambda: self.input_as_sent,
            status=status,
            confidence=confidence,
            wants_review=wants_review,
        )

    def _as_result(
        self, returned: object, status: JobStatus, output: JsonObject | None, confidence: float | None, routing: Routing
    ) -> JobResult:
        return JobResult(
            id=self.id,
            status=status,
            output=output,
            returned=returned,
            hand_back_reason=self._hand_back_reason or "",
            confidence=confidence,
            routing=routing,
            release_number=self.release.number,
            source=self._source,
        )

    def _undecided(self, returned: object, status: JobStatus) -> JobResult:
        routing = Routing(
            kind=RoutingKind.REVIEW, reason="Teachback could not decide about it, so a person does.", probability=1.0
        )
        output: JsonObject | None = None
        with suppress(Exception):  # where the value itself raised the fault, it may raise it again
            output = returned if status is JobStatus.FINISHED and isinstance(returned, Mapping) else None
        return self._as_result(returned, status, output, None, routing)

    def _record_end(self, result: JobResult) -> None:
        span = self._span
        span.end_ns = max(now_ns(), span.start_ns)
        if result.output is not None:
            self._recorder.set_json(span, "teachback.output", result.output)
        if self.provenance:
            self._recorder.set_json(span, "teachback.provenance", self.provenance)
        attributes = span.attributes
        attributes["teachback.job.id"] = self.id
        attributes["teachback.status"] = result.status.value
        if result.routing.kind is not RoutingKind.OBSERVED:  # of those, the server offers a share for review
            attributes["teachback.routing"] = result.routing.kind.value
            attributes["teachback.routing.reason"] = result.routing.reason
            attributes["teachback.review_probability"] = result.routing.probability
        if result.confidence is not None:
            attributes["teachback.confidence"] = result.confidence
        if result.hand_back_reason:
            attributes["teachback.hand_back.reason"] = result.hand_back_reason
        if self.release.is_known:
            attributes["teachback.release"] = self.release.content_hash
        if self._identity.group:
            attributes["session.id"] = self._identity.group
        self._recorder.record(span)


def find_job_in_progress() -> Job | None:
    """The job that the running code belongs to; None outside of every job."""
    job = find_current_job()
    return job if isinstance(job, Job) else None


def _read_confidence(value: object) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)  # type: ignore[arg-type]  # of whatever the program put there, NumPy's too
    except (TypeError, ValueError):
        number = math.nan
    if not 0.0 <= number <= 1.0:
        log.warning("Teachback leaves out the confidence %r: it must be a number from 0 to 1.", value)
        return None
    return number
