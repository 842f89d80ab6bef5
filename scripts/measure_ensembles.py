"""Build engine/plan/data/ensembles.json: how much each ensemble of the embedded composer plays, and
who plays in it.

    python scripts/measure_ensembles.py [OUTPUT]

From it the plan knows which players may take over from which (docs/composer.md, Changes of
players). To be run again whenever what ensembles play has changed;
tests/plan/test_families.py tells. Takes a minute or two.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections import defaultdict
from pathlib import Path

from engine.composers.score.composer import EmbeddedComposer
from engine.composers.score.parts.ensembles import STYLE_OF, VOICE_OF, Ensemble, ensemble_for
from engine.evaluation.activity import activity
from engine.plan.families import AROUSALS
from engine.plan.spec import Players

OUTPUT = Path(__file__).parents[1] / "engine" / "plan" / "data" / "ensembles.json"


def groups() -> tuple[list[list[str]], list[list[str]]]:
    """Instruments, and genres, that are one to the composer."""
    voices, styles = defaultdict(list), defaultdict(list)
    for instrument, voice in VOICE_OF.items():
        # Which style an instrument moves a genre to is its own.
        moved = tuple(ensemble_for(Players(instrument, genre)).style.name for genre in STYLE_OF)
        voices[voice, moved].append(instrument)
    for genre, style in STYLE_OF.items():
        styles[style].append(genre)
    return list(voices.values()), list(styles.values())


def measured(ensemble: Ensemble) -> dict[str, object]:
    """One ensemble's entry."""
    found = [activity(ensemble, arousal) for arousal in AROUSALS]
    return {
        "players": sorted(frozenset().union(*(one.players for one in found))),
        "onsets": [round(one.onsets, 2) for one in found],
        "notes": [round(one.notes, 2) for one in found],
        "strokes": [round(one.strokes, 2) for one in found],
    }


def build() -> dict[str, object]:
    """The whole table, ready for JSON."""
    instruments, genres = groups()
    numbers: dict[Ensemble, int] = {}
    cells = [
        numbers.setdefault(ensemble_for(Players(tags[0], styles[0])), len(numbers))
        for tags, styles in itertools.product(instruments, genres)
    ]
    return {
        "source": f"the embedded composer, version {EmbeddedComposer.version}",
        "arousals": list(AROUSALS),
        "instruments": instruments,
        "genres": genres,
        "cells": [cells[at : at + len(genres)] for at in range(0, len(cells), len(genres))],
        "ensembles": [measured(ensemble) for ensemble in numbers],
    }


def main(arguments: list[str]) -> None:
    output = Path(arguments[0]) if arguments else OUTPUT
    text = json.dumps(build(), separators=(",", ":"))
    output.write_text(text.replace('],"', '],\n"').replace("},{", "},\n{") + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
