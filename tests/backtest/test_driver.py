"""A short history through the whole loop: what the run must have recorded about every job, release and case."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from backtest_runs import ROWS, go_through, named, rolled_back, write_history
from teachback.json_types import content_hash
from teachback.split import Split
from teachback.vocabulary import JobStatus, Lever, ReviewVerdict, RoutingKind
from teachback_server.agents.protocol import AgentResult
from teachback_server.backtest.actions import BacktestSettings
from teachback_server.backtest.models import BacktestRun
from teachback_server.evals.models import Case, CaseResult, Gate
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.models import Example, Release, ReleaseEvent
from teachback_server.releases.queries import get_document, get_live_state
from teachback_server.reviews.models import Review
from teachback_server.workflows.models import Workflow

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture(scope="module")
def run(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BacktestRun]:
    """A run that learns, is certified, and lets work skip review; the tests only look at it."""
    with django_db_blocker.unblock(), rolled_back():
        yield go_through(write_history(tmp_path_factory.mktemp("run"), 300))


def test_it_learns_and_earns_autonomy(run: BacktestRun) -> None:
    figures = run.figures or {}
    assert run.state == "done"
    assert figures["jobs"] == 300
    assert figures["curve"][0]["right"] < 0.3 < 0.9 < figures["last"]["right"]
    assert figures["auto"] > 20
    assert [row["lever"] for row in figures["releases"]][-1] == Lever.APPROVAL


def test_every_job_has_its_routing_reason_and_probability(run: BacktestRun) -> None:
    jobs = list(run.workflow.jobs.all())
    assert {job.routing for job in jobs} == {RoutingKind.REVIEW, RoutingKind.AUDIT, RoutingKind.AUTO}
    assert all(job.routing_reason for job in jobs)
    assert all(0 < job.review_probability <= 1 for job in jobs)
    assert all(job.review_probability == 1 for job in jobs if job.routing == RoutingKind.REVIEW)
    assert all(job.review_probability < 1 for job in jobs if job.routing == RoutingKind.AUTO)


def test_exactly_the_jobs_that_were_routed_to_a_person_are_decided(run: BacktestRun) -> None:
    decided = set(Review.objects.filter(workflow=run.workflow).values_list("job_id", flat=True))
    for job in run.workflow.jobs.all():
        assert (job.pk in decided) == (job.routing != RoutingKind.AUTO)
        assert not job.is_waiting


def test_every_job_names_the_release_that_was_live_when_it_ran(run: BacktestRun) -> None:
    live = dict(
        ReleaseEvent.objects.filter(workflow=run.workflow, kind="went_live").values_list("from_job", "release_id")
    )
    assert len(live) >= 3
    for job in run.workflow.jobs.all():
        assert job.release_id == live[max(start for start in live if start <= job.number)]


def test_no_release_is_dated_after_its_jobs(run: BacktestRun) -> None:
    jobs = run.workflow.jobs.values_list("release__created_at", "started_at")
    assert all(made_at <= started_at for made_at, started_at in jobs)
    assert run.workflow.releases.get(number=1).events.get(kind="went_live").at.year == 2024


def test_a_gate_judges_by_cases_of_its_own_side_that_taught_the_candidate_nothing(run: BacktestRun) -> None:
    gates = list(Gate.objects.filter(workflow=run.workflow, lever=Lever.EXAMPLES))
    assert gates
    for gate in gates:
        judges = _judges(gate)
        assert judges
        assert {case.split for case in judges} == {Split.GATE}
        _assert_taught_nothing(gate.candidate, judges)


def test_a_certificate_rests_on_cases_that_taught_its_release_nothing(run: BacktestRun) -> None:
    gates = list(Gate.objects.filter(workflow=run.workflow, lever=Lever.APPROVAL))
    assert gates
    for gate in gates:
        _assert_taught_nothing(gate.candidate, _judges(gate))


def test_no_case_judges_twice(run: BacktestRun) -> None:
    gates_of_case: dict[int, set[int]] = {}
    for case_id, gate_id in CaseResult.objects.filter(run__workflow=run.workflow).values_list(
        "case_id", "run__gate_id"
    ):
        gates_of_case.setdefault(case_id, set()).add(gate_id)
    assert gates_of_case
    for case in Case.objects.filter(workflow=run.workflow):
        assert gates_of_case.get(case.pk, set()) == ({case.spent_by_id} if case.spent_by_id else set())


def test_a_spent_case_teaches_the_next_release(tmp_path: Path) -> None:
    run = go_through(write_history(tmp_path, 400, slips=0.25), BacktestSettings(workflow="another", review="all"))
    last = Release.objects.filter(workflow=run.workflow, lever=Lever.EXAMPLES).order_by("number").last()
    assert last is not None
    spent_before = Case.objects.filter(
        workflow=run.workflow, split=Split.GATE, spent_by__candidate__number__lt=last.number
    )
    assert spent_before.exists()
    taught = set(get_document(last).example_hashes)
    assert all(_content(case) in taught for case in spent_before)


def test_review_of_everything_never_skips_any(tmp_path: Path) -> None:
    run = go_through(write_history(tmp_path), BacktestSettings(workflow="another", review="all", error_limit=0.2))
    assert set(run.workflow.jobs.values_list("routing", flat=True)) == {RoutingKind.REVIEW}
    assert (run.figures or {})["reviewed"] == ROWS
    assert (run.figures or {})["auto"] == 0
    assert not get_live_state(run.workflow).is_autonomy_on


def test_the_answer_key_decides_as_the_file_says(run: BacktestRun) -> None:
    for job in run.workflow.jobs.select_related("review", "keyedjob").exclude(routing=RoutingKind.AUTO):
        outcome = job.keyedjob.outcome
        if job.status == JobStatus.HANDED_BACK:
            assert outcome == "handed_back"
            assert job.review.verdict == ReviewVerdict.CORRECTED
        else:
            assert (job.review.verdict == ReviewVerdict.ACCEPTED) == (outcome == "right")


def test_live_work_that_comes_in_meanwhile_is_left_to_people(tmp_path: Path) -> None:
    path = write_history(tmp_path)
    live_jobs = []

    def send_live_work(done: int, total: int) -> None:
        if done == 64:
            workflow = Workflow.objects.get(name="another")
            live_jobs.extend(
                record_ended_jobs(
                    SYSTEM,
                    workflow,
                    get_live_state(workflow),
                    [Arrival(external_id="live-1", input={"message": "Where is it?"})],
                    [AgentResult(status=JobStatus.HANDED_BACK, hand_back_reason="Not sure.")],
                    source=JobSource.AGENT,
                )
            )

    run = go_through(path, named("another"), send_live_work)
    assert run.state == "done"
    assert (run.figures or {})["jobs"] == ROWS
    live_jobs[0].refresh_from_db()
    assert live_jobs[0].is_waiting


def _judges(gate: Gate) -> list[Case]:
    judges = CaseResult.objects.filter(run__gate=gate).values("case")
    return list(Case.objects.filter(pk__in=judges).select_related("job"))


def _assert_taught_nothing(candidate: Release, judges: list[Case]) -> None:
    examples = Example.objects.filter(
        workflow_id=candidate.workflow_id, content_hash__in=get_document(candidate).example_hashes
    )
    assert examples.exists()
    assert not {case.job_id for case in judges} & set(examples.values_list("source_job_id", flat=True))
    assert not {_content(case) for case in judges} & set(examples.values_list("content_hash", flat=True))


def _content(case: Case) -> str:
    return content_hash({"input": case.job.input, "output": case.expected})
