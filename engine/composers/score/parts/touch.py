"""Touch: a stroke as it is written becomes a note as it is sounded: when, how loud, how bright."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from engine.affect.descriptor import describe
from engine.affect.path import Path
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.dice import Dice
from engine.composers.score.parts.ensembles import HOLDING, Ensemble
from engine.composers.score.writing.course import affect_at
from engine.composers.score.writing.form import Bar

LONGEST_NOTE = 8 * SAMPLE_RATE
"""Frames from a note's onset to the start of its release, at most."""
LAST_NOTE = 3 * SAMPLE_RATE // 2
"""Frames before the session's end after which no note begins."""
_SPAN = {"lead": 0.7, "drums": 0.5}
"""Gain is force to this power; where many play, each plays with less of a difference."""
_ACCOMPANYING = 0.5
_EVEN = 0.54
"""The force at which these powers change nothing."""
_HANDS = 0.006
"""Seconds: the spread of a player's timing (some 10 ms between musicians who play well together,
Rasch 1979)."""
_LOOSEST = 5.0
"""How many times as far apart they are where nobody is to dance."""
_BREATH = 0.030
"""Seconds by which a calm phrase begins late, as if after a breath; caught up within two beats."""


class Note(NamedTuple):
    """A note as it is sounded; its audio is a pure function of these fields.

    ``onset`` and ``gate`` in frames; ``gain`` linear; ``brightness`` in [0, 1]; ``pan`` in
    [-1, 1]; ``send`` to the hall; ``entry`` picks a place in a looped sound, ``take`` one of the
    tables of a struck or sung one (``takes``).
    """

    onset: int
    part: str
    pitch: int
    instrument: str
    gate: int
    gain: float
    brightness: float
    pan: float
    send: float
    entry: int
    take: int = 0


class Seat(NamedTuple):
    """Where a part sits in the mix: linear gain, pan in [-1, 1], send to the hall, and how many
    seconds it follows the melody (a melody leads its accompaniment by some 10-30 ms, Goebl
    2001)."""

    gain: float
    pan: float
    send: float
    after: float


SEATS: dict[str, Seat] = {
    "lead": Seat(0.90, 0.04, 0.32, 0.0),
    "figure": Seat(0.52, -0.16, 0.28, 0.010),
    "bass": Seat(0.56, 0.0, 0.08, 0.004),
    "pad": Seat(0.34, 0.0, 0.36, 0.0),
    "colour": Seat(0.32, 0.34, 0.5, 0.006),
    "counter": Seat(0.44, 0.24, 0.36, 0.006),
    "drums": Seat(0.40, 0.0, 0.12, 0.002),
}
_PLACES = {
    "violin": -0.25,
    "cello": 0.30,
    "horn": 0.28,
    "clarinet": 0.15,
    "oboe": -0.12,
    "harp": -0.30,
    "pizzicato": -0.15,
    "timpani": 0.25,
    "kick": 0.0,
    "snare": 0.05,
    "rim": 0.18,
    "hat": 0.30,
    "open hat": 0.30,
    "ride": -0.35,
    "shaker": 0.42,
    "brush": 0.10,
    "brush sweep": -0.15,
    "hand drum": -0.22,
}
"""Where some instruments sit, added to their part's pan: the stage of an orchestra, a kit."""
_PHRASE = ((0.0, 0.80), (0.35, 0.98), (0.65, 1.16), (0.85, 0.96), (1.0, 0.72))
"""The arc of a phrase: it grows towards its height and falls away at its end (Todd 1992, JASA 91;
the shapes of performed phrases)."""
_SECTION = ((0.0, 0.94), (0.7, 1.06), (1.0, 0.96))
"""The same of a section, which it rises and falls with."""
_HEIGHT = 0.65
_MIDDLE = 1.11
"""Where both arcs together leave the level as it is: the calmest beginning is heard, and the
highest stroke stays within what a velocity can say."""
_SWELL = 2.1
"""All players swell together by this power of both arcs, besides what each makes of its force:
solo piano then ranges over 11-13 LU before finishing, as human pieces do
(tests/bench/level_range.py)."""
_DRUMS_SWELL = 0.8
"""Who keeps time keeps more of an even level."""
_AGAIN = (1.0, 0.93, 0.98, 0.90)
"""How hard a pitch that is struck again in a bar is struck, in turn."""
_TOP, _INNER = 1.10, 0.90
"""A chord's top voice and its inner ones, against each by itself (Repp 1996: the melody's notes
of a chord lie some velocity steps above the others)."""
_BROADENING = 0.05
"""How much slower than the bar itself a calm phrase's last bar ends; half as much before the
phrase's height. The bar's own length stays."""


def _along(points: tuple[tuple[float, float], ...], place: float) -> float:
    """The value of an arc given by its corners."""
    for (x, y), (x2, y2) in itertools.pairwise(points):
        if place <= x2:
            return y + (y2 - y) * (place - x) / (x2 - x)
    return points[-1][1]


class Stroke(NamedTuple):
    """A note as it is written: ``slot`` sixteenths into the bar, for ``slots`` sixteenths."""

    part: str
    instrument: str
    slot: float
    slots: float
    pitch: int
    accent: float


def voiced(strokes: Sequence[Stroke]) -> list[Stroke]:
    """The strokes with their chords voiced, the top above the inner voices, and with nothing
    repeated as hard as before."""
    chords: dict[tuple[str, str, int], list[int]] = {}
    for stroke in strokes:
        if stroke.part != "drums":
            chords.setdefault(_chord_of(stroke), []).append(stroke.pitch)
    times: dict[tuple[str, str, int], int] = {}
    made = []
    for stroke in sorted(strokes, key=lambda s: s.slot):
        key = (stroke.part, stroke.instrument, stroke.pitch)
        times[key] = again = times.get(key, -1) + 1
        accent = stroke.accent * _AGAIN[again % len(_AGAIN)]
        chord = chords.get(_chord_of(stroke), ())
        if len(chord) > 2 and stroke.part != "drums":
            inner = min(chord) < stroke.pitch < max(chord)
            accent *= _INNER if inner else _TOP if stroke.pitch == max(chord) else 1.0
        made.append(stroke._replace(accent=accent))
    return made


def _chord_of(stroke: Stroke) -> tuple[str, str, int]:
    return stroke.part, stroke.instrument, round(stroke.slot)


class Touch:
    """The hands that play a bar."""

    def __init__(self, bar: Bar, ensemble: Ensemble, path: Path) -> None:
        self.bar, self.ensemble, self._path = bar, ensemble, path
        self._hands = Dice(bar.seed, bar.number, "hands")
        energy = 0.5 + 0.5 * affect_at(path, bar.start).arousal
        self._breath = _BREATH * (1.0 - energy) if bar.opens_phrase else 0.0
        self._loose = _HANDS * _looseness(bar)
        self._mix = dict(ensemble.style.mix)
        self._broad, self._calm = self._broadening(energy), 1.0 - energy
        self._sung = min((tone.pitch for tone in bar.melody), default=128)

    def note(self, stroke: Stroke) -> Note:
        """The stroke, played."""
        bar, seat = self.bar, SEATS[stroke.part]
        part, instrument, slot, slots, pitch, accent = stroke
        onset = self._onset(slot, seat.after)
        # Where tones are not to be long, how long each is held is written.
        whole = bar.kind == "final" and not (bar.gentle and bar.gentle.shortens)
        gate = bar.length if whole else int(slots * bar.beat / 4)
        affect = affect_at(self._path, onset)
        now = describe(affect)
        level = self.ensemble.style.gain * 10.0 ** (-self.ensemble.style.even * affect.arousal / 20)
        swell = self._arch(slot)
        force = now.loudness * accent * swell * self._hands.between(0.94, 1.06)
        if part in ("figure", "counter") and pitch > self._sung - 3:
            # What comes up to where the melody is makes room for it.
            force *= 0.7
        if part in ("lead", "counter"):
            force *= 1.0 + 0.006 * (pitch - 68)
        force = min(1.0, max(0.05, force))
        bright = 0.18 + 0.62 * now.brightness + 0.45 * (force - 0.4)
        if bar.wish is not None and bar.wish.brightness is not None:
            bright = bar.wish.brightness + 0.1 * (force - 0.5)
        if part == "lead":
            # Calm melodies stand nearer to what carries them: few notes far above a thin ground
            # would make the level heave.
            level *= min(1.0, 0.76 + 0.3 * (1.0 + affect.arousal))
        elif part == "pad" or (part == "figure" and instrument in HOLDING):
            # What is held steps back as what moves comes forward.
            level *= 1.15 - 0.32 * (1.0 + affect.arousal)
        if part in ("figure", "bass", "colour"):
            level *= self._beside_the_melody(slot)
        together = (swell / _MIDDLE) ** (_DRUMS_SWELL if part == "drums" else _SWELL)
        pan = seat.pan + _PLACES.get(instrument, 0.0)
        if part in ("lead", "figure", "colour"):
            pan += (pitch - 62) / 80.0
        return Note(
            onset=onset,
            part=part,
            pitch=pitch,
            instrument=instrument,
            gate=max(1200, min(gate, LONGEST_NOTE)),
            gain=level * self._mix.get(part, 1.0) * seat.gain * _weighed(force, part) * together,
            brightness=min(0.999, max(0.0, bright)),
            pan=max(-0.8, min(0.8, pan)),
            send=seat.send,
            entry=int(self._hands.uniform() * 2**17),
        )

    def _onset(self, slot: float, after: float) -> int:
        bar = self.bar
        # Compound time has its own lilt.
        if bar.metre.pulse == 4 and round(slot) % 4 == 2:
            slot += self.ensemble.style.swing
        late = 0.0
        if bar.number or slot:
            # Two draws make a triangle: mostly on time, never far off.
            late = after + self._loose * (self._hands.uniform() + self._hands.uniform())
            late += self._breath * max(0.0, 1.0 - slot / 8.0)
        if 0.0 < slot < bar.metre.slots and bar.kind != "final":
            place = slot / bar.metre.slots
            slot -= self._broad * place * (1.0 - place) * bar.metre.slots
        return bar.frame_at(slot) + int(late * SAMPLE_RATE)

    def _beside_the_melody(self, slot: float) -> float:
        """What moves while the melody holds comes forward, what is struck with it steps back: calm
        music would heave with every tone of it else."""
        near = any(abs(tone.slot - slot) < 1.0 for tone in self.bar.melody)
        return 1.0 - 0.2 * self._calm if near else 1.0 + 0.45 * self._calm

    def _broadening(self, energy: float) -> float:
        """How much the bar broadens towards its end."""
        bar = self.bar
        calm = 1.0 - 0.7 * energy
        if bar.phrase_bar < 0 or bar.phrase_bars < 2:
            return 0.0
        if bar.ends_phrase:
            return _BROADENING * calm
        before = (
            (bar.phrase_bar + 1) / bar.phrase_bars
            <= _HEIGHT
            < (bar.phrase_bar + 2) / bar.phrase_bars
        )
        return 0.5 * _BROADENING * calm if before else 0.0

    def _arch(self, slot: float) -> float:
        """The arcs of phrase and section, continuous over both."""
        bar = self.bar
        if bar.phrase_bar < 0 or bar.kind == "final":
            return _PHRASE[0][1]
        within = min(1.0, slot / bar.metre.slots)
        phrase = _along(_PHRASE, (bar.phrase_bar + within) / bar.phrase_bars)
        return phrase * _along(_SECTION, min(1.0, (bar.section_bar + within) / bar.section_bars))


def _looseness(bar: Bar) -> float:
    """How far hands are apart, against what they are: the less one is to dance to it, the more."""
    asked = None if bar.features is None else bar.features.danceability
    return 1.0 if asked is None else min(_LOOSEST, max(0.3, 1.0 + 2.0 * _LOOSEST * (0.5 - asked)))


def _weighed(force: float, part: str) -> float:
    """Gain from force; parts keep their balance at the middle of the range."""
    old = {"lead": 0.5, "drums": 0.45}.get(part, 0.3)
    span = _SPAN.get(part, _ACCOMPANYING)
    return float(_EVEN**old * (force / _EVEN) ** span)
