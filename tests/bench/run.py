"""Every figure beside its peer and its floor: ``python tests/bench/run.py`` prints the tables.

What is compared takes turns in the same run. Some ten minutes on a quiet machine; parts by name:
``start`` (what is there at once), ``render`` (beside FluidSynth), ``lengths`` (sessions of 5, 15
and 60 minutes), ``kept`` (10 to 10,000 clips), ``musicgen`` (where its packages are). ``--long``
adds what takes hours of a machine: a quarter of an hour beside FluidSynth, MusicGen in float32 and
after 30 s of context, and an hour of real time for flat memory. ``--against FOLDER``: another
checkout, whose first sound stands as the peer's.

Each part is a bench of its own with more to say: ``at_once.py``, ``fluidsynth_alone.py``,
``lengths.py``, ``kept.py``, ``musicgen.py``, ``flat.py``. Nothing here is a test, and no test times
anything.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench import at_once, fluidsynth_alone, kept, lengths  # noqa: E402
from bench.machine import machine  # noqa: E402

PARTS = ("start", "render", "lengths", "kept", "musicgen")
HELP, PAINT, SOUND, FLUIDSYNTH, FLOOR = 5.0, 1.6, 0.5, 3.0, 0.6
"""The budgets, as multiples: of a bare ``python``, of a bare Textual app, of the other checkout's
first sound, of FluidSynth's speed, of the speed at which a model's numbers can be read."""
NONE = "-"


class Row(NamedTuple):
    what: str
    budget: str
    ours: str
    peer: str
    floor: str
    times: str
    kept: bool | None = None
    """None: there is no budget."""

    def __str__(self) -> str:
        verdict = {None: "", True: "kept", False: "missed"}[self.kept]
        return f"| {' | '.join([*self[:-1], verdict])} |"


HEAD = Row("what", "budget", "musmed", "peer", "floor", "times")


def middle(taken: Sequence[at_once.Taken]) -> float:
    return statistics.median(one.clock for one in taken)


def shown(taken: Sequence[at_once.Taken]) -> str:
    return at_once.spread([one.clock for one in taken])


def start_rows(rounds: int, against: Path | None) -> Iterator[Row]:
    """What is there at once."""
    for what, floor, most, turns in (
        ("`musmed --help`", "python -c pass", HELP, (at_once.helped, at_once.nothing)),
        ("first paint", "bare Textual app", PAINT, (at_once.asking, at_once.bare)),
    ):
        ours, least = turns
        found = at_once.by_turns([ours(what, ROOT), least(floor)], rounds)
        times = middle(found[what]) / middle(found[floor])
        stands = f"{floor}: {shown(found[floor])}"
        budget = f"<= {most:g} x the floor"
        yield Row(what, budget, shown(found[what]), NONE, stands, f"{times:.2f}", times <= most)
    checkouts = {"ours": ROOT} | ({"other": against} if against else {})
    found = at_once.by_turns([at_once.sounded(*one) for one in checkouts.items()], rounds)
    for what in ("engine up", "engine not up"):
        ours_taken, theirs = found[f"ours, {what}"], found.get(f"other, {what}")
        beside = middle(ours_taken) / middle(theirs) if theirs else None
        yield Row(
            f"first sound, {what}",
            f"<= {SOUND:g} x the other checkout's",
            shown(ours_taken),
            f"other checkout: {shown(theirs)}" if theirs else NONE,
            NONE,
            NONE if beside is None else f"{beside:.2f}",
            None if beside is None else beside <= SOUND,
        )


def render_rows(minutes: float, runs: int) -> Iterator[Row]:
    """A whole rendering on one core beside FluidSynth on its notes."""
    if not (shutil.which("fluidsynth") and fluidsynth_alone.FONT.exists()):
        yield Row("render", f">= {FLUIDSYNTH:g} x", "not measured", "no FluidSynth", NONE, NONE)
        return
    cores = os.sched_getaffinity(0)
    try:
        fluidsynth_alone.pin()
        rounds = list(fluidsynth_alone.by_turns(minutes, "piano", "soundtrack", runs))
    finally:
        os.sched_setaffinity(0, cores)
    ours, theirs = (statistics.median(one) for one in zip(*rounds, strict=True))
    times = statistics.median(there / here for here, there in rounds)
    yield Row(
        f"render of {minutes:g} minutes, CPU on one core",
        f">= {FLUIDSYNTH:g} x the peer's speed",
        f"{ours:.1f} s ({60 * minutes / ours:.0f} session s a CPU s)",
        f"FluidSynth alone: {theirs:.1f} s",
        NONE,
        f"{times:.2f}",
        times >= FLUIDSYNTH,
    )


def musicgen_rows(notes: list[str], *, long: bool) -> Iterator[Row]:
    """Steps of the small model, read from the table of ``musicgen.py``; what else it says is put to
    ``notes``."""
    if importlib.util.find_spec("torch") is None:
        yield Row("MusicGen", NONE, "not measured: its packages are not here", NONE, NONE, NONE)
        return
    command = [sys.executable, str(ROOT / "tests" / "bench" / "musicgen.py")]
    if not long:
        command += ["--device", "cpu", "--models", "small", "--dtypes", "bfloat16,int8"]
        command += ["--contexts", "0,10", "--peers", "transformers", "--session", "0"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    lines = done.stdout.splitlines()
    notes += [line for line in lines if line and not line.startswith("|")]
    yield from steps_of(lines)


def steps_of(lines: Sequence[str]) -> Iterator[Row]:
    """Rows of ``musicgen.py``'s table: its columns are model, who, context, ms a step, steps/s,
    times real time, share of the floor."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and cells[2].endswith(" s"):
            found.setdefault((cells[0], cells[2]), {})[cells[1]] = cells
    for (model, context), who in found.items():
        if "musmed" not in who:
            continue
        ours = who.pop("musmed")
        share = float(ours[6].rstrip("%")) / 100
        yield Row(
            f"MusicGen {model}, a step after {context}",
            f">= {FLOOR:.0%} of the floor's speed",
            f"{ours[3]} ms ({ours[5]} x real time)",
            ", ".join(f"{name}: {cells[3]} ms" for name, cells in who.items()) or NONE,
            f"reading its numbers: {float(ours[3]) * share:.2f} ms",
            f"{share:.2f}",
            share >= FLOOR,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--long", action="store_true", help="what takes hours, too")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each, for what is short")
    parser.add_argument("--against", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    parts = asked.parts or PARTS
    print(f"{machine()}\n\n{HEAD}\n{'|---' * 7}|", flush=True)
    if "start" in parts:
        show(start_rows(asked.rounds, asked.against))
    if "render" in parts:
        show(render_rows(15.0, 3) if asked.long else render_rows(4.0, 2))
    if "musicgen" in parts:
        notes: list[str] = []
        show(musicgen_rows(notes, long=asked.long))
        section("MusicGen, and what else was seen of it", notes)
    if "lengths" in parts:
        section("By a session's length", lengths.table([5, 15, 60]))
    if "kept" in parts:
        section("By clips kept", kept.table([10, 1_000, 10_000], 3))
    if asked.long:
        flat = [sys.executable, str(ROOT / "tests" / "bench" / "flat.py")]
        print("\n## An hour in real time\n", flush=True)
        subprocess.run(flat, check=True, cwd=ROOT)


def show(rows: Iterator[Row]) -> None:
    for row in rows:
        print(row, flush=True)


def section(title: str, lines: Sequence[str]) -> None:
    print(f"\n## {title}\n\n" + "\n".join(lines), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
