"""Compiles and evaluates the CEL expressions that people write, within bounds and with messages for people."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from teachback.cel_engine import engine
from teachback.cel_source import KNOWN_NAMES, CelRefused, CelSource, read_source
from teachback.json_types import Json
from teachback.pattern_weight import pattern_weight

__all__ = ["CelExpression", "CelRefused", "CelResult", "compile_expression"]

_MOST_PATTERN_WEIGHT = 2_000
_MOST_WORK = 30_000_000  # characters times weight times items: about half a second
_MOST_LITERAL_ITEMS = 250  # as many as 500 characters can spell
# What the evaluator raises for an expression that does not fit the job at hand.
_EVALUATION_ERRORS = (ArithmeticError, LookupError, TypeError, RuntimeError, ValueError)


@dataclass(frozen=True, kw_only=True)
class CelResult:
    """The value of an expression for one job; where it could not be computed, None and a note that says why."""

    value: Json = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class CelExpression:
    """A compiled expression over `input`, `output` and `confidence`; evaluate it as often as needed."""

    source: CelSource
    program: Any  # of the engine
    names: tuple[str, ...]  # those of KNOWN_NAMES that it reads
    weight: int  # of its patterns together

    def evaluate(self, values: Mapping[str, Json]) -> CelResult:
        """Compute the value for one job. Never raises: what cannot be computed has a note instead of a value."""
        used = {name: values.get(name) for name in self.names}
        if self.source.is_heavy and self._work_of(used) > _MOST_WORK:
            return CelResult(note="This job is too large for a condition that searches texts or runs over lists.")
        try:
            return _as_result(self.program.execute(used))
        except _EVALUATION_ERRORS as error:
            return CelResult(note=_explain(error, used))

    def holds(self, values: Mapping[str, Json]) -> CelResult:
        """Compute a condition. The value is True or False; False with a note where it could not be computed."""
        result = self.evaluate(values)
        if result.note:
            return CelResult(value=False, note=result.note)
        if not isinstance(result.value, bool):
            return CelResult(value=False, note="The condition gives neither true nor false: compare it with something.")
        return result

    def _work_of(self, used: Mapping[str, Json]) -> int:
        characters, longest = _measure(used)
        items = max(longest, _MOST_LITERAL_ITEMS) * self.source.loops if self.source.loops else 1
        return characters * max(self.weight, 1) * items


# A release holds a few expressions and runs them on every job; this remembers the compiled ones of many releases.
@lru_cache(maxsize=1_000)
def compile_expression(text: str) -> CelExpression:
    """Compile what a person wrote. Raises CelRefused with a message for that person."""
    source = read_source(text)
    try:
        program = engine.compile(text)
    except ValueError as error:
        raise CelRefused(_explain_syntax(str(error))) from None
    names = frozenset(program.variables()) - source.loop_names
    _refuse_unknown_names(names)
    weight = sum(_weigh(pattern) for pattern in source.patterns)
    return CelExpression(source=source, program=program, names=tuple(sorted(names)), weight=weight)


def _refuse_unknown_names(names: frozenset[str]) -> None:
    for name in sorted(names.difference(KNOWN_NAMES)):
        raise CelRefused(
            f"`{name}` is not known here. Write `output.{name}` or `input.{name}` for a field, or '{name}' in quotes "
            "for a text; besides these there is only `confidence`."
        )


def _weigh(spelled: str) -> int:
    try:
        pattern = engine.compile(spelled).execute()
        engine.compile(f"''.matches({spelled})").execute()
    except (RuntimeError, ValueError) as error:
        problem = str(error).rsplit("error: ", 1)[-1].split(". Check function")[0].strip()
        raise CelRefused(
            f"The pattern {spelled} cannot be read: {problem}. Put a backslash before plain signs."
        ) from None
    weight = pattern_weight(pattern) if isinstance(pattern, str) else 0
    if weight > _MOST_PATTERN_WEIGHT:
        raise CelRefused(f"The pattern {spelled} repeats its parts too often: use + or * instead of large counts.")
    return weight


def _measure(value: Json) -> tuple[int, int]:
    """How many characters and values there are in all, and how many items the longest list or object has."""
    characters, longest, waiting = 0, 0, [value]
    while waiting:
        current = waiting.pop()
        characters += 1
        if isinstance(current, str):
            characters += len(current)
        elif isinstance(current, Mapping):
            longest = max(longest, len(current))
            waiting.extend(chain(current.keys(), current.values()))
        elif isinstance(current, list | tuple):
            longest = max(longest, len(current))
            waiting.extend(current)
    return characters, longest


def _as_result(value: Any) -> CelResult:
    if isinstance(value, datetime):
        return CelResult(value=value.isoformat().replace("+00:00", "Z"))
    if _is_json(value):
        return CelResult(value=value)
    return CelResult(note=f"The value is of a kind that an output cannot hold ({type(value).__name__}).")


def _is_json(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(_is_json(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_json(item) for name, item in value.items())
    return value is None or isinstance(value, bool | int | str)


def _explain_syntax(message: str) -> str:
    found = re.search(r"<input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)", message)
    if not found:
        return "The expression cannot be read. Write one condition, for example `output.amount > 100`."
    line, column, problem = found.groups()
    problem = re.sub(r" expecting .*", "", problem).strip()
    problem = "something is missing at the end" if "<EOF>" in problem else problem
    place = f"at place {column}" if line == "1" else f"in line {line} at place {column}"
    return (
        f"The expression cannot be read {place}: {problem}. Look for a missing bracket, quotation mark or operator "
        "just before it; `==` compares, `&&` is and, `||` is or."
    )


def _explain(error: Exception, used: Mapping[str, Json]) -> str:
    message = str(error)
    if "confidence" in used and used["confidence"] is None and isinstance(error, TypeError):
        return "This job has no confidence: write `confidence != null && …`."
    if isinstance(error, KeyError):
        name = message.strip("'\"")
        return f"This job has no field `{name}`: write `has(output.{name}) && …` (or input) where it may be absent."
    if isinstance(error, TypeError):
        return (
            "Values of different kinds were compared or combined, or one of them is null: "
            "write `output.x != null && …`, or convert with double(…), int(…) or string(…)."
        )
    if isinstance(error, ZeroDivisionError):
        return "A number was divided by zero."
    if isinstance(error, OverflowError):
        return "A number became too large."
    if isinstance(error, IndexError):
        return "The list has fewer items than the expression asks for: test size(…) first."
    found = re.match(r"(?:Undefined variable or function: |Function )'(\w+)'", message)
    if found:
        name = found.group(1)
        return (
            f"`{name}` got a value that it cannot take, or a field that is absent or null: test it with has(…) first."
        )
    return "The expression could not be computed for this job."
