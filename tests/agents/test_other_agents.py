"""Recorded agents repeat what history says; a builder's own function fails alone; an unknown agent is named."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import teachback
from teachback.json_types import JsonObject
from teachback.release_document import Check, ReleaseDocument, Rule
from teachback.vocabulary import JobStatus
from teachback_server.agents.opening import UnknownAgent, open_agent
from teachback_server.agents.pipeline import run_release
from teachback_server.agents.protocol import AgentResult, JobInput, ReleaseBundle

SCHEMA: JsonObject = {"type": "object", "properties": {"queue": {"type": "string", "enum": ["billing", "delivery"]}}}


def shout(job: JsonObject) -> JsonObject:
    """A builder's own agent for these tests: it cannot do jobs without a message."""
    return {"queue": str(job["message"])}


def make_bundle(agent: str, *, rules: tuple[Rule, ...] = (), checks: tuple[Check, ...] = ()) -> ReleaseBundle:
    document = ReleaseDocument(workflow="desk", agent=agent, rules=rules, checks=checks)
    return ReleaseBundle(document=document, input_schema={}, output_schema=SCHEMA, examples=[])


def test_a_recorded_agent_repeats_its_draft_and_confidence(tmp_path: Path) -> None:
    agent = open_agent(make_bundle("recorded"), tmp_path)
    (result,) = agent.run_jobs([JobInput(input={}, draft={"queue": "billing"}, confidence=0.7)])
    assert (result.status, result.output, result.confidence) == (JobStatus.FINISHED, {"queue": "billing"}, 0.7)


def test_a_recorded_agent_without_a_draft_hands_back(tmp_path: Path) -> None:
    (result,) = open_agent(make_bundle("recorded"), tmp_path).run_jobs([JobInput(input={})])
    assert result.status is JobStatus.HANDED_BACK
    assert result.hand_back_reason


def gives_up(job: JsonObject) -> JsonObject:
    teachback.hand_back("The order is not in the shop's system.")


def test_a_function_that_hands_back_as_the_sdk_does_hands_back(tmp_path: Path) -> None:
    agent = open_agent(make_bundle(f"python:{__name__}:gives_up"), tmp_path)
    (result,) = agent.run_jobs([JobInput(input={})])
    assert (result.status, result.hand_back_reason) == (
        JobStatus.HANDED_BACK,
        "The order is not in the shop's system.",
    )


def test_a_function_that_fails_fails_that_job_alone(tmp_path: Path) -> None:
    agent = open_agent(make_bundle(f"python:{__name__}:shout"), tmp_path)
    good, bad = agent.run_jobs([JobInput(input={"message": "billing"}), JobInput(input={})])
    assert good.output == {"queue": "billing"}
    assert bad.status is JobStatus.FAILED and bad.output is None


def test_an_agent_that_does_not_exist_is_named_with_what_to_write_instead(tmp_path: Path) -> None:
    with pytest.raises(UnknownAgent, match="Write local, recorded or python:MODULE:FUNCTION"):
        open_agent(make_bundle("magic"), tmp_path)


def test_rules_and_checks_act_after_the_agent(tmp_path: Path) -> None:
    rule = Rule(
        name="parcels", when='input.message.contains("parcel")', action="set_field", field="queue", value="'delivery'"
    )
    bundle = make_bundle("recorded", rules=(rule,), checks=(Check(name="fits", kind="schema"),))
    agent = open_agent(bundle, tmp_path)
    jobs = [
        JobInput(input={"message": "parcel"}, draft={"queue": "billing"}, confidence=0.9),
        JobInput(input={"message": "hello"}, draft={"queue": "nonsense"}, confidence=0.9),
    ]
    ruled, checked = run_release(agent, bundle, jobs)
    assert ruled.output == {"queue": "delivery"} and not ruled.wants_review
    assert "fits" in checked.wants_review


class Worrier:
    """An agent that always wants a person to look."""

    def run_jobs(self, jobs: Sequence[JobInput]) -> list[AgentResult]:
        result = AgentResult(status=JobStatus.FINISHED, output={"queue": "nonsense"}, wants_review="two orders")
        return [result for _ in jobs]


def test_what_an_agent_wants_to_be_looked_at_stands_before_all_other_wishes() -> None:
    rule = Rule(name="all", when="true", action="review", reason="new here")
    bundle = make_bundle("recorded", rules=(rule,), checks=(Check(name="fits", kind="schema"),))
    (result,) = run_release(Worrier(), bundle, [JobInput(input={})])
    wishes = result.wants_review.split("; ")
    assert wishes[0] == "two orders"
    assert "new here" in wishes[1] and "fits" in wishes[2]


def test_an_output_that_does_not_fit_the_boundary_waits_for_a_person_without_any_check(tmp_path: Path) -> None:
    jobs = [
        JobInput(input={"message": "billing"}, draft={"queue": "billing"}, confidence=0.9),
        JobInput(input={"message": "nonsense"}, draft={"queue": "nonsense"}, confidence=0.9),
    ]
    for name in ("recorded", f"python:{__name__}:shout"):
        bundle = make_bundle(name)
        fit, unfit = run_release(open_agent(bundle, tmp_path), bundle, jobs)
        assert fit.wants_review == ""
        assert unfit.wants_review.startswith("the boundary: queue: “nonsense” is not one of the choices")


def test_what_a_check_of_the_schema_says_is_not_said_twice(tmp_path: Path) -> None:
    bundle = make_bundle("recorded", checks=(Check(name="fits", kind="schema"),))
    job = JobInput(input={}, draft={"queue": "nonsense"}, confidence=0.9)
    (result,) = run_release(open_agent(bundle, tmp_path), bundle, [job])
    assert result.wants_review.count("nonsense") == 1
