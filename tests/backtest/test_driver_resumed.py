"""A run that is killed anywhere and begun again by the same command ends as if nothing had happened."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

from backtest_runs import ROWS, WANTED, begin, go_through, list_traces, named, rolled_back, write_history
from builders import House, make_house
from histories import make_rows, write_jsonl
from teachback_server.backtest import driver
from teachback_server.backtest.actions import BacktestRefused, BacktestSettings
from teachback_server.backtest.models import BacktestRun
from teachback_server.improvements import candidates, noticing
from teachback_server.workflows.models import Workflow

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


class Killed(BaseException):
    """The process ends here; nothing in the product catches this."""


@pytest.fixture(scope="module")
def undisturbed(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What a run leaves that nothing disturbed."""
    with django_db_blocker.unblock(), rolled_back():
        return list_traces(go_through(write_history(tmp_path_factory.mktemp("undisturbed"))))


def assert_same(traces: dict[str, Any], undisturbed: dict[str, Any]) -> None:
    for name, rows in undisturbed.items():
        assert traces[name] == rows, f"{name} differ from those of the undisturbed run"


def test_a_run_that_was_killed_after_every_chunk_ends_the_same(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    path = write_history(tmp_path)

    def kill(done: int, total: int) -> None:
        if done < total:
            raise Killed

    for _ in range((ROWS - 1) // driver.CHUNK_JOBS):
        with pytest.raises(Killed):
            go_through(path, WANTED, kill)
    assert_same(list_traces(go_through(path, WANTED, kill)), undisturbed)


def test_a_run_that_was_paused_goes_on_to_the_same_end(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    path = write_history(tmp_path)
    paused = go_through(path, WANTED, lambda done, total: done < 128)
    assert paused.state == "running"
    assert paused.figures is None
    assert_same(list_traces(go_through(path)), undisturbed)


PLACES = [
    (driver, "run_release", 2, 5),
    (driver, "record_ended_jobs", 2, 5),
    (driver, "decide_reviews", 2, 5),
    (driver, "advance_workflow", 3, 5),
    (noticing, "keep_cases", 2, 5),
    (candidates, "make_release", 1, 3),
    (candidates, "store_gate", 1, 3),
    (candidates, "put_live", 1, 3),
]


@pytest.mark.parametrize(("module", "act", "early", "late"), PLACES, ids=[act for _, act, _, _ in PLACES])
def test_a_run_that_was_killed_before_an_act_and_right_after_it_ends_the_same(
    module: object,
    act: str,
    early: int,
    late: int,
    tmp_path: Path,
    undisturbed: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_history(tmp_path)
    monkeypatch.setattr(module, act, kill_at(getattr(module, act), before=early, after=late))
    for _ in range(2):
        with pytest.raises(Killed):
            go_through(path)
    assert_same(list_traces(go_through(path)), undisturbed)


def kill_at(act: Callable[..., object], *, before: int, after: int) -> Callable[..., object]:
    """The act; at two of its calls the process ends, once before and once right after the act was done."""
    calls = count(1)

    def perform(*args: object, **kwargs: object) -> object:
        call = next(calls)
        if call == before:
            raise Killed
        done = act(*args, **kwargs)
        if call == after:
            raise Killed
        return done

    return perform


def test_the_same_command_after_the_end_changes_nothing(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    path = write_history(tmp_path)
    first = go_through(path)
    again = go_through(path)
    assert again.pk == first.pk
    assert again.figures == first.figures
    assert_same(list_traces(again), undisturbed)


def test_another_file_under_the_same_name_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    run = go_through(write_history(tmp_path, 60))
    before = list_traces(run)
    other = write_jsonl(tmp_path / "other.jsonl", make_rows(60, seed=8))
    with pytest.raises(BacktestRefused, match=r"another file \(history\.jsonl\)\. Choose another name"):
        begin(other)
    assert list_traces(run) == before


def test_other_settings_under_the_same_name_are_refused_by_their_name(tmp_path: Path) -> None:
    path = write_history(tmp_path, 60)
    go_through(path)
    with pytest.raises(BacktestRefused, match=r"other settings \(review\)"):
        begin(path, BacktestSettings(workflow="messages", error_limit=0.2, certainty=0.8, review="all"))


@pytest.fixture
def house() -> House:
    """Workflows that did not come from a backtest."""
    return make_house()


def test_a_name_that_another_boundary_has_is_refused(house: House, tmp_path: Path) -> None:
    with pytest.raises(BacktestRefused, match="'support-inbox' exists already and did not come from a backtest"):
        begin(write_history(tmp_path, 60), named("support-inbox"))
    assert not BacktestRun.objects.exists()


def test_a_refused_start_makes_no_workflow(tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    path.write_text('{"id": "1", "input": {"message": "?"}, "output": {}, "confidence": 7}\n')
    with pytest.raises(BacktestRefused, match="has no row that can be used"):
        begin(path)
    assert not Workflow.objects.exists()


def test_a_seed_shuffles_the_jobs_the_same_way_each_time(tmp_path: Path) -> None:
    path = write_history(tmp_path, 60)
    orders = []
    for name, seed in (("one", 1), ("again", 1), ("two", 2), ("none", None)):
        run = go_through(path, BacktestSettings(workflow=name, seed=seed))
        orders.append(list(run.workflow.jobs.order_by("number").values_list("external_id", flat=True)))
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert orders[3] == [f"m-{number}" for number in range(1, 61)]
    assert sorted(orders[0]) == sorted(orders[3])
