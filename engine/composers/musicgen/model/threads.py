"""Which of a CPU's cores do what while a session plays.

One core turns codes into finished sound (codec, finishing and meter take well under real time on
one), and the decoder has the others to itself. A product that several threads share is ready when
the last of them is: two teams on the same cores would wait for each other at every one of some
hundred products of a step. How many threads share a sum can change its last bits, so that follows
from the machine and its settings alone, never from what it is busy with.
"""

from __future__ import annotations

import os
from functools import cache

import torch

MOST_DECODING = 8
"""A step is a race through memory, which a few cores of a processor already read as fast as it can
be read."""
SOUNDING = 1


@cache
def all_threads() -> int:
    """As many as torch takes by itself: one for each core, or what the environment says. Asked
    once, before it is told any other."""
    return torch.get_num_threads()


def decoding() -> int:
    """Who sets OMP_NUM_THREADS has said how many."""
    if "OMP_NUM_THREADS" in os.environ:
        return all_threads()
    return min(max(1, all_threads() - SOUNDING), MOST_DECODING)


def use(count: int) -> None:
    """So many threads share what the calling thread computes."""
    all_threads()
    torch.get_num_threads()  # else the number last set in any thread is taken over at the first sum
    torch.set_num_threads(count)
