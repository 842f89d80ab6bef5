"""The written transition of a change of players: those who leave fall back in the last two bars of
a section, and those who come enter below their level and grow over the first two of the next."""

from __future__ import annotations

from engine.affect.path import Path
from engine.composers.score.dice import Dice
from engine.composers.score.parts.arrangement import arrange
from engine.composers.score.parts.ensembles import Ensemble, ensemble_for
from engine.composers.score.parts.named_players import ensemble_named
from engine.composers.score.parts.substitutes import as_asked
from engine.composers.score.parts.touch import Note
from engine.composers.score.writing.casting import TRANSITION_BARS
from engine.composers.score.writing.form import Bar
from engine.plan.spec import Players
from engine.plan.wanted import Features

_APART = 0.45
"""The gain with which a player leaves, and with which another enters."""
_SUNG = 0.70
"""The same of the melody, which is never left to be guessed."""


def notes_of(bar: Bar, path: Path) -> list[Note]:
    """The notes of ``bar`` by the players it has, sorted by onset."""
    notes = arrange(bar, ensemble_of(bar, bar.cast.players), path)
    others = bar.cast.coming or bar.cast.before
    return notes if others is None else [_placed(bar, note, others) for note in notes]


def ensemble_of(bar: Bar, players: Players) -> Ensemble:
    """Who plays a bar that has such players: those, with whom features ask for in their stead, or
    whom a description names."""
    made, features = ensemble_for(players), bar.features
    if features is not None:
        made = as_asked(made, features.acousticness, features.danceability, _sung(bar, features))
    named = () if bar.wish is None else bar.wish.instruments
    return ensemble_named(named, made) if named else made


def _sung(bar: Bar, features: Features) -> bool | None:
    """Whether a section has voices: as many have none as instrumentalness says; None where that is
    not asked for."""
    share = features.instrumentalness
    return None if share is None else Dice(bar.seed, bar.section, "voices").uniform() >= share


def _placed(bar: Bar, note: Note, others: Players) -> Note:
    """A note of a bar in a transition: softer where its player is not of the ``others``."""
    here, there = ensemble_of(bar, bar.cast.players), ensemble_of(bar, others)
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
