"""Keeps the memory of a process with many threads in one heap, so that it does not grow while it works."""

import ctypes
import os
import sys

# From malloc.h of the GNU C library.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MOST_ARENAS = -1, -3, -8
# Of jemalloc, which the web server brings with it: one arena, and what is free is given back at once.
_SERVER_SETTING, _SERVER_WISH = "_RJEM_MALLOC_CONF", "narenas:1,dirty_decay_ms:0,muzzy_decay_ms:0"
_LARGE_BYTES = 128 * 1024  # a piece of this size is given back as soon as it is free


def use_one_heap() -> None:
    """Let all threads allocate from the same heap; call it before they start and before the server is loaded.

    The GNU C library gives each thread a heap of its own. A request with traces is large for a moment, and every heap
    keeps the room that its largest one took: 20 to 40 MB with eight threads. They share the lock of the interpreter
    anyway, so they wait for each other no longer than before. Other C libraries have one heap, or cannot be told.
    """
    os.environ.setdefault(_SERVER_SETTING, _SERVER_WISH)
    if not sys.platform.startswith("linux"):
        return
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None:
        return
    # Fixed thresholds: by themselves they rise to the size of the largest piece that was ever given back.
    for option, value in ((_MOST_ARENAS, 1), (_MMAP_THRESHOLD, _LARGE_BYTES), (_TRIM_THRESHOLD, _LARGE_BYTES)):
        set_option(option, value)
