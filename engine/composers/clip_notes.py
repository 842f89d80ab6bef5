"""The notes of a clip as they travel with it, for whoever shows them: packed, and bounded.

A leaf beside the composers' protocol: composers that know notes make them, the engine sends them in
the clip's record, the library keeps them there, and screens unpack them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Annotated, NamedTuple

import msgspec

MOST_NOTES = 6_000
"""In one clip; what is more is left out. The busiest clips that were seen have some 1,500."""
MOST_VOICES = 48
BEFORE = 255
"""The bar of a note whose bar began before the clip."""
_NOTE = struct.Struct("<HHBBB")  # onset and length in ms, pitch, voice, bar
_LONGEST_MS = 0xFFFF


class Voice(NamedTuple):
    """Who plays: ``part`` is what is played ('lead', 'bass', 'drums', ...), ``instrument`` by
    what."""

    part: Annotated[str, msgspec.Meta(max_length=16)]
    instrument: Annotated[str, msgspec.Meta(max_length=32)]


class PlayedNote(NamedTuple):
    """``onset`` and ``length`` in seconds, the onset from the clip's first frame on; ``pitch``:
    MIDI, 0 to 127; ``bar``: which of the clip's bars it belongs to, ``BEFORE`` for an earlier."""

    onset: float
    length: float
    pitch: int
    voice: Voice
    bar: int


class ClipNotes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``packed``: seven bytes a note, in the order of their onsets; their voices are indices."""

    voices: Annotated[tuple[Voice, ...], msgspec.Meta(max_length=MOST_VOICES)] = ()
    packed: Annotated[bytes, msgspec.Meta(max_length=MOST_NOTES * _NOTE.size)] = b""

    def unpacked(self) -> tuple[PlayedNote, ...]:
        """The notes. Raises ``ValueError`` for bytes that are none, or of voices it has not."""
        if len(self.packed) % _NOTE.size:
            raise ValueError("the notes break off")
        made, voices = [], self.voices
        for onset, length, pitch, voice, bar in _NOTE.iter_unpack(self.packed):
            if voice >= len(voices) or pitch > 127:
                raise ValueError("a note of no voice")
            made.append(PlayedNote(onset / 1000, length / 1000, pitch, voices[voice], bar))
        return tuple(made)


def packed(notes: Iterable[PlayedNote]) -> ClipNotes:
    """``notes`` for the way, the first ``MOST_NOTES`` of them and of at most ``MOST_VOICES``
    voices; times are rounded to a thousandth of a second, pitches bounded to MIDI's."""
    voices: dict[Voice, int] = {}
    made = []
    for note in sorted(notes, key=lambda one: one.onset)[:MOST_NOTES]:
        if note.voice not in voices and len(voices) == MOST_VOICES:
            continue
        voice = voices.setdefault(note.voice, len(voices))
        onset, length = round(1000 * note.onset), max(1, round(1000 * note.length))
        if 0 <= onset <= _LONGEST_MS:
            pitch = min(127, max(0, note.pitch))
            made.append(_NOTE.pack(onset, min(length, _LONGEST_MS), pitch, voice, note.bar))
    return ClipNotes(tuple(voices), b"".join(made))
