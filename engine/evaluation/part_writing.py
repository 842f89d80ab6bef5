"""How a melody goes with what accompanies it: parallels, rubs, leading tones, from notes alone.

What each figure counts stands in its function. The bass is the lowest that accompanies in each
half bar, so that a broken chord's own notes are no bass line.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from typing import NamedTuple

from engine.evaluation.local_keys import local_keys
from engine.evaluation.melody_line import melody
from engine.evaluation.notes import Piece, ScoreNote

TOGETHER = 0.2
"""Quarters between two onsets that are one moment: hands, breath, a rolled chord's first note."""
REST = 1.0
"""Quarters of rest after which a melody begins anew."""
LONG_RUB = 0.6
"""Seconds."""
RUBS = (1, 13, 25)
"""Semitones between two that rub: a semitone, a minor ninth."""
RESOLVES = 0.5
"""Seconds after a rub within which its melody note has gone on."""
PERFECT = (0, 7)
"""Pitch classes of octave and fifth over a bass."""


class Writing(NamedTuple):
    """Counts; each pair has what it is a share of behind it. ``joint``: moves of melody and bass
    at once; ``parallel`` and ``direct`` among them. ``rubs``: held ones, ``unprepared``,
    ``unresolved`` and ``neither`` of the two among them. ``leading``: leading tones that a
    melody leaves where dominant harmony does: ``rising`` to the tonic, ``passing`` down a line of
    steps, the others neither; ``hanging``: such after which it rests. ``sung``: notes of the
    melody; ``under`` of them under an accompaniment."""

    joint: int
    parallel: int
    direct: int
    rubs: int
    unprepared: int
    unresolved: int
    neither: int
    leading: int
    rising: int
    passing: int
    hanging: int
    sung: int
    under: int

    def plus(self, other: Writing) -> Writing:
        return Writing(*(a + b for a, b in zip(self, other, strict=True)))


def writing(piece: Piece) -> Writing:
    """The counts of a piece."""
    line = melody(piece)
    sung = set(line)
    rest = _Sounding([note for note in piece.notes if note not in sung])
    bass = bass_line(piece, rest)
    return Writing(
        *moves(line, bass),
        *rubs(line, rest),
        *leading_tones(piece, line, rest, bass),
        len(line),
        sum(_covered(note, rest) for note in line),
    )


class _Sounding:
    """Notes, and which of them sound when."""

    def __init__(self, notes: Sequence[ScoreNote]) -> None:
        self.notes = sorted(notes)
        self._starts = [note.start for note in self.notes]
        self._longest = max((note.end - note.start for note in self.notes), default=0.0)

    def between(self, start: float, end: float) -> list[ScoreNote]:
        """Those that sound at some time of [start, end) quarters."""
        low = bisect.bisect_left(self._starts, start - self._longest)
        high = bisect.bisect_left(self._starts, end)
        return [note for note in self.notes[low:high] if note.end > start]


class BassNote(NamedTuple):
    """The bass from quarter ``start`` on."""

    start: float
    pitch: int


def bass_line(piece: Piece, rest: _Sounding) -> list[BassNote]:
    """Where the lowest that accompanies changes, from half bar to half bar. What was there before
    it counts where it lasts for half of it: a pedal that follows late, or a bow that leaves after
    the next has begun, is no bass of what comes."""
    made: list[BassNote] = []
    for bar in piece.bars:
        for half in (0, 1):
            at = bar.start + half * bar.length / 2
            here = [
                note
                for note in rest.between(at - 0.05, at + bar.length / 2 - TOGETHER)
                if min(note.end, at + bar.length / 2) - max(note.start, at)
                > (TOGETHER if note.start >= at - TOGETHER else bar.length / 4 - 0.05)
            ]
            if not here:
                continue
            low = min(here, key=lambda note: note.pitch)
            if not made or made[-1].pitch != low.pitch:
                made.append(BassNote(max(at, low.start), low.pitch))
    return made


def moves(line: Sequence[ScoreNote], bass: Sequence[BassNote]) -> tuple[int, int, int]:
    """(joint moves, parallels, directs). A joint move: the melody, without a rest, goes to another
    pitch where the bass does. Parallel: both the same way, from a fifth or an octave (or unison,
    compound ones as well) to the same. Direct: both the same way into one from something else,
    the melody by more than a whole tone."""
    starts = [note.start for note in line]
    joint = parallel = direct = 0
    for before, after in itertools.pairwise(bass):
        at = bisect.bisect_left(starts, after.start - TOGETHER)
        if not 0 < at < len(line) or starts[at] > after.start + TOGETHER:
            continue
        left, reached = line[at - 1], line[at]
        step, bass_step = reached.pitch - left.pitch, after.pitch - before.pitch
        if not step or reached.start - left.end > REST:
            continue
        joint += 1
        was, now = (left.pitch - before.pitch) % 12, (reached.pitch - after.pitch) % 12
        if step * bass_step < 0 or now not in PERFECT:
            continue
        parallel += was == now
        direct += was != now and abs(step) > 2
    return joint, parallel, direct


def rubs(line: Sequence[ScoreNote], rest: _Sounding) -> tuple[int, int, int, int]:
    """(held rubs, those unprepared, unresolved, neither prepared nor resolved). Held: melody and an
    accompanying note sound a semitone or a minor ninth apart for over ``LONG_RUB``. Prepared: the
    melody's note was there first. Resolved: the melody goes on by step within ``RESOLVES``, or the
    accompanying note does while the melody holds."""
    held = unprepared = unresolved = neither = 0
    for note, following in itertools.zip_longest(line, line[1:]):
        for other in rest.between(note.start, note.end):
            both = min(note.end_s, other.end_s) - max(note.onset_s, other.onset_s)
            if abs(note.pitch - other.pitch) not in RUBS or both <= LONG_RUB:
                continue
            prepared = note.onset_s < other.onset_s - 0.05
            resolved = _goes_on(note, other, following) or _gives_way(note, other, rest)
            held += 1
            unprepared += not prepared
            unresolved += not resolved
            neither += not prepared and not resolved
    return held, unprepared, unresolved, neither


def _goes_on(note: ScoreNote, other: ScoreNote, following: ScoreNote | None) -> bool:
    if following is None or abs(following.pitch - note.pitch) not in (1, 2):
        return False
    return following.onset_s <= min(note.end_s, other.end_s) + RESOLVES


def _gives_way(note: ScoreNote, other: ScoreNote, rest: _Sounding) -> bool:
    if other.end > note.end:
        return False
    return any(
        later.track == other.track
        and abs(later.pitch - other.pitch) in (1, 2)
        and abs(later.onset_s - other.end_s) < 0.3
        for later in rest.between(other.end - 0.5, other.end + 0.5)
    )


def leading_tones(
    piece: Piece, line: Sequence[ScoreNote], rest: _Sounding, bass: Sequence[BassNote]
) -> tuple[int, int, int, int]:
    """(leading tones left, risen, passing; hanging). Counted is the melody's last note before
    dominant harmony ends, where it is the tone under the tonic (see ``_dominant``). Risen: the next
    other pitch is the semitone above. Passing: it is a step below, and came by step from above.
    Hanging, and not among those left: the melody rests behind it for over ``REST``, as where a
    phrase ends on the dominant."""
    keys = local_keys(piece)
    starts = [bar.start for bar in piece.bars]
    left = risen = passing = hanging = 0
    onsets = [note.start for note in line]
    for before, after in itertools.pairwise(bass):
        at = bisect.bisect_left(onsets, after.start - TOGETHER) - 1
        bar = bisect.bisect_right(starts, before.start + 0.125) - 1
        if at < 0 or bar < 0 or line[at].start < before.start - TOGETHER:
            continue
        tonic = (line[at].pitch + 1) % 12
        sounding = {n.pitch % 12 for n in rest.between(line[at].start, after.start - TOGETHER)}
        goes_to = (after.pitch - tonic) % 12
        over = {(pitch - tonic) % 12 for pitch in (*sounding, before.pitch)}
        if not _dominant(over, goes_to, keys[bar].tonic == tonic):
            continue
        following = next((n for n in line[at + 1 :] if n.pitch != line[at].pitch), None)
        if following is None or following.start - line[at].end > REST:
            hanging += 1
            continue
        left += 1
        step = following.pitch - line[at].pitch
        risen += step == 1
        came = line[at - 1].pitch - line[at].pitch if at else 0
        passing += step in (-1, -2) and came in (1, 2)
    return left, risen, passing, hanging


def _dominant(over: set[int], goes_to: int, in_key: bool) -> bool:
    """Whether pitch classes ``over`` a tonic are its dominant harmony, and the bass goes from there
    to the tonic chord or to the one on the sixth degree: the dominant's root with its seventh, or
    with its fifth where the bass goes to the tonic, and neither tonic nor mediant. Unless it is the
    tonic of the key around, only the seventh and a bass that goes to the tonic tell that it is
    one."""
    if 7 not in over or {0, 3, 4} & over or goes_to not in (0, 3, 4, 8, 9):
        return False
    if 5 in over:
        return in_key or goes_to == 0
    return in_key and goes_to == 0 and 2 in over


def _covered(note: ScoreNote, rest: _Sounding) -> bool:
    """Whether something that accompanies lies above a note of the melody for half of it; what
    doubles it octaves higher is the melody itself."""
    half = (note.end - note.start) / 2
    return any(
        other.pitch > note.pitch
        and (other.pitch - note.pitch) % 12
        and min(note.end, other.end) - max(note.start, other.start) >= half
        for other in rest.between(note.start, note.end)
    )
