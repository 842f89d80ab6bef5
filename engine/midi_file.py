"""MIDI files that others wrote, read within limits and as far as they are whole: a leaf that every
room may import; the standard library alone.

mido reads a file whole or not at all and keeps an object for each event. Here what stands before a
break is kept, odd files are read as most players read them, and each time that is a remark, a
sentence. Times are ticks from the file's beginning.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from engine.errors import MusmedError
from engine.places import read_small

MOST_BYTES = 32 << 20
MOST_EVENTS = 1_000_000
MOST_NOTES = 200_000
MOST_TRACKS = 4_096
_QUARTER_OF_NONE = 480
"""Ticks a quarter note where the file says 0."""
_FRAMES_TEMPO = 120
"""Quarter notes a minute that a file in film frames is counted at."""
_HEADER, _TRACK = b"MThd", b"MTrk"
_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""Of what a file should not hold: messages that are for a cable alone."""


class FileNote(NamedTuple):
    """A key that goes down at ``start`` and up at ``end`` > ``start``."""

    start: int
    end: int
    pitch: int
    velocity: int
    track: int
    channel: int
    programme: int


class FileMetre(NamedTuple):
    """A time signature."""

    tick: int
    numerator: int
    denominator: int


class MidiFile(NamedTuple):
    """What is in a file. ``per_quarter``: ticks; ``tempi``: (tick, microseconds a quarter note), in
    order, ``metres`` in order, neither with one that the file doesn't name; ``texts``: (tick, text)
    of texts and markers; ``lyrics``: ticks at which something is sung; ``tracks``: their names."""

    per_quarter: float
    notes: tuple[FileNote, ...]
    tempi: tuple[tuple[int, int], ...]
    metres: tuple[FileMetre, ...]
    texts: tuple[tuple[int, str], ...]
    lyrics: tuple[int, ...]
    tracks: tuple[str, ...]
    remarks: tuple[str, ...]


def read_midi_file(path: Path) -> MidiFile:
    """Raises ``MusmedError`` for a file that is no MIDI file, can't be read or is too long."""
    data = read_small(path, f"The MIDI file {path}", MOST_BYTES)
    if len(data) > MOST_BYTES:
        raise MusmedError(f"{path} has more than {MOST_BYTES >> 20} MiB; no score is so long.")
    return parse_midi(data, str(path))


def parse_midi(data: bytes, called: str) -> MidiFile:
    """What ``data`` holds, which is ``called`` so. Raises ``MusmedError``."""
    at = data.find(_HEADER, 0, 64)  # a RIFF file has its own header in front
    if at < 0 or len(data) < at + 14:
        raise MusmedError(f"{called} is not a MIDI file that can be read.")
    size = int.from_bytes(data[at + 4 : at + 8])
    kind, count, division = (int.from_bytes(data[at + n : at + n + 2]) for n in (8, 10, 12))
    reader = _Reader(data, called, division)
    reader.read_tracks(at + 8 + max(6, size), one_after_another=kind == 2)
    if not reader.names:
        raise MusmedError(f"{called} is not a MIDI file that can be read: it has no track.")
    if kind == 2 and len(reader.names) > 1:
        reader.remark("Its tracks are pieces of their own; they follow one another here.")
    if len(reader.names) < count:
        reader.remark(f"Of its {count} tracks {len(reader.names)} are there.")
    return reader.result()


def _ticks(division: int) -> tuple[float, str]:
    """Ticks a quarter note, and what is odd about them."""
    if division & 0x8000:
        frames = 256 - (division >> 8)
        ticks = max(1.0, frames * (division & 0xFF) * 60.0 / _FRAMES_TEMPO)
        said = f"it is read at {_FRAMES_TEMPO} beats a minute"
        return ticks, f"It counts film frames and no beats; {said}."
    if division == 0:
        said = f"it is read with {_QUARTER_OF_NONE}"
        return float(_QUARTER_OF_NONE), f"It has no ticks in a beat; {said}."
    return float(division), ""


class _BrokenError(Exception):
    """The track can't be read any farther."""


class _Reader:
    """Reads tracks one by one and keeps what they hold."""

    def __init__(self, data: bytes, called: str, division: int) -> None:
        self._data, self._called = data, called
        self._events = 0
        self._odd: Counter[str] = Counter()
        self.per_quarter, said = _ticks(division)
        self._timeless = division & 0x8000 != 0
        self._remarks: dict[str, None] = {said: None} if said else {}
        self._keys: list[tuple[int, int, int, int, int, int]] = []
        """(start, end, pitch, velocity, track, channel) of each note."""
        self._programmes: dict[tuple[int, int], list[tuple[int, int]]] = {}
        """By track and channel: (tick, programme)."""
        self.tempi: list[tuple[int, int]] = []
        self.metres: list[FileMetre] = []
        self.texts: list[tuple[int, str]] = []
        self.lyrics: list[int] = []
        self.names: list[str] = []

    def remark(self, sentence: str) -> None:
        self._remarks[sentence] = None

    def read_tracks(self, at: int, *, one_after_another: bool) -> None:
        """All tracks from the chunk at ``at`` on; other chunks are passed over."""
        data, origin = self._data, 0
        while at + 8 <= len(data):
            size = int.from_bytes(data[at + 4 : at + 8])
            if data[at : at + 4] == _TRACK:
                if len(self.names) == MOST_TRACKS:
                    raise MusmedError(
                        f"{self._called} has more than {MOST_TRACKS} tracks; no score has."
                    )
                if at + 8 + size > len(data):
                    self.remark("It is cut off; what is there is read.")
                end = self._track(at + 8, min(len(data), at + 8 + size), origin)
                origin = end if one_after_another else 0
            at += 8 + size

    def result(self) -> MidiFile:
        """All that was read, in order."""
        for what, count in self._odd.items():
            self.remark(what.format("Once" if count == 1 else f"{count:,} times"))
        for rows in self._programmes.values():
            rows.sort(key=lambda row: row[0])
        whole: dict[int, list[tuple[int, int]]] = {}
        for (_, channel), rows in self._programmes.items():
            whole.setdefault(channel, []).extend(rows)
        for rows in whole.values():
            rows.sort(key=lambda row: row[0])
        notes = []
        for key in sorted(self._keys):
            # A track's own programmes count for its notes; one that names none has its channel's.
            rows = self._programmes.get((key[4], key[5])) or whole.get(key[5], [])
            notes.append(FileNote(*key, _at(rows, key[0])))
        return MidiFile(
            per_quarter=self.per_quarter,
            notes=tuple(notes),
            tempi=() if self._timeless else tuple(sorted(self.tempi, key=lambda row: row[0])),
            metres=tuple(sorted(self.metres, key=lambda metre: metre.tick)),
            texts=tuple(sorted(self.texts)),
            lyrics=tuple(sorted((*self.lyrics, *self._karaoke()))),
            tracks=tuple(self.names),
            remarks=tuple(self._remarks),
        )

    def _karaoke(self) -> list[int]:
        """Where a .kar file is sung: its syllables are texts, those that begin with '@' say what
        it is."""
        if not any(text.startswith("@KMIDI") for _, text in self.texts):
            return []
        return [tick for tick, text in self.texts if text.strip() and not text.startswith("@")]

    def _track(self, at: int, end: int, origin: int) -> int:
        """Read a track that begins at tick ``origin``; gives the tick at which it ends."""
        number = len(self.names)
        self.names.append("")
        track = _Track(self, number, origin)
        try:
            self._walk(track, at, end)
        except (_BrokenError, IndexError):
            self.odd("{}, a track is broken; what stands before the break is read.")
        track.finish()
        return track.tick

    def _walk(self, track: _Track, at: int, end: int) -> None:
        """One loop over a track's bytes: a million events have to take seconds."""
        data = memoryview(self._data)[:end]
        status, events = 0, self._events
        while at < end:
            delta = data[at]
            at += 1
            if delta & 0x80:
                delta, at = _number(data, at - 1)
            track.tick += delta
            events += 1
            self._events = events
            if events > MOST_EVENTS:
                raise MusmedError(
                    f"{self._called} holds more notes than a piece has: over {MOST_EVENTS:,} "
                    "events."
                )
            if data[at] & 0x80:
                status = data[at]
                at += 1
            kind = status & 0xF0
            if kind in (0x80, 0x90):
                pitch, velocity = data[at], data[at + 1]
                at += 2
                if (pitch | velocity) & 0x80:
                    raise _BrokenError
                track.key(pitch, velocity if kind == 0x90 else 0, status & 0x0F)
            elif kind in (0xA0, 0xB0, 0xE0):
                at += 2
            elif kind == 0xC0:
                track.programme(status & 0x0F, data[at] & 0x7F)
                at += 1
            elif kind == 0xD0:
                at += 1
            elif status == 0xFF or status in (0xF0, 0xF7):
                what = -1
                if status == 0xFF:
                    what = data[at]
                    at += 1
                size, at = _number(data, at)
                if what == 0x2F:
                    break
                if what >= 0:
                    track.meta(what, bytes(data[at : at + size]))
                at += size
                if at > end:
                    raise _BrokenError
                status = 0
            elif kind == 0xF0:
                at += _DATA_BYTES.get(status, 0)
                status = 0
            else:
                raise _BrokenError

    def odd(self, what: str) -> None:
        """Count something odd; ``what`` has a place for how often."""
        self._odd[what] += 1

    def keep(self, note: tuple[int, int, int, int, int, int]) -> None:
        self._keys.append(note)
        if len(self._keys) > MOST_NOTES:
            raise MusmedError(f"{self._called} holds more notes than a piece has.")

    def programme(self, track: int, channel: int, tick: int, programme: int) -> None:
        self._programmes.setdefault((track, channel), []).append((tick, programme))


class _Track:
    """What sounds in a track, and where it is."""

    def __init__(self, reader: _Reader, number: int, origin: int) -> None:
        self.tick = origin
        self._reader, self._number = reader, number
        self._down: dict[int, tuple[int, int]] = {}
        """By channel x 128 + pitch: (tick, velocity)."""

    def key(self, pitch: int, velocity: int, channel: int) -> None:
        """A key goes down, or with velocity 0 up; one that goes down again ends there."""
        key = channel << 7 | pitch
        begun = self._down.pop(key, None)
        if begun is not None:
            self._sounded(key, begun, self.tick)
        if velocity:
            self._down[key] = (self.tick, velocity)

    def _sounded(self, key: int, begun: tuple[int, int], end: int) -> None:
        start, velocity = begun
        if end > start:
            self._reader.keep((start, end, key & 0x7F, velocity, self._number, key >> 7))
        else:
            self._reader.odd("{}, a note has no length and is left out.")

    def finish(self) -> None:
        """What never ended is a whole note, or ends with the track."""
        longest = round(4 * self._reader.per_quarter)
        for key, begun in self._down.items():
            self._reader.odd("{}, a note never ends; it is read as a whole note at most.")
            self._sounded(key, begun, min(self.tick, begun[0] + longest))

    def programme(self, channel: int, programme: int) -> None:
        self._reader.programme(self._number, channel, self.tick, programme)

    def meta(self, what: int, data: bytes) -> None:
        reader = self._reader
        if what == 0x51 and len(data) >= 3:
            tempo = int.from_bytes(data[:3])
            if tempo:
                reader.tempi.append((self.tick, tempo))
            else:
                reader.odd("{}, a tempo is 0 and is left out.")
        elif what == 0x58 and len(data) >= 2:
            if 0 < data[0] < 100 and data[1] <= 5:
                reader.metres.append(FileMetre(self.tick, data[0], 1 << data[1]))
            else:
                reader.odd("{}, a time signature is none that music has and is left out.")
        elif what in (0x01, 0x06):
            reader.texts.append((self.tick, _text(data)))
        elif what == 0x05:
            reader.lyrics.append(self.tick)
        elif what == 0x03:
            reader.names[self._number] = _text(data)


def _number(data: memoryview, at: int) -> tuple[int, int]:
    """A number of variable length at ``at``, and where it ends."""
    value = 0
    for _ in range(4):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, at
    raise _BrokenError


def _at(rows: list[tuple[int, int]], tick: int) -> int:
    """The programme in force at ``tick``: before the first change it is 0."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if rows[middle][0] <= tick:
            low = middle + 1
        else:
            high = middle
    return rows[low - 1][1] if low else 0


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
