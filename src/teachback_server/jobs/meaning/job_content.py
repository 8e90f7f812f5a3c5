"""Reads the job that a trace is of: its input and output as JSON objects, and how it ended."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from teachback.json_types import Json, JsonObject
from teachback.plain_json import as_json_object, read_json_object
from teachback.vocabulary import JobStatus, RoutingKind, StepKind
from teachback_server.jobs.meaning.convention import Means
from teachback_server.jobs.meaning.envelopes import is_request, open_envelope
from teachback_server.jobs.meaning.gathering import Gathered, find_text, find_value, gather
from teachback_server.jobs.meaning.loose_json import clean_json, clean_text, is_empty, read_json
from teachback_server.jobs.meaning.messages import THOUGHT, has_messages, is_nothing_but_message, read_messages
from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.meaning.step_content import (
    list_asked,
    read_error,
    read_found,
    read_messages_in,
    read_messages_out,
)
from teachback_server.jobs.meaning.step_facts import is_agent, read_facts, read_kind
from teachback_server.jobs.meaning.tables import list_keys
from teachback_server.jobs.meaning.what_spans_say import JobContent, JobRouting, Message

_WORKFLOW = ("teachback.workflow", "gen_ai.workflow.name", "gen_ai.agent.name", "agent.name")
_OWN_INPUT, _OWN_OUTPUT = list_keys(Means.JOB_INPUT), list_keys(Means.JOB_OUTPUT)
_SESSION = list_keys(Means.SESSION)
_LONGEST_NAME = 255
_MOST_LOOKED_AT = 50

_Word = TypeVar("_Word", JobStatus, RoutingKind)


def read_job(job_span: Span, spans_of_trace: Sequence[Span]) -> JobContent:
    """Read what a trace says about its job.

    Input and output always are JSON objects: an object stays as it is, a text becomes `{"text": …}`, messages become
    `{"text": …}` where there is one from a user (or one answer), else `{"messages": [{"role", "text"}, …]}`; a list
    becomes `{"items": […]}`, any other value `{"value": …}`. The job's own span counts most. Where it carries none, the
    input is that of the first step of a model or an agent below it, and the output that of the last.
    """
    said = gather(job_span)
    below = _list_below(job_span, spans_of_trace)
    hand_back_reason = find_text(said, Means.HAND_BACK_REASON)
    status = _read_status(job_span, said, hand_back_reason)
    return JobContent(
        external_id=find_text(said, Means.JOB_ID)[:_LONGEST_NAME],
        input=_read_input(job_span, said) or _find_input(below) or _write_silence(said, Means.MESSAGES_IN, Means.INPUT),
        output=_read_output(job_span, said)
        or _find_output(below, only_telling=job_span.is_error)
        or _write_silence(said, Means.MESSAGES_OUT, Means.OUTPUT),
        status=status,
        hand_back_reason=hand_back_reason,
        error=read_error(job_span, said) if status is JobStatus.FAILED else "",
        confidence=_read_share(said, Means.CONFIDENCE),
        session=_find_session(job_span, spans_of_trace),
        release=find_text(said, Means.RELEASE)[:_LONGEST_NAME],
        routing=_read_routing(said),
        provenance=_as_mapping(find_value(said, Means.PROVENANCE)),
        retries=count_retries(below),
    )


def names_of_workflow(span: Span) -> tuple[tuple[str, str], ...]:
    """The names by which a span's workflow may be known, as (attribute, value), the most telling one first."""
    named = [(name, span.attributes.get(name)) for name in _WORKFLOW]
    named.append(("service.name", span.resource.get("service.name")))
    told = [(name, clean_text(value)[:_LONGEST_NAME]) for name, value in named if isinstance(value, str)]
    return tuple((name, value) for name, value in told if value.strip())


def count_retries(spans: Sequence[Span]) -> int:
    """Count the steps that repeat one of the same name and kind which had failed before they began."""
    if not any(span.is_error for span in spans):
        return 0
    failed_at: dict[tuple[str, StepKind], int] = {}
    retries = 0
    for span in sorted(spans, key=lambda span: span.start_ns):
        facts = read_facts(span)
        step = (facts.name, facts.kind)
        if step in failed_at and failed_at[step] <= span.start_ns:
            retries += 1
            del failed_at[step]
        if facts.is_error:
            failed_at[step] = max(span.end_ns, span.start_ns)
    return retries


def _read_input(span: Span, said: Gathered) -> JsonObject | None:
    sent = _read_own(span, _OWN_INPUT)
    if sent is not None:
        return sent
    is_model = read_kind(span.attributes)[0] is StepKind.MODEL
    messages = read_messages_in(span, said)
    given, asked = find_value(said, Means.INPUT), _write_asked(messages if is_model else _cut_own_work(messages))
    if asked and (is_request(given) or is_model):
        return asked
    return (
        make_job_value(given)
        or asked
        or make_job_value(find_value(said, Means.TOOL_ARGUMENTS))
        or make_job_value(_read_query(find_value(said, Means.QUERY)))
        or make_job_value(find_value(said, Means.TOOL_PARAMETERS))
    )


def _read_output(span: Span, said: Gathered) -> JsonObject | None:
    sent = _read_own(span, _OWN_OUTPUT)
    if sent is not None:
        return sent
    given, answered = find_value(said, Means.OUTPUT), _write_answered(read_messages_out(span, said))
    if answered and read_kind(span.attributes)[0] is StepKind.MODEL:
        return answered
    return (
        make_job_value(given)
        or answered
        or make_job_value(find_value(said, Means.TOOL_RESULT))
        or make_job_value(read_found(span, said))
    )


def _read_own(span: Span, names: Sequence[str]) -> JsonObject | None:
    """Under our own names a value is what it is: nothing is taken out of an envelope, no messages are looked for."""
    sent = next((value for name in names if not is_empty(value := span.attributes.get(name))), None)
    if sent is None:
        return None
    return _as_mapping(clean_json(read_json_object(sent) if isinstance(sent, str) else as_json_object(sent)))


def make_job_value(value: Json) -> JsonObject | None:
    """Give any value the form of a job's input or output; None for one that says nothing."""
    opened = open_envelope(read_json(value))
    if is_empty(opened):
        return None
    if has_messages(opened) and (
        not isinstance(opened, Mapping) or is_nothing_but_message(opened) or is_request(opened)
    ):
        messages = read_messages(opened, "user")
        return _write_answered(messages) if _are_answers(messages) else _write_asked(messages)
    return as_json_object(opened)


def _read_query(query: Json) -> Json:
    asked = list_asked(query)
    return asked[0] if len(asked) == 1 else asked


def _cut_own_work(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    # What an agent was given ends with the last word of a user: the calls and results after it are what it did.
    last = max((index for index, message in enumerate(messages) if message.role == "user"), default=len(messages))
    return messages[: last + 1]


def _are_answers(messages: tuple[Message, ...]) -> bool:
    return bool(messages) and all(message.role in ("assistant", THOUGHT) for message in messages)


def _write_asked(messages: tuple[Message, ...]) -> JsonObject | None:
    asked = [message for message in messages if message.role not in ("system", "developer")]
    if len(asked) == 1 and asked[0].text:
        return _write_text_as_object(asked[0].text)
    return _write_all(messages)


def _write_answered(messages: tuple[Message, ...]) -> JsonObject | None:
    spoken = tuple(message for message in messages if message.role != THOUGHT) or messages
    if len(spoken) != 1:
        return _write_all(spoken)
    calls: list[Json] = [{"name": call.name, "arguments": call.arguments} for call in spoken[0].tool_calls]
    written = _write_text_as_object(spoken[0].text) if spoken[0].text else {}
    return {**written, "tool_calls": calls} if calls else written


def _write_silence(said: Gathered, messages: Means, work: Means) -> JsonObject | None:
    # There was a message, and it had no text: an answer that was held back, or a sender that keeps texts to itself.
    if messages in said:
        return {"text": ""}
    # An envelope with nothing in it: a function that was called without arguments.
    return _as_mapping(find_value(said, work)) or None


def _write_all(messages: tuple[Message, ...]) -> JsonObject | None:
    if not messages:
        return None
    return {"messages": [_write_message(message) for message in messages]}


def _write_message(message: Message) -> JsonObject:
    written: dict[str, Json] = {"role": message.role, "text": message.text}
    if message.tool_calls:
        written["tool_calls"] = [{"name": call.name, "arguments": call.arguments} for call in message.tool_calls]
    return written


def _write_text_as_object(text: str) -> JsonObject:
    read = read_json(text)
    return read if isinstance(read, Mapping) and read else {"text": text}


def _list_below(job_span: Span, spans: Sequence[Span]) -> list[Span]:
    children: dict[str, list[Span]] = {}
    for span in spans:
        children.setdefault(span.parent_id, []).append(span)
    below: dict[str, Span] = {}
    waiting = [job_span.span_id]
    while waiting:
        for span in children.get(waiting.pop(), ()):
            if span.span_id not in below and span.span_id != job_span.span_id:
                below[span.span_id] = span
                waiting.append(span.span_id)
    return sorted(below.values(), key=lambda span: span.start_ns)


def _list_telling(spans: Sequence[Span], *, only: bool = False) -> Iterator[Span]:
    """Steps of models and agents first, then all others; so many of each that a trace of thousands costs little."""
    for tells in (True,) if only else (True, False):
        yield from islice((span for span in spans if _tells_most(span) is tells), _MOST_LOOKED_AT)


def _tells_most(span: Span) -> bool:
    return read_kind(span.attributes)[0] is StepKind.MODEL or is_agent(span.attributes)


def _find_input(below: Sequence[Span]) -> JsonObject | None:
    return next((value for span in _list_telling(below) if (value := _read_input(span, gather(span)))), None)


def _find_output(below: Sequence[Span], *, only_telling: bool) -> JsonObject | None:
    # What a tool gave back before a job failed is not what the job came to.
    last_first = sorted(below, key=lambda span: max(span.end_ns, span.start_ns), reverse=True)
    telling = _list_telling(last_first, only=only_telling)
    return next((value for span in telling if (value := _read_output(span, gather(span)))), None)


def _read_status(span: Span, said: Gathered, hand_back_reason: str) -> JobStatus:
    told = _read_word(JobStatus, find_text(said, Means.JOB_STATUS))
    if told is not None:
        return told
    if hand_back_reason:
        return JobStatus.HANDED_BACK
    if span.is_error:
        return JobStatus.FAILED
    return JobStatus.RUNNING if span.end_ns <= 0 else JobStatus.FINISHED


def _read_routing(said: Gathered) -> JobRouting | None:
    kind = _read_word(RoutingKind, find_text(said, Means.ROUTING))
    probability = _read_share(said, Means.REVIEW_PROBABILITY)
    # Without its probability a routing would be of no use to any estimate: the job counts as observed.
    if kind is None or probability is None:
        return None
    return JobRouting(kind=kind, reason=find_text(said, Means.ROUTING_REASON), probability=probability)


def _read_word(words: type[_Word], said: str) -> _Word | None:
    return next((word for word in words if word.value == said.lower()), None)


def _read_share(said: Gathered, means: Means) -> float | None:
    value = find_value(said, means)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        share = float(value)
    except (ValueError, OverflowError):
        return None
    return share if math.isfinite(share) and 0 <= share <= 1 else None


def _as_mapping(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _find_session(job_span: Span, spans: Sequence[Span]) -> str:
    for span in (job_span, *spans):
        for key in _SESSION:
            value = span.attributes.get(key)
            if isinstance(value, str) and value:
                return clean_text(value)[:_LONGEST_NAME]
    return ""
