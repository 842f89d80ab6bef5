"""Whether the machine let processes wait for a core for longer than sound can.

Who plays has the sound device's latency ahead, half a second. A machine that lets every process
wait that long makes gaps that no player can prevent. So a recording with a gap counts against
musmed, unless a witness, which wants a core as rarely as a player does, had to wait as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from support.required import lacking

WITNESS = """
import os, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
longest = 0.0
print(longest, flush=True)
while True:
    before = time.monotonic()
    time.sleep(0.02)
    late = time.monotonic() - before - 0.02
    if late > longest:
        longest = late
        print(longest, flush=True)
"""
"""Prints how long it had to wait at most, whenever that grows."""
LATENCIES = (0.5, 2.0)
"""Seconds that the sound device is given ahead: musmed's own, and for a machine that can't keep up
with that."""
SHARE = 0.4
"""A witness that waited for so much of the latency explains a gap: a player's own work, the sound
server's and the recorder's waits come on top."""


class Witnesses:
    """A witness on each core, for the time of the ``with``; ``longest``: seconds, afterwards."""

    longest = 0.0

    def __enter__(self) -> Witnesses:
        self._witnesses = [
            subprocess.Popen(
                [sys.executable, "-c", WITNESS, str(core)],
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            for core in os.sched_getaffinity(0)
        ]
        return self

    def __exit__(self, *_left: object) -> None:
        for witness in self._witnesses:
            witness.kill()
            told, _ = witness.communicate()
            self.longest = max([self.longest, *map(float, told.split("\n")[:-1])])


def played_without_starving(play: Callable[[Path, float], None], folder: Path) -> None:
    """``play(folder, latency)`` plays, records and asserts. What it finds wrong counts, unless the
    machine starved: then it plays once more with a longer latency, and skips if that was not enough
    either, or fails (``required``)."""
    for latency in LATENCIES:
        place = folder / f"latency-{latency}"
        place.mkdir()
        witnesses = Witnesses()
        try:
            with witnesses:
                play(place, latency)
        except AssertionError:
            if witnesses.longest < SHARE * latency:
                raise
        else:
            return
    reason = (
        f"this machine let a process that sleeps most of the time wait {witnesses.longest:.1f} s "
        f"for a core; {latency:g} s of sound ahead can't be kept so"
    )
    lacking(reason)
