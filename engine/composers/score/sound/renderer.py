"""Notes -> audio, block by block on the session's half-second grid."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import GRID_FRAMES, SAMPLE_RATE, Frames
from engine.composers.score.parts.arrangement import LONGEST_NOTE, Note
from engine.composers.score.sound.instruments import INSTRUMENTS, Instrument, sound
from engine.composers.score.sound.reverb import PARTITIONS, Spectrum, send_spectrum, wet_block
from engine.composers.score.sound.tables import Table, TableCache, rise
from engine.plan.gentle import Gentle

Bus = NDArray[np.float32]
"""Dry left, dry right and hall send, shape (3, frames)."""

MAX_RELEASE = max(i.release for i in INSTRUMENTS.values())
LOOKBACK_SECONDS = LONGEST_NOTE / SAMPLE_RATE + MAX_RELEASE + (PARTITIONS + 1) * 0.5
"""How long before a frame a note may start that is still heard in it, hall included."""

MASTER = 0.95
"""Sets the whole to about -23 LUFS."""
WET = 0.9
"""The hall's return."""


class Renderer:
    """Renders any stretch of a score. Holds tables, never any decision.

    ``instruments``: those of another synthesis have the releases of ``INSTRUMENTS``.
    """

    def __init__(
        self,
        tables: TableCache[Table] | None = None,
        instruments: Mapping[str, Instrument] = INSTRUMENTS,
    ) -> None:
        self._tables: TableCache[Table] = tables or TableCache()
        self._instruments = instruments

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
        the ``PARTITIONS`` before it: a pure function of the notes.
        """
        active: list[tuple[Note, list[Bus]]] = []
        silent = np.zeros(GRID_FRAMES, np.float32)
        send, spectra = silent, [send_spectrum(silent, silent)] * PARTITIONS
        for block in range(first - PARTITIONS, last):
            begin = block * GRID_FRAMES
            end = begin + GRID_FRAMES
            active += [(note, []) for note in notes(end)]
            active = [pair for pair in active if _end(pair[0]) > begin]
            bus, spectrum = self._block(active, begin, send, gentle)
            send = bus[2]
            spectra = [spectrum, *spectra[:-1]]
            if block >= first:
                wet = wet_block(spectra)
                yield ((bus[:2] + np.float32(WET) * wet) * np.float32(MASTER)).T.copy()

    def _block(
        self,
        active: list[tuple[Note, list[Bus]]],
        begin: int,
        before: Bus,
        gentle: Gentle | None,
    ) -> tuple[Bus, Spectrum]:
        bus = np.zeros((3, GRID_FRAMES), np.float32)
        for note, made in active:
            if not made:
                made.append(self._sound(note, gentle))
            wave = made[0]
            at = note.onset - begin
            start, stop = max(0, at), min(GRID_FRAMES, at + wave.shape[1])
            if stop > start:
                bus[:, start:stop] += wave[:, start - at : stop - at]
        return bus, send_spectrum(before, bus[2])

    def _sound(self, note: Note, gentle: Gentle | None = None) -> Bus:
        instrument = self._instruments[note.instrument]
        where = (note.instrument, note.pitch, note.brightness, note.gate, note.entry)
        wave = sound(self._tables, *where, take=note.take, instrument=instrument)
        if gentle is not None and gentle.onsets is not None:
            wave = _eased(wave, gentle.onsets)
        depth = INSTRUMENTS[note.instrument].tremolo
        if depth and (gentle is None or gentle.beating is None):
            wave = _panned(wave, note.onset, depth)
        angle = (note.pan + 1.0) * math.pi / 4.0
        left, right = note.gain * math.cos(angle), note.gain * math.sin(angle)
        if wave.ndim == 1:
            gains = np.array([left, right, 0.7 * note.gain * note.send], np.float32)
            return gains[:, None] * wave
        out = np.empty((3, wave.shape[1]), np.float32)
        np.multiply(wave, np.array([[left], [right]], np.float32), out=out[:2])
        np.add(wave[0], wave[1], out=out[2])
        out[2] *= np.float32(0.5 * note.gain * note.send)
        return out


def _eased(wave: Table, milliseconds: float) -> Table:
    """A note that rises for so long; its attack is what it was beside that."""
    frames = min(int(milliseconds * SAMPLE_RATE / 1000.0), wave.shape[-1])
    wave[..., :frames] *= rise(frames)
    return wave


_TREMOLO_FRAMES = 11_000
"""The period of the stage piano's stereo tremolo, 4.4 Hz."""


@functools.cache
def _tremolo() -> NDArray[np.float32]:
    turn = 2.0 * np.pi * np.arange(_TREMOLO_FRAMES) / _TREMOLO_FRAMES
    return np.tile(np.sin(turn), 60).astype(np.float32)


def _panned(wave: NDArray[np.float32], onset: int, depth: float) -> NDArray[np.float32]:
    """A wave moved from side to side, in step for all notes, shape (2, n)."""
    start = onset % _TREMOLO_FRAMES
    swing = _tremolo()[start : start + wave.shape[-1]] * np.float32(depth)
    return np.asarray(wave * np.stack((1.0 + swing, 1.0 - swing)), np.float32)


def _end(note: Note) -> int:
    return note.onset + note.gate + int(INSTRUMENTS[note.instrument].release * SAMPLE_RATE)
