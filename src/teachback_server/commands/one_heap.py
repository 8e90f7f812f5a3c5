"""Keeps the memory of a process with many threads in one heap, so that it does not grow while it works."""

import ctypes
import sys

# From malloc.h of the GNU C library.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MOST_ARENAS = -1, -3, -8
_LARGE_BYTES = 128 * 1024  # a piece of this size is given back as soon as it is free


def use_one_heap() -> None:
    """Let all threads allocate from the same heap; call it before the first of them is started.

    The GNU C library gives each thread a heap of its own. A request with traces is large for a moment, and every heap
    keeps the room that its largest one took: 20 to 40 MB with eight threads. They share the lock of the interpreter
    anyway, so they wait for each other no longer than before. Other C libraries have one heap, or cannot be told.
    """
    if not sys.platform.startswith("linux"):
        return
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None:
        return
    # Fixed thresholds: by themselves they rise to the size of the largest piece that was ever given back.
    for option, value in ((_MOST_ARENAS, 1), (_MMAP_THRESHOLD, _LARGE_BYTES), (_TRIM_THRESHOLD, _LARGE_BYTES)):
        set_option(option, value)
