"""Records what an agent does within a job, step by step, each within the one that is open around it."""

from contextvars import Token
from types import TracebackType
from typing import Any, Self

from teachback.current import Place, enter_place, find_place, leave_place
from teachback.faults import log, note_fault
from teachback.hand_backs import HandedBack
from teachback.plain_json import spell_error
from teachback.spans import SpanRecord, new_span_id, now_ns
from teachback.vocabulary import StepKind

UNSET: Any = object()  # a step may well have None as its output


class Step:
    """One thing that the agent does. Set what is known while it runs; outside of a job nothing is recorded."""

    __slots__ = (
        "_place",
        "_span",
        "_spelled_input",
        "_token",
        "cost_usd",
        "input",
        "input_tokens",
        "kind",
        "model",
        "name",
        "output",
        "output_tokens",
    )

    input_attribute = "teachback.step.input"
    output_attribute = "teachback.step.output"

    def __init__(self, name: str, kind: StepKind, input: object) -> None:
        self.name = name
        self.kind = kind
        self.input = input
        self._spelled_input: object = UNSET
        self.output: object = UNSET
        self.model = ""  # of a step of kind `model`
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.cost_usd: float | None = None
        self._span: SpanRecord | None = None
        self._place: Place | None = None
        self._token: Token[Place | None] | None = None

    def __enter__(self) -> Self:
        around = find_place()
        if around is not None:
            self._span = SpanRecord(
                trace_id=around.span.trace_id,
                span_id=new_span_id(),
                parent_id=around.span.span_id,
                name=self.name,
                start_ns=now_ns(),
            )
            self._place = Place(around.job, self._span)
            self._token = enter_place(self._place)
            try:
                self._spell_input(self._place)  # now, as the step may change what it was given
            # The outermost edge towards the host: a fault of ours must cost it nothing but the record.
            except Exception:  # noqa: BLE001
                note_fault("record a step")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._token is not None:
            leave_place(self._token)
        if self._span is None or self._place is None:
            return
        try:
            self._record(self._span, self._place, error)
        # The outermost edge towards the host: a fault of ours must cost it nothing but the record.
        except Exception:  # noqa: BLE001
            note_fault("record a step")

    def _record(self, span: SpanRecord, place: Place, error: BaseException | None) -> None:
        span.end_ns = max(now_ns(), span.start_ns)
        attributes = span.attributes
        attributes["teachback.step.kind"] = self.kind.value
        if self.input is not self._spelled_input:
            self._spell_input(place)
        if self.output is not UNSET:
            place.job.set_json(span, self.output_attribute, self.output)
        if self.model:
            attributes["gen_ai.request.model"] = self.model
        for name, number in (
            ("gen_ai.usage.input_tokens", self.input_tokens),
            ("gen_ai.usage.output_tokens", self.output_tokens),
            ("gen_ai.usage.cost", self.cost_usd),
        ):
            if number is not None:
                attributes[name] = number
        if isinstance(error, HandedBack):
            attributes["teachback.hand_back.reason"] = error.reason
        elif error is not None:
            span.error_type, span.error_message = type(error).__name__, spell_error(error)
        place.job.record(span)

    def _spell_input(self, place: Place) -> None:
        self._spelled_input = self.input
        if self.input is not UNSET:
            place.job.set_json(place.span, self.input_attribute, self.input)


def step(name: str, *, kind: StepKind | str = StepKind.OTHER, input: object = UNSET) -> Step:
    """Record one step: `with teachback.step("find customer", kind="retrieval") as step: step.output = …`.

    Kinds are model, tool, retrieval, hand_off and other. Its input is taken when it begins, its output when
    it ends. An exception is recorded and goes on.
    """
    return Step(str(name), _read_kind(kind), input)


def _read_kind(kind: StepKind | str) -> StepKind:
    try:
        return StepKind(kind)
    except ValueError:
        log.warning("Teachback knows no step of the kind %r: it is one of %s.", kind, ", ".join(StepKind))
        return StepKind.OTHER
