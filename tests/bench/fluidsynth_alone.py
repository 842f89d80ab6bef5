"""The whole render beside FluidSynth alone on the same notes, on one core.

    python tests/bench/fluidsynth_alone.py [--minutes 15] [--tags piano,soundtrack] [--runs 3]

``musmed render`` (both its processes: composing, sounding, finishing, encoding), then the program
``fluidsynth`` on the MIDI file that it wrote, with FluidR3, reverb and chorus as they come, by
turns, all of it kept to one core: CPU seconds of each, and how many times FluidSynth's speed the
rendering has. Last, the same rendering once more with its parts timed (``render_parts.py``): where
its CPU goes, process by process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
LEAST_SHARE = 0.005
"""Of a rendering: smaller parts are not shown."""


def cpu(command: list[str]) -> float:
    """CPU seconds of a program and all it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MUSMED_SYNTHESIS": "builtin",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pin() -> str:
    """Keep this process and its children to one core, where the system can. Says which."""
    if not hasattr(os, "sched_setaffinity"):
        return "all cores"
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return f"core {core} alone"


def asked_for(minutes: float, instrument: str, genre: str) -> list[str]:
    """The command that is measured, but for its output."""
    asked = ["render", "--from", "tense", "--to", "calm", "--minutes", str(minutes), "--seed", "3"]
    return [*asked, "--instrument", instrument, "--genre", genre, "--temperature", "0"]


def by_turns(
    minutes: float, instrument: str, genre: str, runs: int
) -> Iterator[tuple[float, float]]:
    """CPU seconds of the rendering and of FluidSynth on its notes, ``runs`` times."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MUSMED_HOME"] = folder
        midi, flac, wav = (str(Path(folder) / f"it.{suffix}") for suffix in ("mid", "flac", "wav"))
        whole = [sys.executable, "-m", "musmed_tui", *asked_for(minutes, instrument, genre)]
        alone = ["fluidsynth", "-n", "-i", "-F", wav, "-r", "48000", str(FONT), midi]
        cpu([*whole, "--midi", midi, "-o", flac])
        for _ in range(runs):
            yield cpu([*whole, "-o", flac]), cpu(alone)


def show_parts(folder: Path) -> None:
    """The figures that ``render_parts.py`` left."""
    told = {name: json.loads((folder / f"{name}.json").read_text()) for name in ("engine", "front")}
    whole = sum(process["whole"] for process in told.values())
    for name, process in told.items():
        parts = process["parts"]
        parts["anything else"] = process["whole"] - sum(parts.values())
        print(f"{name}: {process['whole']:.2f} s, {process['whole'] / whole:.0%} of the rendering")
        for part, seconds in sorted(parts.items(), key=lambda item: -item[1]):
            if seconds >= LEAST_SHARE * whole:
                print(f"    {seconds:6.2f} s  {seconds / whole:4.0%}  {part}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--tags", default="piano,soundtrack")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    instrument, genre = options.tags.split(",")
    print(f"{options.minutes:g} minutes, {options.tags}, {pin()}")
    ratios = []
    for ours, theirs in by_turns(options.minutes, instrument, genre, options.runs):
        ratios.append(theirs / ours)
        print(
            f"whole render {ours:.2f} s, FluidSynth alone {theirs:.2f} s of CPU: "
            f"{theirs / ours:.2f} times its speed",
            flush=True,
        )
    if ratios:
        print(f"median: {statistics.median(ratios):.2f} times FluidSynth's speed")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MUSMED_HOME"] = folder
        parts = ROOT / "tests" / "bench" / "render_parts.py"
        asked = asked_for(options.minutes, instrument, genre)
        cpu([sys.executable, str(parts), folder, *asked, "-o", str(Path(folder) / "it.flac")])
        show_parts(Path(folder))


if __name__ == "__main__":
    main()
