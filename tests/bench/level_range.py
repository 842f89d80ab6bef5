"""How wide the level of a piano session is before it is finished, beside human pieces.

    python tests/bench/level_range.py [--minutes 3] [--pieces 24]

The MIDI files of sessions with the piano pinned, and of VGMIDI's piano pieces, go through the
program ``fluidsynth`` with FluidR3 alike (no reverb, no chorus). Of each: the range from the 5th to
the 95th percentile of momentary loudness (400 ms, every 100 ms; BS.1770's, by libebur128) within
windows of 60 s, silence under -70 LUFS left out; and of the notes' velocities, as dB by General
MIDI's law. Nothing of the composer but its MIDI files is looked at.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import mido
import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.comfort import QUIETEST, momentary
from bench.exported import JOURNEYS, VGMIDI, files, request

FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
WINDOW = 600
"""Blocks of 100 ms."""


def sounded(midi: Path, folder: Path) -> np.ndarray:
    """The file through FluidSynth, (n, 2) at 48 kHz."""
    out = folder / "sound.wav"
    command = ["fluidsynth", "-ni", "-g", "0.3", "-R", "0", "-C", "0", "-r", "48000"]
    subprocess.run(
        [*command, "-F", str(out), str(FONT), str(midi)], check=True, stdout=subprocess.DEVNULL
    )
    return np.asarray(soundfile.read(out, dtype="float32", always_2d=True)[0])


def of_level(audio: np.ndarray) -> float:
    """Mean over windows of 60 s of the 5-95 % range of momentary loudness, LU."""
    values = momentary(audio)[4:]
    ranges = []
    for start in range(0, max(1, len(values) - WINDOW // 2), WINDOW):
        heard = values[start : start + WINDOW]
        heard = heard[heard > QUIETEST]
        if len(heard) > WINDOW // 2:
            ranges.append(float(np.subtract(*np.percentile(heard, [95, 5]))))
    return float(np.mean(ranges)) if ranges else float("nan")


def of_velocities(midi: Path) -> float:
    """The 5-95 % range of note-on velocities, dB (40 log10 of a velocity's share)."""
    velocities = [
        message.velocity
        for track in mido.MidiFile(midi).tracks
        for message in track
        if message.type == "note_on" and message.velocity and message.channel != 9
    ]
    low, high = np.percentile(velocities, [5, 95])
    return float(40 * np.log10(high / low))


def row(name: str, paths: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        levels = [of_level(sounded(path, Path(folder))) for path in paths]
    notes = [of_velocities(path) for path in paths]
    cells = [
        f"{np.nanmedian(x):.1f} ({np.nanmin(x):.1f}-{np.nanmax(x):.1f})" for x in (levels, notes)
    ]
    print(f"| {name} | {len(paths)} | {cells[0]} | {cells[1]} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--pieces", type=int, default=24)
    asked = parser.parse_args()
    print("| pieces | n | momentary loudness, 5-95 %, LU | velocities, 5-95 %, dB |")
    print("|---" * 4 + "|")
    human = sorted((VGMIDI / "midi").rglob("*.mid"))
    row("VGMIDI", human[:: max(1, len(human) // asked.pieces)][: asked.pieces])
    with tempfile.TemporaryDirectory() as folder:
        sessions = [
            request(journey, asked.minutes, seed, players=("piano", "classical"))
            for seed, journey in enumerate(JOURNEYS, 1)
        ]
        row("musmed, piano", files(sessions, Path(folder)))


if __name__ == "__main__":
    main()
