"""Sessions as the MIDI files that ``musmed render --midi`` writes: what the benches judge.

Nothing of the composer but these files is looked at. ``files`` writes those that are not in its
folder yet, so that a folder kept from an earlier version can be judged by today's measures.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from engine.affect.circumplex import Affect  # noqa: E402
from engine.affect.feelings import parse_affect  # noqa: E402
from engine.affect.path import Path as AffectPath  # noqa: E402
from engine.affect.path import plan_path  # noqa: E402
from engine.composers.score.midi import midi_bytes  # noqa: E402
from engine.evaluation.notes import Piece, read_midi  # noqa: E402
from engine.plan.request import Request  # noqa: E402

VGMIDI = ROOT.parent / "shared" / "data" / "vgmidi"
JOURNEYS = (
    ("tense", "calm"),
    ("sad", "happy"),
    ("angry", "serene"),
    ("tired", "excited"),
    ("excited", "sleepy"),
    ("afraid", "content"),
    ("happy", "sad"),
    ("depressed", "glad"),
    ("bored", "delighted"),
    ("frustrated", "relaxed"),
    ("astonished", "droopy"),
    ("calm", "calm"),
)
"""Start and target."""


def request(
    journey: tuple[str, str],
    minutes: float,
    seed: int,
    *,
    players: tuple[str | None, str | None] = (None, None),
    strategy: str = "iso",
) -> Request:
    """A session as the command line makes it; ``players``: instrument and genre, where pinned."""
    start, target = journey
    return Request(
        start=_place(start),
        target=_place(target),
        start_word=start,
        target_word=target,
        minutes=minutes,
        instrument=players[0],
        genre=players[1],
        strategy="direct" if strategy == "direct" else "iso",
        seed=seed,
        composer="embedded",
    )


def _place(word: str) -> Affect:
    return parse_affect(word)[0]


def name_of(asked: Request) -> str:
    """From, to, players, strategy, minutes and seed."""
    players = [word for word in (asked.instrument, asked.genre) if word]
    words = [asked.start_word or "", asked.target_word or "", *players, asked.strategy]
    return "-".join([*words, f"{asked.minutes:g}min", str(asked.seed)])


def files(requests: Sequence[Request], folder: Path) -> list[Path]:
    """The MIDI file of each session, in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for asked in requests:
        path = folder / f"{name_of(asked)}.mid"
        if not path.exists():
            path.write_bytes(midi_bytes(asked))
        made.append(path)
    return made


def pieces(requests: Sequence[Request], folder: Path) -> list[Piece]:
    """Those files, read."""
    return [read_midi(path) for path in files(requests, folder)]


def request_in(piece: Piece) -> Request:
    """What the file says was asked for."""
    text = next(mark.text for mark in piece.marks if mark.text.startswith("{"))
    return msgspec.json.decode(text, type=Request)


def path_of(asked: Request) -> AffectPath:
    """Where the session is meant to go."""
    return plan_path(asked.start, asked.target, asked.seconds, asked.strategy)


def section_starts(piece: Piece) -> list[float]:
    """Seconds at which the file's markers begin a section."""
    return [mark.second for mark in piece.marks if mark.text.startswith("section")]


def human_pieces() -> list[Piece]:
    """Every piece of VGMIDI; none where the data is not at ../shared/data/vgmidi."""
    return [read_midi(path) for path in sorted((VGMIDI / "midi").glob("*.mid"))]
