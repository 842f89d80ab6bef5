"""A loaded model lies in large pages, so that reading it asks for few addresses.

A step reads every matrix once. In pages of 4 KiB the processor translates an address for each, and
what fetches ahead stops at its end. Linux has pages of 2 MiB for memory that asks for them
(madvise(2), MADV_HUGEPAGE), and puts what lies there already into them at once where it knows how
(MADV_COLLAPSE, Linux 6.1), else by and by. Where the system says no, all stays as it was.
"""

from __future__ import annotations

import contextlib
import ctypes
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

PAGE = 1 << 21
LEAST_BYTES = 1 << 24
"""Mappings smaller than this stay as they are, threads' stacks among them."""
_MAPS = Path("/proc/self/maps")
_ADVISE, _COLLAPSE = 14, 25
_ANONYMOUS = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p 0+ 00:00 0 *(\[heap\])?$")


def into_large_pages() -> None:
    """All large blocks that this process has, as far as the system likes to."""
    with contextlib.suppress(OSError, AttributeError):
        madvise = ctypes.CDLL(None).madvise
        for first, length in blocks(_MAPS.read_text("utf-8").splitlines()):
            for advice in (_ADVISE, _COLLAPSE):
                madvise(ctypes.c_void_p(first), ctypes.c_size_t(length), advice)


def blocks(maps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Address and length of the whole large pages in every large mapping of a process's own
    memory. ``maps``: lines of proc(5)'s maps."""
    for line in maps:
        if found := _ANONYMOUS.match(line.rstrip()):
            begin, end = int(found[1], 16), int(found[2], 16)
            first, last = -(-begin // PAGE) * PAGE, end // PAGE * PAGE
            if end - begin >= LEAST_BYTES:
                yield first, last - first
