"""What grows with a session's length: ``python tests/bench/lengths.py`` prints a table.

Sessions of 5, 15 and 60 minutes (``--minutes``), each composed and played into a file as fast as
it comes and kept in a library: CPU of front and engine together for a minute of session, the most
memory either ever had, and how long the kept session takes to be opened (read from the library and
made ready to go on, its files looked at). What stands beside each is the shortest session's.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench.machine import machine  # noqa: E402
from bench.memory import BUDGETS, look  # noqa: E402
from bench.terminal import listener  # noqa: E402

PLAY = ["-m", "musmed_tui", "play", "--plain", "--from", "tense", "--to", "calm", "--seed", "7"]
EVERY = 0.1
"""Seconds between two looks at who is there: peaks are the kernel's own."""
OPENINGS = 5
OPEN = """
import statistics, sys, tempfile, time
from pathlib import Path
from engine.playback.sinks.null import NullSink
from engine.session.library.library import Library
from engine.session.preparation import prepare

taken = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    library = Library(Path(sys.argv[1]))
    stored = library.load(library.sessions(1)[0].id)
    runner = prepare(
        stored.request, library=library, sink=NullSink(), log_file=Path(sys.argv[3]), resume=stored
    )
    taken.append(time.perf_counter() - start)
    runner.close()
    library.close()
print(statistics.median(taken), len(stored.clips))
"""


class Grown(NamedTuple):
    """A session of one length."""

    minutes: float
    clips: int
    cpu: float
    """Seconds of both processes for a minute of session."""
    peaks: dict[str, float]
    """MB, of 'front' and 'engine'."""
    opening: float
    """Seconds."""


def grown(minutes: float) -> Grown:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        environment = listener(home)
        cpu, peaks = composed(minutes, home, environment)
        data = home / "data" / "library"
        command = [sys.executable, "-c", OPEN, str(data), str(OPENINGS), str(home / "log")]
        told = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    opening, clips = told.stdout.split()
    return Grown(minutes, int(clips), cpu / minutes, peaks, float(opening))


def composed(
    minutes: float, home: Path, environment: dict[str, str]
) -> tuple[float, dict[str, float]]:
    """(CPU seconds, the peak in MB of each process) of a whole session into a file."""
    command = [sys.executable, *PLAY, "--minutes", f"{minutes:g}"]
    command += ["--sink", f"file:{home / 'it.flac'}", "--synthesis", "builtin"]
    front = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    peaks: dict[str, float] = {}
    while True:
        ended, status, used = os.wait4(front.pid, os.WNOHANG)
        if ended:
            break
        for who, _, taken in look(front.pid):
            peaks[who] = max(peaks.get(who, 0.0), taken.peak)
        time.sleep(EVERY)
    front.returncode = os.waitstatus_to_exitcode(status)
    if front.returncode:
        raise SystemExit(f"musmed ended with exit code {front.returncode}")
    return used.ru_utime + used.ru_stime, peaks


def row(one: Grown, shortest: Grown) -> str:
    over = [who for who, most in BUDGETS.items() if one.peaks[who] > most]
    cells = [
        f"{one.minutes:g} minutes, {one.clips} clips",
        f"{one.cpu:.2f} s",
        f"{one.cpu / shortest.cpu:.2f}",
        f"{one.peaks['front']:.0f} MB",
        f"{one.peaks['engine']:.0f} MB" + (f", too large: {', '.join(over)}" if over else ""),
        f"{1000 * one.opening:.0f} ms",
        f"{one.opening / shortest.opening:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def table(lengths: list[float]) -> list[str]:
    """Rows of Markdown, the shortest session first."""
    found = [grown(minutes) for minutes in sorted(lengths)]
    head = ["session", "CPU a minute", "times the shortest's"]
    head += [f"{who} at most (<= {most:.0f} MB)" for who, most in BUDGETS.items()]
    head += ["opened in", "times the shortest's"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return lines + [row(one, found[0]) for one in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", default="5,15,60", help="with commas, each 1 to 60")
    asked = parser.parse_args()
    print(f"{machine()}\n")
    print("\n".join(table([float(one) for one in asked.minutes.split(",")])))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
