"""The instruments' sound, measured: the bank beside FluidSynth and the synthesised tables.

    python tests/bench/sounds.py [--music] [--only piano,strings]

For notes of each instrument (three pitches of its range, 3 s): the slope of the spectrum in dB an
octave (power density in third-octave bands, 200 Hz to 8 kHz, at the middle layer), the time from a
tenth to nine tenths of the first rise, the fall of level from the first to the second second, the
side under the mid, and the centroid and level of the softest, a middle and the hardest layer.
``--music``: the slope and width of half a minute of some ensembles.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.composer import EmbeddedComposer
from engine.composers.score.sound.instruments import INSTRUMENTS, Instrument, laid_out
from engine.composers.score.sound.soundfont import choose
from engine.composers.synthesis import Synthesis

Wave = NDArray[np.float64]
SECONDS = 3
LAYERS = (0, 2, 5)


def slope(wave: Wave) -> float:
    """dB an octave of the power density in third-octave bands of (channels, n), 200 Hz to 8 kHz
    (pink noise falls by 3)."""
    power = np.sum(np.abs(np.fft.rfft(wave, axis=-1)) ** 2, axis=0)
    freqs = np.fft.rfftfreq(wave.shape[-1], 1.0 / SAMPLE_RATE)
    centres = 1000.0 * 2.0 ** (np.arange(-7, 10) / 3.0)
    bands = [
        power[(freqs >= c * 2 ** (-1 / 6)) & (freqs < c * 2 ** (1 / 6))].sum() for c in centres
    ]
    density = 10.0 * np.log10(np.array(bands) / centres + 1e-12)
    return float(np.polyfit(np.log2(centres), density, 1)[0])


def side(wave: Wave) -> float:
    """Side over mid in dB; NaN for one channel."""
    if len(wave) == 1:
        return float("nan")
    mid, rest = wave[0] + wave[1], wave[0] - wave[1]
    return float(10.0 * np.log10(np.mean(rest**2) / np.mean(mid**2) + 1e-12))


def centroid(wave: Wave) -> float:
    power = np.abs(np.fft.rfft(wave.mean(axis=0))) ** 2
    freqs = np.fft.rfftfreq(wave.shape[-1], 1.0 / SAMPLE_RATE)
    return float(np.sum(power * freqs) / np.sum(power))


def level(wave: Wave, begin: float, end: float) -> float:
    part = wave[:, int(begin * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
    return float(10.0 * np.log10(np.mean(part**2) + 1e-12))


def attack(wave: Wave) -> float:
    """Milliseconds from a tenth to nine tenths of the envelope's peak in the first half second."""
    size = SAMPLE_RATE // 1000
    blocks = wave[:, : SAMPLE_RATE // 2].reshape(len(wave), -1, size)
    envelope = np.sqrt(np.mean(blocks**2, axis=(0, 2)))
    envelope = np.convolve(envelope, np.ones(8) / 8.0, "full")[: envelope.size]
    top = envelope.max()
    return float(np.argmax(envelope > 0.9 * top) - np.argmax(envelope > 0.1 * top))


def figures(name: str, instrument: Instrument) -> str:
    low, high = max(40, instrument.low), min(84, instrument.high)
    pitches = [round(low + (high - low) * share) for share in (0.25, 0.5, 0.75)]

    def notes(layer: int) -> list[Wave]:
        frames = SECONDS * SAMPLE_RATE
        made = [laid_out(instrument, pitch, layer, frames) for pitch in pitches]
        return [np.atleast_2d(wave).astype(np.float64) for wave in made]

    soft, middle, hard = (notes(layer) for layer in LAYERS)
    cells = [
        f"{np.mean([slope(w) for w in middle]):.1f}",
        f"{np.mean([attack(w) for w in middle]):.0f}",
        f"{np.mean([level(w, 0.05, 1) - level(w, 1, 2) for w in middle]):.1f}",
        f"{np.mean([side(w) for w in middle]):.1f}".replace("nan", "-"),
        "-".join(f"{np.mean([centroid(w) for w in x]):.0f}" for x in (soft, middle, hard)),
        f"{np.mean([level(w, 0, 1) for w in hard]) - np.mean([level(w, 0, 1) for w in soft]):.1f}",
    ]
    return ", ".join(cells)


def sets() -> dict[str, Mapping[str, Instrument]]:
    return {
        "bank": choose(Synthesis()).instruments,
        "FluidSynth": choose(Synthesis("fluidsynth")).instruments,
        "synthesised": INSTRUMENTS,
    }


def music() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from bench.score_synthesis import TAGS, request_of

    from engine.composers.score.sound.renderer import Renderer
    from engine.plan.planner import make_plan

    print("| tags | " + " | ".join(f"{name}: slope, side" for name in sets()) + " |")
    for tags in TAGS:
        cells = []
        for instruments in sets().values():
            composer = EmbeddedComposer()
            composer._renderer = Renderer(instruments=instruments)
            spec = make_plan(request_of(tags, 2.0)).clips[1]
            audio = np.concatenate(list(composer.compose(spec, None, lambda: False).chunks())).T
            wave = audio.astype(np.float64)
            cells.append(f"{slope(wave):.1f}, {side(wave):.1f}")
        print(f"| {', '.join(tags)} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--music", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    if options.music:
        music()
        return
    print("slope dB/oct, attack ms, fall dB/s, side dB, centroids Hz, level hard - soft dB")
    print("| instrument | " + " | ".join(sets()) + " |\n|---|---|---|---|")
    names = [n for n in options.only.split(",") if n] or [
        n for n, i in INSTRUMENTS.items() if i.low
    ]
    for name in names:
        cells = [figures(name, instruments[name]) for instruments in sets().values()]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
