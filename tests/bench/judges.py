"""How far is a judge to be trusted? ``python tests/bench/judges.py VGMIDI --judge musicnn``

VGMIDI's piano pieces (lucasnfe/vgmidi; about 30 raters each; VGMIDI is a checkout of it) as
FluidSynth plays them, their first minute: Pearson's r of what people said (the mean over the bars
of that minute and over the raters) and of the judge's mean, by axis, over the pieces; how far what
it calls valence is arousal; and of the pairs whose valence and arousal differ in opposite ways
(``engine/evaluation/crossing.py``), and of those that differ in the same, in how many it is right
about valence. 95 % by bootstrap, and in brackets what it is by chance, with the ratings given to
other pieces. ``--every 2`` takes each second piece.

The meter and the regressions on notes learnt from these pieces, so of them only what is told of a
piece by others counts: ``--own CACHE`` (scikit-learn; the meter hears whole pieces, into CACHE).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests")]

from meter_renderings import SOUNDFONT, Piece, read_pieces  # noqa: E402

from engine.errors import MusmedError  # noqa: E402
from engine.evaluation.crossing import right_pairs  # noqa: E402
from engine.evaluation.judges.base import Judge  # noqa: E402
from engine.evaluation.judges.registry import open_judge  # noqa: E402
from engine.evaluation.path_following import pearson  # noqa: E402
from engine.evaluation.resampling import estimate  # noqa: E402

SECONDS = 60.0
Figure = Callable[[np.ndarray, np.ndarray], float | None]
"""Of the pieces heard and of those rated, by their numbers."""


def rated(piece: Piece) -> tuple[float, float]:
    """What people said of the first minute."""
    bars = max(1, int(np.searchsorted(piece.times, SECONDS)) - 1)
    return float(piece.valence[:bars].mean()), float(piece.arousal[:bars].mean())


def played(piece: Piece, folder: Path) -> Path:
    sound = folder / f"{piece.name}.wav"
    program = ["fluidsynth", "-ni", "-q", "-r", "48000", "-F", str(sound)]
    subprocess.run([*program, str(SOUNDFONT), str(piece.path)], check=True, capture_output=True)
    return sound


def cut(sound: Path) -> Path:
    """Its first minute, from its first note on."""
    import soundfile

    with soundfile.SoundFile(sound) as file:
        audio = file.read(int((SECONDS + 5.0) * file.samplerate), always_2d=True)
        begin = int(np.argmax(np.abs(audio).max(axis=1) > 1e-3))
        audio = audio[begin : begin + int(SECONDS * file.samplerate)]
        rate = file.samplerate
    soundfile.write(sound, audio, rate)
    return sound


def judged(judge: Judge, sound: Path) -> tuple[float, float] | None:
    try:
        windows = judge.judge(sound, lambda _done, _total: None).windows
    except MusmedError:
        return None
    values = np.array([(w.valence, w.arousal) for w in windows], np.float64)
    return float(values[:, 0].mean()), float(values[:, 1].mean())


def shown(what: str, clusters: int, figure: Figure) -> str:
    """A figure with its 95 % over pieces, and in brackets what it is by chance."""
    one = estimate(what, range(clusters), figure, np.random.default_rng(0))
    if one is None:
        return ""
    value, *others = (
        f"{n:.2f}" if n is not None else "?"
        for n in (one.value, one.low, one.high, one.chance_low, one.chance_high)
    )
    return f"{value}, {others[0]} to {others[1]} ({others[2]} to {others[3]})"


def row(name: str, people: np.ndarray, heard: np.ndarray) -> str:
    """``people`` and ``heard``: (pieces, 2). What a judge says nothing of stays empty."""

    def r(told: int, rated: int) -> str:
        if np.isnan(heard[:, told]).any():
            return ""
        return shown(
            f"{told}{rated}",
            len(people),
            lambda clips, ratings: pearson(people[ratings, rated], heard[clips, told]),
        )

    def pairs(*, crossing: bool) -> str:
        if np.isnan(heard[:, 0]).any():
            return ""
        return shown(
            "pairs",
            len(people),
            lambda clips, ratings: right_pairs(heard[clips, 0], people[ratings], crossing=crossing),
        )

    cells = (r(0, 0), r(0, 1), pairs(crossing=True), pairs(crossing=False), r(1, 1))
    return f"| {name} | {len(people)} | {' | '.join(cells)} |"


def means(pieces: np.ndarray, *tables: np.ndarray) -> Iterator[np.ndarray]:
    """By piece, in the order of their numbers."""
    for table in tables:
        yield np.array([table[pieces == one].mean(axis=0) for one in np.unique(pieces)])


def own(pieces: Sequence[Piece], cache: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """musmed's own two judges, each piece by what was learnt from others: its name, what people
    said of whole pieces and what it says."""
    from bench.notes_judge import human
    from bench.personal_meter import cross_validated

    from engine.evaluation import quadrants

    cache.mkdir(parents=True, exist_ok=True)
    heard = cross_validated(pieces, cache)
    people, told = means(heard.piece, heard.mean, heard.reading)
    yield "meter, by other pieces", people, told
    rated = human()
    people, told = means(rated.pieces, rated.ratings, quadrants.cross_validated(rated))
    yield "notes, by other pieces", people, told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vgmidi", type=Path)
    parser.add_argument("--judge", action="append", default=[])
    parser.add_argument("--own", type=Path, metavar="CACHE", help="the meter and the notes, too")
    parser.add_argument("--every", type=int, default=1)
    asked = parser.parse_args()
    pieces = read_pieces(asked.vgmidi)[:: asked.every]
    judges = {judge.name: judge for judge in map(open_judge, asked.judge)}
    said: dict[str, list[Any]] = {name: [] for name in judges}
    with tempfile.TemporaryDirectory() as folder:
        for piece in pieces:
            sound = cut(played(piece, Path(folder)))
            for name, judge in judges.items():
                said[name].append(judged(judge, sound))
            sound.unlink()
    print(
        "| judge | pieces | valence r | its valence with rated arousal | crossing pairs right "
        f"| other pairs right | arousal r |\n|{'---|' * 7}"
    )
    for name, found in said.items():
        known = [(rated(p), one) for p, one in zip(pieces, found, strict=True) if one]
        print(row(name, *(np.array(column) for column in zip(*known, strict=True))))
    for name, people, heard in own(pieces, asked.own) if asked.own else ():
        print(row(name, people, heard))


if __name__ == "__main__":
    main()
