"""The written transition of a change of players: those who leave fall back in the last two bars of
a section, and those who come enter below their level and grow over the first two of the next."""

from __future__ import annotations

from engine.affect.path import Path
from engine.composers.score.parts.arrangement import arrange
from engine.composers.score.parts.ensembles import ensemble_for
from engine.composers.score.parts.touch import Note
from engine.composers.score.writing.casting import TRANSITION_BARS
from engine.composers.score.writing.form import Bar
from engine.plan.spec import Players

_APART = 0.45
"""The gain with which a player leaves, and with which another enters."""
_SUNG = 0.70
"""The same of the melody, which is never left to be guessed."""


def notes_of(bar: Bar, path: Path) -> list[Note]:
    """The notes of ``bar`` by the players it has, sorted by onset."""
    notes = arrange(bar, ensemble_for(bar.cast.players), path)
    others = bar.cast.coming or bar.cast.before
    return notes if others is None else [_placed(bar, note, others) for note in notes]


def _placed(bar: Bar, note: Note, others: Players) -> Note:
    """A note of a bar in a transition: softer where its player is not of the ``others``."""
    here, there = ensemble_for(bar.cast.players), ensemble_for(others)
    stays = here.kit == there.kit if note.part == "drums" else note.instrument in there.players
    if stays:
        return note
    least = _SUNG if note.part == "lead" else _APART
    return note._replace(gain=note.gain * (1.0 - (1.0 - least) * _away(bar, note)))


def _away(bar: Bar, note: Note) -> float:
    """How far out a player who leaves or comes is at a note: 1 at the change, 0 where the
    transition begins or ends."""
    within = min(1.0, max(0.0, (note.onset - bar.start) / bar.length))
    if bar.cast.coming is not None:
        left = bar.section_bars - bar.section_bar - within
        return max(0.0, 1.0 - left / TRANSITION_BARS)
    return max(0.0, 1.0 - (bar.cast.bars + within) / TRANSITION_BARS)
