"""Is there a tune, is it known again, and who comes when? ``python tests/bench/tunes.py``

Judged on MIDI files as ``musmed render --midi`` writes them, and on nothing else of the composer;
of those its notes, its bars and its markers of sections. Four tables: figures of the melody that
come again within 80 s, with VGMIDI's (at ../shared/data/vgmidi) by the same code; the theme, known
again by thirds of the session and in its last two minutes; what sessions of one path and other
seeds have in common; and the changes of players. ``--midi FOLDER`` keeps the files there, or judges
those of an earlier version that lie in it; ``--sessions``, ``--seeds`` and ``--journeys`` for a
shorter look. The line that is called the melody is found by ``engine/evaluation/melody_line.py``;
the last line says how far it is the composer's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.exported import (
    JOURNEYS,
    human_pieces,
    path_of,
    pieces,
    request,
    request_in,
    section_starts,
)

from engine.affect.path import Path as AffectPath
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.session_score import session_score
from engine.evaluation import changes as c
from engine.evaluation import form_agreement as f
from engine.evaluation import theme as t
from engine.evaluation.melody_line import melody
from engine.evaluation.notes import Piece, ScoreNote
from engine.evaluation.recurrence import recurrence, shapes, told_running
from engine.plan.request import Request

MINUTES, SEEDS_MINUTES, CHANGES_MINUTES = 10.0, 6.0, 15.0
LEAST_LINE = 20
"""Notes of a melody of which figures can recur."""
SEEDED = ((JOURNEYS[0], ("piano", "classical")), (JOURNEYS[1], ("guitar", "folk")))
LAST_SECONDS = 120.0

Line = list[ScoreNote]


def sessions(count: int) -> list[Request]:
    return [request(JOURNEYS[i % len(JOURNEYS)], MINUTES, 100 + i) for i in range(count)]


def spread(values: Sequence[float]) -> str:
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def told_again(scores: Sequence[Piece], lines: Sequence[Line]) -> None:
    print(f"## A tune\n\n| of {len(scores)} sessions | ours, median (5-95 %) | VGMIDI | meant |")
    print("|---|---|---|---|")
    human = human_pieces()
    theirs = [recurrence(line) for line in map(melody, human) if len(line) >= LEAST_LINE]
    ours = [recurrence(line) for line in lines]
    beside = f"{spread(theirs)}, n={len(theirs)}" if theirs else "not here"
    print(f"| figures of five intervals that recur in 80 s | {spread(ours)} | {beside} | .30-.75 |")
    inside = np.mean([0.30 <= value <= 0.75 for value in ours])
    print(f"| sessions within that | {100 * inside:.0f} % | | 100 % |")
    pairs = list(zip(scores, lines, strict=True))
    sung = max(told_running(line, score.bars) for score, line in pairs)
    whole = max(told_running(score.notes, score.bars) for score, _ in pairs)
    print(f"| four bars of melody verbatim running, at most | {sung} | | 2 |")
    print(f"| of all that is played | {whole} | | 2 |\n")


def known_again(scores: Sequence[Piece], lines: Sequence[Line]) -> None:
    told = [
        t.Told(shapes(line, score.bars), [round(4 * bar.length) for bar in score.bars])
        for score, line in zip(scores, lines, strict=True)
    ]
    themes = [t.theme_of(one) for one in told]
    stretches = {
        name: [_stretch(one, score, name) for one, score in zip(told, scores, strict=True)]
        for name in ("first third", "second third", "last third", "last two minutes")
    }
    print("## The theme, known again: share of its eight bars (by chance)\n")
    print(f"| session | {' | '.join(stretches)} |\n|{'---|' * 5}")
    found: dict[str, list[t.Recognition]] = {name: [] for name in stretches}
    for i, (theme, score) in enumerate(zip(themes, scores, strict=True)):
        cells = []
        for name, units in stretches.items():
            others = [other for k, other in enumerate(units) if k != i]
            one = t.recognition(theme, units[i], others)
            found[name].append(one)
            cells.append(f"{one.own:.2f} ({one.chance:.2f})")
        asked = request_in(score)
        print(f"| {asked.start_word} to {asked.target_word} | {' | '.join(cells)} |", flush=True)
    means = [
        f"{np.mean([x.own for x in all_]):.2f} ({np.mean([x.chance for x in all_]):.2f})"
        for all_ in found.values()
    ]
    print(f"| mean | {' | '.join(means)} |")
    last = [one.own for one in found["last third"]]
    print(f"\nLast third, meant .60: {np.mean(np.array(last) >= 0.6) * 100:.0f} % of sessions.\n")


def _stretch(told: t.Told, score: Piece, name: str) -> list[t.Points]:
    """The units of a stretch; the statement itself is left out."""
    count = len(told.bars)
    first = {"first third": 0, "second third": count // 3, "last third": 2 * count // 3}
    starts = [bar.start_s for bar in score.bars]
    at = first.get(name, int(np.searchsorted(starts, starts[-1] - LAST_SECONDS)))
    until = at + count // 3 if name in first else count
    return told.units(max(at, t.theme_start(told) + t.THEME_BARS), until)


def between_seeds(seeds: int, folder: Path) -> None:
    print(f"## What {seeds} seeds have in common (moved against each other)\n")
    print(f"| path, players | {' | '.join(f.FIGURES)} |\n|{'---|' * (1 + len(f.FIGURES))}")
    for journey, players in SEEDED:
        asked = [request(journey, SEEDS_MINUTES, 200 + s, players=players) for s in range(seeds)]
        scores = pieces(asked, folder)
        found = f.agreement([f.formed(score, melody(score)) for score in scores])
        cells = [f"{one.own:.2f} ({one.chance:.2f})" for one in found.values()]
        title = f"{' to '.join(journey)}, {' '.join(players)}"
        print(f"| {title} | {' | '.join(cells)} |", flush=True)
    print()


def effect(score: Piece, second: float, path: AffectPath) -> c.Effect:
    return c.effect(score, second, lambda at: path.at(at).arousal)


def who_comes(journeys: int, folder: Path) -> None:
    kinds: dict[str, list[tuple[bool, c.Effect]]] = {"band": [], "colour": [], "none": []}
    for i in range(journeys):
        asked = request(JOURNEYS[i % len(JOURNEYS)], CHANGES_MINUTES, 300 + i)
        (score,) = pieces([asked], folder)
        path, starts = path_of(request_in(score)), section_starts(score)
        found = c.changes(score, melody(score))
        for change in found:
            kind = kinds["band" if change.band else "colour"]
            kind.append((c.at_section(score, change, starts), effect(score, change.second, path)))
        kinds["none"] += [
            (True, effect(score, start, path))
            for start in starts[1:-1]
            if all(abs(start - change.second) > 2 * c.SIDE for change in found)
        ]
    print(f"## Changes of players in {journeys} sessions of {CHANGES_MINUTES:g} minutes\n")
    print("| | of the band | of a colour | section starts without one | meant |")
    print("|---|---|---|---|---|")
    columns = list(kinds.values())
    print(f"| a session | {' | '.join(f'{len(k) / journeys:.1f}' for k in columns)} | |")
    at = [f"{100 * np.mean([here for here, _ in k]):.0f} %" if k else "" for k in columns]
    print(f"| at a section's start | {' | '.join(at[:2])} | | 100 % |")
    for name in ("onsets", "notes"):
        cells = []
        for kind in columns:
            ratios = [getattr(one, name) for _, one in kind]
            cells.append(
                f"{np.median(ratios):.2f}, {np.quantile(ratios, 0.95):.2f}, {max(ratios):.2f}; "
                f"{100 * np.mean(np.array(ratios) <= 1.25):.0f} %"
                if ratios
                else ""
            )
        print(
            f"| {name} a second, denser side over the other: median, 95 %, most; within 1.25 | "
            f"{' | '.join(cells)} | 100 % |"
        )
    cells = []
    for kind in columns:
        known = [one.against for _, one in kind if one.against is not None]
        cells.append(f"{sum(known)} of {len(known)}")
    print(f"| against the path's arousal | {' | '.join(cells)} | 0 |\n")


def whose_line(asked: Sequence[Request], scores: Sequence[Piece], lines: Sequence[Line]) -> None:
    """How far the melody that was found is what the composer gave to its lead."""
    shares = []
    for one, score, line in zip(asked, scores, lines, strict=True):
        notes = session_score(one).notes
        lead = {(n.onset * 100 // SAMPLE_RATE, n.pitch) for n in notes if n.part == "lead"}
        hits = sum(
            any((int(n.onset_s * 100) + by, n.pitch) in lead for by in (-1, 0, 1)) for n in line
        )
        shares.append((hits / max(1, len(line)), hits / max(1, len(lead))))
        assert score.bars
    right, found = np.mean(shares, axis=0)
    print(
        f"The melody that was found: {100 * right:.0f} % of its notes are the composer's lead, "
        f"{100 * found:.0f} % of the lead are in it (by the composer that is here)."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--journeys", type=int, default=40)
    parser.add_argument("--midi", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.midi or Path(temporary)
        asked = sessions(given.sessions)
        scores = pieces(asked, folder)
        lines = [melody(score) for score in scores]
        told_again(scores, lines)
        known_again(scores, lines)
        between_seeds(given.seeds, folder)
        who_comes(given.journeys, folder)
        if given.midi is None:
            whose_line(asked, scores, lines)


if __name__ == "__main__":
    main()
