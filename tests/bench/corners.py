"""Are the four corners of the plane told apart in our notes by what people said of other music?

    python tests/bench/corners.py [--seeds 4] [--at 0.7] [--midi FOLDER]

Learnt from: VGMIDI's piano pieces (Ferreira & Whitehead, ISMIR 2019; at ../shared/data/vgmidi),
stretches of 20 s, each with what about 30 people said of its bars. Told: sessions that stay at
valence and arousal of +-.7 (``--at``), seconds 30 to 90, by five bands of players and several
seeds, from the MIDI files that ``musmed render --midi`` writes. Nothing is ever fitted to ours; its
features are standardised by their own mean over all corners alike, and for comparison by VGMIDI's.
Needs scikit-learn (the extra evaluate).
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.exported import VGMIDI, files, request
from bench.notes_judge import STRETCH, human

from engine.evaluation import quadrants as q
from engine.evaluation.notes import cut, read_midi
from engine.evaluation.quadrant_features import FEATURES, features

CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))
NAMES = ("low low", "low valence, aroused", "glad and calm", "glad and aroused")
PLAYERS = (
    ("piano", "classical"),
    ("strings", "soundtrack"),
    ("guitar", "folk"),
    ("pad", "ambient"),
    ("electricpiano", "lounge"),
)
FROM, UNTIL = 30, 90
SHUFFLES = 20


def ours(
    at: float, seeds: int, folder: Path
) -> tuple[np.ndarray, np.ndarray, list[int], list[str]]:
    """(features, corners, clips, the players of each clip)."""
    rows, corners, clips = [], [], []
    who: list[str] = []
    for corner, players, seed in itertools.product(CORNERS, PLAYERS, range(seeds)):
        word = ",".join(f"{side * at:+.1f}" for side in corner)
        asked = request((word, word), 2.0, 400 + seed, players=players)
        (path,) = files([asked], folder)
        score = read_midi(path)
        for start in np.arange(FROM, UNTIL, STRETCH):
            rows.append(features(cut(score, start, start + STRETCH), STRETCH))
            corners.append(corner)
            clips.append(len(who))
        who.append(" ".join(players))
    return np.array(rows), np.array(corners), clips, who


def percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def row(name: str, found: q.Scores) -> str:
    return f"| {name} | {' | '.join(percent(value) for value in found)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--at", type=float, default=0.7)
    parser.add_argument("--midi", type=Path)
    given = parser.parse_args()
    if not VGMIDI.is_dir():
        sys.exit(f"VGMIDI is not at {VGMIDI}.")
    rated = human()
    rng = np.random.default_rng(0)
    told = q.cross_validated(rated)
    true = rated.ratings - np.median(rated.ratings, axis=0)
    chance = q.by_chance(rated, SHUFFLES, rng)
    print(f"{len(rated.features)} stretches of {len(set(rated.pieces))} pieces, ", end="")
    print(f"{len(FEATURES)} features; shares told right, each class counting alike\n")
    print("| | valence | arousal | quadrants | valence, calm half | valence, aroused half |")
    print("|---|---|---|---|---|---|")
    print(row("VGMIDI, by other pieces", q.scores(told, true)))
    low, high = np.quantile(np.array(chance), (0.025, 0.975), axis=0)
    spans = [f"{100 * a:.0f}-{100 * b:.0f} %" for a, b in zip(low, high, strict=True)]
    print(f"| the same by chance (ratings of other pieces) | {' | '.join(spans)} |")
    r = [np.corrcoef(told[:, axis], true[:, axis])[0, 1] for axis in (0, 1)]
    with tempfile.TemporaryDirectory() as temporary:
        rows, corners, clips, who = ours(given.at, given.seeds, given.midi or Path(temporary))
    place, _ = q.pooled(corners, clips)
    for name, alone in (("by their own mean", True), ("by VGMIDI's", False)):
        heard, _ = q.pooled(q.told_of(rated, rows, by_itself=alone), clips)
        print(row(f"our corners, {len(who)} clips of 60 s, {name}", q.scores(heard, place)))
        if alone:
            kept = heard
    print("| meant | | | 60 % | 75 % | 75 % |\n")
    print(f"r with what people said, by other pieces: valence {r[0]:.2f}, arousal {r[1]:.2f}.\n")
    print(f"| is, told as | {' | '.join(NAMES)} |\n|{'---|' * 5}")
    for name, counts in zip(NAMES, q.confusion(kept, place), strict=True):
        print(f"| {name} | {' | '.join(map(str, counts))} |")
    print("\n| players | valence | arousal | quadrants |\n|---|---|---|---|")
    for players in dict.fromkeys(who):
        here = np.array([one == players for one in who])
        found = q.scores(kept[here], place[here])
        cells = (found.valence, found.arousal, found.quadrants)
        print(f"| {players} | {' | '.join(map(percent, cells))} |")
    weights = q.fitted(q.standardised(rated.features), rated.ratings, rated.pieces).weights
    print("\nWeighing most: ", end="")
    for axis, word in enumerate(("valence", "arousal")):
        most = np.argsort(-np.abs(weights[:, axis]))[:6]
        print(word, ", ".join(f"{FEATURES[i]} {weights[i, axis]:+.3f}" for i in most), end="; ")
    print()


if __name__ == "__main__":
    main()
