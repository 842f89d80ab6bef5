"""Draw the self-similarity of 15 minutes of score, bar against bar.

    python scripts/picture_variety.py -o docs/pictures/score-self-similarity.png

Needs matplotlib, which musmed itself does not.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path as FilePath

sys.path.insert(0, str(FilePath(__file__).resolve().parent.parent))

import matplotlib as mpl

from engine.affect.circumplex import Affect
from engine.affect.path import plan_path
from engine.evaluation.composed import SOLO_PIANO, as_piece, compose_bars
from engine.evaluation.variety import self_similarity

mpl.use("Agg")
import matplotlib.pyplot as plt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--out", default="self-similarity.png")
    parser.add_argument("--seed", type=int, default=31)
    options = parser.parse_args()
    path = plan_path(Affect(-0.5, 0.6), Affect(0.6, -0.5), 900.0, "iso")
    bars = compose_bars(path, 900.0, options.seed)
    table = self_similarity(as_piece(bars, path, SOLO_PIANO))
    figure, axes = plt.subplots(figsize=(6.4, 5.6))
    picture = axes.imshow(table, cmap="magma", vmin=-0.4, vmax=1.0, interpolation="nearest")
    starts = [i for i, bar in enumerate(bars) if bar.section_bar == 0 and bar.phrase_bar == 0]
    axes.set_xticks(starts[::4])
    axes.set_yticks(starts[::4])
    axes.tick_params(labelsize=7)
    axes.set_xlabel("bar (ticks: every fourth section)")
    axes.set_ylabel("bar")
    axes.set_title("15 minutes, tense to calm, solo piano: bars against bars", fontsize=9)
    figure.colorbar(picture, ax=axes, shrink=0.8)
    figure.tight_layout()
    figure.savefig(options.out, dpi=100)
    print(f"{len(bars)} bars, wrote {options.out}")


if __name__ == "__main__":
    main()
