"""The whole render beside FluidSynth alone on the same notes.

    python tests/bench/fluidsynth_alone.py [--minutes 4] [--tags piano,soundtrack] [--runs 3]

``musmed render`` (both its processes: composing, sounding, finishing, encoding) and then the
program ``fluidsynth`` on the MIDI file that it wrote, with FluidR3, reverb and chorus as they come,
in turn: CPU seconds of each, and how many times FluidSynth's speed the whole has.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")


def cpu(command: list[str]) -> float:
    """CPU seconds of a program and all it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MUSMED_SYNTHESIS": "builtin"}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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
        whole = [
            sys.executable,
            "-m",
            "musmed_tui.cli",
            "render",
            "--from",
            "tense",
            "--to",
            "calm",
        ]
        whole += ["--minutes", str(options.minutes), "--seed", "3", "--instrument", instrument]
        whole += ["--genre", genre, "--temperature", "0", "-o", flac, "--midi", midi]
        alone = ["fluidsynth", "-ni", "-q", "-F", wav, "-r", "48000", str(FONT), midi]
        pairs = [(cpu(whole), cpu(alone)) for _ in range(options.runs)]
    for ours, theirs in pairs:
        print(f"whole render {ours:.2f} s, FluidSynth alone {theirs:.2f} s of CPU")
    ratio = statistics.median(theirs / ours for ours, theirs in pairs)
    print(f"the whole render has {ratio:.2f} times FluidSynth's speed (median of {len(pairs)})")


if __name__ == "__main__":
    main()
