"""Touch: a stroke as it is written becomes a note as it is sounded: when, how loud, how bright."""

from __future__ import annotations

from typing import NamedTuple

from engine.affect.path import Path
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.dice import Dice
from engine.composers.score.parts.ensembles import HOLDING, Ensemble
from engine.composers.score.writing.descriptor import affect_at, describe
from engine.composers.score.writing.form import Bar

LONGEST_NOTE = 8 * SAMPLE_RATE
"""Frames from a note's onset to the start of its release, at most."""
LAST_NOTE = 3 * SAMPLE_RATE // 2
"""Frames before the session's end after which no note begins."""
_SPAN = {"lead": 0.5, "drums": 0.45}
"""Gain is force to this power; where many play, each plays with less of a difference. Together
the parts span some 5 dB over the whole range of arousal."""
_ACCOMPANYING = 0.3
_HANDS = 0.006
"""Seconds: the spread of a player's timing (some 10 ms between musicians who play well together,
Rasch 1979)."""
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
_ARCH = (0.90, 0.95, 1.0, 0.93, 0.95, 1.02, 1.09, 0.98, 0.90)
"""The dynamic arch of a period at its eighths: it leans towards the seventh."""


class Stroke(NamedTuple):
    """A note as it is written: ``slot`` sixteenths into the bar, for ``slots`` sixteenths."""

    part: str
    instrument: str
    slot: float
    slots: float
    pitch: int
    accent: float


class Touch:
    """The hands that play a bar."""

    def __init__(self, bar: Bar, ensemble: Ensemble, path: Path) -> None:
        self.bar, self.ensemble, self._path = bar, ensemble, path
        self._hands = Dice(bar.seed, bar.number, "hands")
        energy = 0.5 + 0.5 * affect_at(path, bar.start).arousal
        self._breath = _BREATH * (1.0 - energy) if bar.opens_phrase else 0.0
        self._mix = dict(ensemble.style.mix)
        self._sung = min((tone.pitch for tone in bar.melody), default=128)

    def note(self, stroke: Stroke) -> Note:
        """The stroke, played."""
        bar, seat = self.bar, SEATS[stroke.part]
        part, instrument, slot, slots, pitch, accent = stroke
        onset = self._onset(slot, seat.after)
        gate = bar.length if bar.kind == "final" else int(slots * bar.beat / 4)
        affect = affect_at(self._path, onset)
        now = describe(affect)
        level = self.ensemble.style.gain * 10.0 ** (-self.ensemble.style.even * affect.arousal / 20)
        force = now.loudness * accent * self._arch(slot) * self._hands.between(0.94, 1.06)
        if part in ("figure", "counter") and pitch > self._sung - 3:
            # What comes up to where the melody is makes room for it.
            force *= 0.7
        if part in ("lead", "counter"):
            force *= 1.0 + 0.006 * (pitch - 68)
        force = min(1.0, max(0.05, force))
        bright = 0.18 + 0.62 * now.brightness + 0.45 * (force - 0.4)
        if part == "lead":
            # Calm melodies stand nearer to what carries them: few notes far above a thin ground
            # would make the level heave.
            level *= min(1.0, 0.76 + 0.3 * (1.0 + affect.arousal))
        elif part == "pad" or (part == "figure" and instrument in HOLDING):
            # What is held steps back as what moves comes forward.
            level *= 1.15 - 0.32 * (1.0 + affect.arousal)
        pan = seat.pan + _PLACES.get(instrument, 0.0)
        if part in ("lead", "figure", "colour"):
            pan += (pitch - 62) / 80.0
        return Note(
            onset=onset,
            part=part,
            pitch=pitch,
            instrument=instrument,
            gate=max(1200, min(gate, LONGEST_NOTE)),
            gain=level
            * self._mix.get(part, 1.0)
            * seat.gain
            * force ** _SPAN.get(part, _ACCOMPANYING),
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
            late = after + _HANDS * (self._hands.uniform() + self._hands.uniform())
            late += self._breath * max(0.0, 1.0 - slot / 8.0)
        return bar.frame_at(slot) + int(late * SAMPLE_RATE)

    def _arch(self, slot: float) -> float:
        """The dynamic arch, continuous over the period."""
        within = max(0, self.bar.phrase_bar) + min(1.0, slot / self.bar.metre.slots)
        place = 4.0 * (self.bar.phrase % 2 + within / self.bar.phrase_bars)
        at = min(7, int(place))
        return _ARCH[at] + (_ARCH[at + 1] - _ARCH[at]) * (place - at)
