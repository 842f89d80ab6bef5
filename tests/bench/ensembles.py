"""Tell the ensembles apart by their sound: ``python tests/bench/ensembles.py`` prints a table.

Every ensemble plays 30 s in every affect of a grid with several seeds. A linear discriminant on
plain features of the audio (mel cepstrum, centroid, flatness, rolloff, flux, onsets: those of
Tzanetakis & Cook 2002) names the ensemble; what it learns from holds neither the seed nor the
affect of the clips it is tested on, so that neither melody nor mood can give it away. ``--leads``
draws the instrument tag too, among those that leave the genre's ensemble what it is: harder,
because the leading voice is then no hint.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path as FilePath

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(FilePath(__file__).resolve().parents[2]))

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.composers.score.composer import EmbeddedComposer
from engine.composers.score.dice import Dice
from engine.composers.score.parts.ensembles import STYLE_OF, STYLES, VOICE_OF, style_of
from engine.plan.spec import ClipSpec, LevelPoint, SeedStep, Tags

CANON = {
    "solo piano": ("piano", "classical"),
    "piano and strings": ("piano", "soundtrack"),
    "acoustic": ("acousticguitar", "folk"),
    "ambient": ("pad", "ambient"),
    "lounge": ("electricpiano", "jazz"),
    "orchestra": ("oboe", "orchestral"),
    "harp and choir": ("flute", "celtic"),
    "band": ("electricguitar", "pop"),
    "downtempo": ("rhodes", "chillout"),
    "electronic": ("synthesizer", "dance"),
}
"""The tags that stand for each ensemble."""
SECONDS = 30.0
FRAME, HOP, MELS, CEPSTRA = 2048, 1024, 40, 14
Matrix = NDArray[np.float64]


def spec(tags: tuple[str, str], affect: Affect, seed: int, total: float = 75.0) -> ClipSpec:
    """The first clip of a session that stays at one affect."""
    return ClipSpec(
        index=0,
        revision=0,
        start=0.0,
        end=SECONDS,
        total=total,
        path=Path((Waypoint(0.0, affect),)),
        levels=(LevelPoint(0.0, -23.0),),
        seeds=(SeedStep(0.0, seed),),
        tags=Tags("", "", *tags),
        prompt="",
    )


def play(composer: EmbeddedComposer, clip: ClipSpec) -> Frames:
    chunks = composer.compose(clip, None, lambda: False).chunks()
    return np.concatenate(list(chunks))[: frames_of(clip.end)]


def _mel_bank() -> Matrix:
    freqs = np.fft.rfftfreq(FRAME, 1.0 / SAMPLE_RATE)
    mels = np.linspace(0.0, 2595.0 * np.log10(1.0 + 16_000.0 / 700.0), MELS + 2)
    edges = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    rising = (freqs - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - freqs) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling))


def features(audio: Frames) -> NDArray[np.float64]:
    """What a clip sounds like, whatever its level: mean and deviation of 14 mel cepstra (the
    level itself left out), centroid, flatness, rolloff and flux, onsets a second, stereo width."""
    mono = audio.mean(axis=1).astype(np.float64)
    frames = np.lib.stride_tricks.sliding_window_view(mono, FRAME)[::HOP] * np.hanning(FRAME)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    power = power[power.sum(axis=1) > 1e-6 * power.sum(axis=1).mean()]
    freqs = np.fft.rfftfreq(FRAME, 1.0 / SAMPLE_RATE)
    mel = np.log(power @ _mel_bank().T + 1e-9 * power.mean())
    order = np.arange(1, CEPSTRA)[:, None] * (np.arange(MELS) + 0.5) * np.pi / MELS
    cepstra = mel @ np.cos(order).T / MELS
    total = power.sum(axis=1)
    centroid = np.log(power @ freqs / total)
    audible = power[:, 1:400]
    flatness = np.mean(np.log(audible + 1e-12 * total[:, None]), axis=1) - np.log(
        np.mean(audible, axis=1)
    )
    rolloff = np.log(freqs[(np.cumsum(power, axis=1) < 0.9 * total[:, None]).sum(axis=1)] + 1.0)
    flux = np.maximum(0.0, np.diff(mel, axis=0)).mean(axis=1)
    peaks = (flux[1:-1] > flux[:-2]) & (flux[1:-1] >= flux[2:]) & (flux[1:-1] > 1.5 * flux.mean())
    left, right = audio.T.astype(np.float64)
    width = np.log(np.mean((left - right) ** 2) / np.mean((left + right) ** 2))
    columns = np.column_stack([cepstra, centroid, flatness, rolloff])
    moments = [columns.mean(axis=0), columns.std(axis=0)]
    rest = [flux.mean(), flux.std(), peaks.sum() / SECONDS, width]
    return np.concatenate([*moments, rest])


def discriminant(x: Matrix, y: NDArray[np.int64], tested: Matrix) -> NDArray[np.int64]:
    """Linear discriminant analysis with a fifth of the covariance shrunk to its diagonal."""
    classes = np.unique(y)
    means = np.array([x[y == c].mean(axis=0) for c in classes])
    spread = x - means[np.searchsorted(classes, y)]
    covariance = spread.T @ spread / len(x)
    covariance = 0.8 * covariance + 0.2 * np.diag(np.diag(covariance)) + 1e-9 * np.eye(x.shape[1])
    weights = np.linalg.solve(covariance, means.T)
    scores = tested @ weights - 0.5 * np.sum(means.T * weights, axis=0)
    return np.asarray(classes[np.argmax(scores, axis=1)])


def tags_of(name: str, seed: int, place: int, drawn: bool) -> tuple[str, str]:
    """The tags of a clip of an ensemble: its own, or ones that lead to it."""
    if not drawn:
        return CANON[name]
    dice = Dice(seed, place, name)
    genres = [genre for genre, style in STYLE_OF.items() if style == name]
    pairs = [(i, g) for g in genres for i in VOICE_OF if style_of(i, g) == name]
    return dice.pick(pairs)


def clips(seeds: int, points: list[Affect], drawn: bool) -> Iterator[tuple[int, int, int, Frames]]:
    """(ensemble, seed, affect, audio)."""
    composer = EmbeddedComposer()
    for which, name in enumerate(STYLES):
        for seed, (place, affect) in itertools.product(range(seeds), enumerate(points)):
            tags = tags_of(name, seed, place, drawn)
            yield which, seed, place, play(composer, spec(tags, affect, 100 + seed))


def judged(rows: list[tuple[int, int, int]], x: Matrix) -> NDArray[np.int64]:
    """The ensemble that each clip is taken for by what is learnt from other seeds and affects."""
    which, seed, place = np.array(rows).T
    named = np.full(len(x), -1)
    for s, p in set(zip(seed.tolist(), place.tolist(), strict=True)):
        held = (seed == s) & (place == p)
        known = (seed != s) & (place != p)
        centre, scale = x[known].mean(axis=0), x[known].std(axis=0) + 1e-9
        learnt, asked = (x[known] - centre) / scale, (x[held] - centre) / scale
        named[held] = discriminant(learnt, which[known], asked)
    return named


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--leads", action="store_true", help="draw the leading instrument too")
    asked = parser.parse_args()
    points = [Affect(v, a) for v in (-0.7, 0.0, 0.7) for a in (-0.7, 0.0, 0.7)]
    rows, x = [], []
    for which, seed, place, audio in clips(asked.seeds, points, asked.leads):
        rows.append((which, seed, place))
        x.append(features(audio))
    named = judged(rows, np.array(x))
    truth = np.array(rows)[:, 0]
    print(f"{len(truth)} clips, {np.mean(named == truth):.1%} named rightly; rows are what is,")
    print("columns what it is taken for\n\n| |" + "|".join(STYLES) + "|")
    print("|---" * (len(STYLES) + 1) + "|")
    for k, name in enumerate(STYLES):
        counts = [int(np.sum((truth == k) & (named == j))) for j in range(len(STYLES))]
        print(f"|{name}|" + "|".join(map(str, counts)) + "|")
    return int(np.mean(named == truth) < 0.9)


if __name__ == "__main__":
    sys.exit(main())
