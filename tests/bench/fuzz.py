"""Streams of the link and files of every kind under mutation, many of each: who reads them gives
them back or a sentence, within a time and a memory.

    python tests/bench/fuzz.py [--frames 1000000] [--files 100000] [--only KIND] [--again NUMBER]

Case ``NUMBER`` of a kind is the same on every machine (its seed is its kind's name and its number),
so that a fault that is printed can be looked at with ``--only`` and ``--again``. Ends with 1 where
there were faults. The cases of ``test_mutation.py`` and ``test_mutated_files.py`` are others.
"""

from __future__ import annotations

import argparse
import gc
import logging
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from support.frames import WAYS, case
from support.kinds_of_files import KINDS, prepared

from engine.errors import MusmedError

LIMIT_SECONDS = 10.0
"""For one case, after which it is a fault."""
LIMIT_KIB = 256 * 1024
"""By which one case may raise the process's peak."""
MOST_FAULTS = 50
"""Of one kind, after which it is left."""
SHARES = {
    "engine to front": 0.4,
    "engine to front, Opus": 0.05,
    "front to engine": 0.4,
    "front to engine, composed": 0.01,
    "ears to session": 0.07,
    "session to ears": 0.07,
}
"""Of the frames that are asked for."""
COSTLY = ("library", "soundfont", "sound", "opening")
"""Kinds of files of which there are a quarter as many."""


class LimitError(Exception):
    """A case that is over a limit."""


class Case(NamedTuple):
    """What became of one: how many pieces were read of it, and whether it was refused."""

    pieces: int
    refused: bool


class Tally:
    """The cases of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.cases = self.pieces = self.refused = self.faults = 0
        self.slowest, self.largest = (0.0, 0), (0, 0)
        self._began = time.monotonic()

    def run(self, number: int, one: Callable[[], Case]) -> None:
        self.cases += 1
        peak, began = _peak(), time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, LIMIT_SECONDS)
        try:
            done = one()
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._measure(number, time.perf_counter() - began, _peak() - peak)
        except Exception:
            self.faults += 1
            print(
                f"FAULT {self.kind!r}, case {number}\n{traceback.format_exc(limit=-6)}", flush=True
            )
            return
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.pieces += done.pieces
        self.refused += done.refused

    def _measure(self, number: int, seconds: float, kib: int) -> None:
        self.slowest = max(self.slowest, (seconds, number))
        self.largest = max(self.largest, (kib, number))
        if kib > LIMIT_KIB and number:
            raise LimitError(f"it took {kib} KiB")

    def __str__(self) -> str:
        (seconds, slow), (kib, large) = self.slowest, self.largest
        return (
            f"{self.kind:28} {self.cases:7} cases {self.pieces:8} read {self.refused:7} refused "
            f"{self.faults:3} faults; slowest {seconds * 1000:7.1f} ms (case {slow}), largest "
            f"{kib:6} KiB (case {large}); {time.monotonic() - self._began:.0f} s"
        )


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _too_long(_number: int, _frame: object) -> None:
    raise LimitError(f"it took {LIMIT_SECONDS:g} s")


def frames(way: str, wanted: int, numbers: Iterator[int]) -> Tally:
    """Cases of a way until so many whole frames were read."""
    tally, read = Tally(way), WAYS[way].read

    def one(number: int) -> Case:
        done = read(case(way, number))
        if not done.sentence.isprintable():
            raise LimitError(f"it says {done.sentence!r}")
        return Case(done.frames, bool(done.sentence))

    for number in numbers:
        tally.run(number, lambda n=number: one(n))  # type: ignore[misc]
        if tally.pieces >= wanted or tally.faults >= MOST_FAULTS:
            break
    return tally


def files(kind: str, numbers: Iterator[int], folder: Path) -> Tally:
    tally, chosen = Tally(kind), KINDS[kind]
    path = prepared(folder, chosen)

    def one(number: int) -> Case:
        dice = random.Random(f"{kind}: {number}")
        path.write_bytes(chosen.mutated(dice.choice(chosen.whole()), dice))
        try:
            chosen.read(path)
        except MusmedError as error:
            said = str(error)
            if "\n" in said or not said.endswith((".", "?")):
                raise LimitError(f"it says {said!r}") from error
            return Case(0, True)
        return Case(1, False)

    for number in numbers:
        tally.run(number, lambda n=number: one(n))  # type: ignore[misc]
        if tally.faults >= MOST_FAULTS:
            break
    return tally


def tallies(asked: argparse.Namespace) -> Iterator[Tally]:
    again = asked.again
    for way, share in SHARES.items():
        if asked.only in (None, way) and asked.frames:
            numbers = iter(range(10**9) if again is None else [again])
            yield frames(way, round(asked.frames * share), numbers)
    each = asked.files / sum(0.25 if kind in COSTLY else 1.0 for kind in KINDS)
    for kind in KINDS:
        if asked.only in (None, kind) and asked.files:
            count = round(each * 0.25 if kind in COSTLY else each) + 1
            with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
                numbers = iter(range(count) if again is None else [again])
                yield files(kind, numbers, Path(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--only", choices=[*SHARES, *KINDS])
    parser.add_argument("--again", type=int)
    asked = parser.parse_args()
    signal.signal(signal.SIGALRM, _too_long)
    logging.disable()
    gc.freeze()
    faults = read = kept = 0
    for tally in tallies(asked):
        print(tally, flush=True)
        faults += tally.faults
        read += tally.pieces if tally.kind in SHARES else 0
        kept += tally.cases if tally.kind in KINDS else 0
    print(f"{read} frames, {kept} files, {faults} faults; peak {_peak() // 1024} MB")
    sys.exit(faults > 0)


if __name__ == "__main__":
    main()
