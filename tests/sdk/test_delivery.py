"""The way to the server: whatever it does, the program is unchanged, and what was recorded arrives later, in order."""

import errno
import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import teachback
from odd_server import OddServer, attributes_of, nobody_listens, read_spans, start_odd_server
from servers import environment, wait_until
from teachback.wire.parcels import make_trace_parcel, read_parcel
from teachback.wire.spool import Spool

desk = teachback.workflow("support-desk")
ODD_MODES = ["500", "429", "garbage", "half", "hang", "trickle", "portal"]


def work(ticket: dict[str, Any]) -> dict[str, Any]:
    with teachback.step("look"):
        return {"queue": "delivery", **ticket}


def do_jobs(first: int, count: int) -> None:
    for number in range(first, first + count):
        assert desk.run(work, {"n": number}, id=f"job-{number:04}").output == {"queue": "delivery", "n": number}


def ids(first: int, count: int) -> list[str]:
    return [f"job-{number:04}" for number in range(first, first + count)]


def list_parcels(home: Path) -> list[Path]:
    return sorted(home.rglob("*.parcel"))


@pytest.mark.parametrize("mode", ODD_MODES)
def test_a_server_that_behaves_badly_changes_nothing_and_gets_everything_later_in_order(
    mode: str, odd: OddServer, configure: Callable[..., None], tmp_path: Path
) -> None:
    configure(odd)
    odd.mode = mode
    do_jobs(0, 3)
    wait_until(lambda: bool(list_parcels(tmp_path)), "the first parcel on disk")
    do_jobs(3, 3)

    def fail(ticket: object) -> None:
        raise LookupError("the host's own")

    with pytest.raises(LookupError, match="the host's own"):
        desk.run(fail, {}, id="job-0006")
    assert odd.list_spans() == []
    assert teachback.delivery().last_problem
    odd.mode = "well"
    assert teachback.flush(timeout_seconds=30)
    assert odd.list_job_ids() == ids(0, 7)
    delivery = teachback.delivery()
    assert (delivery.sent_spans, delivery.dropped_spans, delivery.spooled_parcels) == (13, 0, 0)
    assert delivery.last_problem == ""


def test_a_server_that_is_down_gets_everything_when_it_is_there(configure: Callable[..., None], tmp_path: Path) -> None:
    down = nobody_listens()
    configure(down)
    for start in range(0, 30, 10):
        do_jobs(start, 10)
        parcels = len(list_parcels(tmp_path))
        wait_until(lambda known=parcels: len(list_parcels(tmp_path)) > known, "one more parcel on disk")
    with start_odd_server(port=down.port) as server:
        assert teachback.flush(timeout_seconds=30)
        assert server.list_job_ids() == ids(0, 30)


def test_a_refused_batch_is_counted_and_not_sent_again(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd)
    odd.mode = "400"
    do_jobs(0, 1)
    wait_until(lambda: teachback.delivery().refused_spans == 2, "the refusal")
    odd.mode = "well"
    do_jobs(1, 1)
    assert teachback.flush(timeout_seconds=20)
    assert odd.list_job_ids() == ids(1, 1)
    assert (teachback.delivery().sent_spans, teachback.delivery().refused_spans) == (2, 2)


def test_spans_that_the_server_refuses_of_a_batch_are_counted(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd)
    odd.mode = "partial"
    do_jobs(0, 1)
    assert teachback.flush(timeout_seconds=20)
    delivery = teachback.delivery()
    assert (delivery.sent_spans, delivery.refused_spans, delivery.last_problem) == (1, 1, "One was too long.")


def test_the_server_says_how_long_to_wait(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd, first_rest_seconds=0.01)
    odd.mode = "429"
    do_jobs(0, 1)
    wait_until(lambda: any(call.path == "/v1/traces" for call in odd.calls), "the first call")
    odd.mode = "well"
    odd.wait_for_jobs(1)
    times = [call.at for call in odd.calls if call.path == "/v1/traces"]
    assert len(times) == 2
    assert times[1] - times[0] >= 1.0


def test_what_is_sent_is_compressed_otlp_with_the_key(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd)
    do_jobs(0, 1)
    odd.wait_for_jobs(1)
    call = odd.accepted[0]
    assert call.headers["Authorization"] == "Bearer tb_key"
    assert call.headers["Content-Type"] == "application/x-protobuf"
    assert call.headers["Content-Encoding"] == "gzip"


def test_memory_is_bounded_and_the_oldest_go_first(configure: Callable[..., None], odd: OddServer) -> None:
    configure(odd, most_queued_bytes=20_000, batch_seconds=30.0)
    do_jobs(0, 300)
    delivery = teachback.delivery()
    assert delivery.dropped_spans > 400
    assert delivery.dropped_spans + delivery.waiting_spans == 600
    assert teachback.flush(timeout_seconds=20)
    arrived = odd.list_job_ids()
    assert arrived == ids(300 - len(arrived), len(arrived))


def test_without_a_disk_what_memory_holds_still_arrives(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd, home=None)
    odd.mode = "500"
    do_jobs(0, 5)
    wait_until(lambda: bool(teachback.delivery().last_problem), "the failure")
    odd.mode = "well"
    assert teachback.flush(timeout_seconds=30)
    assert odd.list_job_ids() == ids(0, 5)


def test_a_disk_that_refuses_costs_nothing_but_the_record(
    configure: Callable[..., None], odd: OddServer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    configure(odd, home=tmp_path / "file")
    odd.mode = "500"
    do_jobs(0, 5)
    wait_until(lambda: bool(teachback.delivery().last_problem), "the failure")
    odd.mode = "well"
    assert desk.release.is_known is False
    odd.wait_for_jobs(5)


def make_parcels(count: int, size: int) -> list[Any]:
    return [make_trace_parcel(os.urandom(size), 2) for _ in range(count)]


def test_the_spool_is_bounded_and_drops_the_oldest(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10_000)
    parcels = make_parcels(50, 1000)
    gone = [one for parcel in parcels for one in spool.keep(parcel)]
    kept = spool.list_names()
    assert [one.name for one in gone] + kept == [parcel.name for parcel in parcels]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 10_000
    assert len(kept) >= 7
    assert {one.spans for one in gone} == {2}


def test_the_newest_parcel_stays_even_where_it_is_larger_than_the_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 100)
    (parcel,) = make_parcels(1, 1000)
    assert spool.keep(parcel) == []
    assert spool.list_names() == [parcel.name]


def test_a_damaged_parcel_is_thrown_away_and_the_others_arrive(configure: Callable[..., None], tmp_path: Path) -> None:
    down = nobody_listens()
    configure(down)
    do_jobs(0, 1)
    wait_until(lambda: bool(list_parcels(tmp_path)), "a parcel on disk")
    parcel = list_parcels(tmp_path)[0]
    parcel.with_name("00000000000000000001-1-000000.parcel").write_bytes(parcel.read_bytes()[:-7])
    parcel.with_name("00000000000000000002-1-000000.parcel").write_bytes(b"\xff\x00")
    parcel.with_name("half.part").write_bytes(b"half")
    with start_odd_server(port=down.port) as server:
        assert teachback.flush(timeout_seconds=30)
        assert server.list_job_ids() == ids(0, 1)


def test_what_the_disk_does_not_let_go_of_is_sent_once_and_holds_nothing_up(
    configure: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = nobody_listens()
    configure(down)
    do_jobs(0, 1)
    wait_until(lambda: bool(list_parcels(tmp_path)), "a parcel on disk")
    list_parcels(tmp_path)[0].with_name("00000000000000000001-1-000000.parcel").mkdir()

    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    for act in ("unlink", "write_bytes", "mkdir"):
        monkeypatch.setattr(Path, act, refuse)
    monkeypatch.setattr("teachback.wire.file_lock.os.open", refuse)
    with start_odd_server(port=down.port) as server:
        server.wait_for_jobs(1)
        do_jobs(1, 2)
        assert teachback.flush(timeout_seconds=30)
        assert server.list_job_ids() == ids(0, 3)


def test_a_full_disk_is_not_filled_with_halves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(path: Path, content: bytes) -> None:
        with path.open("wb") as half:
            half.write(content[:5])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(OSError, match="No space"):
        Spool(tmp_path, 1000).keep(make_parcels(1, 100)[0])
    assert list(tmp_path.iterdir()) == []


def test_a_clock_that_was_set_back_holds_nothing_up(configure: Callable[..., None], tmp_path: Path) -> None:
    down = nobody_listens()
    configure(down)
    do_jobs(0, 1)
    wait_until(lambda: bool(list_parcels(tmp_path)), "a parcel on disk")
    made = list_parcels(tmp_path)[0]
    made.rename(made.with_name(f"{time.time_ns() + 86_400 * 10**9:020d}-1-000000.parcel"))
    with start_odd_server(port=down.port) as server:
        do_jobs(1, 1)
        assert teachback.flush(timeout_seconds=30)
        assert sorted(server.list_job_ids()) == ids(0, 2)


def test_figures_and_flushing_survive_a_folder_that_cannot_be_read(
    configure: Callable[..., None], odd: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(odd)
    monkeypatch.setattr(Path, "iterdir", lambda path: (_ for _ in ()).throw(PermissionError(path)))
    monkeypatch.setattr(Path, "is_dir", lambda path: True)
    do_jobs(0, 1)
    assert teachback.flush(timeout_seconds=10)
    assert teachback.delivery().spooled_parcels == 0
    assert odd.list_job_ids() == ids(0, 1)


def test_outcomes_are_packed_by_a_thread_and_wait_for_no_disk(
    configure: Callable[..., None], odd: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd.mode = "500"
    configure(odd)
    writers: set[int] = set()
    keep = Spool.keep

    def note(spool: Spool, parcel: Any) -> Any:
        writers.add(threading.get_ident())
        return keep(spool, parcel)

    monkeypatch.setattr(Spool, "keep", note)
    monkeypatch.setattr("teachback.wire.outbox._MOST_BYTES", 0)
    for number in range(50):
        teachback.outcome("support-desk", f"job-{number}", used=True)
    wait_until(lambda: teachback.delivery().spooled_parcels == 50, "outcomes on disk")
    assert threading.get_ident() not in writers


def test_what_goes_wrong_with_every_batch_is_said_once(
    configure: Callable[..., None], odd: OddServer, caplog: pytest.LogCaptureFixture
) -> None:
    odd.mode = "400"
    configure(odd)
    for number in range(4):
        do_jobs(number, 1)
        wait_until(lambda: teachback.delivery().refused_spans == 2 * (number + 1), "the refusal")  # noqa: B023
    teachback.configure(url="", key="", home=None)
    do_jobs(9, 2)
    said = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert sum("answered 400 to /v1/traces" in one for one in said) == 1
    assert sum("asked for the release" in one for one in said) == 1
    assert sum("nothing is sent without a url and a key" in one for one in said) == 1


def test_records_that_are_dropped_are_said_in_the_log(
    configure: Callable[..., None], odd: OddServer, caplog: pytest.LogCaptureFixture
) -> None:
    configure(odd, most_queued_bytes=400)
    do_jobs(0, 20)
    wait_until(lambda: "drops the oldest" in caplog.text, "the warning")
    assert teachback.delivery().dropped_spans > 0


def test_only_one_process_drains_a_spool_at_a_time(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, 1000), Spool(tmp_path, 1000)
    with first.draining() as is_mine, second.draining() as is_its:
        assert (is_mine, is_its) == (True, False)
    with second.draining() as is_its:
        assert is_its is True


AGENT = """
import os, signal, sys, time
import teachback

teachback.configure(url=sys.argv[1], key="tb_key", home=sys.argv[2], batch_seconds=0.02, timeout_seconds=0.3,
                    first_rest_seconds=0.05, exit_seconds=float(sys.argv[5]))
desk = teachback.workflow("support-desk")
for number in range(int(sys.argv[3]), int(sys.argv[3]) + int(sys.argv[4])):
    with teachback.step("outside"):
        pass
    desk.run(lambda value: value, {"n": number}, id=f"job-{number:04}")
    if len(sys.argv) > 6:
        time.sleep(0.001)
if len(sys.argv) > 6:
    print("done", flush=True)
    time.sleep(60)
"""


def run_agent(url: str, home: Path, first: int, count: int, *, exit_seconds: float = 5.0) -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", AGENT, url, str(home), str(first), str(count), str(exit_seconds)],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_process_that_ends_at_once_still_sends_its_jobs_and_says_nothing(odd: OddServer, tmp_path: Path) -> None:
    run_agent(odd.address, tmp_path, 0, 20)
    assert odd.list_job_ids() == ids(0, 20)
    assert list_parcels(tmp_path) == []


def test_the_next_process_sends_what_an_earlier_one_could_not(tmp_path: Path) -> None:
    down = nobody_listens()
    run_agent(down.address, tmp_path, 0, 20)
    assert len(list_parcels(tmp_path)) >= 1
    with start_odd_server(port=down.port) as server:
        run_agent(down.address, tmp_path, 20, 1)
        assert server.list_job_ids() == ids(0, 21)


@pytest.mark.parametrize("mode", ["hang", "trickle"])
def test_a_process_ends_soon_though_the_server_hangs_and_keeps_its_jobs(
    mode: str, odd: OddServer, tmp_path: Path
) -> None:
    odd.mode = mode
    run_agent(odd.address, tmp_path, 0, 5, exit_seconds=0.2)
    found = [read_parcel(path.name, path.read_bytes()) for path in list_parcels(tmp_path)]
    assert sum(parcel.spans for parcel in found) == 5


def test_two_processes_with_one_spool_send_each_job_once_or_again_but_lose_none(tmp_path: Path) -> None:
    down = nobody_listens()
    for first in (0, 20):
        run_agent(down.address, tmp_path, first, 20)
    with start_odd_server(port=down.port) as server:
        agents = [
            subprocess.Popen(
                [sys.executable, "-c", AGENT, server.address, str(tmp_path), str(first), "20", "5"],
                env=environment(tmp_path),
            )
            for first in (40, 60)
        ]
        assert [agent.wait(60) for agent in agents] == [0, 0]
        assert sorted(set(server.list_job_ids())) == ids(0, 80)
        assert len(server.list_job_ids()) == 80


def test_a_killed_process_leaves_a_spool_that_the_next_one_reads(tmp_path: Path) -> None:
    down = nobody_listens()
    agent = subprocess.Popen(
        [sys.executable, "-c", AGENT, down.address, str(tmp_path), "0", "400", "5", "slowly"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert agent.stdout
    wait_until(lambda: len(list_parcels(tmp_path)) >= 3, "three parcels on disk")
    agent.send_signal(signal.SIGKILL)
    agent.communicate()
    kept = [
        str(attributes_of(span)["teachback.job.id"])
        for path in list_parcels(tmp_path)
        for span in read_spans(gzip.decompress(read_parcel(path.name, path.read_bytes()).body))
    ]
    assert kept == ids(0, len(kept))
    with start_odd_server(port=down.port) as server:
        run_agent(down.address, tmp_path, 900, 1)
        assert server.list_job_ids() == [*kept, "job-0900"]


def test_a_forked_child_sends_its_own_jobs_and_only_those(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd, batch_seconds=30.0)
    do_jobs(0, 3)
    child = os.fork()
    if child == 0:
        try:
            do_jobs(3, 2)
            os._exit(0 if teachback.flush(timeout_seconds=20) else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert odd.list_job_ids() == ids(3, 2)
    assert teachback.flush(timeout_seconds=20)
    assert odd.list_job_ids() == ids(3, 2) + ids(0, 3)
    assert len({span.span_id for span in odd.list_spans()}) == 10


MULTIPROCESSING_AGENT = """
import multiprocessing, sys
import teachback

teachback.configure(url=sys.argv[1], key="tb_key", home=None, batch_seconds=30, exit_seconds=5)
desk = teachback.workflow("support-desk")

def work(number):
    return desk.run(lambda value: value, {"n": number}, id=f"job-{number:04}").id

if __name__ == "__main__":
    work(0)
    children = [multiprocessing.get_context("fork").Process(target=work, args=(number,)) for number in (1, 2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
"""


def test_children_of_multiprocessing_send_their_jobs_before_they_end(odd: OddServer, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", MULTIPROCESSING_AGENT, odd.address], env=environment(tmp_path), check=True, timeout=60
    )
    assert sorted(odd.list_job_ids()) == ids(0, 3)


def test_outcomes_wait_for_their_job_and_for_the_server(odd: OddServer, configure: Callable[..., None]) -> None:
    path = "/api/v1/workflows/support-desk/jobs/outcome"
    odd.answers[path] = (404, {"detail": "not yet"})
    configure(odd)
    teachback.outcome("support-desk", "job-1", used=True, worth_usd=12.5, note="Paid.")
    wait_until(lambda: any(call.path == path for call in odd.calls), "the first try")
    odd.mode = "500"
    teachback.outcome("support-desk", "job-2", used=False)
    odd.answers[path] = {"number": 1, "used": True}
    odd.mode = "well"
    wait_until(lambda: teachback.delivery().sent_outcomes == 2, "both outcomes")
    said = {json.loads(call.body)["id"]: json.loads(call.body) for call in odd.calls if call.path == path}
    assert said["job-1"] == {"id": "job-1", "used": True, "worth_usd": 12.5, "note": "Paid."}
    assert said["job-2"] == {"id": "job-2", "used": False}


def test_an_outcome_that_the_server_refuses_is_counted(odd: OddServer, configure: Callable[..., None]) -> None:
    odd.answers["/api/v1/workflows/support-desk/jobs/outcome"] = (422, {"detail": "no"})
    configure(odd)
    teachback.outcome("support-desk", "job-1", used=True)
    wait_until(lambda: teachback.delivery().refused_outcomes == 1, "the refusal")


def redact(name: str, value: object) -> object:
    if name == "teachback.input":
        raise RuntimeError("cannot read it")
    if name == "teachback.session":
        return None
    return value.replace("Smith", "[name]") if isinstance(value, str) else value


def test_nothing_leaves_the_process_or_touches_the_disk_unredacted(
    configure: Callable[..., None], tmp_path: Path
) -> None:
    def leak(ticket: dict[str, str]) -> dict[str, str]:
        with teachback.step("ask Smith", input="Smith") as step:
            step.output = ["Smith"]
            raise ValueError("Smith is not there")

    down = nobody_listens()
    configure(down, redact=redact)
    desk.run(lambda ticket: {"name": "Smith"}, {"from": "Smith"}, id="Smith-1")
    with pytest.raises(ValueError, match="Smith"):
        desk.run(leak, {"from": "Smith"}, id="Smith-2")
    teachback.outcome("support-desk", "Smith-1", used=True, note="Smith")
    wait_until(lambda: teachback.delivery().waiting_spans == 0, "everything on disk")
    parcels = [read_parcel(path.name, path.read_bytes()) for path in list_parcels(tmp_path)]
    bodies = b"".join(gzip.decompress(one.body) if one.content_encoding else one.body for one in parcels)
    assert b"Smith" not in bodies
    assert bodies.count(b"[redaction failed]") == 2
    assert b'"id": "[name]-1"' in bodies
    assert b"ask [name]" in bodies
    assert b"[name] is not there" in bodies


def test_changing_the_settings_sends_what_was_recorded_before(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd, batch_seconds=30.0)
    do_jobs(0, 2)
    configure(nobody_listens())
    assert odd.list_job_ids() == ids(0, 2)


def test_a_setting_that_does_not_exist_is_named(configure: Callable[..., None], odd: OddServer) -> None:
    with pytest.raises(TypeError, match=r"knows no setting adress\. It knows .*url"):
        teachback.configure(adress=odd.address)


@pytest.mark.parametrize(
    ("name", "value"),
    [("url", 5), ("key", 5), ("timeout_seconds", "5"), ("most_queued_bytes", -1), ("redact", "mail")],
)
def test_a_setting_of_the_wrong_type_is_named(configure: Callable[..., None], name: str, value: object) -> None:
    with pytest.raises(TypeError, match=name):
        teachback.configure(**{name: value})


def test_a_setting_that_an_environment_does_not_have_turns_sending_off(configure: Callable[..., None]) -> None:
    teachback.configure(url=None, key=None)
    do_jobs(0, 1)
    assert teachback.flush(timeout_seconds=0)


def test_what_is_recorded_after_all_was_closed_goes_to_disk(
    odd: OddServer, configure: Callable[..., None], tmp_path: Path
) -> None:
    configure(odd)
    with desk.start({}, id="job-0000") as job:
        teachback.configure(url="", key="", home=None)
        job.output = {"queue": "delivery"}
    assert len(list_parcels(tmp_path)) == 1
    configure(odd)
    do_jobs(1, 1)
    assert sorted(odd.wait_for_jobs(2)) == ids(0, 2)


def test_a_job_of_the_very_last_act_of_a_program_is_kept(tmp_path: Path) -> None:
    program = (
        "import atexit\n"
        "atexit.register(lambda: teachback.workflow('support-desk').run(lambda given: {}, {}, id='job-0000'))\n"
        "import teachback\n"
        "teachback.workflow('support-desk')\n"
    )
    down = nobody_listens()
    settings = {"TEACHBACK_URL": down.address, "TEACHBACK_KEY": "tb_key", "TEACHBACK_SDK_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], env=environment(tmp_path, **settings), check=True)
    assert len(list_parcels(tmp_path)) == 1


def test_settings_come_from_the_environment(
    odd: OddServer, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    configure(odd)
    monkeypatch.setenv("TEACHBACK_URL", f"{odd.address}/")
    monkeypatch.setenv("TEACHBACK_KEY", "tb_other")
    monkeypatch.setenv("TEACHBACK_SDK_HOME", str(tmp_path / "other"))
    teachback.configure(batch_seconds=0.02)
    do_jobs(0, 1)
    odd.wait_for_jobs(1)
    assert odd.accepted[0].headers["Authorization"] == "Bearer tb_other"


def test_each_workflow_may_have_a_key_of_its_own(odd: OddServer, configure: Callable[..., None]) -> None:
    configure(odd)
    sales = teachback.workflow("sales", key="tb_sales")
    sales.run(work, {"n": 1}, id="sale-1")
    do_jobs(0, 1)
    odd.wait_for_jobs(2)
    keys = {call.headers["Authorization"]: read_spans(call.body)[0].trace_id for call in odd.accepted}
    assert set(keys) == {"Bearer tb_key", "Bearer tb_sales"}


def test_an_address_that_is_none_costs_nothing(configure: Callable[..., None], odd: OddServer) -> None:
    for url in ("no address", "ftp://example.org", "http://", "http://127.0.0.1:notaport", "http://[::1"):
        configure(odd, url=url, home=None)
        do_jobs(0, 1)
        assert desk.release.is_known is False
