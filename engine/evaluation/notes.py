"""Notes on a bar grid: what the score's measurements are made on, ours and other people's alike."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import NamedTuple

from engine.errors import MusmedError

DRUM_CHANNEL = 9
_MEASURES_LIMIT = 4000
_NOTES_LIMIT = 200_000


class ScoreNote(NamedTuple):
    """A note. ``start`` and ``end`` in quarter notes, ``onset_s`` and ``end_s`` in seconds;
    ``velocity`` 1-127; ``track``: the number of its track in a file."""

    start: float
    end: float
    pitch: int
    onset_s: float
    end_s: float
    velocity: int = 64
    track: int = 0


class ScoreBar(NamedTuple):
    """A bar: ``start`` and ``length`` in quarter notes, ``start_s`` and ``end_s`` in seconds."""

    start: float
    length: float
    start_s: float
    end_s: float


class Mark(NamedTuple):
    """What a file's marker or text says, at ``second``."""

    second: float
    text: str


class Piece(NamedTuple):
    """Pitched notes sorted by onset, and the bars they lie in; of a file also its ``drums``
    (strokes of channel 10), its ``marks`` (markers and texts, in their order) and the names of
    its ``tracks``."""

    notes: tuple[ScoreNote, ...]
    bars: tuple[ScoreBar, ...]
    drums: tuple[ScoreNote, ...] = ()
    marks: tuple[Mark, ...] = ()
    tracks: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Where the last note ends."""
        return max((note.end_s for note in self.notes), default=0.0)


def cut(piece: Piece, start_s: float, end_s: float) -> Piece:
    """The stretch [start_s, end_s): notes that begin in it, cut at its end, and whole bars."""
    notes = [_until(n, end_s) for n in piece.notes if start_s <= n.onset_s < end_s]
    bars = tuple(b for b in piece.bars if start_s - 1e-6 <= b.start_s and b.end_s <= end_s + 1e-6)
    drums = tuple(n for n in piece.drums if start_s <= n.onset_s < end_s)
    return Piece(tuple(notes), bars, drums, piece.marks, piece.tracks)


def _until(note: ScoreNote, end_s: float) -> ScoreNote:
    if note.end_s <= end_s:
        return note
    share = (end_s - note.onset_s) / (note.end_s - note.onset_s)
    return note._replace(end=note.start + share * (note.end - note.start), end_s=end_s)


def windows(piece: Piece, seconds: float, most: int) -> list[Piece]:
    """Up to ``most`` whole windows of ``seconds``, spread evenly over the piece's length."""
    count = int(piece.seconds // seconds)
    chosen = range(count) if count <= most else [i * count // most for i in range(most)]
    return [cut(piece, i * seconds, (i + 1) * seconds) for i in chosen]


def skyline(notes: Sequence[ScoreNote]) -> list[ScoreNote]:
    """The melody on top: the highest note at each onset, unless a higher one still sounds.

    Uitdenbogerd & Zobel's skyline (ACM Multimedia 1998), with their rule that a note under one
    that is sounding is accompaniment. Onsets within a sixteenth of a quarter are one onset.
    """
    top: list[ScoreNote] = []
    for note in sorted(notes, key=lambda n: (round(16 * n.start), -n.pitch)):
        if top and round(16 * top[-1].start) == round(16 * note.start):
            continue
        # A note that is let ring into the next is not above it: a 32nd of overlap is legato.
        if any(t.pitch > note.pitch and t.end > note.start + 0.125 for t in top[-6:]):
            continue
        top.append(note)
    return top


class _Event(NamedTuple):
    """A key goes down (``velocity`` > 0) or up, at ``tick``."""

    tick: int
    velocity: int
    track: int
    channel: int
    pitch: int


def read_midi(path: FilePath) -> Piece:
    """The notes and bars of a MIDI file. Raises ``MusmedError`` for what is not one.

    Time signatures are followed; without one the music is in 4/4.
    """
    import mido
    from mido.midifiles.meta import KeySignatureError  # which is no ValueError

    broken = (OSError, EOFError, ValueError, KeyError, IndexError, KeySignatureError)
    try:
        midi = mido.MidiFile(path, clip=True)
    except broken as error:
        raise MusmedError(f"{path} is not a MIDI file that can be read.") from error
    per_beat = max(1, midi.ticks_per_beat)
    events: list[_Event] = []
    tempi: list[tuple[int, int]] = [(0, 500_000)]
    meters: list[tuple[int, float]] = [(0, 4.0)]
    texts: list[tuple[int, str]] = []
    for number, track in enumerate(midi.tracks):
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "set_tempo":
                tempi.append((tick, message.tempo))
            elif message.type == "time_signature":
                meters.append((tick, 4.0 * message.numerator / message.denominator))
            elif message.type in ("marker", "text"):
                texts.append((tick, message.text))
            elif message.type in ("note_on", "note_off"):
                loud = message.velocity if message.type == "note_on" else 0
                events.append(_Event(tick, loud, number, message.channel, message.note))
    if len(events) > 2 * _NOTES_LIMIT:
        raise MusmedError(f"{path} holds more notes than a piece has.")
    clock = _Clock(tempi, per_beat)
    # What ends comes first at its tick.
    events.sort(key=lambda e: (e.tick, e.velocity > 0, e.channel, e.pitch))
    notes = _pair([e for e in events if e.channel != DRUM_CHANNEL], per_beat, clock)
    drums = _pair([e for e in events if e.channel == DRUM_CHANNEL], per_beat, clock)
    last = max((note.end for note in notes), default=0.0)
    return Piece(
        tuple(sorted(notes)),
        _bars(meters, per_beat, last, clock),
        tuple(sorted(drums)),
        tuple(Mark(clock(tick / per_beat), text) for tick, text in sorted(texts)),
        tuple(track.name for track in midi.tracks),
    )


class _Clock:
    """Quarter notes -> seconds through a tempo map."""

    def __init__(self, tempi: list[tuple[int, int]], per_beat: int) -> None:
        self._at: list[float] = []
        self._seconds: list[float] = []
        self._rate: list[float] = []
        seconds, beat, rate = 0.0, 0.0, 0.5
        for tick, tempo in sorted(tempi, key=lambda pair: pair[0]):
            here = tick / per_beat
            seconds += (here - beat) * rate
            beat, rate = here, tempo / 1e6
            self._at.append(beat)
            self._seconds.append(seconds)
            self._rate.append(rate)

    def __call__(self, beat: float) -> float:
        i = max(0, bisect.bisect_right(self._at, beat) - 1)
        return self._seconds[i] + (beat - self._at[i]) * self._rate[i]


def _pair(events: list[_Event], per_beat: int, clock: _Clock) -> list[ScoreNote]:
    """Notes of keys that go down and up; one that goes down again before ends there."""
    sounding: dict[tuple[int, int], _Event] = {}
    notes = []
    for event in events:
        begun = sounding.pop((event.channel, event.pitch), None)
        if begun is not None and event.tick > begun.tick:
            start, end = begun.tick / per_beat, event.tick / per_beat
            seconds = clock(start), clock(end)
            notes.append(ScoreNote(start, end, event.pitch, *seconds, begun.velocity, begun.track))
        if event.velocity:
            sounding[event.channel, event.pitch] = event
    return notes


def _bars(
    meters: list[tuple[int, float]], per_beat: int, last: float, clock: _Clock
) -> tuple[ScoreBar, ...]:
    # Stable: of two at one place the later counts, the default first of all.
    changes = [(tick / per_beat, length) for tick, length in sorted(meters, key=lambda m: m[0])]
    bars: list[ScoreBar] = []
    at = 0.0
    while at < last and len(bars) < _MEASURES_LIMIT:
        length = [size for change, size in changes if change <= at + 1e-6][-1]
        bars.append(ScoreBar(at, length, clock(at), clock(at + length)))
        at += length
    return tuple(bars)
