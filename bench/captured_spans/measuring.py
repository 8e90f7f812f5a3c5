"""Counts what is understood of spans against what they carry, told by their attributes' names alone.

What a span carries is judged here without the tables of the product, and generously: a name with "input", "prompt" or
"arguments" in it carries input, one with "output", "completion" or "result" carries output, "message" carries
whichever the rest of the name says.
"""

import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from teachback.json_types import Json
from teachback.vocabulary import StepKind
from teachback_server.jobs.meaning import read_content, read_facts, read_job
from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.meaning.what_spans_say import JobContent

_OUTPUT = re.compile(r"output|completion|result", re.IGNORECASE)
_INPUT = re.compile(r"input|prompt|arguments|message", re.IGNORECASE)
# Names that have one of these words in them and no part of the work behind them.
_NO_WORK = re.compile(
    r"token|mime_type|filter|template|caching|expected_output|output\.type|structured_output|finish_reason"
    r"|\.role$|[._]id$|\.type$",
    re.IGNORECASE,
)
_TOKENS = re.compile(r"tokens?($|[._])|token_count", re.IGNORECASE)
_NO_TOKENS = re.compile(r"max_|time_to_|_details|reasoning|cache", re.IGNORECASE)
_NOT_SHOWN = re.compile(r"tool|encrypted")
_EMPTY = frozenset({"", "{}", "[]", "null", '""'})


@dataclass(kw_only=True)
class Understood:
    """The figures of one suite."""

    suite: str
    spans: int
    traces: int
    jobs: int = 0
    with_input: int = 0  # jobs whose own span carries some
    input_found: int = 0  # of those
    with_output: int = 0
    output_found: int = 0
    with_tokens: int = 0  # spans
    tokens_found: int = 0
    kinds: Counter[StepKind] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    unshown: int = 0  # texts in fields that carry messages, and in nothing that a person is shown
    microseconds: float = 0.0  # of CPU for the facts of a span, the fastest of five rounds

    @property
    def input_share(self) -> float:
        """Of the jobs that carry input, those of which it was found."""
        return self.input_found / self.with_input if self.with_input else 1.0

    @property
    def output_share(self) -> float:
        """Of the jobs that carry output, those of which it was found."""
        return self.output_found / self.with_output if self.with_output else 1.0


def measure_suite(suite: str, spans: Sequence[Span]) -> Understood:
    """Count what is understood of the spans of one suite."""
    traces: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        traces[span.trace_id].append(span)
    figures = Understood(suite=suite, spans=len(spans), traces=len(traces))
    for span in spans:
        _count_span(figures, span)
    for of_trace in traces.values():
        present = {span.span_id for span in of_trace}
        for root in (span for span in of_trace if span.parent_id not in present):
            _count_job(figures, root, read_job(root, of_trace))
    figures.microseconds = _time_facts(spans)
    return figures


def _count_span(figures: Understood, span: Span) -> None:
    facts = read_facts(span)
    figures.kinds[facts.kind] += 1
    figures.unread.update(facts.unread)
    if any(_is_token_count(name, value) for name, value in span.attributes.items()):
        figures.with_tokens += 1
        figures.tokens_found += facts.input_tokens + facts.output_tokens > 0
    content = read_content(span)
    shown = repr(content)
    figures.unshown += sum(_is_lost(text, shown) for text in _list_message_texts(span.attributes))


def _count_job(figures: Understood, root: Span, job: JobContent) -> None:
    names = list(_list_carriers(root))
    figures.jobs += 1
    if any(_INPUT.search(name) and not _OUTPUT.search(name) for name in names):
        figures.with_input += 1
        figures.input_found += job.input is not None
    if any(_OUTPUT.search(name) for name in names):
        figures.with_output += 1
        figures.output_found += job.output is not None


def _list_carriers(span: Span) -> Iterator[str]:
    pairs = [*span.attributes.items()]
    pairs += [
        (name, value) for event in span.events if event.name != "exception" for name, value in event.attributes.items()
    ]
    return (name for name, value in pairs if not _NO_WORK.search(name) and _says_something(value))


def _says_something(value: Json) -> bool:
    if isinstance(value, str):
        return value.strip() not in _EMPTY
    return isinstance(value, list | dict) and bool(value)


def _is_token_count(name: str, value: Json) -> bool:
    is_count = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return bool(is_count and _TOKENS.search(name) and not _NO_TOKENS.search(name))


def _list_message_texts(attributes: Mapping[str, Json]) -> Iterator[str]:
    """The texts of indexed messages, which are the easiest to lose."""
    for name, value in attributes.items():
        if (
            isinstance(value, str)
            and value
            and re.search(r"\.\d+\..*(content|text)$", name)
            and not _NOT_SHOWN.search(name)
        ):
            yield value


def _is_lost(text: str, shown: str) -> bool:
    # A text that holds a list of parts is shown part by part.
    return repr(text)[1:-1] not in shown and json.dumps(text)[1:-1] not in shown and not text.startswith("[{")


def _time_facts(spans: Sequence[Span]) -> float:
    fastest = float("inf")
    for _ in range(5):
        started = time.process_time()
        for span in spans:
            read_facts(span)
        fastest = min(fastest, time.process_time() - started)
    return fastest / len(spans) * 1e6
