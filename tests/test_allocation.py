"""What is let go is the system's again, in a process of its own, for it holds for all of one."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

CLIP = 30 * 48_000 * 2 * 4
PROGRAM = f"""
import ctypes, sys
import numpy as np
import psutil
from engine.allocation import give_back_large_blocks

if sys.argv[1] == "set":
    assert give_back_large_blocks()
resident = psutil.Process().memory_info
first = np.ones({CLIP}, np.uint8)
del first  # from here on glibc would take such blocks from its heap
malloc = ctypes.CDLL(None).malloc
malloc.restype = ctypes.c_void_p
clips = []
for _ in range(4):
    clips.append(np.ones({CLIP}, np.uint8))
    malloc(100_000)  # lies above it and stays
full = resident().rss
del clips
print(full - resident().rss)
"""


def given_back(how: str) -> int:
    """How many bytes of four clips a process has no more once it let them go."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="is about glibc")
def test_decoded_clips_are_given_back() -> None:
    assert given_back("set") > 3.9 * CLIP
    assert given_back("unset") < 3 * CLIP, "else nothing has to be set"
