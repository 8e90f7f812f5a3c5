"""Invariant 4: every live change leads back to its gate, its pattern and the jobs behind it."""

from dataclasses import replace

import pytest
from django.test import Client

from builders import House, record_jobs
from change_builders import (
    gate_cases,
    judge_rule,
    make_pattern,
    propose_rule,
    release_certificate,
    release_examples,
)
from teachback.release_document import ReleaseDocument
from teachback.vocabulary import Lever
from teachback_server.backtest.demo import run_demo
from teachback_server.evals.models import Case
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import NewExample, keep_examples, make_release, put_live, roll_back
from teachback_server.releases.models import ReleaseEvent
from teachback_server.site.lineage import find_gaps, find_release_lineage, list_live_lineages
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import make_key

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


def gaps_of_live(house: House) -> list[str]:
    return [gap for lineage in list_live_lineages(house.workflow) for gap in find_gaps(lineage)]


def test_the_first_release_came_from_nothing_and_lacks_nothing(house: House) -> None:
    (lineage,) = list_live_lineages(house.workflow)
    assert (lineage.number, lineage.parent, lineage.change, lineage.gate) == (1, None, None, None)
    assert find_gaps(lineage) == ()


def test_every_change_that_works_now_leads_back_to_its_gate_its_pattern_and_its_jobs(house: House) -> None:
    pattern = make_pattern(house, wrong=20, right=20)
    release_examples(house, pattern)
    release_certificate_after_more_work(house)
    lineages = list_live_lineages(house.workflow)
    assert [lineage.lever for lineage in lineages] == ["approval", "examples", ""]
    assert gaps_of_live(house) == []


def release_certificate_after_more_work(house: House) -> None:
    spent = set(Case.objects.filter(spent_by__isnull=False).values_list("pk", flat=True))
    Case.objects.filter(pk__in=list(spent)[:4]).update(spent_by=None)  # as if these had come in later
    release_certificate(house)


def test_the_whole_loop_leaves_no_gap_behind_it(db: None) -> None:
    run = run_demo(SYSTEM, lambda done, total: True)
    lineages = list_live_lineages(run.workflow)
    assert len(lineages) > 1, "the sample desk released nothing, so this test says nothing"
    assert [gap for lineage in lineages for gap in find_gaps(lineage)] == []
    for one in lineages:
        if one.gate is not None and one.lever != Lever.APPROVAL:
            assert not set(one.made_from_jobs) & set(one.gate.judged_by_jobs)


def test_a_rule_leads_back_to_the_corrections_that_it_was_written_from(house: House) -> None:
    pattern = make_pattern(house)
    change = judge_rule(house, propose_rule(house, pattern))
    lineage = find_release_lineage(house.workflow, 2)
    assert lineage is not None
    assert find_gaps(lineage) == ()
    assert lineage.is_live
    assert lineage.change is not None
    assert (lineage.change.id, lineage.change.proposed_by, lineage.change.why) == (change.pk, "alice", "Every day")
    (mark,) = lineage.change.patterns
    assert (mark.id, mark.corrections) == (pattern.pk, len(lineage.made_from_jobs))
    assert {(one.field, one.from_value, one.to_value, one.by) for one in mark.newest} == {
        ("queue", "billing", "delivery", "bob")
    }
    assert lineage.gate is not None
    assert (lineage.gate.verdict, lineage.gate.base) == ("proven", 1)


def test_no_job_that_judged_a_change_is_among_those_that_it_was_made_from(house: House) -> None:
    pattern = make_pattern(house, wrong=20, right=20)
    judges = {case.job.number for case in gate_cases(house)}
    judge_rule(house, propose_rule(house, pattern))
    release_examples(house, pattern)
    for number in (2, 3):
        lineage = find_release_lineage(house.workflow, number)
        assert lineage is not None
        assert lineage.made_from_jobs
        assert not set(lineage.made_from_jobs) & judges


def test_the_examples_of_a_release_lead_back_to_the_jobs_that_they_were(house: House) -> None:
    pattern = make_pattern(house)
    practice = sorted(Case.objects.filter(split="practice").values_list("job__number", flat=True))
    release_examples(house, pattern)
    lineage = find_release_lineage(house.workflow, 2)
    assert lineage is not None
    assert list(lineage.made_from_jobs) == practice


def test_a_certificate_leads_back_to_its_calibration_cases_and_to_no_pattern(house: House) -> None:
    make_pattern(house)
    judges = [case.job.number for case in gate_cases(house)]
    release_certificate(house)
    lineage = find_release_lineage(house.workflow, 2)
    assert lineage is not None
    assert lineage.change is not None
    assert lineage.change.patterns == ()
    assert list(lineage.made_from_jobs) == judges
    assert find_gaps(lineage) == ()


def test_corrections_that_came_after_a_change_are_not_behind_it(house: House) -> None:
    pattern = make_pattern(house)
    change = propose_rule(house, pattern)
    change.proposed_at = pattern.memberships.first().correction.review.decided_at
    change.save()
    judge_rule(house, change)
    lineage = find_release_lineage(house.workflow, 2)
    assert lineage is not None
    assert len(lineage.made_from_jobs) <= 1


def test_a_release_that_reached_work_without_a_gate_is_found_out(house: House) -> None:
    document = ReleaseDocument(workflow="support-inbox", instructions="By the back door.")
    release = make_release(
        SYSTEM, house.workflow, document, parent=house.release, lever=Lever.INSTRUCTIONS, change="By the back door"
    )
    put_live(SYSTEM, release, from_job=1, why="no reason")
    assert gaps_of_live(house) == [
        "It names no change.",
        "It went through no gate.",
        "No job is behind it.",
        "It leads back to no pattern.",
    ]


def test_each_broken_link_is_named(house: House) -> None:
    judge_rule(house, propose_rule(house, make_pattern(house)))
    lineage = find_release_lineage(house.workflow, 2)
    assert lineage is not None and lineage.change is not None and lineage.gate is not None
    assert find_gaps(replace(lineage, gate=None)) == ("It went through no gate.",)
    assert find_gaps(replace(lineage, change=replace(lineage.change, patterns=()))) == ("It leads back to no pattern.",)
    assert find_gaps(replace(lineage, made_from_jobs=())) == ("No job is behind it.",)
    harmful = replace(lineage.gate, verdict="harmful")
    assert find_gaps(replace(lineage, gate=harmful)) == ("Its gate said 'harmful'.",)


def test_a_return_leads_back_along_the_release_that_is_live_again(house: House) -> None:
    judge_rule(house, propose_rule(house, make_pattern(house)))
    roll_back(house.owner, house.release, from_job=30, why="Complaints")
    assert [lineage.number for lineage in list_live_lineages(house.workflow)] == [1]
    assert ReleaseEvent.objects.filter(kind="rolled_back").count() == 1


def test_a_deleted_job_is_counted_and_no_longer_named(house: House) -> None:
    (job,) = record_jobs(house.workflow, [{"queue": "billing"}])
    examples = [
        NewExample(input={"text": f"Message {job_id}"}, output={"queue": "billing"}, source_job_id=job_id)
        for job_id in (job.pk, 10**9)
    ]
    hashes = tuple(keep_examples(house.workflow, examples))
    document = ReleaseDocument(workflow=house.workflow.name, example_hashes=hashes)
    make_release(SYSTEM, house.workflow, document, parent=house.release, lever=Lever.EXAMPLES, change="Two examples")
    lineage = find_release_lineage(house.workflow, 2)
    assert lineage is not None
    assert (lineage.made_from_jobs, lineage.forgotten_jobs) == ((job.number,), 1)


def test_programs_read_the_same_way_back(house: House) -> None:
    judge_rule(house, propose_rule(house, make_pattern(house)))
    key = make_key(house.owner, house.workflow, Scope.READ)
    headers = {"Authorization": f"Bearer {key}"}
    answer = Client().get("/api/v1/workflows/support-inbox/releases/2/lineage", headers=headers).json()
    lineage = find_release_lineage(house.workflow, 2)
    assert lineage is not None
    assert answer["gate"]["verdict"] == "proven"
    assert answer["change"]["patterns"][0]["newest"][0]["to_value"] == "delivery"
    assert answer["made_from_jobs"] == list(lineage.made_from_jobs)
    assert answer["happenings"][0]["kind"] == "went_live"
    missing = Client().get("/api/v1/workflows/support-inbox/releases/9/lineage", headers=headers)
    assert (missing.status_code, "There is no release 9" in missing.json()["detail"]) == (404, True)


def test_the_lineage_of_another_workflow_stays_closed(house: House) -> None:
    key = make_key(house.stranger, house.elsewhere, Scope.READ)
    headers = {"Authorization": f"Bearer {key}"}
    assert Client().get("/api/v1/workflows/support-inbox/releases/1/lineage", headers=headers).status_code == 401
    assert find_release_lineage(house.elsewhere, 2) is None
