"""Whether a long session stays as large as it was: ``python tests/bench/flat.py`` prints a table.

A session of 60 minutes on the null sink, in real time, on a screen of 120x40 (``--plain``: its
lines of text); the memory of the front and of the engine every five seconds. Of each the peak that
the kernel has seen beside its budget, and the slope of what is resident from ``--settle`` minutes
on, with its standard error (``tests/bench/trend.py``). Flat is under two standard errors.

``--musicgen small`` has MusicGen compose, with random weights of the real shape, which take as much
memory as trained ones; the engine has no budget then. ``--minutes 5 --settle 1`` to try. ``--keep
FILE`` keeps each measurement, a line of CSV. What stands after ``--`` goes to ``musmed play``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench.machine import machine  # noqa: E402
from bench.memory import BUDGETS, Look, look  # noqa: E402
from bench.terminal import Terminal, listener  # noqa: E402
from bench.trend import Trend, trend  # noqa: E402

SIZE = (120, 40)
PLAY = ["-m", "musmed_tui", "play", "--from", "tense", "--to", "calm", "--seed", "7"]


WEIGHTS = """
import sys
from pathlib import Path
import torch
from bench.musicgen import random_model
from support.tiny_musicgen import save_checkpoint
save_checkpoint(random_model(sys.argv[1], torch.device("cpu"), torch.float32), Path(sys.argv[2]))
"""


class Sample(NamedTuple):
    minutes: float
    """Since the session was asked for."""
    look: Look


class Found(NamedTuple):
    """What one process came to."""

    who: str
    peak: float
    at_first: float
    """Resident after settling, the mean of the first tenth."""
    at_last: float
    slope: Trend
    """MB a minute."""
    processes: int
    """How many there were of it, one after another."""


class Keeping:
    """Each measurement a line of CSV in ``file``, at once: an hour may be cut short."""

    def __init__(self, file: Path | None) -> None:
        self._file = file.open("w", buffering=1) if file else None
        if self._file:
            self._file.write("minutes,process,pid,resident,own,peak\n")

    def add(self, sample: Sample) -> None:
        if self._file:
            sizes = ",".join(f"{megabytes:.2f}" for megabytes in sample.look.memory)
            who, pid, _ = sample.look
            self._file.write(f"{sample.minutes:.3f},{who},{pid},{sizes}\n")


def session(minutes: float, every: float, more: list[str], keeping: Keeping) -> list[Sample]:
    """Play, and look every ``every`` seconds until just before the session's end."""
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, *PLAY, "--minutes", f"{minutes:g}", "--sink", "null", *more]
        terminal = Terminal(command, listener(Path(home)), SIZE)
        begun = time.perf_counter()
        while (spent := time.perf_counter() - begun) < 60 * minutes - 2:
            if terminal.process.poll() is not None:
                raise SystemExit(f"musmed ended after {spent:.0f} s")
            for one in look(terminal.process.pid):
                samples.append(Sample(spent / 60, one))
                keeping.add(samples[-1])
            terminal.read_all(every)
        terminal.close()
    return samples


def found(who: str, samples: list[Sample], settle: float) -> Found:
    """Raises ``SystemExit`` where there is too little of it to say anything."""
    its = [sample for sample in samples if sample.look.who == who]
    settled = [sample for sample in its if sample.minutes >= settle]
    if len(settled) < 20:
        raise SystemExit(f"Of the {who} there are {len(settled)} measurements after settling.")
    sizes = [sample.look.memory.resident for sample in settled]
    tenth = max(1, len(sizes) // 10)
    return Found(
        who,
        max(sample.look.memory.peak for sample in its),
        sum(sizes[:tenth]) / tenth,
        sum(sizes[-tenth:]) / tenth,
        trend([sample.minutes for sample in settled], sizes),
        len({sample.look.pid for sample in its}),
    )


def row(of: Found, budget: float | None) -> str:
    slope = of.slope
    verdict = "flat" if slope.flat else "rises"
    fits = "" if budget is None or of.peak <= budget else ", too large"
    most = "-" if budget is None else f"<= {budget:.0f} MB"
    many = "" if of.processes == 1 else f" ({of.processes} processes)"
    return (
        f"| {of.who}{many} | {most} | {of.peak:.0f} MB{fits} | {of.at_first:.1f} | "
        f"{of.at_last:.1f} | {60 * slope.slope:+.1f} ± {60 * slope.error:.1f} MB an hour | "
        f"{verdict} |"
    )


def table(samples: list[Sample], settle: float, budgets: Mapping[str, float]) -> list[str]:
    head = ["process", "budget", "peak", "MB at first", "MB at last", "slope", ""]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return lines + [
        row(found(who, samples, settle), budgets.get(who)) for who in ("front", "engine")
    ]


@contextlib.contextmanager
def weights(size: str | None) -> Iterator[list[str]]:
    """Options that have a model of this size compose; none without one."""
    if size is None:
        yield []
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / f"musicgen-{size}"
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        command = [sys.executable, "-c", WEIGHTS, size, str(folder)]
        subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": path})
        yield ["--composer", str(folder)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="1 to 60")
    parser.add_argument("--settle", type=float, default=10.0, help="minutes that do not count")
    parser.add_argument("--every", type=float, default=5.0, help="seconds")
    parser.add_argument("--plain", action="store_true", help="lines of text, no screen")
    parser.add_argument("--musicgen", metavar="SIZE", help="small, medium or large")
    parser.add_argument("--keep", type=Path, metavar="FILE")
    parser.add_argument("more", nargs="*")
    asked = parser.parse_args()
    plain = ["--plain"] if asked.plain else []
    with weights(asked.musicgen) as composer:
        more = [*composer, *plain, *asked.more]
        samples = session(asked.minutes, asked.every, more, Keeping(asked.keep))
    shown = " ".join(
        [f"musicgen-{asked.musicgen}" if composer else "embedded", *plain, *asked.more]
    )
    budgets = {one: most for one, most in BUDGETS.items() if one == "front" or not composer}
    print(f"{machine()}; a session of {asked.minutes:g} minutes, {shown}\n")
    print("\n".join(table(samples, asked.settle, budgets)))


if __name__ == "__main__":
    main()
