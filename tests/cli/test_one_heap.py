"""All threads of a process of ours share one heap, where the C library can be told so."""

import platform
import subprocess
import sys

import pytest

# A heap of its own is reserved for a thread as a stretch of 64 MB, most of which cannot be read yet.
COUNT_HEAPS_OF_THREADS = """
import sys, threading
from teachback_server.commands.one_heap import use_one_heap

if sys.argv[1] == "one":
    use_one_heap()
together = threading.Barrier(9)
kept = []

def allocate():
    together.wait()
    kept.append([bytes(5000) for _ in range(200)])
    together.wait()

threads = [threading.Thread(target=allocate, daemon=True) for _ in range(8)]
for thread in threads:
    thread.start()
together.wait()
together.wait()
starts = [int(line.split("-")[0], 16) for line in open("/proc/self/maps") if " rw-p 00000000 00:00 0" in line]
print(sum(start % (64 * 1024 * 1024) == 0 for start in starts))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library gives each thread a heap")
def test_threads_share_one_heap_only_after_it_was_asked_for() -> None:
    def count_heaps(wish: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", COUNT_HEAPS_OF_THREADS, wish], stdout=subprocess.PIPE, text=True, check=True
        )
        return int(done.stdout)

    assert count_heaps("one") == 0
    assert count_heaps("each") > 0
