"""How far is a judge to be trusted? ``python tests/bench/judges.py VGMIDI --judge musicnn``

VGMIDI's piano pieces (lucasnfe/vgmidi; about 30 raters each; VGMIDI is a checkout of it) as
FluidSynth plays them, their first minute: Pearson's r of what people said (the mean over the bars
of that minute and over the raters) and of the judge's mean, by axis, over the pieces; 95 % by
bootstrap, and what it is by chance, with the ratings given to other pieces. ``--every 2`` takes
each second piece. The meter learnt from these pieces, so of it only its own cross-validation
counts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from meter_renderings import SOUNDFONT, Piece, read_pieces  # noqa: E402

from engine.errors import MusmedError  # noqa: E402
from engine.evaluation.judges.base import Judge  # noqa: E402
from engine.evaluation.judges.registry import open_judge  # noqa: E402
from engine.evaluation.path_following import pearson  # noqa: E402
from engine.evaluation.resampling import estimate  # noqa: E402

SECONDS = 60.0


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


def row(name: str, axis: int, people: np.ndarray, heard: np.ndarray) -> str | None:
    """Of an axis; None of one of which the judge says nothing."""
    word = ("valence", "arousal")[axis]
    one = estimate(
        word,
        range(len(people)),
        lambda clips, ratings: pearson(people[ratings, axis], heard[clips, axis]),
        np.random.default_rng(0),
    )
    if one is None:
        return None
    return (
        f"| {name} | {word} | {len(people)} | {one.value:.2f} | {one.low:.2f} to {one.high:.2f} "
        f"| {one.chance_low:.2f} to {one.chance_high:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vgmidi", type=Path)
    parser.add_argument("--judge", action="append", required=True)
    parser.add_argument("--every", type=int, default=1)
    asked = parser.parse_args()
    pieces = read_pieces(asked.vgmidi)[:: asked.every]
    judges = {judge.name: judge for judge in map(open_judge, asked.judge)}
    said = {name: [] for name in judges}
    with tempfile.TemporaryDirectory() as folder:
        for piece in pieces:
            sound = cut(played(piece, Path(folder)))
            for name, judge in judges.items():
                said[name].append(judged(judge, sound))
            sound.unlink()
    print("| judge | axis | pieces | r | 95 % | by chance, 95 % |\n|---|---|---|---|---|---|")
    for name, found in said.items():
        known = [(rated(p), one) for p, one in zip(pieces, found, strict=True) if one]
        people, heard = (np.array(column) for column in zip(*known, strict=True))
        for axis in (0, 1):
            if (told := row(name, axis, people, heard)) is not None:
                print(told)


if __name__ == "__main__":
    main()
