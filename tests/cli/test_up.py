"""`teachback up`: one command brings everything up, ends cleanly, and finds everything again."""

import os
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from servers import answers, is_running, run_teachback, start_server, wait_until

PROC = Path("/proc/self/task")
pytestmark = pytest.mark.skipif(not PROC.exists(), reason="looks at processes through /proc, which only Linux has")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that has been started on before."""
    home = tmp_path_factory.mktemp("up") / "home"
    assert run_teachback("worker", "--until-idle", home=home).returncode == 0
    return home


def test_up_brings_up_the_pages_and_prints_a_link_that_signs_in(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with start_server("up", home) as server:
        assert str(home) in server.said
        with urllib.request.urlopen(server.link) as answer:
            assert "Sign in as admin" in answer.read().decode()
        taken = run_teachback("up", "--port", server.address.rsplit(":", 1)[1], home=home)
        assert taken.returncode == 1
        assert "choose another port" in taken.stderr
        assert answers(server.address)
        parts = server.list_parts()
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait() == 0
    assert len(parts) >= 3
    wait_until(lambda: not any(map(is_running, parts)), "all parts to end")
    assert "ERROR" not in capfd.readouterr().err  # nor does it ask its own pages for what they refuse


def test_a_second_start_finds_everything_and_nothing_outlives_a_killed_one(home: Path) -> None:
    secret = (home / "secret_key").read_bytes()
    with start_server("up", home) as server:
        assert (home / "secret_key").read_bytes() == secret
        parts = server.list_parts()
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        wait_until(lambda: not any(map(is_running, parts)), "the parts to notice that nobody is left")


def test_a_worker_that_is_killed_is_started_again(home: Path) -> None:
    with start_server("up", home) as server:
        worker = _find_worker(server.list_parts())
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: _find_worker(server.list_parts()) not in (0, worker), "a new worker")
        assert answers(server.address)


def test_pages_whose_server_is_killed_are_there_again(home: Path) -> None:
    with start_server("up", home) as server:
        parts = [pid for pid in server.list_parts() if _is_serving(pid)]
        os.kill(min(parts), signal.SIGKILL)
        wait_until(lambda: not any(map(is_running, parts)), "its child to end with it")
        wait_until(lambda: answers(server.address), "the pages to answer again")


def test_the_pages_refuse_a_host_name_that_is_not_theirs(home: Path) -> None:
    with start_server("web", home) as server:
        asked = urllib.request.Request(f"{server.address}/sign-in", headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked)
        refused.value.close()
        assert refused.value.code == 400


def _is_serving(pid: int) -> bool:
    try:
        return "serving" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def _find_worker(parts: list[int]) -> int:
    for pid in parts:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        except OSError:
            continue
        if "worker" in words:
            return pid
    return 0
