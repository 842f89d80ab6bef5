"""Memory of decoded clips goes back to the system when they are let go.

A decoded clip is 11.5 MB. glibc takes blocks of over 128 KiB from the system one by one (mmap) and
gives them back when they are freed, but once such a block was freed it takes the next ones of that
size from its heap (mallopt(3), M_MMAP_THRESHOLD), where what lies above them keeps them: the player
grew by tens of MB so, and differently in each run. A threshold that was set does not move. The
engine, which takes and frees such blocks all the time, would compose an eighth slower so; it gives
back what is free when it has nothing to do.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools

LARGE_BYTES = 1 << 20
"""From this size on a block is the system's own."""
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


@functools.cache
def give_back_large_blocks() -> bool:
    """From now on, in this process; whether the C library knows how. Others than glibc give large
    blocks back by themselves."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return all(mallopt(what, LARGE_BYTES) for what in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD))


def give_back_free() -> None:
    """What this process has taken and does not use is the system's again, as far as the C library
    can (glibc: some milliseconds)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
