"""The score of a whole session as it is heard: every clip's bars, up to where the next takes over.

The same bars as in the audio, made by the same ``bars_of`` from the same chain of states, but
without a sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.audio.format import frames_of
from engine.composers.score.composer import bars_of, first_frame
from engine.composers.score.parts.arrangement import arrange
from engine.composers.score.parts.ensembles import ensemble_for
from engine.composers.score.parts.writer import Note
from engine.composers.score.writing.form import Bar, first_state
from engine.composers.score.writing.state import ScoreState
from engine.plan.clock import OVERLAP_SECONDS
from engine.plan.events import Event
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipSpec


class Piece(NamedTuple):
    """A clip as far as it is heard.

    ``start``: session frame of its first frame; ``since``, ``until``: session frames between
    which it is what plays. A ``splice`` takes over in the midst of a bar; other clips at the bar
    line nearest to the middle of the crossfade.
    """

    spec: ClipSpec
    bars: tuple[Bar, ...]
    start: int
    since: int
    until: int
    splice: bool


class Heard(NamedTuple):
    """``bars`` follow one another without a gap; ``notes`` in the order of their onsets."""

    pieces: tuple[Piece, ...]
    bars: tuple[Bar, ...]
    notes: tuple[Note, ...]


def heard(request: Request, events: Sequence[Event] = ()) -> Heard:
    """The score of the session of ``request`` and ``events``. Raises what ``make_plan`` raises."""
    pieces = _bounded(_pieces(request, events))
    bars: dict[int, Bar] = {}
    notes: list[Note] = []
    for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
        ensemble = ensemble_for(piece.spec.tags)
        cut = following is not None and following.splice
        for bar in piece.bars:
            if piece.since <= bar.start < piece.until:
                bars[bar.number] = bar
            for note in arrange(bar, ensemble, piece.spec.path):
                first = note.onset if piece.splice else bar.start
                last = note.onset if cut else bar.start
                if piece.since <= first and last < piece.until:
                    notes.append(note)
    return Heard(tuple(pieces), tuple(bars[n] for n in sorted(bars)), tuple(sorted(notes)))


def _pieces(request: Request, events: Sequence[Event]) -> list[Piece]:
    """Every clip that was ever in force, in the order of taking over."""
    line: list[tuple[Piece, ScoreState]] = []
    for number in range(len(events) + 1):
        plan = make_plan(request, events[:number])
        for spec in plan.clips[plan.first_changed if number else 0 :]:
            splice = number > 0 and spec.index == plan.first_changed
            while splice and len(line) > 1 and line[-1][0].start > frames_of(spec.start):
                line.pop()
            state = line[-1][1] if line else first_state(spec.path, spec.seeds)
            bars, kept = bars_of(spec, state)
            start = first_frame(spec, bars)
            since = start if splice or not line else _bar_near(bars, start)
            piece = Piece(spec, tuple(bars), start, since, frames_of(spec.total), splice)
            line.append((piece, kept))
    return [piece for piece, _ in line]


def _bar_near(bars: Sequence[Bar], start: int) -> int:
    """The bar line nearest to the middle of a crossfade that begins at ``start``."""
    middle = start + frames_of(OVERLAP_SECONDS / 2)
    return min((bar.start for bar in bars), key=lambda line: abs(line - middle))


def _bounded(pieces: Sequence[Piece]) -> list[Piece]:
    """Each up to where a later one takes over; those that never play left out."""
    bounded: list[Piece] = []
    until = pieces[-1].until
    for piece in reversed(pieces):
        if piece.since < until:
            bounded.append(piece._replace(until=until))
            until = piece.since
    return bounded[::-1]
