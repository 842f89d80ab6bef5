"""The instruments: each turns (pitch, layer, length) into a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.composers.score.sound import drums
from engine.composers.score.sound.plucked import (
    BASS_BODY,
    GUITAR_BODY,
    HARP_BODY,
    String,
    plucked,
    saws,
)
from engine.composers.score.sound.struck import Maker, bars, electric_piano, piano
from engine.composers.score.sound.sustained import Section, Solo, section, solo
from engine.composers.score.sound.tables import Table

LAYERS = 6
"""Brightness layers of a table, softest first."""


@dataclass(frozen=True)
class Instrument:
    """How an instrument sounds.

    ``make(pitch, layer, frames)``: its table, (frames,) or (2, frames). ``attack`` and
    ``release`` seconds; ``loop``: the table repeats and is entered anywhere, and two layers of it
    sound at once, ``motion`` of a layer's way to and fro. ``swell``: how much a note's level grows
    towards its middle. ``tremolo``: depth of a slow panning from side to side. ``low``/``high``:
    its range, into which pitches are folded by octaves. ``again``: makes another
    recording's table of a note, for takes.
    ``coherent``: two layers of a loop are one sound, and add up as such.
    """

    make: Maker
    attack: float
    release: float
    loop: bool = False
    low: int = 28
    high: int = 100
    swell: float = 0.0
    motion: float = 0.0
    tremolo: float = 0.0
    again: Maker | None = None
    coherent: bool = False

    def fold(self, pitch: int) -> int:
        """``pitch`` moved by octaves into the instrument's range."""
        while pitch < self.low:
            pitch += 12
        while pitch > self.high:
            pitch -= 12
        return pitch


_FLUTE = Solo(
    (1.0, 0.40, 0.24, 0.08, 0.06, 0.03, 0.02), 4.9, 9.0, 0.075, 4200.0, shimmer=0.5, bloom=0.06
)
_CLARINET = Solo((1.0, 0.06, 0.62, 0.09, 0.38, 0.09, 0.2, 0.07, 0.08), 4.4, 3.0, 0.014, 3200.0)
_OBOE = Solo(
    (0.55, 0.8, 1.0, 0.65, 0.5, 0.32, 0.25, 0.16, 0.12, 0.08),
    5.0,
    9.0,
    0.01,
    3000.0,
    ((1050.0, 0.5, 0.25),),
)
_SAXOPHONE = Solo(
    (1.0, 0.45, 0.36, 0.34, 0.25, 0.2, 0.19, 0.17, 0.1, 0.06), 4.9, 13.0, 0.03, 2600.0
)
_TRUMPET = Solo((0.9, 1.0, 0.75, 0.5, 0.32, 0.2, 0.12, 0.08), 4.8, 7.0, 0.012, 1700.0, bloom=0.2)
_HORN = Solo((1.0, 0.75, 0.46, 0.27, 0.15, 0.08, 0.05), 4.3, 3.0, 0.01, 1200.0, bloom=0.25)
_SAWTOOTH = tuple(1.0 / k for k in range(1, 25))
_VIOLIN = Solo(
    _SAWTOOTH,
    5.6,
    16.0,
    0.016,
    3200.0,
    ((275.0, 0.5, 0.15), (480.0, 0.9, 0.2), (2500.0, 0.6, 0.3)),
    shimmer=0.4,
)
"""Bodies: air mode A0 and the B1 modes of violins, and the bridge hill (Jansson 2002)."""
_CELLO = Solo(
    _SAWTOOTH,
    5.0,
    13.0,
    0.014,
    2300.0,
    ((100.0, 0.6, 0.2), (205.0, 0.9, 0.2), (430.0, 1.4, 0.3), (1500.0, 0.4, 0.3)),
    shimmer=0.35,
)
_VOICE = Solo(
    tuple(k**-1.1 for k in range(1, 25)),
    5.3,
    17.0,
    0.02,
    3600.0,
    ((660.0, 3.5, 0.22), (1120.0, 1.8, 0.14), (2750.0, 0.9, 0.1), (3300.0, 0.5, 0.1)),
    shimmer=0.3,
)
_LEAD = Solo(_SAWTOOTH, 4.7, 6.0, 0.0, 1100.0, shimmer=0.1, bloom=0.3)

_STRINGS_BODY = (((300.0, 0.4, 0.3), (520.0, 0.5, 0.3)), ((480.0, 0.5, 0.3), (2400.0, 0.6, 0.35)))
_OO = ((370.0, 1.0, 0.28), (720.0, 0.35, 0.18), (2700.0, 0.04, 0.1))
_AH = ((660.0, 1.0, 0.22), (1120.0, 0.55, 0.14), (2750.0, 0.22, 0.1), (3300.0, 0.12, 0.1))
"""The vowels of altos and tenors (formant tables of Csound's manual, appendix D)."""


def _group(voice: Section) -> Maker:
    return section(voice, LAYERS)


_NYLON = String(0.21, 0.75, 7.0, 2500.0, 4e-5, GUITAR_BODY, nail=0.035)
_STEEL = String(0.15, 0.55, 8.0, 3800.0, 6e-5, GUITAR_BODY, nail=0.04)
_ELECTRIC = String(0.17, 0.6, 9.5, 2600.0, 6e-5, nail=0.015)
_HARP = String(0.36, 1.35, 6.5, 2600.0, 2e-5, HARP_BODY, nail=0.015, attack=0.0026)
_BASS = String(0.24, 0.9, 5.0, 800.0, 3e-5, nail=0.012, attack=0.004)
_UPRIGHT = String(0.28, 0.9, 3.6, 700.0, 5e-5, BASS_BODY, nail=0.05, attack=0.006)
_PIZZICATO = String(0.27, 0.8, 1.1, 2200.0, 3e-5, HARP_BODY, nail=0.03, attack=0.0025)

INSTRUMENTS: dict[str, Instrument] = {
    "piano": Instrument(piano, 0.0, 0.32, low=28, high=98),
    "electric piano": Instrument(electric_piano, 0.0, 0.22, low=28, high=96, tremolo=0.3),
    "guitar": Instrument(plucked(_NYLON), 0.0, 0.22, low=40, high=88),
    "steel guitar": Instrument(plucked(_STEEL), 0.0, 0.22, low=40, high=88),
    "electric guitar": Instrument(plucked(_ELECTRIC), 0.0, 0.2, low=40, high=88, tremolo=0.15),
    "harp": Instrument(plucked(_HARP), 0.0, 0.9, low=31, high=100),
    "pizzicato": Instrument(plucked(_PIZZICATO), 0.0, 0.12, low=36, high=93),
    "kalimba": Instrument(bars((1.0, 5.4, 9.6), (1.0, 0.22, 0.06), 1.6), 0.0, 0.5, low=53, high=96),
    "bell": Instrument(
        bars((1.0, 2.0, 3.01, 4.17, 5.43), (1.0, 0.5, 0.28, 0.2, 0.08), 4.5), 0.0, 0.9, low=60
    ),
    "glass": Instrument(
        bars((1.0, 2.0, 2.98, 5.1), (1.0, 0.4, 0.16, 0.05), 3.2), 0.006, 0.7, low=55, high=98
    ),
    "vibes": Instrument(
        bars((1.0, 3.98, 10.1), (1.0, 0.3, 0.05), 4.0), 0.0, 0.6, low=53, high=96, tremolo=0.2
    ),
    "marimba": Instrument(bars((1.0, 3.93, 9.2), (1.0, 0.2, 0.05), 1.1), 0.0, 0.3, low=45, high=96),
    "flute": Instrument(solo(_FLUTE), 0.07, 0.16, low=60, high=96, swell=0.2),
    "clarinet": Instrument(solo(_CLARINET), 0.05, 0.14, low=50, high=91, swell=0.2),
    "oboe": Instrument(solo(_OBOE), 0.05, 0.14, low=58, high=91, swell=0.2),
    "saxophone": Instrument(solo(_SAXOPHONE), 0.05, 0.14, low=49, high=84, swell=0.2),
    "trumpet": Instrument(solo(_TRUMPET), 0.06, 0.16, low=52, high=84, swell=0.2),
    "horn": Instrument(solo(_HORN), 0.09, 0.22, low=41, high=79, swell=0.25),
    "violin": Instrument(solo(_VIOLIN), 0.10, 0.22, low=55, high=98, swell=0.25),
    "cello": Instrument(solo(_CELLO), 0.12, 0.28, low=36, high=76, swell=0.25),
    "voice": Instrument(solo(_VOICE), 0.09, 0.2, low=53, high=84, swell=0.3),
    "synth lead": Instrument(solo(_LEAD), 0.03, 0.3, low=45, high=96),
    "strings": Instrument(
        _group(Section(0.85, 12.0, 2400.0, _STRINGS_BODY, air=0.02)),
        0.28, 0.9, loop=True, low=36, high=96, swell=0.4, motion=0.9,
    ),
    "short strings": Instrument(
        _group(Section(0.95, 10.0, 2000.0, _STRINGS_BODY)), 0.04, 0.22, loop=True, low=36, high=96
    ),
    "choir": Instrument(
        _group(Section(0.7, 17.0, 3000.0, (_OO, _AH), 0.05, air=0.03)),
        0.32, 1.1, loop=True, low=45, high=84, swell=0.3, motion=1.4,
    ),
    "warm pad": Instrument(
        _group(Section(1.1, 20.0, 1100.0, air=0.014)),
        0.7, 1.5, loop=True, low=36, high=88, swell=0.2, motion=1.2,
    ),
    "glass pad": Instrument(
        _group(Section(1.7, 8.0, 3000.0)),
        0.5, 1.6, loop=True, low=48, high=96, swell=0.2, motion=1.2,
    ),
    "sweep pad": Instrument(
        _group(Section(0.9, 16.0, 800.0, air=0.014)),
        0.5, 1.2, loop=True, low=40, high=90, swell=0.3, motion=2.0,
    ),
    "organ": Instrument(
        _group(Section(1.1, 2.2, 1600.0, air=0.004)),
        0.06, 0.2, loop=True, low=36, high=96, motion=0.3,
    ),
    "accordion": Instrument(
        _group(Section(0.75, 5.0, 1700.0, air=0.006)),
        0.07, 0.18, loop=True, low=50, high=91, swell=0.3, motion=0.6,
    ),
    "synth": Instrument(saws(1900.0), 0.0, 0.22, low=36, high=96),
    "bass": Instrument(plucked(_BASS), 0.0, 0.12, low=28, high=55),
    "upright bass": Instrument(plucked(_UPRIGHT), 0.0, 0.14, low=28, high=57),
    "synth bass": Instrument(saws(320.0, 1.0, 1.0015), 0.0, 0.1, low=28, high=55),
    "kick": Instrument(drums.skin(48.0, 55.0, 0.10, 0.0, 0.05), 0.0, 0.05, low=0, high=127),
    "tom": Instrument(drums.skin(82.0, 40.0, 0.15, 14.0, 0.06), 0.0, 0.05, low=0, high=127),
    "hand drum": Instrument(
        drums.skin(98.0, 26.0, 0.12, 22.0, 0.09), 0.0, 0.05, low=0, high=127
    ),
    "timpani": Instrument(drums.timpani, 0.0, 0.3, low=40, high=52),
    "snare": Instrument(drums.hit(260.0, 6000.0, 0.06, 0.002, 190.0), 0.0, 0.05, low=0, high=127),
    "rim": Instrument(drums.wood, 0.0, 0.05, low=0, high=127),
    "brush": Instrument(drums.hit(900.0, 5200.0, 0.05, 0.006), 0.0, 0.05, low=0, high=127),
    "brush sweep": Instrument(drums.sweep, 0.0, 0.05, low=0, high=127),
    "shaker": Instrument(drums.hit(3600.0, 9000.0, 0.026, 0.010), 0.0, 0.05, low=0, high=127),
    "hat": Instrument(drums.metal(0.028, 4600.0, 0.0015), 0.0, 0.05, low=0, high=127),
    "open hat": Instrument(drums.metal(0.13, 4600.0, 0.003), 0.0, 0.1, low=0, high=127),
    "ride": Instrument(drums.metal(0.42, 3300.0, 0.003), 0.0, 0.4, low=0, high=127),
}  # fmt: skip


def laid_out(instrument: Instrument, pitch: int, layer: int, frames: int) -> Table:
    """A table of an instrument, a loop gone round for ``frames``."""
    table = instrument.make(pitch, layer, frames)
    if not instrument.loop:
        return table
    return np.tile(table, -(-frames // table.shape[-1]))[..., :frames]
