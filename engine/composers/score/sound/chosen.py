"""What sounds the notes, once that is settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from engine.composers.score.sound.instruments import INSTRUMENTS, Instrument


class Replaced:
    """What the built-in synthesis sounds though a soundfont was chosen: ``instruments`` that the
    soundfont has no preset for, and notes that its presets play as silence, as they are met."""

    def __init__(self) -> None:
        self.instruments: set[str] = set()
        self.notes: set[tuple[str, int]] = set()
        """(instrument, pitch within its range)."""

    def has(self, name: str, pitch: int) -> bool:
        """Whether the built-in synthesis sounded the note. Known once it has sounded."""
        return name in self.instruments or (name, INSTRUMENTS[name].fold(pitch)) in self.notes


class Chosen(NamedTuple):
    """What sounds: the instruments, the ``identity`` that is recorded and makes them again, a
    sentence for the listener where it is not what was asked for ('' otherwise), and what of it is
    built in all the same (None where all is)."""

    instruments: Mapping[str, Instrument]
    identity: str
    notice: str = ""
    replaced: Replaced | None = None
