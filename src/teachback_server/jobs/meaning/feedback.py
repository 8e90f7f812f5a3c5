"""Reads what somebody said about a job or a step: annotations, evaluations, and what they decide."""

import math
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from teachback.json_types import Json
from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.meaning.attribute_names import NamesTell, read_names
from teachback_server.jobs.meaning.gathering import EVENT_OF_EVALUATION
from teachback_server.jobs.meaning.loose_json import clean_text, gather_indexed
from teachback_server.jobs.meaning.spans import Attributes, Span
from teachback_server.jobs.meaning.what_spans_say import Feedback

Annotator: TypeAlias = Literal["person", "model", "code"]
About: TypeAlias = Literal["trace", "span"]

# What a person's label decides. Everything else that a person says stays a label and a score.
VERDICTS: Mapping[str, ReviewVerdict] = {
    "accepted": ReviewVerdict.ACCEPTED,
    "accept": ReviewVerdict.ACCEPTED,
    "approved": ReviewVerdict.ACCEPTED,
    "approve": ReviewVerdict.ACCEPTED,
    "correct": ReviewVerdict.ACCEPTED,
    "right": ReviewVerdict.ACCEPTED,
    "thumbs up": ReviewVerdict.ACCEPTED,
    "thumb up": ReviewVerdict.ACCEPTED,
    "👍": ReviewVerdict.ACCEPTED,
    "corrected": ReviewVerdict.CORRECTED,
    "edited": ReviewVerdict.CORRECTED,
    "rejected": ReviewVerdict.REJECTED,
    "reject": ReviewVerdict.REJECTED,
    "incorrect": ReviewVerdict.REJECTED,
    "wrong": ReviewVerdict.REJECTED,
    "thumbs down": ReviewVerdict.REJECTED,
    "thumb down": ReviewVerdict.REJECTED,
    "👎": ReviewVerdict.REJECTED,
    "escalated": ReviewVerdict.ESCALATED,
    "escalate": ReviewVerdict.ESCALATED,
}
# Whether the next step could use the output: an outcome, whoever says it.
USES: Mapping[str, bool] = {
    "used": True,
    "usable": True,
    "not used": False,
    "unused": False,
    "not usable": False,
    "unusable": False,
}
_ANNOTATORS: Mapping[str, Annotator] = {
    "human": "person",
    "person": "person",
    "user": "person",
    "llm": "model",
    "model": "model",
    "code": "code",
}
# How such attributes begin: OpenInference has two words for it.
_BEGINNINGS: Mapping[str, tuple[About, str]] = {
    "annotations.": ("span", "annotation"),
    "evaluations.": ("span", "evaluation"),
    "trace.annotations.": ("trace", "annotation"),
    "trace.evaluations.": ("trace", "evaluation"),
}
_EVALUATION = "gen_ai.evaluation."
_LONGEST_TOLD = 255


def list_feedback(span: Span, told: NamesTell | None = None) -> tuple[Feedback, ...]:
    """List what a span says about a job or a step.

    A span with exactly one link speaks about what it points at, any other about itself. `told` is what `read_names`
    says of its attributes, where the caller has asked that already.
    """
    names = (told or read_names(span.attributes)).feedback
    if not names and not span.events:
        return ()
    judging = {name: span.attributes[name] for name in names}
    found = [*_list_annotations(span, judging)]
    if any(name.startswith(_EVALUATION) for name in judging):
        found.append(_read_evaluation(span, judging))
    found += [_read_evaluation(span, event.attributes) for event in span.events if event.name == EVENT_OF_EVALUATION]
    return tuple(feedback for feedback in found if feedback is not None)


def _list_annotations(span: Span, judging: Attributes) -> Iterator[Feedback | None]:
    for beginning, (about, word) in _BEGINNINGS.items():
        parts = [(name.removeprefix(beginning), value) for name, value in judging.items() if name.startswith(beginning)]
        gathered = gather_indexed(parts) if parts else None
        for entry in gathered if isinstance(gathered, list) else ():
            said = entry.get(word) if isinstance(entry, Mapping) else None
            if isinstance(said, Mapping):
                yield _make_feedback(span, about, said)


def _read_evaluation(span: Span, attributes: Attributes) -> Feedback | None:
    names = {
        "name": "name",
        "score.value": "score",
        "score.label": "label",
        "explanation": "explanation",
        "annotator_kind": "annotator_kind",
    }
    said = {short: attributes.get(_EVALUATION + name) for name, short in names.items()}
    return _make_feedback(span, "span", {"annotator_kind": "LLM", **{k: v for k, v in said.items() if v is not None}})


def _make_feedback(span: Span, about: About, said: Mapping[str, Json]) -> Feedback | None:
    label, score = _read_text(said, "label"), _read_score(said.get("score"))
    if not label and score is None and not _read_text(said, "explanation"):
        return None
    # Who does not say what he is, is taken for a program: it decides nothing.
    annotator = _ANNOTATORS.get(_read_text(said, "annotator_kind").lower(), "code")
    word = " ".join(label.lower().replace("_", " ").replace("-", " ").split())
    trace_id, span_id = _find_target(span)
    return Feedback(
        about=about,
        trace_id=trace_id,
        span_id=span_id,
        name=_read_text(said, "name")[:_LONGEST_TOLD],
        annotator=annotator,
        verdict=VERDICTS.get(word) if annotator == "person" else None,
        is_used=USES.get(word),
        score=score,
        label=label,
        explanation=_read_text(said, "explanation"),
        identifier=_read_text(said, "identifier")[:_LONGEST_TOLD],
    )


def _find_target(span: Span) -> tuple[str, str]:
    if len(span.links) == 1:
        return span.links[0].trace_id, span.links[0].span_id
    return span.trace_id, span.span_id


def _read_text(said: Mapping[str, Json], name: str) -> str:
    value = said.get(name)
    return clean_text(value) if isinstance(value, str) else ""


def _read_score(value: Json) -> float | None:
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        try:
            score = float(value)
        except OverflowError:
            return None
        return score if math.isfinite(score) else None
    return None
