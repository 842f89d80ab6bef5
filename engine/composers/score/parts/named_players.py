"""An ensemble of the instruments that a description names: General MIDI's, each by the nearest that
is here, and to each its role."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from engine.composers.score.parts.ensembles import HOLDING, OWN_FIGURES, Ensemble, Style, Voice
from engine.composers.score.parts.reach import within
from engine.composers.score.parts.touch import Stroke
from engine.plan.general_midi import DRUMS, PROGRAMMES

_NEAREST: tuple[tuple[range, str], ...] = (
    (range(2), "piano"), (range(2, 3), "electric piano"), (range(3, 4), "piano"),
    (range(4, 6), "electric piano"), (range(6, 7), "guitar"), (range(7, 8), "electric piano"),
    (range(8, 9), "vibes"), (range(9, 10), "bell"), (range(10, 11), "kalimba"),
    (range(11, 12), "vibes"), (range(12, 14), "marimba"), (range(14, 15), "bell"),
    (range(15, 16), "steel guitar"), (range(16, 20), "organ"), (range(20, 24), "accordion"),
    (range(24, 25), "guitar"), (range(25, 26), "steel guitar"), (range(26, 32), "electric guitar"),
    (range(32, 33), "upright bass"), (range(33, 38), "bass"), (range(38, 40), "synth bass"),
    (range(40, 42), "violin"), (range(42, 44), "cello"), (range(44, 45), "strings"),
    (range(45, 46), "pizzicato"), (range(46, 47), "harp"), (range(48, 50), "strings"),
    (range(50, 52), "warm pad"), (range(52, 53), "choir"), (range(53, 54), "voice"),
    (range(54, 55), "choir"), (range(55, 56), "short strings"), (range(56, 57), "trumpet"),
    (range(57, 59), "horn"), (range(59, 60), "trumpet"), (range(60, 61), "horn"),
    (range(61, 62), "trumpet"), (range(62, 64), "synth"), (range(64, 68), "saxophone"),
    (range(68, 70), "oboe"), (range(70, 72), "clarinet"), (range(72, 80), "flute"),
    (range(80, 81), "synth lead"), (range(81, 82), "synth"), (range(82, 85), "synth lead"),
    (range(85, 86), "voice"), (range(86, 87), "synth lead"), (range(87, 88), "synth bass"),
    (range(88, 89), "glass pad"), (range(89, 90), "warm pad"), (range(90, 91), "synth"),
    (range(91, 92), "choir"), (range(92, 94), "glass pad"), (range(94, 95), "warm pad"),
    (range(95, 96), "sweep pad"), (range(96, 97), "glass"), (range(97, 98), "sweep pad"),
    (range(98, 99), "glass"), (range(99, 100), "warm pad"), (range(100, 101), "glass"),
    (range(101, 104), "sweep pad"), (range(104, 106), "steel guitar"), (range(106, 107), "guitar"),
    (range(107, 108), "harp"), (range(108, 109), "kalimba"), (range(109, 110), "accordion"),
    (range(110, 111), "violin"), (range(111, 112), "oboe"), (range(112, 113), "bell"),
    (range(113, 114), "kalimba"), (range(114, 115), "marimba"),
)  # fmt: skip
NEAREST = {PROGRAMMES[number]: name for numbers, name in _NEAREST for number in numbers}
"""Instruments by General MIDI's names, those that are no noise; a timpani, a woodblock and the like
are drums."""
_STRUCK = frozenset(PROGRAMMES[number] for number in (47, *range(115, 120)))
_SINGS = (
    "voice violin flute oboe clarinet saxophone trumpet horn cello synth_lead accordion"
    " electric_guitar vibes marimba bell piano electric_piano guitar steel_guitar harp synth organ"
    " kalimba glass strings choir pizzicato short_strings"
)
_ACCOMPANIES = (
    "piano guitar electric_piano harp steel_guitar synth electric_guitar organ accordion pizzicato"
    " marimba vibes kalimba strings choir warm_pad glass_pad sweep_pad glass bell short_strings"
    " synth_lead cello violin clarinet horn oboe flute saxophone trumpet voice"
)
_LOW = "upright_bass bass synth_bass cello"
_KITS = {True: "beat", False: "soft"}
_SYNTHETIC = {"synth", "synth lead", "synth bass", "warm pad", "glass pad", "sweep pad", "bass"}
_LINES = {"cello": "bowed", "synth bass": "offbeat"}


def _ranks(words: str) -> dict[str, int]:
    return {name.replace("_", " "): rank for rank, name in enumerate(words.split())}


_LEADS, _FIGURES, _BASSES = _ranks(_SINGS), _ranks(_ACCOMPANIES), _ranks(_LOW)


@functools.lru_cache(maxsize=256)
def players_named(names: tuple[str, ...]) -> tuple[str, ...]:
    """The instruments here for General MIDI's names, each once."""
    return tuple(dict.fromkeys(NEAREST[name] for name in names if name in NEAREST))


@functools.lru_cache(maxsize=256)
def ensemble_named(names: tuple[str, ...], own: Ensemble) -> Ensemble:
    """An ensemble of the instruments that are named, or, where those are drums or noises alone,
    ``own`` with drums."""
    players = players_named(names)
    drums = any(name == DRUMS or name in _STRUCK for name in names)
    if not players:
        kit = own.kit or _KITS[False]
        return Ensemble(replace(own.style, kit=kit), own.voice) if drums else own
    basses = [name for name in players if name in _BASSES]
    bass = min(basses, key=_BASSES.__getitem__) if basses and len(players) > 1 else None
    upper = [name for name in players if name != bass]
    lead = min(upper, key=lambda name: _LEADS.get(name, len(_LEADS)))
    rest = [name for name in upper if name != lead] or [lead]
    figure = min(rest, key=lambda name: _FIGURES.get(name, len(_FIGURES)))
    others = [name for name in rest if name not in (figure, lead)]
    pad = next((name for name in others if name in HOLDING), None)
    others = [name for name in others if name != pad]
    more: list[str | None] = [*others, None, None, None, None]
    counter, colour, glitter, drive = more[:4]
    low = bass or (figure if figure in ("piano", "organ", "harp", "synth") else None)
    style = Style(
        "named",
        lead,
        figure,
        _figures_of(figure),
        pad,
        low,
        line=_LINES.get(low or "", "plain"),
        kit=_KITS[any(name in _SYNTHETIC for name in players)] if drums else "",
        colour=colour,
        counter=counter,
        glitter=glitter,
        drive=drive,
        gain=0.74,
    )
    return Ensemble(style, Voice(lead))


def _figures_of(figure: str) -> tuple[str, ...]:
    if figure in HOLDING:
        return ("held", "breathing")
    if figure == "pizzicato":
        return ("pizzicato", "ostinato")
    return OWN_FIGURES.get(figure, ("broken", "rocking"))


def all_heard(strokes: Sequence[Stroke], names: tuple[str, ...]) -> list[Stroke]:
    """The strokes of a bar with one, of somebody who has several, for each instrument that is named
    and would be silent."""
    made = list(strokes)
    count = Counter(stroke.instrument for stroke in made)
    for name in players_named(names):
        if count[name]:
            continue
        given = [
            i
            for i, stroke in enumerate(made)
            if stroke.part not in ("lead", "bass", "drums") and count[stroke.instrument] > 1
        ]
        if given:
            longest = max(given, key=lambda i: (made[i].slots, -made[i].slot))
            count[made[longest].instrument] -= 1
            count[name] += 1
            pitch = within(name, made[longest].pitch)
            made[longest] = made[longest]._replace(instrument=name, pitch=pitch)
    return made
