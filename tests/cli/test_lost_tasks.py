"""Work that a killed worker had begun is taken back; work of a living one is left alone."""

import os
from pathlib import Path

import pytest
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult, get_date_max

from teachback_server.commands.acts.lost_tasks import MOST_ATTEMPTS, hold_worker_lock, take_back_lost_tasks

pytestmark = pytest.mark.django_db


def begin_task(*worker_ids: str) -> DBTaskResult:
    return DBTaskResult.objects.create(
        status=TaskResultStatus.RUNNING,
        args_kwargs={"args": [], "kwargs": {}},
        task_path="somewhere.some_task",
        worker_ids=list(worker_ids),
        backend_name="default",
        run_after=get_date_max(),
        started_at=timezone.now(),
        exception_class_path="",
        traceback="",
    )


def test_a_task_whose_worker_is_gone_goes_back_into_the_queue(tmp_path: Path) -> None:
    with hold_worker_lock(tmp_path, "gone"):
        task = begin_task("gone")
    assert take_back_lost_tasks(tmp_path) == 1
    task.refresh_from_db()
    assert (task.status, task.started_at) == (TaskResultStatus.READY, None)


def test_a_killed_worker_leaves_its_file_but_not_its_lock(tmp_path: Path) -> None:
    (tmp_path / "killed").write_text("")
    begin_task("killed")
    assert take_back_lost_tasks(tmp_path) == 1


def test_a_task_of_a_living_worker_is_left_alone(tmp_path: Path) -> None:
    with hold_worker_lock(tmp_path, "alive"):
        task = begin_task("killed-before", "alive")
        assert take_back_lost_tasks(tmp_path) == 0
    task.refresh_from_db()
    assert task.status == TaskResultStatus.RUNNING


def test_a_task_that_keeps_killing_its_workers_is_given_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    task = begin_task(*(f"killed-{attempt}" for attempt in range(MOST_ATTEMPTS)))
    assert take_back_lost_tasks(tmp_path) == 0
    task.refresh_from_db()
    assert task.status == TaskResultStatus.FAILED
    assert "WorkerKilledByTask" in task.exception_class_path
    assert "given up" in caplog.text


def test_the_files_of_workers_long_gone_are_removed_and_those_of_living_ones_kept(tmp_path: Path) -> None:
    for name in ("alive", "gone", "just-begun"):
        (tmp_path / name).write_text("")
    with hold_worker_lock(tmp_path, "alive"):
        for name in ("alive", "gone"):
            os.utime(tmp_path / name, (0, 0))
        take_back_lost_tasks(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {"alive", "just-begun"}
