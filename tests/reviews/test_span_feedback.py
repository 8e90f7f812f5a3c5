"""Decisions that came as spans become reviews of jobs that were offered for review, each once."""

import json

import pytest

from builders import MORNING, House
from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.models import Job, SpanFeedback
from teachback_server.reviews.models import Review
from teachback_server.reviews.span_feedback import take_verdicts
from teachback_server.workflows.models import Reason

pytestmark = pytest.mark.django_db(databases=["default", "traces"])

TRACE = "a" * 32


@pytest.fixture
def job(house: House) -> Job:
    return Job.objects.create(
        workflow=house.workflow,
        number=1,
        external_id="one",
        trace_id=TRACE,
        span_id="b" * 16,
        group="one",
        is_test_case=False,
        source="traces",
        input={"text": "Where is it?"},
        output={"queue": "billing"},
        status="finished",
        release=house.release,
        routing="observed",
        routing_reason="It was used before Teachback saw it.",
        review_probability=1.0,
        is_waiting=True,
        started_at=MORNING,
        finished_at=MORNING,
    )


def say(
    house: House, verdict: str, *, annotator: str = "person", explanation: str = "", label: str = ""
) -> SpanFeedback:
    return SpanFeedback.objects.create(
        workflow_id=house.workflow.pk,
        trace_id="c" * 32,
        span_id="d" * 16,
        position=SpanFeedback.objects.count(),
        about_trace_id=TRACE,
        name="verdict",
        annotator=annotator,
        verdict=verdict,
        label=label or verdict,
        explanation=explanation,
        at=MORNING,
    )


def test_an_acceptance_becomes_a_review_once(house: House, job: Job) -> None:
    say(house, ReviewVerdict.ACCEPTED)
    assert take_verdicts() == 1
    assert take_verdicts() == 0
    review = Review.objects.get()
    assert (review.job, review.verdict, review.decided_at) == (job, "accepted", MORNING)
    assert not Job.objects.get().is_waiting


def test_a_correction_brings_the_output_as_it_should_have_been(house: House, job: Job) -> None:
    say(house, ReviewVerdict.CORRECTED, explanation=json.dumps({"queue": "delivery"}), label="wrong queue")
    Reason.objects.create(workflow=house.workflow, code="wrong-queue", label="Wrong queue", position=9)
    assert take_verdicts() == 1
    review = Review.objects.get()
    assert review.output == {"queue": "delivery"}
    assert review.reason is not None
    assert review.reason.code == "wrong-queue"


@pytest.mark.parametrize("explanation", ["it was wrong", "[1]", ""])
def test_a_correction_without_an_output_stays_feedback(house: House, job: Job, explanation: str) -> None:
    feedback = say(house, ReviewVerdict.CORRECTED, explanation=explanation)
    assert take_verdicts() == 0
    feedback.refresh_from_db()
    assert feedback.is_taken
    assert Job.objects.get().is_waiting


def test_a_job_that_was_not_offered_for_review_is_not_reviewed_by_whoever_likes(house: House, job: Job) -> None:
    Job.objects.update(is_waiting=False, review_probability=0.1)
    say(house, ReviewVerdict.REJECTED)
    assert take_verdicts() == 0
    assert not Review.objects.exists()


def test_what_a_model_says_is_no_persons_decision(house: House, job: Job) -> None:
    say(house, ReviewVerdict.REJECTED, annotator="model")
    assert take_verdicts() == 0


def test_feedback_waits_for_a_job_that_has_not_come_yet(house: House) -> None:
    feedback = say(house, ReviewVerdict.ACCEPTED)
    assert take_verdicts() == 0
    feedback.refresh_from_db()
    assert not feedback.is_taken
