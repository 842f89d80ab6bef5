"""What reading piano rolls found wrong, counted. ``python tests/bench/score_faults.py``

Six paths, twelve seeds, five minutes each; of the score's bars, without players or a sound.
docs/composer.md, *Faults looked for in the score*, has the figures.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.affect.feelings import parse_affect
from engine.affect.path import plan_path
from engine.composers.score.writing.course import steady
from engine.composers.score.writing.form import Bar, first_state, next_bar
from engine.composers.score.writing.sections import CONTRAST, DEVELOPMENT, RETURN, SECOND, STILL

PATHS = (("tense", "calm"), ("angry", "serene"), ("afraid", "content"), ("sad", "happy"),
         ("tired", "excited"), ("excited", "sleepy"))  # fmt: skip
SECONDS = 300.0
LED_TO = (0, 1, 2, 5, 6)
"""Semitones up to the root that a dominant goes to: its own, the sixth's, home, or a further
leading chord's."""


def bars_of(start: str, target: str, seed: int) -> list[Bar]:
    path = plan_path(parse_affect(start)[0], parse_affect(target)[0], SECONDS, "iso")
    course = steady(path, seed, SECONDS)
    state, bars = first_state(course), []
    while not state.done:
        bar, state = next_bar(state, course)
        bars.append(bar)
    return bars


def harmony(bars: Sequence[Bar]) -> Counter[str]:
    counted: Counter[str] = Counter()
    chords = [(bar, h) for bar in bars for h in bar.harmony]
    for (_, one), (_, two) in itertools.pairwise(chords):
        root = two.chord.pcs[0]
        if two.slot == 0 and two.chord.falls == (root + 5) % 12:
            counted["suspensions"] += 1
            counted["unprepared"] += two.chord.falls not in one.chord.pcs
        if one.chord.rises == (one.chord.pcs[0] + 4) % 12:
            counted["dominants"] += 1
            chained = two.chord.rises == one.chord.rises
            counted["that lead nowhere"] += not (
                (root - one.chord.pcs[0]) % 12 in LED_TO or chained
            )
    last = bars[-2].harmony[-1].chord
    counted["ends"] += 1
    counted["ends without a dominant"] += last.pcs[0] != (bars[-1].tonic + 7) % 12
    return counted


def sections(bars: Sequence[Bar]) -> Counter[str]:
    counted: Counter[str] = Counter()
    body = [bar for bar in bars if bar.kind == "body"]
    made = [list(group) for _, group in itertools.groupby(body, lambda bar: bar.section)]
    told = False
    for one, two in itertools.pairwise(made):
        told |= one[0].character == CONTRAST
        counted["sections"] += 1
        developed = two[0].character in (DEVELOPMENT, STILL) and not told
        counted["second tune developed before it was told"] += developed and any(
            bar.plan.whose == SECOND for bar in two
        )
        counted["returns right after a return"] += one[0].character == two[0].character == RETURN
        counted["in another key"] += one[0].tonic != two[0].tonic
        away = two[0].harmony[0].chord.degree != 0
        counted["of these not begun on its tonic"] += one[0].tonic != two[0].tonic and away
    rhythms = itertools.groupby(tuple((t.slot, t.length) for t in bar.melody) for bar in bars)
    longest = max(len(list(group)) for rhythm, group in rhythms if rhythm)
    counted["sessions with one rhythm in five bars running"] += longest >= 5
    return counted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=12)
    seeds = parser.parse_args().seeds
    counted: Counter[str] = Counter()
    for (start, target), seed in itertools.product(PATHS, range(seeds)):
        bars = bars_of(start, target, seed)
        for part in (harmony(bars), sections(bars)):
            counted.update(part)
    for name, number in counted.items():
        print(f"| {name} | {number} |")


if __name__ == "__main__":
    main()
