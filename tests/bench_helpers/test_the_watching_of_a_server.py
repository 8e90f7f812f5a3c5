"""Shows that a server's processes are all found, counted and ended."""

import subprocess
import sys

from intake_load.process_tree import (
    MemoryWatch,
    is_running,
    kill_tree,
    list_tree,
    read_command,
    read_cpu_seconds,
    read_memory_bytes,
    stop_tree,
)

SLEEPER = "import sys; print('ready', flush=True); sys.stdin.read()"
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {SLEEPER!r}], stdin=subprocess.PIPE, start_new_session=True)
child.wait()
"""
BUSY = "sum(range(20_000_000))"


def start_parent_and_child() -> subprocess.Popen[bytes]:
    """A process whose child, in a session of its own, is ready."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    assert parent.stdout and parent.stdout.readline() == b"ready\n"
    return parent


def test_a_child_in_a_session_of_its_own_belongs_to_the_tree_and_is_killed_with_it() -> None:
    with start_parent_and_child() as parent:
        tree = list_tree(parent.pid)
        assert len(tree) == 2
        assert "sys.stdin.read()" in read_command(tree[1])
        kill_tree(parent)
        assert not any(map(is_running, tree))


def test_a_tree_is_stopped_to_the_last_process() -> None:
    with start_parent_and_child() as parent:
        tree = list_tree(parent.pid)
        stop_tree(parent)
        assert not any(map(is_running, tree))


def test_the_work_of_a_child_that_has_ended_still_counts() -> None:
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}]); print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout and parent.stdout.readline() == b"1\n"
        assert list_tree(parent.pid) == [parent.pid]
        assert read_cpu_seconds(parent.pid) > 0.1
        kill_tree(parent)


def test_the_memory_of_a_tree_is_the_sum_of_its_processes() -> None:
    with start_parent_and_child() as parent:
        with MemoryWatch(pid=parent.pid, every_seconds=0.01) as watch:
            now = read_memory_bytes(parent.pid)
        assert now > 1_000_000
        assert watch.peak_bytes > 1_000_000
        assert watch.processes == 2
        kill_tree(parent)


def test_a_process_that_is_gone_has_no_command_and_no_memory() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert read_command(gone.pid) == ""
    assert read_memory_bytes(gone.pid) == 0
