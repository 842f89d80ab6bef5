"""How well a description agrees with known answers.

    python tests/bench/describe.py [--sessions 40] [--sounds 16] [--minutes 2] [--seed 19]

Of scores: sessions of the embedded composer at places spread over the plane, each with a key, a
mode, a time signature and a tempo that were drawn and asked for, described from the MIDI file that
``musmed render --midi`` writes. What was written (the bars' own tempo, metre, tonic, mode and
harmony) is the answer, what was asked for stands beside it for energy and valence. Of sounds: some
of these rendered, as FLAC. Of VGMIDI: energy and valence of pieces that were not learned from, and
all 204 files in seconds. Chance: answers dealt to other pieces.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "scripts")]

from bench.exported import VGMIDI  # noqa: E402

from engine.affect.circumplex import Affect  # noqa: E402
from engine.composers.score.session_score import SessionScore, session_score  # noqa: E402
from engine.composers.score.writing.harmony import chord_name  # noqa: E402
from engine.description.affect_of_notes import shipped  # noqa: E402
from engine.description.chords import chords_of  # noqa: E402
from engine.description.described import Described, describe_midi, describe_sound  # noqa: E402
from engine.description.session import describe_session  # noqa: E402
from engine.evaluation.notes import piece_of  # noqa: E402
from engine.midi_file import parse_midi  # noqa: E402
from engine.plan.described import ROOTS  # noqa: E402
from engine.plan.request import Request  # noqa: E402
from engine.plan.wanted import Features  # noqa: E402

_MINOR = (1, 2, 3)
"""The modes of the composer with a minor third."""
_KINDS = {
    "": "maj",
    "m": "min",
    "dim": "dim",
    "aug": "aug",
    "7": "dom7",
    "maj7": "maj7",
    "m7": "min7",
    "dim7": "dim",
    "m7b5": "dim",
    "mmaj7": "min",
    "add9": "maj",
    "madd9": "min",
}
"""The composer's chords in FIGARO's words; its suspended ones have none."""
_FLAT = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}


class Answer(NamedTuple):
    """What a session was written with, and what was asked of it."""

    request: Request
    tempo: float
    key: str
    mode: str
    metre: str
    energy: float
    valence: float


def drawn(number: int, minutes: float, rng: np.random.Generator) -> Request:
    """A session that stays where it is, of any key, mode, metre and tempo; every other one asks
    for nothing but its place."""
    place = Affect(*(round(float(one), 2) for one in rng.uniform(-0.85, 0.85, 2)))
    key: Any = ROOTS[rng.integers(12)]
    asked = Features(
        key=key,
        mode="minor" if rng.random() < 0.5 else "major",
        time_signature=("2/4", "3/4", "4/4", "6/8")[rng.integers(4)],
        tempo=float(rng.integers(50, 140)),
    )
    return Request(
        start=place,
        target=place,
        minutes=minutes,
        seed=1800 + number,
        composer="embedded",
        features=asked if number % 2 else None,
    )


def answer(request: Request, score: SessionScore) -> Answer:
    """From the bars themselves, each counting by its length."""
    keys: Counter[tuple[str, str]] = Counter()
    metres: Counter[str] = Counter()
    tempi = []
    for bar in score.bars:
        minor = bar.mode in _MINOR
        keys[ROOTS[bar.tonic % 12], "minor" if minor else "major"] += bar.length
        metres[bar.metre.name] += bar.length
        tempi += [60.0 * 48_000 / bar.beat] * max(1, round(bar.length / bar.beat))
    (key, mode), metre = keys.most_common(1)[0][0], metres.most_common(1)[0][0]
    place = request.start
    shares = ((place.arousal + 1) / 2, (place.valence + 1) / 2)
    return Answer(request, float(np.median(tempi)), key, mode, metre, *shares)


def chord_agreement(request: Request, score: SessionScore) -> np.ndarray:
    """(beats, 3) whether root, root and third, and all of each beat's chord is told."""
    from engine.composers.score.midi import midi_bytes

    piece = piece_of(parse_midi(midi_bytes(request), "it"))
    told = list(zip(*chords_of(piece), strict=True))
    rows = []
    for bar, written in zip(score.bars, piece.bars, strict=False):
        for start, name in told:
            inside = (start - written.start + 1e-6) / written.length
            if not 0.0 <= inside < 1.0:
                continue
            symbol = chord_name(bar.harmony[int(inside * len(bar.harmony))]).split("/")[0]
            root = symbol[:2] if symbol[1:2] == "b" else symbol[:1]
            kind = _KINDS.get(symbol[len(root) :])
            if kind is not None:
                rows.append(_agree(name, _FLAT.get(root, root), kind))
    return np.array(rows, float).reshape(-1, 3)


def _agree(told: str, root: str, kind: str) -> tuple[bool, bool, bool]:
    found, _, quality = told.partition(":")
    minor = {"min", "min7", "dim"}
    same = found == root
    return same, same and (quality in minor) == (kind in minor), same and quality == kind


def value(described: Described, name: str) -> float | str | None:
    return next(one.value for one in described.figures if one.name == name)


def share(told: Sequence[bool]) -> str:
    return f"{100 * np.mean(told):.0f} %" if len(told) else "-"


def agreement(
    name: str, told: list[object], true: list[object], same: Callable[[object, object], bool]
) -> None:
    """A line: how often the two are the same, and by chance."""
    pairs = [(a, b) for a, b in zip(told, true, strict=True) if a is not None]
    others = [same(a, b) for (a, _), (_, b) in itertools.permutations(pairs, 2)]
    here = [same(a, b) for a, b in pairs]
    print(f"| {name} | {share(here)} | {share(others)} | {len(pairs)} of {len(told)} |")


def correlation(name: str, told: Sequence[float | str | None], true: list[float]) -> None:
    pairs = np.array([(a, b) for a, b in zip(told, true, strict=True) if a is not None], float)
    rng = np.random.default_rng(0)
    dealt = [np.corrcoef(pairs[:, 0], rng.permutation(pairs[:, 1]))[0, 1] for _ in range(1000)]
    found = np.corrcoef(pairs.T)[0, 1]
    off = np.mean(pairs[:, 0] - pairs[:, 1])
    miss = np.mean(np.abs(pairs[:, 0] - pairs[:, 1]))
    chance = np.quantile(dealt, 0.95)
    print(
        f"| {name} | r {found:.2f}, off by {miss:.2f} (mean {off:+.2f}) | r under {chance:.2f} | "
        f"{len(pairs)} of {len(told)} |"
    )


def near(told: Any, true: Any) -> bool:
    """Within 4 %."""
    return abs(float(told) / float(true) - 1.0) < 0.04


def near_by_octaves(told: Any, true: Any) -> bool:
    steps = (0.5, 2 / 3, 1.0, 1.5, 2.0, 3.0, 1 / 3)
    return any(near(float(told) * step, true) for step in steps)


def related(told: Any, true: Any) -> bool:
    """The same key, its relative, its parallel, or one a fifth off."""
    (a, mode_a), (b, mode_b) = told, true
    step = (ROOTS.index(a) - ROOTS.index(b)) % 12
    if mode_a == mode_b:
        return step in (0, 5, 7)
    return step in {0, 9 if mode_a == "minor" else 3}


def figures(title: str, made: list[Described], answers: list[Answer]) -> None:
    print(f"\n{title}\n\n| figure | told right | by chance | told of |\n|---|---|---|---|")
    same = lambda a, b: a == b  # noqa: E731
    keys = [(value(one, "key"), value(one, "mode")) for one in made]
    true = [(one.key, one.mode) for one in answers]
    agreement("key and mode", list(keys), list(true), same)
    agreement("key and mode, or a related key", list(keys), list(true), related)
    agreement("mode", [one[1] for one in keys], [one[1] for one in true], same)
    metres: list[object] = [value(one, "time_signature") for one in made]
    agreement("time signature", metres, [one.metre for one in answers], same)
    tempi: list[object] = [value(one, "tempo") for one in made]
    agreement("tempo within 4 %", tempi, [one.tempo for one in answers], near)
    name = "tempo, or a half, a third, two thirds or a multiple"
    agreement(name, tempi, [one.tempo for one in answers], near_by_octaves)
    # A mode and a tempo that were asked for would pull the music away from its place.
    free = [n for n, one in enumerate(answers) if one.request.features is None]
    for feature in ("energy", "valence"):
        told = [value(made[n], feature) for n in free]
        asked = [getattr(answers[n], feature) for n in free]
        correlation(f"{feature} and what was asked for", told, asked)


def sounds(answers: list[Answer], folder: Path) -> None:
    from engine.render import render_session

    made, off = [], []
    for number, one in enumerate(answers):
        path = folder / f"{number}.flac"
        render_session(
            one.request, path, progress=lambda done, total: None, log_file=folder / "log"
        )
        made.append(describe_sound(path))
        off.append(abs(float(value(made[-1], "loudness") or 0.0) - loudness(path)))
    figures(f"Sound: {len(made)} of these sessions, rendered", made, answers)
    print(f"\nLoudness: off libebur128's by at most {max(off):.2f} LU.")


def loudness(path: Path) -> float:
    import soundfile

    from engine.audio.loudness import integrated_lufs

    audio, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return integrated_lufs(audio) or 0.0


def vgmidi() -> None:
    if not VGMIDI.is_dir():
        print(f"\nVGMIDI is not at {VGMIDI}.")
        return
    from bench.notes_judge import human
    from fit_affect_of_notes import by_piece, correlations, held_out

    rated = human()
    told = held_out(rated)
    r, chance = correlations(told, rated.ratings), shipped().chance
    whole = correlations(by_piece(told, rated.pieces), by_piece(rated.ratings, rated.pieces))
    print(f"\nVGMIDI, pieces not learned from: {len(told)} stretches of {len(set(rated.pieces))}")
    print("\n| figure | r, stretches | r, pieces | by chance under |\n|---|---|---|---|")
    for axis, name in ((1, "energy and rated arousal"), (0, "valence and rated valence")):
        print(f"| {name} | {r[axis]:.2f} | {whole[axis]:.2f} | {chance[axis]:.2f} |")
    files = sorted((VGMIDI / "midi").glob("*.mid"))
    began = time.perf_counter()
    described = [describe_midi(path) for path in files]
    seconds = time.perf_counter() - began
    bars = sum(len(one.description.bars) for one in described if one.description)
    print(f"\n{len(files)} files, {bars} bars, described in {seconds:.0f} s.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=40)
    parser.add_argument("--sounds", type=int, default=16)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=19)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    requests = [drawn(number, given.minutes, rng) for number in range(given.sessions)]
    scores = [session_score(request) for request in requests]
    answers = [answer(*pair) for pair in zip(requests, scores, strict=True)]
    made = [describe_session(request) for request in requests]
    figures(f"Scores: {len(made)} sessions of {given.minutes:g} minutes", made, answers)
    rows = np.concatenate(
        list(itertools.starmap(chord_agreement, zip(requests, scores, strict=True)))
    )
    root, third, whole = rows.mean(axis=0)
    print(f"\nChords of {len(rows)} beats: root {root:.0%}, with its third {third:.0%}, ", end="")
    print(f"all of it {whole:.0%}")
    vgmidi()
    if given.sounds:
        with tempfile.TemporaryDirectory() as folder:
            sounds(answers[: given.sounds], Path(folder))


if __name__ == "__main__":
    main()
