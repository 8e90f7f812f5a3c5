"""The page of a run: progress that says how things stand, then figures; whatever is stopped can go on."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django_tasks_db.models import DBTaskResult

from backtest_runs import WANTED, begin, go_through, named, write_history
from browsing import Owner, work_until_idle
from builders import House
from histories import make_rows, spell_csv
from teachback_server.backtest import running
from teachback_server.backtest.driver import Driver
from teachback_server.backtest.models import BacktestRun
from teachback_server.backtest.process_locks import hold_run, is_worker_alive
from teachback_server.backtest.queries import get_figures
from teachback_server.backtest.running import continue_for_a_while
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
PAGE = "/workflows/tickets/backtest"


@pytest.fixture
def owner(house: House) -> Owner:
    """Alice, who has just pressed Backtest for 100 tickets, one of which cannot be used."""
    alice = Owner(house.alice)
    alice.upload("tickets.csv", spell_csv(make_rows(100)) + "broken\n")
    alice.start()
    return alice


@pytest.fixture
def run(owner: Owner) -> BacktestRun:
    """The run of that file."""
    return BacktestRun.objects.get()


def look(owner: Owner, **headers: str) -> str:
    owner.address = PAGE
    return owner.look() if not headers else owner.client.get(PAGE, headers=headers).content.decode()


def test_an_owner_comes_from_a_file_to_figures_without_a_terminal(owner: Owner, run: BacktestRun) -> None:
    assert "0 of 100" in look(owner)
    work_until_idle()
    page = look(owner)
    assert "How far it would have come" in page
    assert "Right in the first 100 jobs" in page
    assert "100 jobs went through the loop; people decided 100 of them." in page
    assert "1 refused row" in page


def test_the_figures_can_be_downloaded_as_the_command_writes_them(owner: Owner, run: BacktestRun) -> None:
    work_until_idle()
    run.refresh_from_db()
    answer = owner.client.get(f"{PAGE}/files/figures.json")
    assert json.loads(answer.content) == get_figures(run)
    assert answer["Content-Disposition"] == 'attachment; filename="tickets-backtest.json"'


def test_the_refused_rows_can_be_downloaded_from_the_run(owner: Owner, run: BacktestRun) -> None:
    answer = owner.client.get(f"{PAGE}/files/refused-rows")
    assert b"the row has 1 cells where the header has 2" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["figures.json", "secret_key", "..%2Ftickets.csv"])
def test_there_is_no_file_before_its_time_nor_any_other(name: str, owner: Owner, run: BacktestRun) -> None:
    assert owner.client.get(f"{PAGE}/files/{name}").status_code == 404


@pytest.fixture
def half(owner: Owner, run: BacktestRun, monkeypatch: pytest.MonkeyPatch) -> Iterator[BacktestRun]:
    """The run after one piece of work, which took 32 jobs."""
    monkeypatch.setattr(running, "continue_backtest", _in_pieces(running.continue_backtest, 32))
    task = DBTaskResult.objects.ready().get()
    assert continue_for_a_while(run.pk)
    assert task.status == "READY"
    yield run


def _in_pieces(act, jobs: int):  # type: ignore[no-untyped-def]
    def do_a_piece(actor, run, prepared, on_progress) -> None:  # type: ignore[no-untyped-def]
        until = run.keyed_jobs.count() + jobs
        act(actor, run, prepared, lambda done, total: done < until)

    return do_a_piece


def test_on_the_way_it_shows_how_far_it_came_and_how_it_does_lately(owner: Owner, half: BacktestRun) -> None:
    page = look(owner)
    assert "32 of 100" in page
    assert "0 of 32 · 0 to 11\xa0%" in page
    assert '<noscript><meta http-equiv="refresh"' in page


def test_the_polled_part_is_the_card_alone_and_ends_in_the_figures(owner: Owner, half: BacktestRun) -> None:
    part = look(owner, **{"HX-Request": "true"})
    assert "32 of 100" in part
    assert 'hx-trigger="every 2s"' in part
    assert "<html" not in part
    work_until_idle()
    assert owner.client.get(PAGE, headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_it_goes_on_piece_by_piece_to_the_end(owner: Owner, half: BacktestRun) -> None:
    work_until_idle()
    half.refresh_from_db()
    assert half.state == "done"
    assert DBTaskResult.objects.filter(task_path__endswith="continue_backtest_now").count() == 3


def test_it_says_plainly_when_no_worker_runs(owner: Owner, run: BacktestRun) -> None:
    assert "No worker is running." in look(owner)


def test_a_worker_that_lives_is_seen(owner: Owner, run: BacktestRun, home: Path) -> None:
    (home / "workers").mkdir()
    (home / "workers" / "dead").write_text("")
    assert not is_worker_alive()
    hold = (
        "import fcntl, sys; file = open(sys.argv[1], 'w'); fcntl.flock(file, fcntl.LOCK_EX);"
        " print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, str(home / "workers" / "alive")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        assert is_worker_alive()
        assert "No worker is running." not in look(owner)
        worker.communicate()
    assert not is_worker_alive()


def test_an_error_stops_the_run_with_a_message_and_go_on_continues_it(
    owner: Owner, run: BacktestRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Driver, on_progress: object) -> bool:
        raise ZeroDivisionError("all of a sudden")

    with monkeypatch.context() as patched:
        patched.setattr(Driver, "continue_run", fail)
        with pytest.raises(ZeroDivisionError):
            work_until_idle()
    DBTaskResult.objects.update(status="FAILED")
    page = look(owner)
    assert "The backtest stopped." in page
    assert "ZeroDivisionError: all of a sudden" in page
    owner.client.post(f"{PAGE}/go-on")
    assert "The backtest stopped." not in look(owner)
    work_until_idle()
    assert "How far it would have come" in look(owner)


def test_a_run_whose_worker_was_given_up_says_so_and_can_go_on(owner: Owner, half: BacktestRun) -> None:
    DBTaskResult.objects.update(status="FAILED")
    assert "Nobody works on it." in look(owner)
    for _ in range(2):
        owner.client.post(f"{PAGE}/go-on")
    assert DBTaskResult.objects.ready().count() == 1
    work_until_idle()
    assert "How far it would have come" in look(owner)


def test_two_workers_never_work_on_one_run_at_once(owner: Owner, run: BacktestRun) -> None:
    with hold_run(run.pk) as is_held:
        assert is_held
        assert not continue_for_a_while(run.pk)
        assert run.workflow.jobs.count() == 0
    continue_for_a_while(run.pk)
    assert run.workflow.jobs.count() == 100


def test_a_file_that_is_gone_is_said_on_the_page(owner: Owner, run: BacktestRun) -> None:
    for path in settings.UPLOADS_FOLDER.rglob("tickets.csv"):
        path.unlink()
    work_until_idle()
    assert "The file tickets.csv is no longer in the data folder. Upload it again." in look(owner)


def test_a_viewer_sees_the_run_and_cannot_touch_it(owner: Owner, run: BacktestRun, house: House) -> None:
    give_role(house.owner, run.workflow, house.bob, Role.VIEWER)
    DBTaskResult.objects.update(status="FAILED")
    bob = Client()
    bob.force_login(house.bob)
    page = bob.get(PAGE).content.decode()
    assert "Nobody works on it." in page
    assert "Go on" not in page
    assert bob.post(f"{PAGE}/go-on").status_code == 403


def test_a_stranger_learns_nothing(owner: Owner, run: BacktestRun, house: House) -> None:
    charlie = Client()
    charlie.force_login(house.charlie)
    for address in (PAGE, f"{PAGE}/files/figures.json", f"{PAGE}/files/refused-rows"):
        assert charlie.get(address).status_code == 404


def test_a_workflow_without_history_says_what_to_do(owner: Owner) -> None:
    page = owner.client.get("/workflows/support-inbox/backtest").content.decode()
    assert "No backtest here" in page
    assert "/start-here/upload" in page


def test_a_run_of_the_command_line_is_watched_and_not_continued_here(house: House, tmp_path: Path) -> None:
    run, _ = begin(write_history(tmp_path, 40))
    give_role(house.owner.__class__(name="system", is_system=True), run.workflow, house.alice, Role.OWNER)
    alice = Client()
    alice.force_login(house.alice)
    page = alice.get("/workflows/messages/backtest").content.decode()
    assert "Run from the command line." in page
    assert "Go on" not in page
    answer = alice.post("/workflows/messages/backtest/go-on", follow=True).content.decode()
    assert "A backtest that was begun by a command goes on by it." in answer
    assert not DBTaskResult.objects.exists()


def test_figures_of_a_run_with_autonomy_tell_what_was_seen_and_what_is_true(house: House, tmp_path: Path) -> None:
    run = go_through(write_history(tmp_path, 300), named("certified"))
    give_role(house.owner.__class__(name="system", is_system=True), run.workflow, house.alice, Role.VIEWER)
    alice = Client()
    alice.force_login(house.alice)
    page = alice.get("/workflows/certified/backtest").content.decode()
    figures = get_figures(run)
    assert f"of the {figures['auto']} were audited" in page
    assert f"0 of {figures['auto']} wrong" in page
    assert f"at most {WANTED.error_limit:.0%}".replace("%", "\xa0%") in page
    assert page.count('<circle class="dot"') == 2 * len(figures["curve"])  # type: ignore[arg-type]
