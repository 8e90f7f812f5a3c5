"""Trying a rule or a check on past jobs: what counts as acting rightly."""

import pytest

from teachback.json_types import JsonObject
from teachback.release_document import Check, Rule
from teachback_server.improvements.previews import PastJob, preview_check, preview_rule

SCHEMA = {"type": "object", "properties": {"queue": {"type": "string"}, "city": {"type": "string"}}}


def job(output: JsonObject, expected: JsonObject | None, number: int = 1) -> PastJob:
    return PastJob(
        number=number,
        input={"text": "x"},
        output=output,
        confidence=0.5,
        expected=expected,
        was_right=output == expected,
    )


@pytest.mark.parametrize(
    ("output", "expected", "rightly", "wrongly"),
    [
        ({"queue": "a"}, {"queue": "b"}, 1, 0),
        ({"queue": "a"}, {"queue": "a"}, 0, 1),
        ({"queue": "a"}, {"queue": "c"}, 0, 0),
        ({"queue": "a", "city": "x"}, {"queue": "b", "city": "y"}, 1, 0),
        ({"queue": "a"}, None, 0, 0),
    ],
)
def test_a_rule_that_sets_a_field_acts_rightly_if_fewer_fields_are_wrong_after_it(
    output: JsonObject, expected: JsonObject | None, rightly: int, wrongly: int
) -> None:
    rule = Rule(name="r", when="output.queue == 'a'", action="set_field", field="queue", value="'b'")
    preview = preview_rule(rule, [job(output, expected)])
    assert (preview.looked_at, preview.acted, preview.rightly, preview.wrongly) == (1, 1, rightly, wrongly)


@pytest.mark.parametrize("action", ["review", "hand_back"])
def test_a_rule_that_stops_a_job_acts_rightly_if_the_job_was_wrong(action: str) -> None:
    rule = Rule(name="r", when="output.queue == 'a'", action=action)
    jobs = [
        job({"queue": "a"}, {"queue": "b"}),
        job({"queue": "a"}, {"queue": "a"}),
        job({"queue": "z"}, {"queue": "y"}),
    ]
    preview = preview_rule(rule, jobs)
    assert (preview.looked_at, preview.acted, preview.rightly, preview.wrongly) == (3, 2, 1, 1)


def test_a_check_acts_on_the_outputs_that_fail_it() -> None:
    check = Check(name="c", kind="one_of", field="queue", values=("b",))
    jobs = [job({"queue": "a"}, {"queue": "b"}, 7), job({"queue": "b"}, {"queue": "b"}, 8)]
    preview = preview_check(check, jobs, SCHEMA)
    assert (preview.acted, preview.rightly, preview.wrongly, preview.acted_on) == (1, 1, 0, (7,))


def test_what_could_not_be_computed_is_said_once() -> None:
    rule = Rule(name="r", when="output.city.size() > 1", action="review")
    preview = preview_rule(rule, [job({"queue": "a"}, {"queue": "a"})] * 3)
    assert preview.acted == 0
    assert len(preview.notes) == 1


def test_who_runs_out_of_patience_hears_how_far_it_went() -> None:
    rule = Rule(name="r", when="true", action="review")
    preview = preview_rule(rule, [job({"queue": "a"}, {"queue": "a"})] * 3, patience_seconds=-1.0)
    assert (preview.looked_at, preview.is_cut_short) == (0, True)
