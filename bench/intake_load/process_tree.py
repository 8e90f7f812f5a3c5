"""What a server costs: processor time and memory of a process and of everything that it started, from /proc."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_FIRST_TIME_FIELD = 11  # of what follows the name in /proc/PID/stat: utime, stime, and those of buried children
_ENDS_WITHIN_SECONDS = 10.0


def list_tree(pid: int) -> list[int]:
    """The process and all that descend from it, as far as they are still there."""
    tree = [pid]
    for each in tree:
        with suppress(OSError):
            for thread in Path(f"/proc/{each}/task").iterdir():
                tree += [int(child) for child in (thread / "children").read_text().split()]
    return tree


def read_cpu_seconds(pid: int) -> float:
    """Processor time that the whole tree has used, ended children included. User and system."""
    return sum(_read_own_cpu_seconds(each) for each in list_tree(pid))


def read_memory_bytes(pid: int) -> int:
    """Memory of the tree; pages that several processes share are counted once (PSS)."""
    return sum(read_own_memory_bytes(each) for each in list_tree(pid))


def read_own_memory_bytes(pid: int) -> int:
    """Memory of one process, shared pages by its part (PSS); 0 where it is gone."""
    return _read_rollup_bytes(pid, "Pss:")


def read_allocated_bytes(pid: int) -> int:
    """What of that a process has allocated itself: its part of shared libraries changes with who else uses them."""
    return _read_rollup_bytes(pid, "Pss_Anon:")


def _read_rollup_bytes(pid: int, name: str) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0


def read_command(pid: int) -> str:
    """The command line of a process; empty where it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """End a process that we started, and all that descend from it, as a power cut would."""
    tree = _hold_tree(process.pid)
    kill_all(tree)
    process.wait()
    wait_until_gone(tree)


def _hold_tree(pid: int) -> list[int]:
    """Stop every process of a tree where it stands, so that none can start another one while we count them."""
    held: list[int] = []
    while new := [each for each in list_tree(pid) if each not in held]:
        for each in new:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGSTOP)
        held += new
    return held


def stop_tree(process: subprocess.Popen[bytes], *, within_seconds: float = 20) -> None:
    """Ask a process that we started to end, and kill what of its tree has not ended by then."""
    tree = list_tree(process.pid)
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(within_seconds)
    kill_all(wait_until_gone(tree))
    process.wait()


def kill_all(pids: Iterable[int]) -> None:
    """Kill those of these processes that still run."""
    for pid in filter(is_running, pids):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_until_gone(pids: Sequence[int]) -> list[int]:
    """Give processes some seconds to end; returns those that have not. Only our own children could be waited for."""
    deadline = time.monotonic() + _ENDS_WITHIN_SECONDS
    while (left := list(filter(is_running, pids))) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def is_running(pid: int) -> bool:
    """Whether a process is there and has not merely been left unburied."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def _read_own_cpu_seconds(pid: int) -> float:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, after_name[_FIRST_TIME_FIELD : _FIRST_TIME_FIELD + 4])) / _TICKS_A_SECOND


@dataclass(kw_only=True)
class MemoryWatch:
    """Looks at the memory of a tree while a block runs, and keeps the most that it saw."""

    pid: int
    every_seconds: float = 0.5
    peak_bytes: int = 0
    processes: int = 0
    _is_over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "MemoryWatch":
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        if self._thread:
            self._thread.join()

    def _watch(self) -> None:
        while True:
            tree = list_tree(self.pid)
            self.peak_bytes = max(self.peak_bytes, sum(map(read_own_memory_bytes, tree)))
            self.processes = max(self.processes, len(tree))
            if self._is_over.wait(self.every_seconds):
                return
