"""General MIDI: the programme or percussion key under which each instrument goes.

The numbers are General MIDI's (programmes from 0, percussion keys of channel 10).
"""

from __future__ import annotations

from typing import NamedTuple


class Programme(NamedTuple):
    """A pitched instrument: General MIDI programme, 0 to 127."""

    number: int


class Percussion(NamedTuple):
    """A part of the kit: ``keys`` of channel 10, chosen by a note's pitch (its take).

    ``kit``: the programme of channel 10 that has it (0 the standard kit, 40 the brush kit of
    Roland's GS and General MIDI 2); None where every kit has it.
    """

    keys: tuple[int, ...]
    kit: int | None = None

    def key(self, pitch: int) -> int:
        """The percussion key of a note."""
        return self.keys[pitch % len(self.keys)]


GENERAL_MIDI: dict[str, Programme | Percussion] = {
    "piano": Programme(0),
    "electric piano": Programme(4),
    "bell": Programme(14),  # tubular bells
    "vibes": Programme(11),
    "marimba": Programme(12),
    "organ": Programme(19),  # church organ
    "accordion": Programme(21),
    "guitar": Programme(24),
    "steel guitar": Programme(25),
    "electric guitar": Programme(27),  # clean
    "upright bass": Programme(32),
    "bass": Programme(33),  # fingered
    "synth bass": Programme(38),
    "violin": Programme(40),
    "cello": Programme(42),
    "pizzicato": Programme(45),
    "harp": Programme(46),
    "timpani": Programme(47),
    "strings": Programme(48),
    "short strings": Programme(48),
    "choir": Programme(52),
    "voice": Programme(53),
    "trumpet": Programme(56),
    "horn": Programme(60),
    "saxophone": Programme(65),  # alto
    "oboe": Programme(68),
    "clarinet": Programme(71),
    "flute": Programme(73),
    "synth": Programme(81),  # sawtooth lead
    "synth lead": Programme(80),  # square lead
    "glass pad": Programme(88),  # new age
    "warm pad": Programme(89),
    "sweep pad": Programme(95),
    "glass": Programme(98),  # crystal
    "kalimba": Programme(108),
    "kick": Percussion((35,)),
    "tom": Percussion((41, 43, 45, 47)),
    "snare": Percussion((38,), kit=0),
    "brush": Percussion((38,), kit=40),  # a tap
    "brush sweep": Percussion((40,), kit=40),  # a swirl
    "rim": Percussion((37,)),
    "shaker": Percussion((70,)),  # maracas: the soft one
    "hat": Percussion((42,)),
    "open hat": Percussion((46,)),
    "ride": Percussion((51,)),
    "hand drum": Percussion((64, 63, 61, 60)),  # congas and bongos
}
"""By the names of ``instruments.INSTRUMENTS``. Every instrument is here; a test holds that."""
