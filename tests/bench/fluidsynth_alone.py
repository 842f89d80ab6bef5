"""The whole render beside FluidSynth alone on the same notes.

    python tests/bench/fluidsynth_alone.py [--minutes 4] [--tags piano,soundtrack] [--runs 3]

``musmed render`` (both its processes: composing, sounding, finishing, encoding), then the program
``fluidsynth`` on the MIDI file that it wrote, with FluidR3, reverb and chorus as they come, then
composing and sounding alone, in turn: CPU seconds of each, and how many times FluidSynth's speed
the two have.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgspec

from engine.composers.score.composer import EmbeddedComposer
from engine.plan.planner import make_plan
from engine.plan.request import Request

ROOT = Path(__file__).resolve().parents[2]
FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")


def cpu(command: list[str]) -> float:
    """CPU seconds of a program and all it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MUSMED_SYNTHESIS": "builtin"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def sounding(report: Path) -> float:
    """CPU seconds of composing and sounding the session of a sidecar."""
    told = msgspec.json.decode(report.read_bytes())["request"]
    composer, state = EmbeddedComposer(), None
    before = time.process_time()
    for spec in make_plan(msgspec.convert(told, Request)).clips:
        composition = composer.compose(spec, state, lambda: False)
        for _ in composition.chunks():
            pass
        state = composition.state()
    return time.process_time() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--tags", default="piano,soundtrack")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    instrument, genre = options.tags.split(",")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MUSMED_HOME"] = folder
        midi, flac, wav = (str(Path(folder) / f"it.{suffix}") for suffix in ("mid", "flac", "wav"))
        whole = [sys.executable, "-m", "musmed_tui", "render", "--from", "tense"]
        whole += ["--to", "calm"]
        whole += ["--minutes", str(options.minutes), "--seed", "3", "--instrument", instrument]
        whole += ["--genre", genre, "--temperature", "0", "-o", flac, "--midi", midi]
        alone = ["fluidsynth", "-n", "-i", "-F", wav, "-r", "48000", str(FONT), midi]
        report = Path(flac).with_suffix(".json")
        rounds = [(cpu(whole), cpu(alone), sounding(report)) for _ in range(options.runs)]
    for ours, theirs, sounded in rounds:
        print(
            f"whole render {ours:.2f} s, FluidSynth alone {theirs:.2f} s, composing and sounding "
            f"{sounded:.2f} s of CPU: {theirs / ours:.2f} and {theirs / sounded:.2f} of its speed",
            flush=True,
        )


if __name__ == "__main__":
    main()
