"""Draw a stretch of the embedded composer's music: piano roll above, spectrogram below.

    python scripts/picture_score.py -o /tmp/score.png --start -0.5,0.6 --target 0.6,-0.5 \
        --instrument piano --genre soundtrack --seconds 60

Needs matplotlib, which musmed itself does not. For looking for faults: dullness, mud, harshness,
mechanical repetition.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path as FilePath

sys.path.insert(0, str(FilePath(__file__).resolve().parent.parent))

import matplotlib as mpl
import numpy as np

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.audio.format import SAMPLE_RATE, Frames
from engine.composers.score.composer import EmbeddedComposer, bars_of
from engine.composers.score.parts.handover import notes_of
from engine.composers.score.parts.touch import Note
from engine.composers.score.writing.course import course_of
from engine.composers.score.writing.form import first_state
from engine.plan.spec import ClipSpec, LevelPoint, SeedStep, Tags

mpl.use("Agg")
import matplotlib.pyplot as plt

COLOURS = {
    "lead": "#d1495b",
    "figure": "#00798c",
    "bass": "#3d405b",
    "pad": "#c9d6df",
    "colour": "#edae49",
    "counter": "#8a4fff",
    "drums": "#999999",
}


def whole_spec(options: argparse.Namespace) -> ClipSpec:
    """One clip that is the whole stretch."""
    start, target = (
        Affect(*map(float, text.split(","))) for text in (options.start, options.target)
    )
    path = Path((Waypoint(0.0, start), Waypoint(float(options.seconds), target)))
    return ClipSpec(
        index=0,
        revision=0,
        start=0.0,
        end=float(options.seconds),
        total=float(options.seconds),
        path=path,
        levels=(LevelPoint(0.0, -23.0),),
        seeds=(SeedStep(0.0, options.seed),),
        tags=Tags("", "", options.instrument, options.genre),
        prompt="",
    )


def compose(spec: ClipSpec) -> tuple[list[Note], Frames]:
    """The notes and the audio of ``spec``."""
    bars, _ = bars_of(spec, first_state(course_of(spec)))
    notes = [note for bar in bars for note in notes_of(bar, spec.path)]
    composition = EmbeddedComposer().compose(spec, None, lambda: False)
    return notes, np.concatenate(list(composition.chunks()))


def draw(spec: ClipSpec, notes: list[Note], audio: Frames, out: str) -> None:
    """Write the picture to ``out``."""
    figure, (roll, spectrum) = plt.subplots(2, 1, figsize=(18, 11), sharex=True)
    for note in sorted(notes, key=lambda n: n.part != "pad"):
        if note.part == "drums":
            continue
        roll.barh(
            note.pitch,
            note.gate / SAMPLE_RATE,
            left=note.onset / SAMPLE_RATE,
            height=0.8,
            color=COLOURS[note.part],
            alpha=0.35 + 0.6 * note.brightness,
        )
    bars, _ = bars_of(spec, first_state(course_of(spec)))
    for bar in bars:
        roll.axvline(bar.start / SAMPLE_RATE, lw=1.2 if bar.opens_phrase else 0.3, color="k")
        roll.text(bar.start / SAMPLE_RATE, 99, f"{bar.mode}:{bar.harmony[0].chord.degree + 1}")
    mono = audio.mean(axis=1)
    spectrum.specgram(
        mono + 1e-9, NFFT=4096, Fs=SAMPLE_RATE, noverlap=2048, vmin=-150, vmax=-50, cmap="magma"
    )
    spectrum.set_yscale("symlog", linthresh=300)
    spectrum.set_ylim(0, 20000)
    figure.tight_layout()
    figure.savefig(out, dpi=70)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--out", default="score.png")
    parser.add_argument("--wav")
    parser.add_argument("--start", default="-0.5,0.6")
    parser.add_argument("--target", default="0.6,-0.5")
    parser.add_argument("--instrument", default="piano")
    parser.add_argument("--genre", default="soundtrack")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    spec = whole_spec(options)
    notes, audio = compose(spec)
    draw(spec, notes, audio, options.out)
    if options.wav:
        import soundfile

        soundfile.write(options.wav, audio, SAMPLE_RATE, subtype="PCM_24")
    print(f"{len(notes)} notes, peak {np.abs(audio).max():.3f}, wrote {options.out}")


if __name__ == "__main__":
    main()
