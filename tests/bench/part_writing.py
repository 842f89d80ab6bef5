"""How do melody and accompaniment go together? ``python tests/bench/part_writing.py``

Judged on MIDI files as ``musmed render --midi`` writes them (twelve sessions of ten minutes, and as
many with the players of the piano pinned), beside VGMIDI's pieces (at ../shared/data/vgmidi) by the
same code, ``engine/evaluation/part_writing.py``. The melody is found by ear's measure
(``engine/evaluation/melody_line.py``); VGMIDI's is by that always on top, so that what lies above
it says nothing there. ``--midi FOLDER`` keeps the files there, or judges those that lie in it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.exported import JOURNEYS, human_pieces, pieces, request

from engine.evaluation.notes import Piece
from engine.evaluation.part_writing import Writing, writing

MINUTES = 10.0
Share = Callable[[Writing], tuple[int, int]]
FIGURES: dict[str, tuple[Share, str]] = {
    "parallel fifths and octaves with the bass, of joint moves": (
        lambda w: (w.parallel, w.joint),
        "2 %",
    ),
    "direct ones by leap, of joint moves": (lambda w: (w.direct, w.joint), "5 %"),
    "leading tones that rise, of those that do not pass down a line": (
        lambda w: (w.rising, w.leading - w.passing),
        "90 %",
    ),
    "notes of the melody under an accompaniment": (lambda w: (w.under, w.sung), "5 %"),
}
RUBS: dict[str, tuple[Callable[[Writing], int], str]] = {
    "held rubs": (lambda w: w.rubs, ""),
    "unprepared": (lambda w: w.unprepared, ""),
    "unresolved": (lambda w: w.unresolved, ""),
    "neither prepared nor resolved": (lambda w: w.neither, "0"),
}


def share(part: tuple[int, int]) -> str:
    return f"{100 * part[0] / part[1]:.1f} %" if part[1] else "none"


def cell(figure: Share, counted: Sequence[Writing]) -> str:
    """Of all, and of the pieces in which there are enough to speak of a share."""
    whole = figure(total(counted))
    each = sorted(n / of for n, of in map(figure, counted) if of >= 20)
    parts = f"; {100 * each[0]:.0f}-{100 * each[-1]:.0f} % by piece" if each else ""
    return f"{share(whole)} (of {whole[1]}{parts})"


def total(counted: Sequence[Writing]) -> Writing:
    made = counted[0]
    for one in counted[1:]:
        made = made.plus(one)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=12)
    parser.add_argument("--midi", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.midi or Path(temporary)
        chosen = [JOURNEYS[i % len(JOURNEYS)] for i in range(given.sessions)]
        free = [request(j, MINUTES, 100 + i) for i, j in enumerate(chosen)]
        pinned = ("piano", "classical")
        piano = [request(j, MINUTES, 100 + i, players=pinned) for i, j in enumerate(chosen)]
        scores: dict[str, Sequence[Piece]] = {
            "ours": pieces(free, folder),
            "ours, piano": pieces(piano, folder),
            "VGMIDI": human_pieces(),
        }
    counted = {name: [writing(one) for one in of] for name, of in scores.items() if of}
    print(f"| | {' | '.join(f'{n} ({len(of)})' for n, of in counted.items())} | meant |")
    print(f"|{'---|' * (len(counted) + 2)}")
    for name, (figure, meant) in FIGURES.items():
        sign = ">=" if "rise" in name else "<="
        cells = [cell(figure, of) for of in counted.values()]
        print(f"| {name} | {' | '.join(cells)} | {sign} {meant} |")
    minutes = {name: sum(p.seconds for p in scores[name]) / 60 for name in counted}
    for name, (number, meant) in RUBS.items():
        cells = [f"{number(total(of)) / minutes[n]:.2f}" for n, of in counted.items()]
        print(f"| {name}, a minute | {' | '.join(cells)} | {meant} |")
    passing = [f"{total(of).passing} of {total(of).leading}" for of in counted.values()]
    print(f"| leading tones that pass down a line | {' | '.join(passing)} | |")
    hanging = [str(total(of).hanging) for of in counted.values()]
    print(f"| others, after which the melody rests | {' | '.join(hanging)} | |")


if __name__ == "__main__":
    main()
