"""A MIDI file as a synthesizer hears it, read byte by byte and without the library that writes it.

Players merge the tracks of a format-1 file by tick, tracks in order; a channel has one programme,
pan and hall for whatever sounds on it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

_PAN, _HALL, _DRUMS = 10, 91, 9


class Heard(NamedTuple):
    """A note with what its channel was set to when it began; ``track`` is the track's name."""

    tick: int
    end: int
    track: str
    channel: int
    key: int
    velocity: int
    programme: int
    pan: int
    hall: int


class _Message(NamedTuple):
    tick: int
    track: str
    kind: int
    channel: int
    data: bytes


def heard(data: bytes) -> list[Heard]:
    """Every note of the file, by its end. Raises ``AssertionError`` for what a synthesizer would
    sound otherwise than it is written: a note on a channel that nothing was set on, two notes on
    one key at once, one that never ends, one that ends in another track, a channel that is set
    anew while something sounds on it, and any message but notes, programmes, pan and hall."""
    settings: dict[int, dict[str, int]] = {channel: {} for channel in range(16)}
    sounding: dict[tuple[int, int], Heard] = {}
    notes = []
    for message in sorted(_messages(data), key=lambda m: m.tick):  # stable: tracks in order
        tick, track, kind, channel, values = message
        where = (channel, values[0])
        if kind == 0x9 and values[1]:
            assert where not in sounding, ("two at once", message, sounding[where])
            sounding[where] = Heard(tick, -1, track, *where, values[1], **settings[channel])
        elif kind in (0x8, 0x9):
            note = sounding.pop(where)
            assert note.track == track, ("ended by another track", message, note)
            assert tick > note.tick, ("of no length", message, note)
            notes.append(note._replace(end=tick))
        else:
            # General MIDI leaves what sounds alone when a drum kit changes.
            busy = [note for note in sounding.values() if note.channel == channel != _DRUMS]
            assert not busy, ("set anew under a note", message, busy)
            if kind == 0xC:
                settings[channel]["programme"] = values[0]
            else:
                assert kind == 0xB, ("left on the channel for whoever comes next", message)
                assert values[0] in (_PAN, _HALL), ("left on the channel", message)
                settings[channel]["pan" if values[0] == _PAN else "hall"] = values[1]
    assert not sounding, ("never ended", sounding)
    return notes


def _messages(data: bytes) -> Iterator[_Message]:
    """The channel messages of every track, at absolute ticks."""
    assert data[:4] == b"MThd"
    _, tracks, _ = struct.unpack(">HHH", data[8:14])
    at = 14
    for _ in range(tracks):
        tag, length = struct.unpack(">4sI", data[at : at + 8])
        assert tag == b"MTrk"
        yield from _track(data[at + 8 : at + 8 + length])
        at += 8 + length
    assert at == len(data)


def _track(data: bytes) -> Iterator[_Message]:
    at = tick = status = 0
    name = ""
    while at < len(data):
        step, at = _number(data, at)
        tick += step
        if data[at] == 0xFF:
            kind = data[at + 1]
            length, at = _number(data, at + 2)
            if kind == 0x03:
                name = data[at : at + length].decode("utf-8")
            at += length
            continue
        if data[at] & 0x80:
            status = data[at]
            at += 1
        assert 0x80 <= status < 0xF0, "no system messages"
        size = 1 if status >> 4 in (0xC, 0xD) else 2
        yield _Message(tick, name, status >> 4, status & 15, data[at : at + size])
        at += size


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = 0
    while True:
        value = value << 7 | data[at] & 0x7F
        at += 1
        if data[at - 1] < 0x80:
            return value, at
