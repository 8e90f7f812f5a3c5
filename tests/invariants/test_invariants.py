"""The promises of Teachback that nobody may break unseen, each tried on the trace that one whole loop leaves.

Each is shown from more sides elsewhere:
1 (routing is recorded, never with probability 0): `tests/sdk/test_routing.py`, `tests/backtest/test_driver.py`
2 (rates are weighted): `tests/results/test_measures.py`, `tests/results/test_claims.py`
3 (releases are immutable): `tests/releases/test_actions.py`, `tests/backtest/test_driver.py`
4 (lineage): `tests/releases/test_lineage.py`, `tests/site/test_pages_job.py`
5 (no judge teaches, none judges twice): `tests/improvements/test_actions_overtaken.py`, `tests/backtest/test_driver.py`
9 (scope): `tests/site/test_access.py` walks every route as everyone who might ask for it
10 (history is append-only): the tests of actions in every room
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from pytest_django import DjangoDbBlocker

from backtest_runs import rolled_back
from builders import correct
from loops import Loop, always_right, always_wrong, answer_from_examples, arrival_of, finish, key_to, make_loop
from partly_reviewed import make_partly_reviewed
from site_routes import list_api_routes, list_pages
from teachback.json_types import content_hash
from teachback.release_document import Rule
from teachback.vocabulary import GateVerdict, JobStatus, Lever, ReviewVerdict, RoutingKind
from teachback_server.agents.protocol import AgentResult
from teachback_server.evals.models import Case, CaseResult, Gate
from teachback_server.improvements import actions
from teachback_server.improvements.candidates import ChangeState
from teachback_server.improvements.edits import Edit
from teachback_server.improvements.models import Change, Pattern
from teachback_server.jobs.actions import JobSource, record_ended_jobs, record_outcome
from teachback_server.jobs.models import Job
from teachback_server.people.actor import SYSTEM
from teachback_server.people.models import AuditEvent
from teachback_server.releases.models import Example, Release, ReleaseEvent
from teachback_server.releases.queries import get_document
from teachback_server.results.queries import read_results
from teachback_server.reviews.actions import Decision, decide_reviews
from teachback_server.reviews.models import Correction, Review
from teachback_server.site.job_lineage import find_job_lineage
from teachback_server.site.lineage import find_gaps, find_release_lineage, list_live_lineages
from teachback_server.workflows.access import visible_workflows

pytestmark = pytest.mark.django_db(databases=["default", "traces"])

NEVER = Rule(name="never", when='input.text == ""', action="set_field", field="queue", value='"billing"', reason="Test")
HISTORY = ("audit_event", "release", "release_event", "review", "correction", "outcome", "gate", "case_result")


@pytest.fixture(scope="module")
def lived(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Loop]:
    """A workflow that learned, earned autonomy, got a rule from a person, lost autonomy, and saw work of all kinds."""
    with django_db_blocker.unblock(), rolled_back():
        loop = make_loop(answer_from_examples)
        loop.turn(100, may_certify=False)
        loop.turn(200)
        assert loop.live.is_autonomy_on
        loop.agents.answer = always_wrong
        loop.turn(100)
        assert not loop.live.is_autonomy_on
        loop.agents.answer = always_right
        loop.turn(600, may_certify=False, at_once=300)
        _let_alice_add_a_rule(loop)
        _record_work_of_other_kinds(loop)
        loop.advance(may_certify=False)
        yield loop


def _let_alice_add_a_rule(loop: Loop) -> None:
    patterns = list(Pattern.objects.filter(workflow=loop.workflow))
    owner = loop.house.owner
    change = actions.propose_change(owner, loop.workflow, Edit(rule=NEVER), title="A rule", patterns=patterns)
    change = actions.test_change(owner, change, loop.agents)
    assert change.state == ChangeState.PASSED
    actions.accept_change(owner, change)


def _record_work_of_other_kinds(loop: Loop) -> None:
    arrivals = [replace(arrival_of(number), external_id=f"other-{number}") for number in range(1, 5)]
    failed = AgentResult(status=JobStatus.FAILED, hand_back_reason="It broke.")
    asked = replace(finish(key_to(arrivals[0].input), None), wants_review="a check")
    record_ended_jobs(SYSTEM, loop.workflow, loop.live, arrivals[:2], [failed, asked], source=JobSource.ELSEWHERE)
    used = [finish(key_to(arrival.input)) for arrival in arrivals[2:]]
    jobs = record_ended_jobs(
        SYSTEM, loop.workflow, loop.live, arrivals[2:], used, source=JobSource.IMPORT, was_used=True
    )
    escalated = Decision(job=jobs[0], verdict=ReviewVerdict.ESCALATED, idempotency_key="escalated", reason_code="other")
    decide_reviews(loop.house.reviewer, loop.workflow, [escalated])
    correct(loop.house.reviewer, jobs[1:], {"queue": "billing", "order_number": "A1"})


def _jobs(loop: Loop) -> list[Job]:
    return list(loop.workflow.jobs.select_related("release").order_by("number"))


def test_1_every_job_that_ended_has_its_routing_its_reason_and_a_probability_of_review_above_0(lived: Loop) -> None:
    jobs = _jobs(lived)
    assert {job.routing for job in jobs} == set(RoutingKind)
    assert all(job.routing_reason for job in jobs)
    shares = {0.05, 0.2}  # of audits, later and early in the life of a release
    for job in jobs:
        assert job.review_probability is not None
        is_sure = job.routing in (RoutingKind.REVIEW, RoutingKind.OBSERVED)
        assert job.review_probability in ({1.0} if is_sure else shares), f"{job.routing}: {job.routing_reason}"
    for nothing in ({"review_probability": 0}, {"routing": ""}, {"routing_reason": ""}):
        with pytest.raises(IntegrityError, match="job_that_ended_has_its_routing"), transaction.atomic():
            Job.objects.filter(pk=jobs[0].pk).update(**nothing)


def test_2_a_rate_that_people_see_is_weighted_by_the_probability_of_review(lived: Loop) -> None:
    elsewhere = replace(lived.house, workflow=lived.house.elsewhere, alice=lived.house.charlie, bob=lived.house.charlie)
    make_partly_reviewed(elsewhere)
    results = read_results(elsewhere.workflow)
    reviewed = Review.objects.filter(workflow=elsewhere.workflow)
    among_reviewed = reviewed.filter(verdict="accepted").count() / reviewed.count()
    true_rate = 120 / 140
    assert results.everything.rates.right.estimate == pytest.approx(true_rate)
    assert among_reviewed < true_rate - 0.1, "the case says nothing: reviewed jobs look like all jobs"
    assert not results.account.progress.is_proven, "only a gate proves that a release is better"


def test_3_a_release_never_changes_and_all_work_names_the_one_that_it_ran_under(lived: Loop) -> None:
    releases = {release.pk: release for release in Release.objects.filter(workflow=lived.workflow)}
    assert len(releases) > 3
    for release in releases.values():
        document = get_document(release)
        assert document.content_hash == release.content_hash == content_hash(document.as_json())
    live_from = dict(
        ReleaseEvent.objects.filter(workflow=lived.workflow, kind="went_live").values_list("from_job", "release_id")
    )
    for job in _jobs(lived):
        assert job.release_id == live_from[max(start for start in live_from if start <= job.number)]
    named = Review.objects.filter(workflow=lived.workflow).values_list("job__release_id", flat=True)
    tried = CaseResult.objects.filter(run__workflow=lived.workflow).values_list("run__release_id", flat=True)
    assert set(named) | set(tried) <= releases.keys()
    with pytest.raises(IntegrityError, match="only ever added"), transaction.atomic():
        Release.objects.filter(pk__in=releases).update(content_hash="x")


def test_4_a_live_change_leads_back_to_its_gate_its_pattern_and_its_jobs_and_they_lead_forward(lived: Loop) -> None:
    lineages = list_live_lineages(lived.workflow)
    assert [one.lever for one in lineages] == [Lever.RULES, Lever.APPROVAL, Lever.EXAMPLES, ""]
    assert [gap for lineage in lineages for gap in find_gaps(lineage)] == []
    for lineage in lineages[:-1]:
        assert lineage.gate is not None
        for number in lineage.gate.judged_by_jobs:
            forward = find_job_lineage(lived.workflow.jobs.get(number=number))
            assert forward.case is not None
            assert forward.case.judged is not None
            assert forward.case.judged.release_number == lineage.number
    examples = lineages[2]
    for number in examples.made_from_jobs:
        forward = find_job_lineage(lived.workflow.jobs.get(number=number))
        assert forward.case is not None
        assert forward.case.taught_release_number == examples.number


def test_5_no_case_judges_what_it_helped_to_make_and_a_verdict_spends_each_once(lived: Loop) -> None:
    gates = list(Gate.objects.filter(workflow=lived.workflow).select_related("candidate").order_by("pk"))
    assert {gate.lever for gate in gates} == {Lever.EXAMPLES, Lever.APPROVAL, Lever.RULES}
    judged: set[int] = set()
    for gate in gates:
        judges = set(CaseResult.objects.filter(run__gate=gate).values_list("case_id", flat=True))
        assert judges
        assert not judges & judged, "a case judged twice"
        judged |= judges
        assert set(Case.objects.filter(spent_by=gate).values_list("pk", flat=True)) == judges
        assert not _jobs_taught(gate.candidate) & set(
            Case.objects.filter(pk__in=judges).values_list("job_id", flat=True)
        ), f"{gate.candidate} was made from jobs that judged it"
        lineage = find_release_lineage(lived.workflow, gate.candidate.number)
        assert lineage is not None
        if gate.lever != Lever.APPROVAL and lineage.gate is not None:
            assert not set(lineage.made_from_jobs) & set(lineage.gate.judged_by_jobs)
    assert not Case.objects.filter(split="practice", spent_by__lever__in=[Lever.EXAMPLES, Lever.RULES]).exists()


def _jobs_taught(release: Release) -> set[int]:
    examples = Example.objects.filter(workflow_id=release.workflow_id)
    taught = examples.filter(content_hash__in=get_document(release).example_hashes)
    return set(taught.values_list("source_job_id", flat=True))


def test_9_every_route_has_its_rule_and_a_stranger_finds_nothing_of_a_workflow(lived: Loop) -> None:
    assert lived.workflow not in visible_workflows(lived.house.stranger)
    pages, api_routes = list_pages(), list_api_routes()
    assert [route.pattern for route in pages if not route.rule] == []
    assert [route.pattern for route in api_routes if not all(route.rules)] == []
    client = Client()
    client.force_login(lived.house.charlie)
    for route in pages:
        if "workflow_name" in route.pattern:
            answer = client.generic(route.method, route.address)
            assert answer.status_code == 404, f"{route.pattern} lets a stranger in"


def test_10_history_is_only_ever_added_to_and_says_who_when_and_why(lived: Loop) -> None:
    job = lived.workflow.jobs.order_by("number").first()
    assert job is not None
    record_outcome(lived.house.reviewer, job, is_used=True)
    for table in HISTORY:
        for statement in (f'DELETE FROM "{table}"', f'UPDATE "{table}" SET id = id'):
            with pytest.raises(IntegrityError, match="only ever added"), transaction.atomic():
                _execute(statement)
    acts = set(AuditEvent.objects.filter(workflow_id=lived.workflow.pk).values_list("kind", flat=True))
    assert {
        "workflow_made",
        "role_given",
        "jobs_recorded",
        "reviews_decided",
        "release_made",
        "release_went_live",
        "autonomy_taken_back",
        "change_proposed",
        "change_judged",
    } <= acts
    alarm = ReleaseEvent.objects.get(workflow=lived.workflow, kind="autonomy_off")
    assert alarm.by == "Teachback"
    assert alarm.why.endswith("audited jobs were wrong; the limit is 20\xa0%")
    assert not AuditEvent.objects.filter(actor_name="").exists()
    assert Change.objects.filter(gate__verdict=GateVerdict.PROVEN).exists()
    assert Correction.objects.filter(workflow=lived.workflow).exists()


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
