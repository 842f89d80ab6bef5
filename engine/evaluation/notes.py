"""Notes on a bar grid: what the score's measurements are made on, ours and other people's alike."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import NamedTuple

from engine.midi_file import FileMetre, MidiFile, read_midi_file

DRUM_CHANNEL = 9
_MEASURES_LIMIT = 4000


class ScoreNote(NamedTuple):
    """A note. ``start`` and ``end`` in quarter notes, ``onset_s`` and ``end_s`` in seconds;
    ``velocity`` 1-127; ``track``: the number of its track in a file; ``programme``: General MIDI's,
    from 0."""

    start: float
    end: float
    pitch: int
    onset_s: float
    end_s: float
    velocity: int = 64
    track: int = 0
    programme: int = 0


class ScoreBar(NamedTuple):
    """A bar: ``start`` and ``length`` in quarter notes, ``start_s`` and ``end_s`` in seconds;
    ``metre``: its time signature, '' where that is not known."""

    start: float
    length: float
    start_s: float
    end_s: float
    metre: str = ""


class Mark(NamedTuple):
    """What a file's marker or text says, at ``second``."""

    second: float
    text: str


class Piece(NamedTuple):
    """Pitched notes sorted by onset, and the bars they lie in; of a file also its ``drums``
    (strokes of channel 10), its ``marks`` (markers and texts, in their order), the names of its
    ``tracks``, the seconds of its ``lyrics``, whether it ``names_tempo`` and ``names_metre``, and
    in sentences what is odd about it."""

    notes: tuple[ScoreNote, ...]
    bars: tuple[ScoreBar, ...]
    drums: tuple[ScoreNote, ...] = ()
    marks: tuple[Mark, ...] = ()
    tracks: tuple[str, ...] = ()
    lyrics: tuple[float, ...] = ()
    names_tempo: bool = True
    names_metre: bool = True
    remarks: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Where the last note ends."""
        return max((note.end_s for note in self.notes), default=0.0)


def cut(piece: Piece, start_s: float, end_s: float) -> Piece:
    """The stretch [start_s, end_s): notes that begin in it, cut at its end, and whole bars."""
    notes = [_until(n, end_s) for n in piece.notes if start_s <= n.onset_s < end_s]
    bars = tuple(b for b in piece.bars if start_s - 1e-6 <= b.start_s and b.end_s <= end_s + 1e-6)
    drums = tuple(n for n in piece.drums if start_s <= n.onset_s < end_s)
    return piece._replace(notes=tuple(notes), bars=bars, drums=drums)


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


def read_midi(path: FilePath) -> Piece:
    """The notes and bars of a MIDI file, as far as it is whole. Raises ``MusmedError`` for what is
    not one.

    Time signatures are followed; without one the music is in 4/4.
    """
    return piece_of(read_midi_file(path))


def piece_of(file: MidiFile) -> Piece:
    """The notes and bars of what a MIDI file holds."""
    clock = _Clock(file.tempi, file.per_quarter)
    pitched: list[ScoreNote] = []
    drums: list[ScoreNote] = []
    for note in file.notes:
        start, end = note.start / file.per_quarter, note.end / file.per_quarter
        made = ScoreNote(
            start,
            end,
            note.pitch,
            clock(start),
            clock(end),
            note.velocity,
            note.track,
            note.programme,
        )
        (drums if note.channel == DRUM_CHANNEL else pitched).append(made)
    last = max((note.end for note in (*pitched, *drums)), default=0.0)
    bars = _bars(file.metres, file.per_quarter, last, clock)
    remarks = list(file.remarks)
    if bars and bars[-1].start + bars[-1].length < last:
        remarks.append(f"It is longer than {_MEASURES_LIMIT:,} bars; those are counted.")
    return Piece(
        tuple(sorted(pitched)),
        bars,
        tuple(sorted(drums)),
        tuple(Mark(clock(tick / file.per_quarter), text) for tick, text in file.texts),
        file.tracks,
        tuple(clock(tick / file.per_quarter) for tick in file.lyrics),
        bool(file.tempi),
        bool(file.metres),
        tuple(remarks),
    )


class _Clock:
    """Quarter notes -> seconds through a tempo map."""

    def __init__(self, tempi: Sequence[tuple[int, int]], per_quarter: float) -> None:
        self._at: list[float] = []
        self._seconds: list[float] = []
        self._rate: list[float] = []
        seconds, beat, rate = 0.0, 0.0, 0.5
        for tick, tempo in ((0, 500_000), *tempi):
            here = tick / per_quarter
            seconds += (here - beat) * rate
            beat, rate = here, tempo / 1e6
            self._at.append(beat)
            self._seconds.append(seconds)
            self._rate.append(rate)

    def __call__(self, beat: float) -> float:
        i = max(0, bisect.bisect_right(self._at, beat) - 1)
        return self._seconds[i] + (beat - self._at[i]) * self._rate[i]


def _bars(
    metres: Sequence[FileMetre], per_quarter: float, last: float, clock: _Clock
) -> tuple[ScoreBar, ...]:
    # In order, the default first of all: of two at one place the later counts.
    changes = [FileMetre(0, 4, 4), *metres]
    places = [metre.tick / per_quarter for metre in changes]
    bars: list[ScoreBar] = []
    at = 0.0
    while at < last and len(bars) < _MEASURES_LIMIT:
        metre = changes[bisect.bisect_right(places, at + 1e-6) - 1]
        length = 4.0 * metre.numerator / metre.denominator
        signed = f"{metre.numerator}/{metre.denominator}"
        bars.append(ScoreBar(at, length, clock(at), clock(at + length), signed))
        at += length
    return tuple(bars)
