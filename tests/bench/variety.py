"""Does the composer repeat itself as people do, neither more nor less?

    python tests/bench/variety.py [--sessions 5]

Nearest-phrase similarity over stretches of 80 s against VGMIDI's 5-95 % (data at
../shared/data/vgmidi), and over whole 15-minute sessions; longest verbatim repeats. Whether the
tune is known again says ``tunes.py``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path as FilePath

import numpy as np

ROOT = FilePath(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tests"))

from bench.score_range import DATA, human_pieces  # noqa: E402

from engine.affect.circumplex import Affect  # noqa: E402
from engine.affect.path import Path, plan_path  # noqa: E402
from engine.composers.score.writing.form import Bar  # noqa: E402
from engine.evaluation import variety as v  # noqa: E402
from engine.evaluation.composed import SOLO_PIANO, as_piece, compose_bars  # noqa: E402
from engine.evaluation.notes import Piece, windows  # noqa: E402

SESSION = 900.0
STRETCH = 80.0
JOURNEYS = (
    ((-0.5, 0.6), (0.6, -0.5)),
    ((-0.6, -0.4), (0.5, 0.2)),
    ((0.2, -0.6), (0.6, 0.6)),
    ((-0.3, 0.2), (0.4, -0.3)),
    ((0.0, 0.0), (0.3, -0.2)),
)


def session(number: int) -> tuple[list[Bar], Path]:
    start, target = JOURNEYS[number % len(JOURNEYS)]
    path = plan_path(Affect(*start), Affect(*target), SESSION, "iso")
    return compose_bars(path, SESSION, 31 + number), path


def nearest(pieces: list[Piece]) -> list[float]:
    """Nearest-phrase similarity of every stretch that holds enough phrases."""
    values = [v.nearest_phrase_similarity(part) for p in pieces for part in windows(p, STRETCH, 3)]
    return [value for value in values if np.isfinite(value)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sessions", type=int, default=5)
    count = parser.parse_args().sessions
    sessions = [session(i) for i in range(count)]
    pieces = [as_piece(bars, path, SOLO_PIANO) for bars, path in sessions]
    if DATA.is_dir():
        human = nearest(human_pieces())
        low, high = np.quantile(human, (0.05, 0.95))
        ours = [v.nearest_phrase_similarity(p) for piece in pieces for p in _stretches(piece)]
        inside = np.mean([low <= value <= high for value in ours])
        print(
            f"nearest-phrase similarity, {STRETCH:.0f} s stretches: VGMIDI 5-95 % "
            f"{low:.2f}-{high:.2f} (median {np.median(human):.2f}, n={len(human)}); ours "
            f"{np.quantile(ours, 0.05):.2f}-{np.quantile(ours, 0.95):.2f} (median "
            f"{np.median(ours):.2f}, n={len(ours)}), {100 * inside:.0f} % inside"
        )
    else:
        print(f"VGMIDI is not at {DATA}: no human range.")
    print("\n| session | nearest phrase, whole | longest melody repeat | identical bars in a row |")
    print("|---|---|---|---|")
    for i, piece in enumerate(pieces):
        notes, beats, seconds = v.longest_melody_repeat(piece)
        print(
            f"| {i + 1} | {v.nearest_phrase_similarity(piece):.2f} | {notes} notes, {beats:.1f} "
            f"beats, {seconds:.1f} s | {v.longest_bar_repeat(piece)} |"
        )


def _stretches(piece: Piece) -> list[Piece]:
    return windows(piece, STRETCH, 11)


if __name__ == "__main__":
    main()
