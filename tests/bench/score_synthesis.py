"""The two syntheses of the embedded composer side by side, ensemble by ensemble.

    python tests/bench/score_synthesis.py [--minutes 3] [--pairs] [--picture out.png]

For each synthesis, in a process of its own: seconds until the composer is open, the CPU time of the
first chunk of a cold and of a later clip, session seconds per CPU second (composing and sounding,
without finishing), loudness and the process's memory. ``--pairs``: the bank,
FluidSynth and the synthesised tables in turn, clip by clip, in one process, for a machine that
others use too. ``--picture`` (needs matplotlib) draws one clip's spectrogram in both.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, Frames
from engine.composers.score.composer import EmbeddedComposer
from engine.composers.score.sound.instruments import INSTRUMENTS
from engine.composers.score.sound.renderer import Renderer
from engine.composers.synthesis import Synthesis
from engine.plan.planner import make_plan
from engine.plan.request import Request

TAGS = (
    ("piano", "classical"),
    ("piano", "soundtrack"),
    ("guitar", "folk"),
    ("pad", "ambient"),
    ("electricpiano", "lounge"),
    ("violin", "orchestral"),
    ("harp", "celtic"),
    ("electricguitar", "pop"),
    ("synthesizer", "chillout"),
    ("synthesizer", "electronic"),
)


def request_of(tags: tuple[str, str], minutes: float) -> Request:
    return Request(
        start=Affect(-0.5, 0.6),
        target=Affect(0.6, -0.5),
        minutes=minutes,
        temperature=0.0,
        seed=3,
        instrument=tags[0],
        genre=tags[1],
    )


def resident() -> float:
    """MiB of this process, now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def measured(composer: EmbeddedComposer, tags: tuple[str, str], minutes: float) -> dict[str, float]:
    import pyloudnorm

    state, firsts, cpu = None, [], 0.0
    request = request_of(tags, minutes)
    loudness = []
    meter = pyloudnorm.Meter(SAMPLE_RATE)
    for spec in make_plan(request).clips:
        busy = time.process_time()
        chunks = composer.compose(spec, state, lambda: False)
        audio: list[Frames] = []
        for chunk in chunks.chunks():
            if not audio:
                firsts.append(time.process_time() - busy)
            audio.append(chunk)
        state = chunks.state()
        cpu += time.process_time() - busy
        loudness.append(meter.integrated_loudness(np.concatenate(audio).astype(np.float64)))
    return {
        "first": firsts[0],
        "later": max(firsts[1:]),
        "speed": request.seconds / cpu,
        "lufs": float(np.mean(loudness)),
        "memory": resident(),
    }


def one(wanted: str, minutes: float) -> None:
    """Measure in this process and print JSON."""
    composer = EmbeddedComposer()
    began, before = time.perf_counter(), resident()
    notice = composer.sound_with(Synthesis(wanted))
    told: dict[str, object] = {
        "synthesis": composer.traits.synthesis,
        "notice": notice,
        "opened": time.perf_counter() - began,
        "memory": resident() - before,
    }
    told["ensembles"] = {f"{i}, {g}": measured(composer, (i, g), minutes) for i, g in TAGS}
    print(json.dumps(told))


def pairs(minutes: float) -> None:
    """The same clips by each, in turn."""
    print("| tags | bank | FluidSynth | synthesised | (session seconds per CPU second)")
    for tags in TAGS:
        composers = [EmbeddedComposer() for _ in range(3)]
        composers[1].sound_with(Synthesis("fluidsynth"))
        composers[2]._renderer = Renderer(instruments=INSTRUMENTS)
        spent = [0.0] * 3
        request = request_of(tags, minutes)
        state = None
        for spec in make_plan(request).clips:
            for k, composer in enumerate(composers):
                busy = time.process_time()
                composition = composer.compose(spec, state, lambda: False)
                for _ in composition.chunks():
                    pass
                spent[k] += time.process_time() - busy
            state = composition.state()
        speeds = " | ".join(f"{request.seconds / seconds:.0f}" for seconds in spent)
        print(f"| {', '.join(tags)} | {speeds} |", flush=True)


def table(minutes: float) -> None:
    sides = []
    for wanted in ("builtin", "fluidsynth"):
        command = [sys.executable, __file__, "--one", wanted, "--minutes", str(minutes)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        sides.append(json.loads(done.stdout))
    for side in sides:
        print(f"{side['synthesis']}: opened in {side['opened']:.3f} s, {side['memory']:+.0f} MiB")
        if side["notice"]:
            print(side["notice"])
    head = ("session s per CPU s", "first chunk, s", "later, s", "LUFS", "MiB")
    print("| tags | " + " | ".join(f"{text} (built-in / FluidSynth)" for text in head) + " |")
    print("|---" * (len(head) + 1) + "|")
    for name in sides[0]["ensembles"]:
        cells = []
        for key, form in zip(
            ("speed", "first", "later", "lufs", "memory"),
            ("{:.0f}", "{:.3f}", "{:.3f}", "{:.1f}", "{:.0f}"),
            strict=True,
        ):
            cells.append(" / ".join(form.format(side["ensembles"][name][key]) for side in sides))
        print(f"| {name} | " + " | ".join(cells) + " |")


def clip(wanted: str, tags: tuple[str, str]) -> Frames:
    composer = EmbeddedComposer()
    composer.sound_with(Synthesis(wanted))
    spec = make_plan(request_of(tags, 2.0)).clips[0]
    return np.concatenate(list(composer.compose(spec, None, lambda: False).chunks()))


def picture(path: str, tags: tuple[str, str]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 1, figsize=(14, 9), sharex=True)
    for axis, wanted in zip(axes, ("builtin", "fluidsynth"), strict=True):
        mono = clip(wanted, tags).mean(axis=1)
        axis.specgram(
            mono + 1e-9, NFFT=4096, Fs=SAMPLE_RATE, noverlap=2048, vmin=-150, vmax=-50,
            cmap="magma",
        )  # fmt: skip
        axis.set_yscale("symlog", linthresh=300)
        axis.set_ylim(0, 20_000)
        axis.set_title(f"{wanted}: {', '.join(tags)}")
    figure.tight_layout()
    figure.savefig(path, dpi=42)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--picture")
    parser.add_argument("--tags", default="piano,soundtrack")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one, options.minutes)
    elif options.pairs:
        pairs(options.minutes)
    elif options.picture:
        instrument, genre = options.tags.split(",")
        picture(options.picture, (instrument, genre))
    else:
        table(options.minutes)


if __name__ == "__main__":
    main()
