"""Reads the narrow facts of a span: called for every span that comes in, so it looks names up and reads no JSON."""

import json
import math
import re
from collections.abc import Iterator

from teachback.json_types import Json
from teachback.vocabulary import StepKind
from teachback_server.jobs.meaning.attribute_names import (
    COST,
    COSTS,
    INPUT_COST,
    OUTPUT_COST,
    SOME_INPUT_TOKENS,
    SOME_OUTPUT_TOKENS,
    TOTAL_TOKENS,
    USAGE,
    NamesTell,
    read_names,
)
from teachback_server.jobs.meaning.conventions.plain_names import is_like_a_carrier
from teachback_server.jobs.meaning.gathering import EVENTS_READ
from teachback_server.jobs.meaning.spans import Attributes, Span
from teachback_server.jobs.meaning.tables import KINDS, LONGEST_NAME, find_convention_of_scope, is_in_a_table
from teachback_server.jobs.meaning.what_spans_say import StepFacts

_AGENT_KINDS = frozenset({"agent", "invoke_agent", "create_agent"})
_MOST_TOKENS = 10**9  # beyond it, a number is a mistake and would not fit a column of sums
_MOST_USD = 10**9
_LONGEST_SHOWN = 255
_LONGEST_USAGE = 4000  # characters
_NAME_AND_COUNT = re.compile(r"(\w+)=(\d{1,12})\b")


def read_facts(span: Span, told: NamesTell | None = None) -> StepFacts:
    """Read what is kept of every step: name, kind, model, tokens, cost in US dollars, and which convention told.

    `told` is what `read_names` says of its attributes, where the caller has asked that already.
    """
    attributes = span.attributes
    told = told or read_names(attributes)
    facts = StepFacts(name=span.name, kind=StepKind.OTHER, is_error=span.is_error)
    _read_names(facts, attributes, told)
    if told.has_numbers:
        _read_tokens(facts, attributes, told)
    if told.has_money:
        _read_cost(facts, attributes)
    facts.convention = told.convention or find_convention_of_scope(span.scope)
    if told.unread:
        facts.unread = tuple(name for name in told.unread if _can_carry_text(attributes[name]))
    if span.events:
        facts.unread += tuple(_list_unread_of_events(span))
    return facts


def read_kind(attributes: Attributes) -> tuple[StepKind, str]:
    """Read what kind of step a span is and the word that said so; other, where nothing does."""
    return _read_kind(attributes, read_names(attributes))


def _read_kind(attributes: Attributes, told: NamesTell) -> tuple[StepKind, str]:
    said = ""
    for key in told.kind:
        value = attributes.get(key)
        if isinstance(value, str) and value:
            word = value.strip('"').lower()  # MLflow writes every value as JSON
            kind = KINDS.get(word)
            if kind is not None and kind is not StepKind.OTHER:
                return kind, word
            if kind is not None:
                said = said or word
    return (StepKind.OTHER, said) if said else _tell_kind(attributes, told)


def _tell_kind(attributes: Attributes, told: NamesTell) -> tuple[StepKind, str]:
    """Tell what kind of step it is by what it carries, where it does not say or says it in a word of its own."""
    if _find_text(attributes, told.tool_name):
        return StepKind.TOOL, ""
    if _find_text(attributes, told.agent_name):
        return StepKind.OTHER, "agent"
    if _find_text(attributes, told.model) or told.is_of_models:
        return StepKind.MODEL, ""
    return (StepKind.RETRIEVAL if told.is_of_searches else StepKind.OTHER), ""


def is_agent(attributes: Attributes) -> bool:
    """Tell whether a span is an agent at work."""
    return read_kind(attributes)[1] in _AGENT_KINDS


def _list_unread_of_events(span: Span) -> Iterator[str]:
    for event in span.events:
        if event.attributes and event.name not in EVENTS_READ and is_like_a_carrier(event.name):
            for name, value in event.attributes.items():
                if (
                    len(name) <= LONGEST_NAME
                    and not is_in_a_table(name)
                    and is_like_a_carrier(name)
                    and _can_carry_text(value)
                ):
                    yield f"{event.name}: {name}"


def _read_names(facts: StepFacts, attributes: Attributes, told: NamesTell) -> None:
    facts.kind, said = _read_kind(attributes, told)
    facts.model = _find_text(attributes, told.model)
    if facts.kind is StepKind.MODEL:
        name = facts.model
    elif facts.kind is StepKind.TOOL:
        name = _find_text(attributes, told.tool_name) or _find_text(attributes, told.step_name)
    elif said in _AGENT_KINDS:
        name = _find_text(attributes, told.agent_name) or _find_text(attributes, told.step_name)
    else:
        name = _find_text(attributes, told.step_name)
    facts.name = name or facts.name


def _read_tokens(facts: StepFacts, attributes: Attributes, told: NamesTell) -> None:
    facts.input_tokens = _find_count(attributes, told.input_tokens)
    facts.output_tokens = _find_count(attributes, told.output_tokens)
    if facts.input_tokens or facts.output_tokens:
        return
    usage = _find_object(attributes, USAGE)
    if usage:
        facts.input_tokens = _find_count(usage, ("input", "input_tokens", "prompt_tokens", "promptTokens"))
        facts.output_tokens = _find_count(usage, ("output", "output_tokens", "completion_tokens", "completionTokens"))
    if not (facts.input_tokens or facts.output_tokens):
        facts.input_tokens = sum(_find_count(attributes, (key,)) for key in SOME_INPUT_TOKENS)
        facts.output_tokens = sum(_find_count(attributes, (key,)) for key in SOME_OUTPUT_TOKENS)
    if not (facts.input_tokens or facts.output_tokens):
        # Only their sum is known: what was read is by far the most of it in nearly every call.
        total = _find_count(attributes, TOTAL_TOKENS)
        facts.input_tokens = total or _find_count(usage, ("total", "total_tokens", "totalTokens"))


def _read_cost(facts: StepFacts, attributes: Attributes) -> None:
    facts.cost_usd = _find_usd(attributes, COST)
    if not facts.cost_usd:
        facts.cost_usd = _find_usd(attributes, INPUT_COST) + _find_usd(attributes, OUTPUT_COST)
    if not facts.cost_usd:
        costs = _find_object(attributes, COSTS)
        facts.cost_usd = _find_usd(costs, ("total", "total_cost"))
        if not facts.cost_usd:
            facts.cost_usd = _find_usd(costs, ("input", "input_cost")) + _find_usd(costs, ("output", "output_cost"))


def _find_text(attributes: Attributes, keys: tuple[str, ...]) -> str:
    for key in keys:
        value = attributes.get(key)
        if value and isinstance(value, str):
            return value[:_LONGEST_SHOWN] if value[0] != '"' else value.strip('"')[:_LONGEST_SHOWN]
    return ""


def _find_count(attributes: Attributes, keys: tuple[str, ...]) -> int:
    for key in keys:
        value = attributes.get(key)
        if value:
            number = _as_number(value)
            if 0 < number < _MOST_TOKENS:
                return int(number)
    return 0


def _find_usd(attributes: Attributes, keys: tuple[str, ...]) -> float:
    for key in keys:
        value = attributes.get(key)
        if value:
            number = _as_number(value)
            if 0 < number < _MOST_USD:
                return number
    return 0.0


def _as_number(value: Json) -> float:
    if isinstance(value, bool):
        return 0.0
    if isinstance(value, int | float | str):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return 0.0
        return number if math.isfinite(number) else 0.0
    return 0.0


def _find_object(attributes: Attributes, keys: tuple[str, ...]) -> Attributes:
    # Few conventions say tokens and cost only as a short text; it is read for their spans alone.
    for key in keys:
        value = attributes.get(key)
        if isinstance(value, str) and 2 < len(value) <= _LONGEST_USAGE:
            value = _read_short_object(value)
        if isinstance(value, dict):
            return value
    return {}


def _read_short_object(text: str) -> Json:
    if not text.lstrip().startswith("{"):
        return {name: int(digits) for name, digits in _NAME_AND_COUNT.findall(text)}
    try:
        read: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return read


def _can_carry_text(value: Json) -> bool:
    return bool(value) and isinstance(value, str | list | tuple | dict)
