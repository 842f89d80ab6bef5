"""Gentle ears, measured.

    python tests/bench/gentle.py [--sessions N] [--minutes M] [--gentle CAPS] [--folder FOLDER]

Sessions that go high and aroused, by six bands, each as it is and with all caps, rendered as
``musmed render`` does. Of the notes: highest, largest leap, longest tone, nearest tones that
sound together, strokes of drums. Of the sound: share of the energy above 4 kHz, spectral centroid,
roughness, how steeply it rises (``tests/support/ears.py`` says how each is taken). And what it
costs: r of the meter's readings with the path, and the path's distance from them. ``--folder``
keeps what is rendered, and what lies there is not rendered again.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.exported import ROOT

os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

from support.ears import OfNotes, OfSound, of_notes, of_sound

from engine.affect.feelings import parse_affect
from engine.composers.score.session_score import session_score
from engine.evaluation.path_following import pearson
from engine.plan.gentle import Gentle, parse_gentle
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.tags import mean_affect
from engine.render import render_session
from engine.sidecar import SessionReport, report_path

WAYS = (
    ("tired", "excited", "piano", "classical"),
    ("sad", "happy", "violin", "orchestral"),
    ("calm", "astonished", "electricguitar", "pop"),
    ("tense", "glad", "synthesizer", "electronic"),
    ("tense", "calm", "pad", "ambient"),
    ("excited", "sleepy", "electricpiano", "lounge"),
)
AXES = ("valence", "arousal")
HEARD_SECONDS = 30.0
"""What a reading of the meter is of."""


class Found(NamedTuple):
    """Of one rendering; ``follows``: r of valence and of arousal, None where that has no meaning;
    ``off``: the mean distance on the plane between path and readings."""

    notes: OfNotes
    sound: OfSound
    follows: tuple[float | None, float | None]
    off: float


def asked(way: tuple[str, str, str, str], minutes: float, gentle: Gentle | None) -> Request:
    start, target, instrument, genre = way
    return Request(
        start=parse_affect(start)[0],
        target=parse_affect(target, wanted=True)[0],
        start_word=start,
        target_word=target,
        minutes=minutes,
        seed=900 + WAYS.index(way),
        composer="embedded",
        instrument=instrument,
        genre=genre,
        gentle=gentle,
    )


def found(request: Request, output: Path) -> Found:
    """Rendered, unless it lies there, and measured."""
    if not output.exists():
        render_session(
            request,
            output,
            progress=lambda _done, _total: None,
            log_file=output.with_suffix(".log"),
        )
    audio, _ = soundfile.read(output, always_2d=True)
    report = msgspec.json.decode(report_path(output).read_bytes(), type=SessionReport)
    path = make_plan(request).path
    readings = [reading for clip in report.clips for reading in clip.readings]
    measured = np.array([(r.affect.valence, r.affect.arousal) for r in readings])
    affects = [mean_affect(path, max(0.0, r.end - HEARD_SECONDS), r.end) for r in readings]
    planned = np.array([(affect.valence, affect.arousal) for affect in affects])
    follows = pearson(planned[:, 0], measured[:, 0]), pearson(planned[:, 1], measured[:, 1])
    off = float(np.hypot(*(planned - measured).T).mean())
    return Found(of_notes(session_score(request).notes), of_sound(audio), follows, off)


def row(name: str, which: str, one: Found) -> str:
    notes, sound = one.notes, one.sound
    r = ", ".join("-" if value is None else f"{value:.2f}" for value in one.follows)
    return (
        f"| {name} | {which} | {notes.highest} | {notes.leap} | {notes.longest:.1f} | "
        f"{notes.nearest:.2f} ({notes.beating:.0f}) | {notes.drums} | {sound.above:.2f} | "
        f"{sound.centroid:.0f} | {sound.rough:.2f} ({sound.roughest:.2f}) | "
        f"{sound.steep:.1f} ({sound.steepest:.1f}) | {r} | {one.off:.2f} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=len(WAYS))
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--gentle", default="all")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args(arguments)
    caps = parse_gentle(given.gentle, "--gentle")
    print("| way, players | | highest | leap | longest s | nearest ERB (s under .75) | drums | "
          "% over 4 kHz | centroid Hz | roughness (95 %) | dB in 10 ms (most) | "
          f"r {', '.join(AXES)} | off |")  # fmt: skip
    print(f"|{'---|' * 13}")
    with tempfile.TemporaryDirectory(prefix="musmed-gentle-") as name:
        folder = given.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        for way in WAYS[: given.sessions]:
            for which, gentle in (("as it is", None), ("gentle", caps)):
                output = folder / f"{'-'.join(way)} {which}.flac"
                one = found(asked(way, given.minutes, gentle), output)
                print(row(f"{way[0]} to {way[1]}, {way[2]} {way[3]}", which, one), flush=True)


if __name__ == "__main__":
    main()
