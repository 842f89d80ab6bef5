"""A bar as it is written down: who strikes what, in sixteenths; then cleared and played."""

from __future__ import annotations

from engine.affect.path import Path
from engine.composers.score.dice import Dice
from engine.composers.score.parts import rhythms
from engine.composers.score.parts.clearing import cleared
from engine.composers.score.parts.ensembles import Ensemble
from engine.composers.score.parts.heights import placed
from engine.composers.score.parts.named_players import all_heard
from engine.composers.score.parts.outer import closed, grounded, led
from engine.composers.score.parts.ringing import answered, pedalled
from engine.composers.score.parts.shaping import shaped, topped
from engine.composers.score.parts.sparing import folded, settled
from engine.composers.score.parts.temper import temper
from engine.composers.score.parts.touch import Note, Stroke, Touch, voiced
from engine.composers.score.writing.course import affect_at
from engine.composers.score.writing.form import Bar
from engine.plan.general_midi import DRUMS

_SAD = -0.15
"""Valence below which music that is not aroused is set barely."""
_GLAD_MOTION = 0.14
"""By how much energy a glad figure moves more."""


class Writer:
    """Collects the strokes of a bar.

    ``energy``: arousal at the bar's start, from 0 to 1: it decides how much is played; ``awake``:
    the same at the section's start, which decides who plays, so that within a section nobody comes
    or goes; ``temper`` is of there, too. ``sad``: whether valence and arousal are both low: bare
    fifths and falling inner lines; ``begun``: the affect at the phrase's start, for what a phrase
    keeps. How loud and bright a note is follows from the affect at its own onset.
    """

    def __init__(self, bar: Bar, ensemble: Ensemble, path: Path) -> None:
        self.bar, self.ensemble = bar, ensemble
        affect = affect_at(path, bar.start)
        self.energy = _moving(bar, 0.5 + 0.5 * affect.arousal)
        self.sad = affect.valence < _SAD and affect.arousal < 0.1
        self.begun = affect_at(path, _phrase_start(bar))
        opened = affect_at(path, bar.section_start)
        self.awake = 0.5 + 0.5 * opened.arousal
        self.temper = temper(opened)
        # What is restless leans where the metre does not.
        self.restless = self.takes("lean", self.temper.tense)
        self._eager = _eagerness(bar)
        self.strokes: list[Stroke] = []
        # Keyed by bar and section, so that a layer stays for its phrase.
        self.layers = Dice(bar.seed, bar.section, bar.phrase, "layers")
        self.period = 2 * bar.section + bar.phrase // 2 + bar.seed % 5
        self._touch = Touch(bar, ensemble, path)

    @property
    def slots(self) -> int:
        """Sixteenths in the bar."""
        return self.bar.metre.slots

    @property
    def feel(self) -> rhythms.Feel:
        """The rhythms of the bar's metre."""
        return rhythms.feel(self.bar.metre)

    def grid(self, step: int, start: int, end: int) -> list[int]:
        """Where a figure of ``step`` sixteenths plays in [start, end)."""
        return rhythms.grid(self.bar.metre, step, start, end)

    def stress(self, slot: float, strong: float, beat: float, off: float) -> float:
        """One of three forces: on a bar's or half bar's beat, on another beat, between beats; where
        the music is restless, on what leans against the metre, on the bar's own, elsewhere."""
        if self.restless:
            return strong if slot in self.feel.lean else beat if slot == 0 else off
        weight = self.bar.metre.weight(slot)
        return strong if weight >= 2 else beat if weight else off

    @property
    def body(self) -> bool:
        return self.bar.kind == "body"

    @property
    def cadence(self) -> bool:
        """True in the bar where a phrase ends and breathes."""
        return self.body and self.bar.ends_phrase

    @property
    def motion(self) -> float:
        """Energy as a figure moves by it: what is glad keeps an inner motion where it is calm."""
        calm = min(1.0, max(0.0, (0.55 - self.energy) / 0.25))
        return self.energy + _GLAD_MOTION * self.temper.glad * calm

    def takes(self, means: str, share: float) -> bool:
        """Whether a section has a means that has a ``share`` of them."""
        return self.section(means).uniform() < share

    def presence(self, threshold: float) -> float:
        """How much of a layer is there that enters at an energy: 0 where the section begins below
        it, else 0.25, and up to 1 with the energy of now."""
        threshold -= self._eager
        if self.awake < threshold:
            return 0.0
        return 0.25 + 0.75 * min(1.0, max(0.0, self.energy - threshold) / 0.25)

    def section(self, purpose: str) -> Dice:
        """Draws for one purpose that a section keeps."""
        return Dice(self.bar.seed, self.bar.section, purpose)

    def dice(self, purpose: str) -> Dice:
        """Draws for one purpose in this bar."""
        return Dice(self.bar.seed, self.bar.number, purpose)

    def add(  # noqa: PLR0917 - a stroke is these things
        self, part: str, instrument: str, slot: float, slots: float, pitch: int, accent: float
    ) -> None:
        """A stroke ``slot`` sixteenths into the bar for ``slots`` sixteenths."""
        self.strokes.append(Stroke(part, instrument, slot, slots, pitch, accent))

    def played(self) -> list[Note]:
        """The bar's notes: with pedal, what stands in the melody's way moved, within the caps of
        gentle ears, and by hands."""
        bar, lead = self.bar, self.ensemble.voice
        strokes = folded(self.strokes, bar, lead.lead)
        strokes = shaped(answered(strokes, bar, self.ensemble.figure), bar, self.ensemble)
        strokes = all_heard(strokes, () if bar.wish is None else bar.wish.instruments)
        strokes = placed(grounded(strokes, bar), bar, lead.octave)
        strokes = pedalled(strokes, bar, self.energy)
        strokes = closed(strokes, bar)
        strokes = cleared(strokes, bar, lead.octave)
        strokes = topped(led(strokes, bar, lead.octave), bar, self.ensemble)
        strokes = settled(strokes, bar, self.ensemble)
        return [self._touch.note(stroke) for stroke in voiced(strokes)]


def _eagerness(bar: Bar) -> float:
    """By how much energy less players come in: all drums where they are named, more of them the
    better one is to dance to it."""
    if bar.wish is not None and DRUMS in bar.wish.instruments:
        return 1.0
    asked = None if bar.features is None else bar.features.danceability
    return 0.0 if asked is None else 1.2 * max(0.0, asked - 0.5)


def _moving(bar: Bar, energy: float) -> float:
    """The energy by which a bar's figures move: that of its rhythm, where that is asked for."""
    if bar.wish is None or bar.wish.places is None:
        return energy
    return min(1.0, max(0.0, 1.15 * (bar.wish.places - 0.125)))


def _phrase_start(bar: Bar) -> int:
    """The session frame at which the bar's phrase began, as if at its own tempo: that moves by a
    few percent within a phrase, the path by next to nothing in that time."""
    return max(0, bar.start - max(0, bar.phrase_bar) * bar.length)
