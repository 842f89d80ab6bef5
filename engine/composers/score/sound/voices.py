"""Notes as they are sounded: what of which tables, under which envelope, piece by piece."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.sound.instruments import INSTRUMENTS, LAYERS, Instrument
from engine.composers.score.sound.pieces import Pieced
from engine.composers.score.sound.tables import (
    SLOW,
    Table,
    TableCache,
    fall,
    rise,
    slow,
    slow_times,
)

_PLACE, _COMB = 26, 0.09
"""Where a string is struck is a comb (Fletcher & Rossing 1998, 12.2): frames and depth of one that
colours a take by about 1.6 dB."""
_LENGTHS = (1.5, 3.0, 5.0, 9.5)
"""Seconds of a table: the shortest that holds the note is made."""


class _Source(Protocol):
    """What a note is made of, before its envelope."""

    owned: bool
    """Whether what is read may be written to."""

    def read(self, first: int, last: int) -> Table:
        """Frames ``first`` to ``last`` - 1 of the note, (n,) or (2, n)."""


class Voice:
    """One note of unit loudness; it ends in a fade, at exactly zero, after ``length`` frames.

    A piece of it is a function of the note and of the piece's own place alone, so nothing depends
    on how a note was read before.
    """

    def __init__(
        self, source: _Source, length: int, swell: Table | None, attack: int, release: int
    ) -> None:
        self.length = length
        self._source, self._swell = source, swell
        self._edges = [(length - release, fall(release))]
        if attack:
            self._edges.append((0, rise(attack)))

    def eased(self, frames: int) -> Voice:
        """The note rising for so many frames; its attack is what it was beside that."""
        self._edges.append((0, rise(min(frames, self.length))))
        return self

    def read(self, first: int, last: int) -> Table:
        """Frames ``first`` to ``last`` - 1, shape (n,) or (2, n), not to be written to."""
        wave, owned = self._source.read(first, last), self._source.owned
        if self._swell is not None:
            wave, owned = wave * _between(self._swell, first, last), True
        for begin, curve in self._edges:
            low, high = max(first, begin), min(last, begin + len(curve))
            if low < high:
                if not owned:
                    wave, owned = wave.copy(), True
                wave[..., low - first : high - first] *= curve[low - begin : high - begin]
        return wave


def voice_of(  # noqa: PLR0917 - a note is these things
    cache: TableCache[Table],
    name: str,
    pitch: int,
    brightness: float,
    gate: int,
    entry: int,
    *,
    take: int = 0,
    instrument: Instrument | None = None,
) -> Voice:
    """One note.

    ``gate``: frames until the release begins; ``entry``: where a looped table is entered;
    ``take`` of a struck or sung one: 0, or 1 for another recording, or 2 for the first one excited
    at another place.
    ``instrument``: another synthesis's under this name; a cache holds the tables of one.
    """
    instrument = instrument or INSTRUMENTS[name]
    pitch = instrument.fold(pitch)
    layer = min(LAYERS - 1, max(0, int(brightness * LAYERS)))
    release = int(instrument.release * SAMPLE_RATE)
    length = gate + release
    swell = None
    if instrument.swell:
        swell = 1.0 - np.float32(instrument.swell) * (1.0 - _arc(gate, length))
    if instrument.loop:
        low = min(layer, LAYERS - 2)
        way = instrument.motion * (_arc(gate, length) - 0.5 + _drift(entry, length))
        pair = [
            cache.get((name, pitch, at), functools.partial(instrument.make, pitch, at, 0))
            for at in (low, low + 1)
        ]
        shares = _shares(brightness * LAYERS - low + way, coherent=instrument.coherent)
        source: _Source = _Loops(pair, shares, swell, entry)
        swell = None
    else:
        other = instrument.again if take == 1 else None
        make, key = other or instrument.make, (name, pitch, layer, other is not None)
        comb = 0 if other is not None else take
        if isinstance(make, Pieced):
            source = _Pieces(cache, key, functools.partial(make.piece, pitch, layer), comb)
        else:
            room = _room(length)
            table = cache.get((*key, room), functools.partial(make, pitch, layer, room))
            length = min(length, table.shape[-1])
            source = _Struck(table, comb)
    # What is played with force speaks sooner.
    attack = int(instrument.attack * (1.3 - 0.7 * brightness) * SAMPLE_RATE)
    attack = min(attack // 128 * 128, length // 2)
    return Voice(source, length, swell, attack, min(release, length))


def sound(  # noqa: PLR0917 - a note is these things
    cache: TableCache[Table],
    name: str,
    pitch: int,
    brightness: float,
    gate: int,
    entry: int,
    *,
    take: int = 0,
    instrument: Instrument | None = None,
) -> Table:
    """One note whole, as ``voice_of`` has it; shape (n,) or (2, n)."""
    where = (name, pitch, brightness, gate, entry)
    voice = voice_of(cache, *where, take=take, instrument=instrument)
    return voice.read(0, voice.length)


class _Struck:
    """A note of a table that is read from its beginning."""

    def __init__(self, table: Table, take: int) -> None:
        self._table, self._comb = table, np.float32(take * _COMB)
        self.owned = bool(take)

    def read(self, first: int, last: int) -> Table:
        if not self.owned:
            return self._frames(first, last)
        since = max(first - _PLACE, 0)
        before = self._frames(since, max(last - _PLACE, since))
        wave = self._frames(first, last).copy()
        wave[..., wave.shape[-1] - before.shape[-1] :] -= self._comb * before
        return wave

    def _frames(self, first: int, last: int) -> Table:
        return self._table[..., first:last]


class _Pieces(_Struck):
    """The same of a table that is made piece by piece."""

    def __init__(
        self,
        cache: TableCache[Table],
        key: tuple[str, int, int, bool],
        make: Callable[[int], Table],
        take: int,
    ) -> None:
        self._cache, self._key, self._make = cache, key, make
        super().__init__(self._piece(0), take)

    def _frames(self, first: int, last: int) -> Table:
        size = self._table.shape[-1]
        parts = []
        while True:
            number, place = divmod(first, size)
            part = self._piece(number)[..., place : place + last - first]
            parts.append(part)
            first += part.shape[-1]
            if first >= last:
                return part if len(parts) == 1 else np.concatenate(parts, axis=-1)

    def _piece(self, number: int) -> Table:
        return self._cache.get((*self._key, number), functools.partial(self._make, number))


class _Loops:
    """A held note: two tables that repeat, each with its share of the note's level."""

    owned = True

    def __init__(
        self, pair: list[Table], shares: tuple[Table, Table], swell: Table | None, entry: int
    ) -> None:
        self._pair, self._entry = pair, entry
        self._shares = shares if swell is None else (shares[0] * swell, shares[1] * swell)

    def read(self, first: int, last: int) -> Table:
        wave, other = (
            _looped(table, self._entry + first, _between(share, first, last))
            for table, share in zip(self._pair, self._shares, strict=True)
        )
        wave += other
        return wave


def _looped(table: Table, entry: int, gains: Table) -> Table:
    """As many frames of a table that repeats as there are ``gains``, times those."""
    size = table.shape[1]
    out = np.empty((len(table), len(gains)), np.float32)
    done = 0
    while done < len(gains):
        place = (entry + done) % size
        count = min(len(gains) - done, size - place)
        piece = slice(done, done + count)
        np.multiply(table[:, place : place + count], gains[piece], out=out[:, piece])
        done += count
    return out


def _between(values: Table, first: int, last: int) -> Table:
    """Frames ``first`` to ``last`` - 1 of the slow curve through ``values``."""
    begin = first // SLOW
    curve = slow(values[begin : -(-last // SLOW) + 1], last - begin * SLOW)
    return curve[first - begin * SLOW :]


def _room(length: int) -> int:
    for seconds in _LENGTHS:
        if length <= seconds * SAMPLE_RATE:
            return int(seconds * SAMPLE_RATE)
    return int(_LENGTHS[-1] * SAMPLE_RATE)


def _arc(gate: int, length: int) -> Table:
    """The arc of a note that is held ``gate`` frames: from 0 up to 1 past its middle and half
    way back; values for ``slow``."""
    place = slow_times(length) * (SAMPLE_RATE / gate)
    arc = np.sin(0.5 * np.pi * np.minimum(1.0, place / 0.6)) ** 2
    arc *= 1.0 - 0.5 * np.clip((place - 0.6) / 0.4, 0.0, 1.0)
    return arc.astype(np.float32)


def _drift(entry: int, length: int) -> Table:
    """A slow wandering in about [-0.5, 0.5], different for every ``entry``; for ``slow``."""
    time = slow_times(length)
    turn = 2.0 * np.pi * entry / 2**17
    drift = 0.3 * np.sin(2.0 * np.pi * 0.11 * time + turn)
    drift += 0.2 * np.sin(2.0 * np.pi * 0.29 * time + 2.7 * turn)
    return drift.astype(np.float32)


def _shares(blend: NDArray[np.float32], *, coherent: bool) -> tuple[Table, Table]:
    """Of two loops, at constant power, or where they are ``coherent`` at constant sum; ``blend`` 0
    is all the first."""
    share = np.clip(blend, 0.0, 1.0).astype(np.float32)
    angle = share * np.float32(np.pi / 2.0)
    return (1.0 - share, share) if coherent else (np.cos(angle), np.sin(angle))
