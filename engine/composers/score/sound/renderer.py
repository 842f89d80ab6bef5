"""Notes -> audio, block by block on the session's half-second grid."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import GRID_FRAMES, SAMPLE_RATE, Frames
from engine.composers.score.parts.arrangement import LONGEST_NOTE, Note
from engine.composers.score.sound.desk import Bus, Desk, Gains, gains_of
from engine.composers.score.sound.instruments import INSTRUMENTS, Instrument
from engine.composers.score.sound.reverb import REACH, Hall
from engine.composers.score.sound.tables import Table, TableCache
from engine.composers.score.sound.voices import PLACE, Voice, combed, voice_of
from engine.plan.gentle import Gentle

MAX_RELEASE = max(i.release for i in INSTRUMENTS.values())
LOOKBACK_SECONDS = LONGEST_NOTE / SAMPLE_RATE + MAX_RELEASE + (REACH + 1) * 0.5
"""How long before a frame a note may start that is still heard in it, hall included."""

MASTER = 0.95
"""Sets the whole to about -23 LUFS."""
WET = 0.9
"""The hall's return."""
KEPT = 32
"""Newest blocks that are kept: those that a clip shares with the one before it, and those before
them that the hall still answers to."""

_Key = tuple[Gentle | None, tuple[Note, ...]]
"""What a block is made of."""


@dataclass(eq=False)
class _Block:
    """A block that was made of ``key``: what of it goes to the hall, and where it was heard its
    ``audio``, which is made of ``through``, the keys of the blocks up to this one."""

    key: _Key
    send: Table
    through: tuple[_Key, ...] = ()
    audio: Frames | None = None


class _Part(NamedTuple):
    """A note as it is played: how deep it is moved from side to side."""

    voice: Voice
    gains: Gains
    depth: float


class Renderer:
    """Renders any stretch of a score. Holds tables and the blocks it made last, never any
    decision: a block that is made of the same notes again is the one that is here.

    ``instruments``: those of another synthesis have the releases of ``INSTRUMENTS``.
    """

    def __init__(
        self,
        tables: TableCache[Table] | None = None,
        instruments: Mapping[str, Instrument] = INSTRUMENTS,
    ) -> None:
        self._tables: TableCache[Table] = tables or TableCache()
        self._instruments = instruments
        self._kept: OrderedDict[int, _Block] = OrderedDict()
        self._desks: dict[int, Desk] = {}
        self.made = 0
        """Blocks whose notes were sounded, since this renderer is there."""

    def blocks(
        self,
        notes: Callable[[int], list[Note]],
        first: int,
        last: int,
        gentle: Gentle | None = None,
    ) -> Iterator[Frames]:
        """Blocks ``first`` to ``last`` - 1 of the session, each (GRID_FRAMES, 2), with no onset
        steeper than ``gentle`` allows, and nothing that wavers where it caps beating.

        ``notes(frame)``: every note with an onset before ``frame`` that the caller has not been
        given yet, in a fixed order; the first call must reach back ``LOOKBACK_SECONDS``.
        A block is the sum of its notes in that order and of the hall's answer to this block and
        the ``REACH`` before it: a pure function of the notes.
        """
        active: list[Note] = []
        parts: dict[Note, _Part] = {}
        keys: tuple[_Key, ...] = ()
        hall = Hall()
        for block in range(first - REACH, last):
            begin = block * GRID_FRAMES
            active += notes(begin + GRID_FRAMES)
            active = [note for note in active if _end(note) > begin]
            made, key = self._known(block, (gentle, tuple(active)))
            keys = (*keys[-REACH:], key)
            if made is None or (block >= first and made.through != keys):
                parts = {note: parts.get(note) or self._part(note, gentle) for note in active}
                bus = self._bus(active, parts, begin)
                made = _Block(key, bus[2].copy())
                hall.hear(made.send)
                if block >= first:
                    made.through, made.audio = keys, _mixed(bus[:2], hall.answer())
                self._keep(block, made)
            else:
                hall.hear(made.send)
            if block >= first and made.audio is not None:
                yield made.audio.copy()

    def _known(self, block: int, key: _Key) -> tuple[_Block | None, _Key]:
        """The block that was made of ``key``, if it is here, and its own ``key`` then, which is
        soon found to be the same."""
        made = self._kept.get(block)
        return (made, made.key) if made is not None and made.key == key else (None, key)

    def _keep(self, block: int, made: _Block) -> None:
        self._kept[block] = made
        self._kept.move_to_end(block)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def _part(self, note: Note, gentle: Gentle | None) -> _Part:
        instrument = self._instruments[note.instrument]
        where = (note.instrument, note.pitch, note.brightness, note.gate, note.entry)
        voice = voice_of(self._tables, *where, take=note.take, instrument=instrument)
        if gentle is not None and gentle.onsets is not None:
            voice.eased(int(gentle.onsets * SAMPLE_RATE / 1000.0))
        depth = INSTRUMENTS[note.instrument].tremolo
        if gentle is not None and gentle.beating is not None:
            depth = 0.0
        sides = 2 if depth else voice.sides
        return _Part(voice, gains_of(sides, note.pan, note.gain, note.send), depth)

    def _bus(self, active: list[Note], parts: Mapping[Note, _Part], begin: int) -> Bus:
        """The block that begins at ``begin``, there until the next one is made."""
        self.made += 1
        # What is heard through a comb is added up before it, with as much as that looks back on.
        desks = {0: self._desk(0)}
        for note in active:
            voice, gains, depth = parts[note]
            comb, at = voice.comb, note.onset - begin + PLACE
            start = max(0 if comb else PLACE, at)
            stop = min(_FRAMES, at + voice.length)
            if stop <= start:
                continue
            if comb not in desks:
                desks[comb] = self._desk(comb)
            desk = desks[comb]
            rows = desk.rows(gains.shape[1])
            end = start + voice.write(rows[: voice.sides, start:stop], start - at)
            if end == start:
                continue
            if depth:
                wave = rows[: voice.sides, start:end]
                rows[:, start:end] = _panned(wave, begin - PLACE + start, depth)
            if start:
                rows[:, :start] = 0.0
            if end < _FRAMES:
                rows[:, end:] = 0.0
            desk.add(gains)
        bus = desks.pop(0).heard()[:, PLACE:]
        for comb, desk in sorted(desks.items()):
            bus += combed(desk.heard(), comb)
        return bus

    def _desk(self, comb: int) -> Desk:
        desk = self._desks.get(comb)
        if desk is None:
            desk = self._desks[comb] = Desk()
        desk.begin()
        return desk


_FRAMES = PLACE + GRID_FRAMES
"""Of a block, and before it as many as a comb looks back on."""


def _mixed(dry: Bus, wet: Bus) -> Frames:
    """What is heard, (frames, 2); ``wet`` is written over."""
    wet *= np.float32(WET)
    wet += dry
    wet *= np.float32(MASTER)
    return np.ascontiguousarray(wet.T)


_TREMOLO_FRAMES = 11_000
"""The period of the stage piano's stereo tremolo, 4.4 Hz."""


@functools.cache
def _tremolo() -> NDArray[np.float32]:
    turn = 2.0 * np.pi * np.arange(_TREMOLO_FRAMES) / _TREMOLO_FRAMES
    return np.tile(np.sin(turn), 1 + -(-GRID_FRAMES // _TREMOLO_FRAMES)).astype(np.float32)


def _panned(wave: Table, frame: int, depth: float) -> Table:
    """A wave that begins at a session frame moved from side to side, in step for all notes,
    shape (2, n)."""
    start = frame % _TREMOLO_FRAMES
    swing = _tremolo()[start : start + wave.shape[-1]] * np.float32(depth)
    return np.asarray(wave * np.stack((1.0 + swing, 1.0 - swing)), np.float32)


def _end(note: Note) -> int:
    return note.onset + note.gate + int(INSTRUMENTS[note.instrument].release * SAMPLE_RATE)
