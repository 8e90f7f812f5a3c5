"""Shows that what somebody says about a job or a step is read, and what of it decides something."""

import pytest

from span_samples import TRACE, make_event, make_span
from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.meaning import list_feedback
from teachback_server.jobs.meaning.spans import SpanLink
from teachback_server.jobs.meaning.what_spans_say import Feedback

ELSEWHERE = SpanLink(trace_id="b" * 32, span_id="c" * 16, attributes={})


def test_an_annotation_of_a_person_about_another_trace_is_read() -> None:
    span = make_span(
        {
            "trace.annotations.0.annotation.name": "booking",
            "trace.annotations.0.annotation.label": "Rejected",
            "trace.annotations.0.annotation.score": 0,
            "trace.annotations.0.annotation.explanation": "wrong day",
            "trace.annotations.0.annotation.annotator_kind": "HUMAN",
            "trace.annotations.0.annotation.identifier": "anna",
        },
        links=(ELSEWHERE,),
    )
    assert list_feedback(span) == (
        Feedback(
            about="trace",
            trace_id="b" * 32,
            span_id="c" * 16,
            name="booking",
            annotator="person",
            verdict=ReviewVerdict.REJECTED,
            is_used=None,
            score=0.0,
            label="Rejected",
            explanation="wrong day",
            identifier="anna",
        ),
    )


@pytest.mark.parametrize(
    ("label", "verdict"),
    [
        ("accepted", ReviewVerdict.ACCEPTED),
        ("Correct", ReviewVerdict.ACCEPTED),
        ("THUMBS_UP", ReviewVerdict.ACCEPTED),
        ("👍", ReviewVerdict.ACCEPTED),
        ("corrected", ReviewVerdict.CORRECTED),
        ("incorrect", ReviewVerdict.REJECTED),
        ("thumbs-down", ReviewVerdict.REJECTED),
        ("Escalated", ReviewVerdict.ESCALATED),
        ("polite", None),
    ],
)
def test_a_persons_label_is_a_verdict_where_it_stands_in_the_table(label: str, verdict: ReviewVerdict | None) -> None:
    span = make_span({"annotations.0.annotation.label": label, "annotations.0.annotation.annotator_kind": "HUMAN"})
    (feedback,) = list_feedback(span)
    assert feedback.verdict is verdict
    assert (feedback.about, feedback.trace_id, feedback.span_id) == ("span", TRACE, span.span_id)


@pytest.mark.parametrize(("kind", "annotator"), [("LLM", "model"), ("CODE", "code"), ("", "code")])
def test_only_a_person_gives_a_verdict(kind: str, annotator: str) -> None:
    span = make_span({"evaluations.0.evaluation.label": "accepted", "evaluations.0.evaluation.annotator_kind": kind})
    (feedback,) = list_feedback(span)
    assert (feedback.verdict, feedback.annotator, feedback.label) == (None, annotator, "accepted")


@pytest.mark.parametrize(
    ("label", "is_used"), [("used", True), ("not used", False), ("Not_Used", False), ("liked", None)]
)
def test_whether_it_was_used_is_an_outcome_whoever_says_it(label: str, is_used: bool | None) -> None:
    span = make_span({"annotations.0.annotation.label": label, "annotations.0.annotation.annotator_kind": "CODE"})
    (feedback,) = list_feedback(span)
    assert feedback.is_used is is_used


def test_several_judgements_of_one_span_stay_apart() -> None:
    span = make_span(
        {
            "annotations.0.annotation.name": "tone",
            "annotations.0.annotation.score": 0.5,
            "annotations.1.annotation.name": "facts",
            "annotations.1.annotation.score": 1,
            "annotations.2.annotation.name": "says nothing",
        }
    )
    assert [(one.name, one.score) for one in list_feedback(span)] == [("tone", 0.5), ("facts", 1.0)]


def test_an_evaluation_that_came_as_an_event_is_a_score() -> None:
    said = {
        "gen_ai.evaluation.name": "relevance",
        "gen_ai.evaluation.score.value": 0.8,
        "gen_ai.evaluation.score.label": "accepted",
        "gen_ai.evaluation.explanation": "to the point",
    }
    (feedback,) = list_feedback(make_span(events=(make_event("gen_ai.evaluation.result", said),)))
    assert (feedback.name, feedback.score, feedback.verdict) == ("relevance", 0.8, None)
    assert list_feedback(make_span(said)) == (feedback,)


def test_a_span_with_two_links_speaks_about_itself() -> None:
    span = make_span({"annotations.0.annotation.label": "used"}, links=(ELSEWHERE, ELSEWHERE))
    assert [one.span_id for one in list_feedback(span)] == [span.span_id]


def test_most_spans_say_nothing_about_others() -> None:
    assert list_feedback(make_span({"gen_ai.operation.name": "chat"}, links=(ELSEWHERE,))) == ()
