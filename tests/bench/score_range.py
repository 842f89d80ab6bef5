"""Is the composer's score within the range of music people wrote?

    python tests/bench/score_range.py [--seeds 4] [--wide]

Features of 30 s clips of the piano ensemble at the affects that VGMIDI's ratings cover, against
the 5-95 % range of VGMIDI's own 30 s clips (piano arrangements of game music; Ferreira &
Whitehead, ISMIR 2019). Needs the data at ../shared/data/vgmidi. ``--wide`` adds a grid out to
+-0.8, beyond what the ratings cover.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from engine.affect.circumplex import Affect  # noqa: E402
from engine.evaluation.composed import SOLO_PIANO, as_piece, compose_bars, still  # noqa: E402
from engine.evaluation.notes import Piece, cut, read_midi, windows  # noqa: E402
from engine.evaluation.score_features import (  # noqa: E402
    FEATURES,
    central_range,
    score_features,
    share_inside,
)

DATA = ROOT.parent / "shared" / "data" / "vgmidi"
CLIP_SECONDS = 30.0
CLIPS_A_PIECE = 4


def human_pieces() -> list[Piece]:
    """Every piece of VGMIDI."""
    return [read_midi(path) for path in sorted((DATA / "midi").glob("*.mid"))]


def rated_box() -> tuple[tuple[float, float], tuple[float, float]]:
    """The 5-95 % range of valence and of arousal over the pieces' rated measures, each measure
    the mean of its raters."""
    means: tuple[list[float], list[float]] = ([], [])
    for name in ("vgmidi_raw_1.json", "vgmidi_raw_2.json"):
        raters: dict[str, list[dict[str, list[float]]]] = defaultdict(list)
        for key, rating in json.loads((DATA / name).read_text())["annotations"].items():
            raters[key.rsplit("_", 1)[0]].append(rating)
        for ratings in raters.values():
            for column, axis in zip(means, ("valence", "arousal"), strict=True):
                size = min(len(rating[axis]) for rating in ratings)
                table = np.array([rating[axis][:size] for rating in ratings], float)
                column += list(table.mean(axis=0))
    low, high = zip(*(np.quantile(column, (0.05, 0.95)) for column in means), strict=True)
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def our_clips(
    valence: tuple[float, float], arousal: tuple[float, float], seeds: int
) -> list[dict[str, float]]:
    """Features of a 30 s clip at each point of a 5x5 grid over the box, for each seed. The clip
    is cut from 20 s on, past the introduction, and without the pedal, which VGMIDI's files do not
    hold."""
    values = []
    for v in np.linspace(*valence, 5):
        for a in np.linspace(*arousal, 5):
            path = still(Affect(float(v), float(a)))
            for seed in range(seeds):
                bars = compose_bars(path, 90.0, 100 + seed)
                piece = as_piece(bars, path, SOLO_PIANO, pedal=False)
                clip = cut(piece, 20.0, 20.0 + CLIP_SECONDS)
                values.append(score_features(clip, CLIP_SECONDS))
                whole = cut(as_piece(bars, path, SOLO_PIANO), 20.0, 20.0 + CLIP_SECONDS)
                values[-1]["polyphony with pedal"] = score_features(whole, CLIP_SECONDS)[
                    "polyphony"
                ]
    return values


def table(values: list[dict[str, float]], ranges: dict[str, tuple[float, float]]) -> None:
    inside = share_inside(values, ranges)
    print("| feature | VGMIDI 5-95 % | ours 5-95 % (median) | inside |\n|---|---|---|---|")
    ours = central_range(values)
    for name in FEATURES:
        middle = float(np.median([value[name] for value in values]))
        low, high = ranges[name]
        print(
            f"| {name} | {low:.2f}-{high:.2f} | {ours[name][0]:.2f}-{ours[name][1]:.2f} "
            f"({middle:.2f}) | {100 * inside[name]:.0f} % |"
        )
    held = [value["polyphony with pedal"] for value in values]
    print(f"\nPolyphony with what the pedal holds: median {np.median(held):.2f}.")


def human_range() -> tuple[
    dict[str, tuple[float, float]], tuple[float, float], tuple[float, float], int
]:
    """(the 5-95 % range of each feature, rated valence, rated arousal, clips measured)."""
    human = [
        score_features(clip, CLIP_SECONDS)
        for piece in human_pieces()
        for clip in windows(piece, CLIP_SECONDS, CLIPS_A_PIECE)
        if len(clip.notes) > 1 and len(clip.bars) > 1
    ]
    return (central_range(human), *rated_box(), len(human))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--wide", action="store_true")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"VGMIDI is not at {DATA}.")
    ranges, valence, arousal, count = human_range()
    print(f"{count} clips of VGMIDI; its ratings cover (5-95 % of measures) valence", end=" ")
    print(f"{valence[0]:.2f} to {valence[1]:.2f}, arousal {arousal[0]:.2f} to {arousal[1]:.2f}.\n")
    table(our_clips(valence, arousal, options.seeds), ranges)
    if options.wide:
        print("\nThe same on a grid from -0.8 to 0.8:\n")
        table(our_clips((-0.8, 0.8), (-0.8, 0.8), options.seeds), ranges)


if __name__ == "__main__":
    main()
