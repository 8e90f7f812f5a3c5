"""Reads the narrow facts of a span: called for every span that comes in, so it looks names up and reads no JSON."""

import json
import math
import re
from collections.abc import Iterator

from teachback.json_types import Json
from teachback.vocabulary import StepKind
from teachback_server.jobs.meaning.convention import Means
from teachback_server.jobs.meaning.conventions.plain_names import is_like_a_carrier
from teachback_server.jobs.meaning.gathering import EVENTS_READ
from teachback_server.jobs.meaning.spans import Attributes, Span
from teachback_server.jobs.meaning.tables import (
    KINDS,
    KNOWN_NAMES,
    LONGEST_NAME,
    find_convention,
    is_in_a_table,
    is_unread,
    list_keys,
)
from teachback_server.jobs.meaning.what_spans_say import StepFacts

_KIND = list_keys(Means.KIND)
_STEP_NAME = list_keys(Means.STEP_NAME)
_AGENT_NAME = list_keys(Means.AGENT_NAME)
_TOOL_NAME = list_keys(Means.TOOL_NAME)
_MODEL = list_keys(Means.MODEL)
_INPUT_TOKENS = list_keys(Means.INPUT_TOKENS)
_OUTPUT_TOKENS = list_keys(Means.OUTPUT_TOKENS)
_TOTAL_TOKENS = list_keys(Means.TOTAL_TOKENS)
_SOME_INPUT_TOKENS = list_keys(Means.SOME_INPUT_TOKENS)
_SOME_OUTPUT_TOKENS = list_keys(Means.SOME_OUTPUT_TOKENS)
_USAGE = list_keys(Means.USAGE)
_COST = list_keys(Means.COST_USD)
_INPUT_COST = list_keys(Means.INPUT_COST_USD)
_OUTPUT_COST = list_keys(Means.OUTPUT_COST_USD)
_COSTS = list_keys(Means.COSTS_USD)

_NUMBERS = frozenset(
    (*_INPUT_TOKENS, *_OUTPUT_TOKENS, *_TOTAL_TOKENS, *_SOME_INPUT_TOKENS, *_SOME_OUTPUT_TOKENS, *_USAGE)
)
_MONEY = frozenset((*_COST, *_INPUT_COST, *_OUTPUT_COST, *_COSTS))
# What only a call to a model, or only a search, carries: tells the kind of a span that does not name it. Messages do
# not: functions around such calls carry them, too.
_OF_MODELS = frozenset((*_INPUT_TOKENS, *_OUTPUT_TOKENS))
_OF_SEARCHES = frozenset((*list_keys(Means.HOW_MANY), *list_keys(Means.DOCUMENTS)))
_NAMING = frozenset((*_KIND, *_STEP_NAME, *_AGENT_NAME, *_TOOL_NAME, *_MODEL, *_OF_MODELS, *_OF_SEARCHES))

_AGENT_KINDS = frozenset({"agent", "invoke_agent", "create_agent"})
_MOST_TOKENS = 10**9  # beyond it, a number is a mistake and would not fit a column of sums
_MOST_USD = 10**9
_LONGEST_SHOWN = 255
_LONGEST_USAGE = 4000  # characters
_NAME_AND_COUNT = re.compile(r"(\w+)=(\d{1,12})\b")


def read_facts(span: Span) -> StepFacts:
    """Read what is kept of every step: name, kind, model, tokens, cost in US dollars, and which convention told."""
    attributes = span.attributes
    facts = StepFacts(name=span.name, kind=StepKind.OTHER, is_error=span.is_error)
    if not _NAMING.isdisjoint(attributes):
        _read_names(facts, attributes)
    if not _NUMBERS.isdisjoint(attributes):
        _read_tokens(facts, attributes)
    if not _MONEY.isdisjoint(attributes):
        _read_cost(facts, attributes)
    facts.convention = find_convention(attributes, span.scope)
    unread = [name for name in attributes if name not in KNOWN_NAMES and len(name) <= LONGEST_NAME and is_unread(name)]
    if unread:
        facts.unread = tuple(name for name in unread if _can_carry_text(attributes[name]))
    if span.events:
        facts.unread += tuple(_list_unread_of_events(span))
    return facts


def read_kind(attributes: Attributes) -> tuple[StepKind, str]:
    """Read what kind of step a span is and the word that said so; other, where nothing does."""
    said = ""
    for key in _KIND:
        value = attributes.get(key)
        if isinstance(value, str) and value:
            word = value.strip('"').lower()  # MLflow writes every value as JSON
            kind = KINDS.get(word)
            if kind is not None and kind is not StepKind.OTHER:
                return kind, word
            if kind is not None:
                said = said or word
    return (StepKind.OTHER, said) if said else _tell_kind(attributes)


def _tell_kind(attributes: Attributes) -> tuple[StepKind, str]:
    """Tell what kind of step it is by what it carries, where it does not say or says it in a word of its own."""
    if _find_text(attributes, _TOOL_NAME):
        return StepKind.TOOL, ""
    if _find_text(attributes, _AGENT_NAME):
        return StepKind.OTHER, "agent"
    if _find_text(attributes, _MODEL) or not _OF_MODELS.isdisjoint(attributes):
        return StepKind.MODEL, ""
    return (StepKind.OTHER if _OF_SEARCHES.isdisjoint(attributes) else StepKind.RETRIEVAL), ""


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


def _read_names(facts: StepFacts, attributes: Attributes) -> None:
    facts.kind, said = read_kind(attributes)
    facts.model = _find_text(attributes, _MODEL)
    if facts.kind is StepKind.MODEL:
        name = facts.model
    elif facts.kind is StepKind.TOOL:
        name = _find_text(attributes, _TOOL_NAME) or _find_text(attributes, _STEP_NAME)
    elif said in _AGENT_KINDS:
        name = _find_text(attributes, _AGENT_NAME) or _find_text(attributes, _STEP_NAME)
    else:
        name = _find_text(attributes, _STEP_NAME)
    facts.name = name or facts.name


def _read_tokens(facts: StepFacts, attributes: Attributes) -> None:
    facts.input_tokens = _find_count(attributes, _INPUT_TOKENS)
    facts.output_tokens = _find_count(attributes, _OUTPUT_TOKENS)
    if facts.input_tokens or facts.output_tokens:
        return
    usage = _find_object(attributes, _USAGE)
    if usage:
        facts.input_tokens = _find_count(usage, ("input", "input_tokens", "prompt_tokens", "promptTokens"))
        facts.output_tokens = _find_count(usage, ("output", "output_tokens", "completion_tokens", "completionTokens"))
    if not (facts.input_tokens or facts.output_tokens):
        facts.input_tokens = sum(_find_count(attributes, (key,)) for key in _SOME_INPUT_TOKENS)
        facts.output_tokens = sum(_find_count(attributes, (key,)) for key in _SOME_OUTPUT_TOKENS)
    if not (facts.input_tokens or facts.output_tokens):
        # Only their sum is known: what was read is by far the most of it in nearly every call.
        total = _find_count(attributes, _TOTAL_TOKENS)
        facts.input_tokens = total or _find_count(usage, ("total", "total_tokens", "totalTokens"))


def _read_cost(facts: StepFacts, attributes: Attributes) -> None:
    facts.cost_usd = _find_usd(attributes, _COST)
    if not facts.cost_usd:
        facts.cost_usd = _find_usd(attributes, _INPUT_COST) + _find_usd(attributes, _OUTPUT_COST)
    if not facts.cost_usd:
        costs = _find_object(attributes, _COSTS)
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
