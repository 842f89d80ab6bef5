"""Draw a stretch of a session's score as a piano roll with its harmony named under it.

    python scripts/picture_score.py -o /tmp/score.png --start tense --target calm --seed 3 \
        --instrument piano --genre soundtrack --from 60 --to 105

The melody in red, the other players by colour; bar lines, phrases and sections. Over the notes what
the melody of each bar is told from ('T3 head +1': the tune's third bar, its head, a step higher; S
is the second tune), key and mode where they change; under them every chord. It prints where the
sections begin. Nothing is sounded.

Needs matplotlib, which musmed itself does not. For looking for faults.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path as FilePath

sys.path.insert(0, str(FilePath(__file__).resolve().parent.parent))

import matplotlib as mpl

from engine.affect.feelings import parse_affect
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.touch import Note
from engine.composers.score.session_score import SessionScore, session_score
from engine.composers.score.writing.form import Bar
from engine.composers.score.writing.harmony import chord_name
from engine.composers.score.writing.sections import REST, TUNE
from engine.plan.request import Request

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Patch

LEAD = "#d62839"
COLOURS = {
    "figure": "#00798c",
    "bass": "#2b2d42",
    "pad": "#b9c6cf",
    "colour": "#edae49",
    "counter": "#8a4fff",
    "drums": "#777777",
}
"""By part; a part that several instruments play is one colour."""
KEYS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
MODES = ("", "Phrygian", "Aeolian", "Dorian", "Mixolydian", "Ionian", "Lydian")
DRUMS_AT = 29
"""The pitch at which strokes of drums are drawn."""


def asked(options: argparse.Namespace) -> Request:
    """The session that the options ask for."""
    return Request(
        start=parse_affect(options.start)[0],
        target=parse_affect(options.target)[0],
        start_word=options.start,
        target_word=options.target,
        minutes=options.minutes,
        instrument=options.instrument,
        genre=options.genre,
        temperature=options.temperature,
        seed=options.seed,
        composer="embedded",
    )


def second(frame: int) -> float:
    return frame / SAMPLE_RATE


def within(score: SessionScore, begin: float, end: float) -> tuple[list[Bar], list[Note]]:
    """The bars and the notes that sound between two session seconds."""
    bars = [b for b in score.bars if second(b.start) < end and second(b.end) > begin]
    notes = [n for n in score.notes if second(n.onset) < end and second(n.onset + n.gate) > begin]
    return bars, notes


def plan_text(bar: Bar) -> str:
    """What the melody of a bar is told from."""
    plan = bar.plan
    if plan.whose == REST:
        return "-"
    words = [f"{'T' if plan.whose == TUNE else 'S'}{plan.bar + 1}"]
    words += [plan.how] * (plan.how != "plain") + [f"{plan.shift:+d}"] * (plan.shift != 0)
    return "\n".join(words)


def draw_notes(roll: Axes, notes: Sequence[Note]) -> None:
    """The notes, the melody on top of the others, and a legend."""
    order = ("pad", "drums", "figure", "colour", "counter", "bass", "lead")
    for note in sorted(notes, key=lambda n: order.index(n.part)):
        drum = note.part == "drums"
        roll.barh(
            DRUMS_AT if drum else note.pitch,
            0.05 if drum else second(note.gate),
            left=second(note.onset),
            height=0.9 if note.part == "lead" else 0.72,
            color=LEAD if note.part == "lead" else COLOURS[note.part],
            edgecolor="white",
            linewidth=0.4,
            alpha=0.95 if note.part in ("lead", "bass") else 0.75,
        )
    players = {p: sorted({n.instrument for n in notes if n.part == p}) for p in order[::-1]}
    handles = [
        Patch(color=LEAD if part == "lead" else COLOURS[part], label=f"{part}: {', '.join(names)}")
        for part, names in players.items()
        if names
    ]
    roll.legend(handles=handles, loc="lower left", ncols=len(handles), fontsize=8, framealpha=0.9)


def draw_bars(roll: Axes, bars: Sequence[Bar], low: int, high: int) -> None:
    """Bar lines, phrases, sections, the tune's plan, key and mode over the notes; chords under."""
    key = ""
    for bar in bars:
        at, opens = second(bar.start), bar.section_bar == 0 or bar.kind == "final"
        width = 1.6 if opens else 1.0 if bar.phrase_bar == 0 else 0.35
        roll.axvline(at, lw=width, color="black" if width > 0.5 else "#999999", zorder=0)
        roll.text(at, high + 0.6, f"{bar.number}", fontsize=6, color="#777777")
        roll.text(at + 0.05, high + 2.2, plan_text(bar), fontsize=7, va="bottom")
        if opens:
            name = "final" if bar.kind == "final" else bar.character
            roll.text(at, high + 10.2, f"{name} ({bar.section_bars})", fontsize=10, weight="bold")
        elif bar.phrase_bar == 0:
            roll.text(at, high + 10.2, f"phrase {bar.phrase + 1} ({bar.phrase_bars})", fontsize=7.5)
        here = f"{KEYS[bar.tonic]} {MODES[bar.mode]}"
        if here != key:
            roll.text(at, high + 7.8, here, fontsize=8.5, color="#00509d", weight="bold")
            key = here
        for harmony in bar.harmony:
            where = second(bar.frame_at(harmony.slot))
            level = 0.4 if harmony.slot == 0 else 1.9
            roll.text(where, low - 0.6 - level, chord_name(harmony), fontsize=8, va="top")
        if opens or bar.phrase_bar == 0:
            who = f"{bar.cast.players.instrument}/{bar.cast.players.genre}"
            roll.text(
                at, low - 5.2, f"{who}, {bar.tempo:.0f}", fontsize=7, color="#555555", va="top"
            )


def draw(score: SessionScore, options: argparse.Namespace) -> None:
    """Write the picture."""
    bars, notes = within(score, options.begin, options.end)
    pitches = [n.pitch for n in notes if n.part != "drums"]
    low, high = min(pitches) - 2, max(pitches) + 1
    figure, roll = plt.subplots(figsize=(options.width, 9))
    draw_notes(roll, notes)
    draw_bars(roll, bars, low, high)
    roll.set_xlim(second(bars[0].start) - 0.3, min(options.end, second(bars[-1].end)) + 0.3)
    roll.set_ylim(low - 9, high + 12)
    roll.set_yticks([p for p in range(24, 108) if p % 12 == 0 and low <= p <= high])
    roll.set_yticklabels(
        [f"C{p // 12 - 1}" for p in range(24, 108) if p % 12 == 0 and low <= p <= high]
    )
    roll.grid(axis="y", lw=0.3)
    roll.set_xlabel("session seconds")
    players = f"{options.instrument or 'any'}/{options.genre or 'any'}"
    roll.set_title(
        f"{options.start} to {options.target}, {players}, seed {options.seed}, "
        f"{options.minutes:g} min, {bars[0].metre.name}",
        loc="left",
        fontsize=11,
    )
    figure.tight_layout()
    figure.savefig(options.out, dpi=options.dpi)


def print_sections(bars: Sequence[Bar]) -> None:
    for bar in bars:
        if bar.section_bar == 0 or bar.kind == "final":
            players = bar.cast.players
            print(
                f"{second(bar.start):6.1f} s  bar {bar.number:3d}  {bar.kind} {bar.character} "
                f"({bar.section_bars})  {KEYS[bar.tonic]} {MODES[bar.mode]}  "
                f"{players.instrument}/{players.genre}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--out", default="score.png")
    parser.add_argument("--start", default="tense")
    parser.add_argument("--target", default="calm")
    parser.add_argument("--instrument")
    parser.add_argument("--genre")
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--temperature", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--from", dest="begin", type=float, default=0.0, help="session seconds")
    parser.add_argument("--to", dest="end", type=float, default=45.0, help="session seconds")
    parser.add_argument("--width", type=float, default=24.0, help="inches")
    parser.add_argument("--dpi", type=int, default=75)
    options = parser.parse_args()
    score = session_score(asked(options))
    print_sections(score.bars)
    draw(score, options)


if __name__ == "__main__":
    main()
